"""Files that a person brought: verified and listed, never fetched."""

import shutil
from pathlib import Path

import pytest

from daymelt.core.manifest import manifest_digest, read_manifest

MONTH = Path("resources/tiny/sentinel1/2019-07/manifest.json")
NOWHERE = {"cmr": "http://127.0.0.1:9/search/", "timeout_s": 1}


@pytest.fixture
def brought(prepared, person):
    """The month's files in the folder, without a manifest."""
    MONTH.parent.mkdir(parents=True)
    for path in prepared.manifest("sentinel1/2019-07").parent.glob("*.tif"):
        shutil.copy(path, MONTH.parent)
    return sorted(MONTH.parent.glob("*_HH.tif"))


def fetches(archive):
    return [seen.path for seen in archive.asked("data") if not seen.path.endswith(".md5")]


def test_files_are_compared_with_the_archive_and_listed_without_being_fetched(
    brought, prepared, person, archive
):
    before = len(fetches(archive))
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt") == 0
    assert len(fetches(archive)) == before
    manifest = read_manifest(MONTH)
    assert manifest_digest([MONTH]) == manifest_digest([prepared.manifest("sentinel1/2019-07")])
    assert manifest["archive_asked"] and manifest["missing"] == []
    assert set(manifest["adopted"].values()) == {"checksum, opened"}
    assert all(item.url and item.id for item in manifest["files"])


def test_what_is_missing_is_told_and_a_later_retrieval_fetches_that_alone(
    brought, person, archive, caplog
):
    brought[0].unlink()
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt") == 0
    mask = brought[0].name.replace("_HH", "_mask")
    # neither is of use without the other
    assert read_manifest(MONTH)["missing"] == sorted([brought[0].name, mask])
    assert "2 files missing" in caplog.text
    before = len(fetches(archive))
    assert person("retrieve", "sentinel1", "--month", "2019-07") == 0
    assert {Path(path).name for path in fetches(archive)[before:]} <= {brought[0].name, mask}
    assert not {brought[0].name} - {item.path for item in read_manifest(MONTH)["files"]}


def test_without_a_network_files_are_opened_only_and_a_later_retrieval_compares_and_keeps_them(
    brought, person, archive
):
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt", archives=NOWHERE) == 0
    manifest = read_manifest(MONTH)
    assert not manifest["archive_asked"]
    assert set(manifest["adopted"].values()) == {"opened"}
    before, stamps = len(fetches(archive)), {path: path.stat().st_mtime_ns for path in brought}
    assert person("retrieve", "sentinel1", "--month", "2019-07") == 0
    assert len(fetches(archive)) == before
    assert {path: path.stat().st_mtime_ns for path in brought} == stamps
    assert all(item.url for item in read_manifest(MONTH)["files"])


def test_a_file_adopted_unseen_that_is_not_the_archives_is_fetched(
    brought, person, prepared, archive
):
    shutil.copy(brought[1], brought[0])
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt", archives=NOWHERE) == 0
    assert person("retrieve", "sentinel1", "--month", "2019-07") == 0
    assert manifest_digest([MONTH]) == manifest_digest([prepared.manifest("sentinel1/2019-07")])


@pytest.mark.parametrize("archives", [{}, NOWHERE])
def test_a_damaged_file_is_named_and_no_manifest_is_written(brought, person, capsys, archives):
    brought[0].write_bytes(brought[0].read_bytes()[:-3000])
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt", archives=archives) == 2
    assert brought[0].name in capsys.readouterr().err
    assert not MONTH.exists()


def test_unknown_files_are_named_and_left_alone(brought, person, caplog):
    stranger = MONTH.with_name("notes.txt")
    stranger.write_text("mine")
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt") == 0
    assert "left alone" in caplog.text and "notes.txt" in caplog.text
    assert stranger.read_text() == "mine"
    assert "notes.txt" not in {item.path for item in read_manifest(MONTH)["files"]}


def test_an_empty_folder_has_nothing_to_adopt(person, capsys):
    assert person("retrieve", "sentinel1", "--month", "2019-07", "--adopt") == 2
    assert "no file to adopt" in capsys.readouterr().err


@pytest.mark.parametrize("archives", [{}, NOWHERE])
def test_a_season_of_brightness_temperature_is_adopted(prepared, person, archives):
    out = Path("resources/tiny/microwave/2019/manifest.json")
    out.parent.mkdir(parents=True)
    for path in prepared.manifest("microwave").parent.glob("*.nc"):
        shutil.copy(path, out.parent)
    assert person("retrieve", "microwave", "--season", 2019, "--adopt", archives=archives) == 0
    assert len(read_manifest(out)["files"]) > 200


@pytest.mark.parametrize("archives", [{}, NOWHERE])
def test_the_terrain_is_adopted(prepared, person, archives):
    out = Path("resources/tiny/terrain/manifest.json")
    out.parent.mkdir(parents=True)
    for path in prepared.manifest("terrain").parent.glob("*.tif"):
        shutil.copy(path, out.parent)
    assert (
        person(
            "retrieve", "terrain", "--adopt", terrain={"provider": "arcticdem"}, archives=archives
        )
        == 0
    )
    assert manifest_digest([out]) == manifest_digest([prepared.manifest("terrain")])
