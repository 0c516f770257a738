"""`daymelt doctor`: what is usable, what is not, and nothing of a credential."""

import shutil
from types import SimpleNamespace

import pytest
from servers.earthdata import TOKEN
from servers.listing import Listing

from daymelt.commands import doctor

OPERA = {"sentinel1": {"provider": "opera"}, "microwave": {"provider": "twin"}}


def states(text):
    return {
        line.split(": ")[0].split(maxsplit=1)[1]: line.split()[0]
        for line in text.splitlines()
        if line[:1] != " "
    }


def test_with_the_twin_nothing_is_missing_and_nobody_is_asked(person, capsys, monkeypatch, archive):
    monkeypatch.delenv("EARTHDATA_TOKEN")
    before = len(archive.asked("cmr"))
    assert person("doctor", sentinel1={"provider": "twin"}, microwave={"provider": "twin"}) == 0
    assert len(archive.asked("cmr")) == before
    assert "FAULT" not in capsys.readouterr().out


def test_an_account_that_opens_files_is_usable_and_never_shown(person, capsys):
    assert person("doctor", **OPERA, seasons={"months": [7]}) == 0
    shown = capsys.readouterr()
    assert states(shown.out)["provider opera"] == "ok"
    assert "EARTHDATA_TOKEN" in shown.out
    assert TOKEN not in shown.out + shown.err


def test_an_account_that_is_refused_is_a_fault_with_the_remedy(person, capsys, monkeypatch):
    monkeypatch.setenv("EARTHDATA_TOKEN", "another")
    assert person("doctor", **OPERA, seasons={"months": [7]}) == 1
    said = capsys.readouterr().out
    assert states(said)["provider opera"] == "FAULT"
    assert "renew it" in said


def test_without_network_each_provider_is_told_with_its_address(person, capsys):
    assert (
        person("doctor", **OPERA, archives={"cmr": "http://127.0.0.1:9/search/", "timeout_s": 1})
        == 1
    )
    said = capsys.readouterr().out
    assert states(said)["provider opera"] == "FAULT"
    assert "127.0.0.1:9" in said
    assert states(said)["GDAL"] == states(said)["Snakemake"] == "ok"


def test_a_missing_account_names_the_variables(person, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("EARTHDATA_TOKEN")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert person("doctor", **OPERA) == 1
    said = capsys.readouterr().out
    assert states(said)["Earthdata account"] == "FAULT"
    assert "EARTHDATA_USERNAME" in said


def test_too_small_a_disk_is_a_fault(person, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))
    assert person("doctor", sentinel1={"provider": "twin"}, microwave={"provider": "twin"}) == 1
    assert states(capsys.readouterr().out)["disk"] == "FAULT"


def test_what_is_there_already_is_not_needed_again(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(b"123")
    (tmp_path / "c").symlink_to("a/b")
    assert doctor.size_of(tmp_path) == 3
    assert doctor.size_of(tmp_path / "none") == 0


def test_a_season_before_an_archive_begins_is_refused_before_it_is_asked(person, capsys, archive):
    """OPERA begins on 2016-04-14: the winter of 2016 is not in it, though the season is."""
    before = len(archive.asked("cmr"))
    assert person("doctor", **OPERA, seasons={"years": [2016, 2019], "months": [7]}) == 2
    said = capsys.readouterr().err
    assert "first month of Sentinel-1 is 2016-01; expected none before 2016-04-14" in said
    assert len(archive.asked("cmr")) == before


def test_what_an_archive_holds_is_told(person, capsys):
    assert person("doctor", **OPERA, seasons={"months": [7]}) == 0
    told = "(it holds days from 2016-04-14 on, land north of 60° S)"
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("key", [None, "a-key-nobody-may-see"])
def test_nobody_is_sent_after_a_key_of_the_planetary_computer(person, capsys, monkeypatch, key):
    monkeypatch.delenv("PC_SDK_SUBSCRIPTION_KEY", raising=False)
    if key:
        monkeypatch.setenv("PC_SDK_SUBSCRIPTION_KEY", key)
    person("doctor", **OPERA | {"sentinel1": {"provider": "planetary-computer"}})
    shown = capsys.readouterr().out
    assert states(shown)["Planetary Computer key"] == "ok"
    assert "none is needed" in shown and "a-key-nobody" not in shown


def test_a_home_that_cannot_be_written_is_told_with_what_to_set(person, capsys, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/no-home")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert person("doctor", sentinel1={"provider": "twin"}, microwave={"provider": "twin"}) == 1
    said = capsys.readouterr().out
    assert states(said)["Snakemake"] == "FAULT" and "export XDG_CACHE_HOME" in said


@pytest.mark.parametrize("remark", [True, False])
def test_a_remark_keeps_nobody_from_a_run(remark):
    assert doctor.Finding("a", "do b", remark).state == ("note" if remark else "FAULT")


@pytest.mark.parametrize(("name", "state"), [("MIT", "ok"), ("TAS_L", "FAULT")])
def test_the_server_of_the_stations_is_asked_for_each_in_the_area(
    person, capsys, tmp_path, name, state
):
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws/MIT_hour.nc").write_bytes(b"12345")
    sites = [{"name": name, "lat": 66.4513, "lon": -38.3985}]
    with Listing(tmp_path / "aws") as server:
        person(
            "doctor",
            sentinel1={"provider": "twin"},
            microwave={"provider": "twin"},
            stations={"provider": "promice", "sites": sites},
            archives={"promice": f"{server.base}/{{station}}_hour.nc"},
        )
    said = capsys.readouterr().out
    assert states(said)["provider promice"] == state
    assert ("1 stations in the area, 5 B" in said) == (state == "ok")
