"""Files that are whole or absent, whatever happens while they are written."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daymelt.core import atomic
from daymelt.core.atomic import atomic_path, has_space, storage_errors, write_json, write_text
from daymelt.core.errors import DaymeltError, StorageError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_under_its_name_alone(tmp_path):
    target = tmp_path / "new" / "folder" / "melt.tif"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        assert not target.exists()
        temporary.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"
    assert names(target.parent) == ["melt.tif"]


def test_the_temporary_name_lies_beside_keeps_the_suffix_and_is_hidden(tmp_path):
    with atomic_path(tmp_path / "melt_2019-07-31.tif") as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".tif"
        assert temporary.name.startswith(".") and ".part" in temporary.name
        temporary.touch()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("written", [False, True])
def test_an_error_leaves_nothing(tmp_path, error, written):
    with pytest.raises(error), atomic_path(tmp_path / "melt.tif") as temporary:
        if written:
            temporary.write_bytes(b"half")
        raise error
    assert names(tmp_path) == []


def test_an_error_leaves_the_old_file_as_it_was(tmp_path):
    target = tmp_path / "melt.tif"
    target.write_bytes(b"old")
    with pytest.raises(ValueError), atomic_path(target) as temporary:
        temporary.write_bytes(b"new")
        raise ValueError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["melt.tif"]


def leave(folder, name):
    """Leave what a process that was killed while it wrote `name` leaves; the name of that."""
    script = (
        "import os, sys; from pathlib import Path; from daymelt.core.atomic import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), 9)\n"
    )
    before = set(names(folder))
    subprocess.run([sys.executable, "-c", script, str(folder / name)], check=False)
    (left,) = set(names(folder)) - before
    return left


def test_a_killed_run_leaves_nothing_that_looks_complete(tmp_path):
    left = leave(tmp_path, "melt.tif")
    assert left.startswith(".melt.") and left.endswith(".part.tif")


def test_the_next_writer_in_the_folder_removes_what_a_killed_one_left(tmp_path):
    leave(tmp_path, "melt.tif")
    atomic.remove_leftovers.cache_clear()
    write_text(tmp_path / "other.txt", "text")
    assert names(tmp_path) == ["other.txt"]


def test_what_a_living_process_writes_is_let_alone(tmp_path):
    with atomic_path(tmp_path / "melt.tif") as temporary:
        temporary.write_bytes(b"half")
        script = (
            "import sys; from pathlib import Path; from daymelt.core.atomic import "
            "write_text; write_text(Path(sys.argv[1]), 'text')"
        )
        subprocess.run([sys.executable, "-c", script, str(tmp_path / "other.txt")], check=True)
        assert temporary.read_bytes() == b"half"
    assert names(tmp_path) == ["melt.tif", "other.txt"]


@pytest.mark.parametrize(("hours", "stays"), [(1, True), (25, False), (-1000, True)])
def test_what_another_machine_began_is_removed_after_a_day_alone(tmp_path, hours, stays):
    left = tmp_path / ".melt.another-machine-1-0123abcd.part.tif"
    left.write_bytes(b"half")
    changed = time.time() - 3600 * hours
    os.utime(left, (changed, changed))
    atomic.remove_leftovers.cache_clear()
    write_text(tmp_path / "other.txt", "text")
    assert left.exists() == stays


@pytest.mark.parametrize(
    "name", [".a.tif.part", ".a.tif.part.json", ".melt.0123abcd.part.tif", "melt.tif", ".hidden"]
)
def test_files_of_other_kinds_are_never_removed(tmp_path, name):
    (tmp_path / name).write_bytes(b"kept")
    atomic.remove_leftovers.cache_clear()
    write_text(tmp_path / "other.txt", "text")
    assert (tmp_path / name).read_bytes() == b"kept"


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    target = tmp_path / "melt.tif"
    with atomic_path(target) as first, atomic_path(target) as second:
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert target.read_bytes() == b"first"  # the outer one is finished last
    assert names(tmp_path) == ["melt.tif"]


def test_the_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(atomic, "flush", lambda path: order.append(("flush", path.suffix)))
    replace = os.replace
    monkeypatch.setattr(
        os,
        "replace",
        lambda source, target: (order.append(("rename", target.suffix)), replace(source, target)),
    )
    write_text(tmp_path / "a.txt", "text")
    assert order == [("flush", ".txt"), ("rename", ".txt"), ("flush", "")]


# --- a machine that refuses
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(atomic.REMEDIES))
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, number, call):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(StorageError) as raised, atomic_path(tmp_path / "melt.tif") as temporary:
        temporary.write_bytes(b"whole")
    assert (
        str(raised.value)
        == f"{tmp_path / 'melt.tif'}: cannot be written: {atomic.REMEDIES[number]}"
    )
    assert isinstance(raised.value, DaymeltError) and raised.value.__cause__.errno == number
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="read-only"), atomic_path(tmp_path / "a" / "b.txt"):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_really_full_device_is_one_line(tmp_path):
    with pytest.raises(StorageError, match="no space left"), storage_errors(tmp_path / "a.nc"):
        Path("/dev/full").write_bytes(b"x")


def test_an_error_of_another_kind_keeps_its_type(tmp_path):
    with pytest.raises(IsADirectoryError), storage_errors(tmp_path):
        tmp_path.write_bytes(b"x")


def test_a_storage_error_met_within_is_not_wrapped_again(tmp_path):
    with pytest.raises(StorageError, match=r"^inner$"), storage_errors(tmp_path / "outer.nc"):
        raise StorageError("inner")


@pytest.mark.parametrize(("space", "error"), [(True, RuntimeError), (False, StorageError)])
def test_a_library_error_is_a_full_disk_only_where_the_disk_is_full(
    tmp_path, monkeypatch, space, error
):
    monkeypatch.setattr(atomic, "has_space", lambda path: space)
    with pytest.raises(error), storage_errors(tmp_path / "a.nc"):
        raise RuntimeError("NetCDF: HDF error")


def test_space_is_that_of_the_nearest_folder_that_exists(tmp_path):
    deep = tmp_path / "not" / "yet" / "there.nc"
    assert has_space(deep) and not has_space(deep, least=1 << 62)


# --- text and JSON
# ------------------------------------------------------------------------------------------

content = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(content)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_comes_back_and_equal_contents_are_equal_bytes(tmp_path, monkeypatch, content):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    write_json(tmp_path / "a.json", content)
    write_json(tmp_path / "b.json", content)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == content
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_json_without_a_standard_form_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"mae": float("nan")})
    assert names(tmp_path) == []


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    write_text(tmp_path / "a.txt", "0.5 °C, km²\n")
    assert (tmp_path / "a.txt").read_bytes() == "0.5 °C, km²\n".encode()
