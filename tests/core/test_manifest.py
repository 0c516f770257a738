"""Manifests: what they name is there, whole, and below their folder."""

import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.manifest import (
    checksum,
    entry,
    manifest_digest,
    manifest_files,
    read_manifest,
    write_manifest,
)

ABOUT = {"product": "OPERA RTC-S1", "provider": "twin"}


def retrieved(folder, contents):
    """A folder with files and the manifest that lists them."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    listed = [entry(folder, folder / name, f"https://example.org/{name}") for name in contents]
    write_manifest(folder / "manifest.json", listed, ABOUT)
    return folder / "manifest.json"


@given(st.binary(max_size=3000))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_checksum_is_sha_256(tmp_path, content):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    assert checksum(path) == hashlib.sha256(content).hexdigest()


def test_a_manifest_comes_back_with_its_files_in_order_of_name(tmp_path):
    path = retrieved(tmp_path, {"b.tif": b"two", "a/c.tif": b"one"})
    content = read_manifest(path)
    assert {key: content[key] for key in ABOUT} == ABOUT
    assert [(item.path, item.size, item.url) for item in content["files"]] == [
        ("a/c.tif", 3, "https://example.org/a/c.tif"),
        ("b.tif", 3, "https://example.org/b.tif"),
    ]
    assert manifest_files(path) == [tmp_path / "a" / "c.tif", tmp_path / "b.tif"]


def test_files_are_chosen_by_the_end_of_their_name(tmp_path):
    path = retrieved(tmp_path, {"x_HH.tif": b"1", "x_mask.tif": b"2", "x.txt": b"3"})
    assert [file.name for file in manifest_files(path, "_mask.tif")] == ["x_mask.tif"]


def test_a_file_that_is_not_named_is_not_opened(tmp_path):
    path = retrieved(tmp_path, {"a.nc": b"1"})
    (tmp_path / "stray.nc").write_bytes(b"2")
    assert manifest_files(path) == [tmp_path / "a.nc"]


def test_equal_retrievals_write_equal_bytes(tmp_path):
    contents = {"a.nc": b"1", "b.nc": b"2"}
    one = retrieved(tmp_path / "one", contents)
    other = retrieved(tmp_path / "other", dict(reversed(contents.items())))
    assert one.read_bytes() == other.read_bytes()


# --- what is not as it was retrieved
# ------------------------------------------------------------------------------------------


def test_a_manifest_that_is_absent_asks_for_the_retrieval(tmp_path):
    with pytest.raises(MissingInputError, match="retrieve its source first"):
        read_manifest(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"files": 3}',
        '{"files": [3]}',
        '{"files": [{"path": "a"}]}',
        '{"files": [{"path": "a", "mode": 1}]}',
    ],
)
def test_a_manifest_that_is_broken_is_refused_with_its_path(tmp_path, text):
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"manifest\.json: not readable"):
        manifest_files(path)


def test_a_manifest_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="not readable"):
        read_manifest(path)


def test_a_named_file_that_is_gone_is_missing(tmp_path):
    path = retrieved(tmp_path, {"a.nc": b"1"})
    (tmp_path / "a.nc").unlink()
    with pytest.raises(MissingInputError, match=r"a\.nc: named in .* but not found"):
        manifest_files(path)


@pytest.mark.parametrize("content", [b"", b"12", b"1234"])
def test_a_named_file_of_another_size_is_refused(tmp_path, content):
    path = retrieved(tmp_path, {"a.nc": b"123"})
    (tmp_path / "a.nc").write_bytes(content)
    with pytest.raises(FormatError, match=rf"{len(content)} bytes, .* says 3"):
        manifest_files(path)


@pytest.mark.parametrize("name", ["../secret.nc", "a/../../secret.nc", "/etc/hostname", "link.nc"])
@pytest.mark.parametrize("suffix", ["", ".tif"])
def test_a_name_that_leads_outside_the_folder_is_refused(tmp_path, name, suffix):
    folder = tmp_path / "retrieved"
    path = retrieved(folder, {"a.nc": b"123"})
    (tmp_path / "secret.nc").write_bytes(b"123")
    (folder / "link.nc").symlink_to(tmp_path / "secret.nc")
    content = json.loads(path.read_text())
    content["files"][0]["path"] = name
    path.write_text(json.dumps(content))
    with pytest.raises(FormatError, match="leads outside its folder"):
        manifest_files(path, suffix)


# --- identity of the inputs
# ------------------------------------------------------------------------------------------


def test_the_digest_does_not_depend_on_where_or_in_which_order_the_manifests_lie(tmp_path):
    here = [
        retrieved(tmp_path / "here" / month, {"a.nc": month.encode()})
        for month in ("2019-06", "2019-07")
    ]
    there = [
        retrieved(tmp_path / "elsewhere" / month, {"a.nc": month.encode()})
        for month in ("2019-06", "2019-07")
    ]
    assert manifest_digest(here) == manifest_digest(reversed(there))


@pytest.mark.parametrize(
    "changed", [{"a.nc": b"2"}, {"b.nc": b"1"}, {"a.nc": b"1", "b.nc": b"1"}, {}]
)
def test_the_digest_changes_with_any_file_or_name(tmp_path, changed):
    one, other = retrieved(tmp_path / "one", {"a.nc": b"1"}), retrieved(tmp_path / "other", changed)
    assert manifest_digest([one]) != manifest_digest([other])
