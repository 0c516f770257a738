"""The live retrievals against archives of this machine: what they bring is what the twin wrote, byte for byte."""

import json
import shutil

import pytest
from daymelt.manifest import manifest_digest, manifest_files, read_manifest
from servers.earthdata import TOKEN, Earthdata

MONTH = "2019-07"


@pytest.fixture(scope="module")
def archive(prepared, tmp_path_factory):
    """NASA's archive, holding the twin's files."""
    folder = tmp_path_factory.mktemp("archive")
    for source in ("sentinel1/2019-07", "sentinel1/2019-08", "microwave", "terrain"):
        for path in prepared.manifest(source).parent.iterdir():
            if path.name != "manifest.json":
                shutil.copy(path, folder / path.name)
    with Earthdata(folder) as served:
        yield served


@pytest.fixture
def live(archive, options, monkeypatch):
    """The run's options with live providers and the archive's addresses."""
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    about = archive.about()
    changed = json.loads(options)
    changed["sentinel1"]["provider"], changed["microwave"]["provider"] = "opera", "nsidc-0630"
    changed["archives"] |= {"cmr": about["cmr"], "earthdata_login": about["login_host"], "earthdata_hosts": [about["data_host"]]}
    return json.dumps(changed)


def test_a_month_of_bursts_is_the_twins(prepared, step, live, tmp_path, capsys):
    out = tmp_path / "manifest.json"
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, options=live) == 0
    twin = prepared.manifest(f"sentinel1/{MONTH}")
    assert manifest_digest([out]) == manifest_digest([twin])
    assert len(manifest_files(out, "_HH.tif")) > 20
    entry = read_manifest(out)["files"][0]
    assert entry.url.startswith("http://127.0.0.1") and entry.id and entry.version and entry.retrieved_at
    assert TOKEN not in out.read_text() + capsys.readouterr().err


def test_a_second_retrieval_fetches_nothing(prepared, archive, step, live, tmp_path):
    out = tmp_path / "manifest.json"
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, options=live) == 0
    stamps = {path: path.stat().st_mtime_ns for path in manifest_files(out)}
    out.unlink()
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, options=live) == 0
    assert {path: path.stat().st_mtime_ns for path in manifest_files(out)} == stamps


def test_a_season_of_brightness_temperature_is_the_twins_and_its_missing_days_are_listed(prepared, step, live, tmp_path):
    out = tmp_path / "manifest.json"
    assert step("retrieve-microwave", "--season", 2019, "--out", out, options=live) == 0
    twin = prepared.manifest("microwave")
    wanted = {path.name for path in manifest_files(twin) if "20190101" <= path.name.split("_")[8] <= "20190831"}
    assert {path.name for path in manifest_files(out)} == wanted
    assert "2019-08-09" in read_manifest(out)["missing_days"]


def test_a_dry_run_lists_files_and_their_sum_and_fetches_nothing(step, live, tmp_path, capsys):
    out = tmp_path / "manifest.json"
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, "--dry-run", options=live) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("_HH.tif" in line for line in lines) > 20
    assert lines[-1].split()[2:] == ["in", str(len(lines) - 1), "files"]
    assert not list(tmp_path.iterdir())


def test_without_an_account_it_says_which_variable_is_missing(step, live, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("EARTHDATA_TOKEN")
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    out = tmp_path / "folder/manifest.json"
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, options=live) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")]
    assert len(said) == 1
    assert "EARTHDATA_TOKEN" in said[0]
    assert not out.exists()
    assert not list(out.parent.glob("*.tif"))
