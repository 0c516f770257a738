"""A file that the HDF5 library cannot finish opening is found out in a process of its own."""

import os
import signal
import time

import netCDF4
import pytest

from daymelt.core.errors import FormatError
from daymelt.sources.formats import hdf5, netcdf
from daymelt.sources.formats.netcdf import open_netcdf


@pytest.fixture(autouse=True)
def own_child(monkeypatch):
    """The child is one of this process, whose library a test replaces."""
    monkeypatch.setattr(netcdf, "check_opens", hdf5.check_opens)


@pytest.fixture
def path(tmp_path):
    with netCDF4.Dataset(tmp_path / "file.nc", "w") as file:
        file.title = "a file"
    return tmp_path / "file.nc"


def never_ends(*_):
    while True:
        pass


def crashes(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_good_file_passes(path):
    hdf5.check_opens(path)
    with open_netcdf(path, "file") as file:
        assert file.title == "a file"


@pytest.mark.parametrize(
    ("fault", "said"),
    [(never_ends, "comes to no end within 1 s"), (crashes, "fails with signal 9")],
)
def test_a_file_that_the_library_does_not_survive_is_refused_in_one_line(
    path, monkeypatch, fault, said
):
    monkeypatch.setattr(hdf5, "LIMIT_S", 1)
    monkeypatch.setattr(hdf5.netCDF4, "Dataset", fault)
    with pytest.raises(FormatError, match=said) as refused, open_netcdf(path, "file"):
        pass
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_waiting_for_a_slow_disk_counts_for_nothing(path, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT_S", 1)
    opened = hdf5.netCDF4.Dataset

    def slowly(name):
        time.sleep(1.5)
        return opened(name)

    monkeypatch.setattr(hdf5.netCDF4, "Dataset", slowly)
    hdf5.check_opens(path)


def test_other_formats_are_left_to_the_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5.os, "fork", never_ends)
    (tmp_path / "page.nc").write_text("<html>Log in</html>")
    hdf5.check_opens(tmp_path / "page.nc")
    (tmp_path / "empty.nc").touch()
    hdf5.check_opens(tmp_path / "empty.nc")
