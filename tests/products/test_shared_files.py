"""Second names of files: no second copy where the file system can, the newest content always."""

import os

import pytest

from daymelt.products.shared_files import remove_others, share


@pytest.fixture
def pair(tmp_path):
    source, target = tmp_path / "maps" / "melt.tif", tmp_path / "publish" / "melt.tif"
    source.parent.mkdir()
    source.write_bytes(b"first")
    return source, target


def replace(path, content):
    """Replace a file as every writer here does: under another name first."""
    path.with_suffix(".new").write_bytes(content)
    os.replace(path.with_suffix(".new"), path)


def test_a_second_name_takes_no_room(pair):
    source, target = pair
    share(source, target)
    assert target.samefile(source)


@pytest.mark.parametrize("links", [True, False])
def test_a_replaced_file_is_shared_again_and_an_unchanged_one_is_left(pair, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links")))
    source, target = pair
    share(source, target)
    before = target.stat().st_ino
    share(source, target)
    assert target.stat().st_ino == before and target.samefile(source) == links
    replace(source, b"other")
    assert target.read_bytes() == b"first"
    share(source, target)
    assert target.read_bytes() == b"other"
    assert sorted(path.name for path in target.parent.iterdir()) == ["melt.tif"]


def test_other_files_go_and_folders_and_hidden_ones_stay(tmp_path):
    for name in ("kept.tif", "old.tif", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    remove_others(tmp_path, {"kept.tif"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "folder", "kept.tif"]
