"""Files of a retrieval on their way to the folder that is removed, and back."""

import pytest

from daymelt.core.errors import ConfigError
from daymelt.core.manifest import RAW, entry, manifest_digest, manifest_files, write_manifest
from daymelt.steps.retrieve.raw_files import MOVING, handed_over

NAMES = ["a.tif", "b.tif", "c.tif"]


def retrieve(folder, move=True, raw=None):
    """What a retrieval does; the names that it had to fetch."""
    manifest = folder / "manifest.json"
    manifest.unlink(missing_ok=True)  # as Snakemake does before a job
    with handed_over(manifest, raw or folder / RAW, move):
        due = [name for name in NAMES if not (folder / name).exists()]
        for name in due:
            (folder / name).write_bytes(name.encode())
        write_manifest(manifest, [entry(folder, folder / name, "") for name in NAMES], {})
    return due


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_moved_files_are_found_where_they_are_and_their_digest_is_the_same(tmp_path):
    for name, move in (("kept", False), ("moved", True)):
        (tmp_path / name).mkdir()
        assert retrieve(tmp_path / name, move) == NAMES
    kept, moved = tmp_path / "kept", tmp_path / "moved"
    assert names(kept) == [*NAMES, "manifest.json", RAW] and names(kept / RAW) == []
    assert names(moved) == ["manifest.json", RAW] and names(moved / RAW) == NAMES
    assert [path.read_bytes() for path in manifest_files(moved / "manifest.json")] == [
        name.encode() for name in NAMES
    ]
    assert manifest_digest([moved / "manifest.json"]) == manifest_digest([kept / "manifest.json"])


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("then", [True, False])
def test_a_further_retrieval_fetches_nothing_wherever_the_files_are(tmp_path, first, then):
    retrieve(tmp_path, first)
    (tmp_path / RAW / ".snakemake_timestamp").touch()
    assert retrieve(tmp_path, then) == []
    assert names(tmp_path / RAW) == (NAMES if then else [])


@pytest.mark.parametrize("moved", range(4))
def test_a_run_that_was_killed_while_files_moved_loses_none(tmp_path, moved):
    retrieve(tmp_path, False)
    (tmp_path / MOVING).mkdir()
    for name in NAMES[:moved]:
        (tmp_path / name).rename(tmp_path / MOVING / name)
    assert retrieve(tmp_path) == []
    assert names(tmp_path / RAW) == NAMES


def test_a_folder_where_later_steps_do_not_look_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"--raw: found .*elsewhere; expected"):
        retrieve(tmp_path, raw=tmp_path / "elsewhere")
    assert names(tmp_path) == []
