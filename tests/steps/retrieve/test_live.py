"""The live retrievals against archives of this machine: what they bring is what the twin wrote,
byte for byte.
"""

import json
import shutil

import numpy as np
import pytest
from servers.earthdata import TOKEN
from servers.listing import Listing
from servers.s3 import S3
from servers.stac import Stac

from daymelt.core import cube
from daymelt.core.manifest import (
    entry,
    manifest_digest,
    manifest_files,
    read_manifest,
    write_manifest,
)

MONTH = "2019-07"


def test_a_month_of_bursts_is_the_twins(prepared, step, live, tmp_path, capsys):
    out = tmp_path / "manifest.json"
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, options=live) == 0
    twin = prepared.manifest(f"sentinel1/{MONTH}")
    assert manifest_digest([out]) == manifest_digest([twin])
    assert len(manifest_files(out, "_HH.tif")) > 20
    entry = read_manifest(out)["files"][0]
    assert (
        entry.url.startswith("http://127.0.0.1")
        and entry.id
        and entry.version
        and entry.retrieved_at
    )
    assert TOKEN not in out.read_text() + capsys.readouterr().err


@pytest.mark.parametrize("moved", [(), ("--move-raw",)])
def test_a_second_retrieval_fetches_nothing(prepared, archive, step, live, tmp_path, moved):
    out = tmp_path / "manifest.json"
    retrieve = (
        "retrieve-sentinel1",
        "--month",
        MONTH,
        "--out",
        out,
        "--raw",
        tmp_path / "raw",
        *moved,
    )
    assert step(*retrieve, options=live) == 0
    stamps = {path: path.stat().st_mtime_ns for path in manifest_files(out)}
    assert {path.parent for path in stamps} == {tmp_path / "raw" if moved else tmp_path}
    asked = len(archive.asked("data"))
    out.unlink()
    assert step(*retrieve, options=live) == 0
    assert {path: path.stat().st_mtime_ns for path in manifest_files(out)} == stamps
    assert len(archive.asked("data")) == asked


def test_a_season_of_brightness_temperature_is_the_twins_and_its_missing_days_are_listed(
    prepared, step, live, tmp_path
):
    out = tmp_path / "manifest.json"
    assert step("retrieve-microwave", "--season", 2019, "--out", out, options=live) == 0
    twin = prepared.manifest("microwave")
    wanted = {
        path.name
        for path in manifest_files(twin)
        if "20190101" <= path.name.split("_")[8] <= "20190831"
    }
    assert {path.name for path in manifest_files(out)} == wanted
    assert "2019-08-09" in read_manifest(out)["missing_days"]


def test_a_dry_run_lists_files_and_their_sum_and_fetches_nothing(step, live, tmp_path, capsys):
    out = tmp_path / "manifest.json"
    assert (
        step("retrieve-sentinel1", "--month", MONTH, "--out", out, "--dry-run", options=live) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert sum("_HH.tif" in line for line in lines) > 20
    assert lines[-1].split()[2:] == ["in", str(len(lines) - 1), "files"]
    assert not list(tmp_path.iterdir())


def test_without_an_account_it_says_which_variable_is_missing(
    step, live, tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("EARTHDATA_TOKEN")
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    out = tmp_path / "folder/manifest.json"
    assert step("retrieve-sentinel1", "--month", MONTH, "--out", out, options=live) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")]
    assert len(said) == 1
    assert "EARTHDATA_TOKEN" in said[0]
    assert not out.exists()
    assert not list(out.parent.glob("*.tif"))


def with_archives(live, source, provider, **addresses):
    changed = json.loads(live)
    changed[source]["provider"] = provider
    changed["archives"] |= addresses
    return json.dumps(changed)


def test_the_mar_file_of_a_season_is_the_twins(prepared, step, live, tmp_path):
    folder = prepared.manifest("mar").parent
    with Listing(folder) as server:
        chosen = with_archives(
            live, "mar", "mar-http", mar_5km=f"{server.base}/", mar_10km=f"{server.base}/none/"
        )
        out = tmp_path / "manifest.json"
        assert step("retrieve-mar", "--season", 2019, "--out", out, options=chosen) == 0
    assert manifest_digest([out]) == manifest_digest([prepared.manifest("mar")])


def test_terrain_from_the_mosaic_and_the_masks_aligns_to_the_twins(prepared, step, live, tmp_path):
    bucket = tmp_path / "buckets/dems"
    bucket.mkdir(parents=True)
    shutil.copy(next(prepared.manifest("terrain").parent.glob("*dem.tif")), bucket / "mosaic.tif")
    with S3(bucket.parent) as server:
        addresses = {
            "arcticdem": "/vsis3/dems/mosaic.tif",
            "s3_endpoint": server.host,
            "s3_https": False,
            "s3_virtual_hosting": False,
        }
        chosen = with_archives(live, "terrain", "arcticdem", **addresses)
        out, aligned = tmp_path / "terrain/manifest.json", tmp_path / "terrain.nc"
        assert step("retrieve-terrain", "--out", out, options=chosen) == 0
    assert step("align-terrain", "--manifest", out, "--out", aligned) == 0
    one, other = cube.read_layers(aligned), cube.read_layers(prepared / "terrain.nc")
    # the identity of the fields, wherever they were cut from
    assert one.attributes["inputs"] == other.attributes["inputs"]


def test_scenes_of_the_planetary_computer_give_the_melt_of_the_same_bursts(
    prepared, step, live, tmp_path
):
    scenes, bursts = tmp_path / "scenes", tmp_path / "bursts"
    for folder in (scenes, bursts):
        folder.mkdir()
    largest = {}  # of each pass: a catalogue of scenes has one item an instant
    for path in manifest_files(prepared.manifest(f"sentinel1/{MONTH}"), "_HH.tif"):
        acquired = path.name.split("_")[4]
        largest[acquired] = max(
            largest.get(acquired, path), path, key=lambda file: file.stat().st_size
        )
    for path in largest.values():
        shutil.copy(path, scenes)
        for name in (path.name, path.name.replace("_HH", "_mask")):
            shutil.copy(path.with_name(name), bursts)
    write_manifest(
        bursts / "manifest.json", [entry(bursts, path, "") for path in bursts.glob("*.tif")], {}
    )
    with Stac(scenes) as server:
        addresses = {"stac": server.stac, "sas": server.tokens, "sas_hosts": [server.host]}
        chosen = with_archives(live, "sentinel1", "planetary-computer", **addresses)
        out = tmp_path / "retrieved/manifest.json"
        retrieve = (
            "retrieve-sentinel1",
            "--month",
            MONTH,
            "--out",
            out,
            "--raw",
            out.parent / "raw",
            "--move-raw",
        )
        assert step(*retrieve, options=chosen) == 0
    assert not list(out.parent.glob("*.tif"))
    assert "sig=" not in out.read_text()
    assert all(item.id and item.url and item.retrieved_at for item in read_manifest(out)["files"])
    winters = ("--winters", prepared / "sar/winter.nc", "--terrain", prepared / "terrain.nc")
    fields = []
    for manifest, settings in ((out, chosen), (bursts / "manifest.json", live)):
        melt = manifest.with_name("melt.nc")
        assert (
            step("melt-fraction", "--manifest", manifest, *winters, "--out", melt, options=settings)
            == 0
        )
        with cube.open_stream(melt) as stream:
            assert len(stream.dates) == len(largest)
            fields.append(stream.values())
    both = np.isfinite(fields[0]) & np.isfinite(fields[1])
    assert both.sum() > 0.98 * np.isfinite(fields[1]).sum()
    # only their masks of layover and shadow differ
    assert np.abs(fields[0] - fields[1])[both].mean() < 0.01
