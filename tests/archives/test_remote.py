"""What a catalogue offers: names that cannot leave their folder, addresses without secrets, formats
by their first bytes.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.archives.remote import MAGIC, Remote, is_kind, is_page
from daymelt.core.errors import FormatError

URL = "https://example.org/data/a.tif"
MD5, SHA = "md5:" + "0" * 32, "sha256:" + "a" * 64


def offered(**changed):
    return Remote(
        **{
            "id": "G1",
            "url": URL,
            "path": "a.tif",
            "size": 3,
            "checksum": None,
            "kind": "tiff",
            "version": "1",
        }
        | changed
    )


@pytest.mark.parametrize(
    "name",
    [
        "OPERA_L2_RTC-S1_T039-081234-IW2_20190731T090312Z_20240101T000000Z_S1A_30_v1.0_HH.tif",
        "NSIDC0630_SIR_EASE2_N3.125km_F17_SSMIS_M_37H_20190731_2601090539_v2.0.nc",
        "MARv3.14.3-5km-daily-ERA5-2019.nc",
    ],
)
def test_the_names_of_the_archives_are_taken(name):
    assert offered(path=name).path == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "..\\a",
        "C:a",
        ".hidden",
        ".a.part",
        "~a",
        "-rf",
        " a",
        "a ",
        "a\n",
        "a\0b",
    ],
)
def test_a_name_that_is_no_plain_file_name_is_refused(name):
    with pytest.raises(FormatError, match="plain name"):
        offered(path=name)


@pytest.mark.parametrize(
    "name", ["a\u202etif", "manifest.json", "Manifest.JSON", "x" * 201, "ä" * 101, "\ud800"]
)
def test_a_name_that_misleads_or_that_no_disk_takes_is_refused(name):
    with pytest.raises(FormatError, match="plain name"):
        offered(path=name)


@given(st.text(max_size=30) | st.text(alphabet="./\\~:\0a%", max_size=12))
def test_a_name_that_is_taken_lies_in_its_folder(name):
    try:
        path = offered(path=name).path
    except FormatError:
        return
    assert Path("/folder", path).parts == ("/", "folder", name)
    assert (
        name not in {".", ".."}
        and not name.startswith(".")
        and "\\" not in name
        and "\0" not in name
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://me:pw@example.org/a",
        "https://t@example.org/a",
        f"{URL}?sig=1",
        f"{URL}?",
        "a.tif",
        "//example.org/a",
        "https://[/a",
    ],
)
@pytest.mark.parametrize("field", ["url", "checksum_url"])
def test_an_address_with_a_login_or_a_query_is_refused_and_not_repeated(field, url):
    with pytest.raises(FormatError) as raised:
        offered(**{field: url})
    assert "pw" not in str(raised.value) and "sig" not in str(raised.value)


@pytest.mark.parametrize("checksum", [MD5, SHA])
def test_both_checksums_are_taken(checksum):
    assert offered(checksum=checksum).checksum == checksum


@pytest.mark.parametrize(
    "checksum",
    [
        "",
        "md5:",
        "md5:12",
        MD5 + "0",
        MD5[4:],
        "sha1:" + "0" * 40,
        "MD5:" + "0" * 32,
        SHA.upper(),
        "crc:",
    ],
)
def test_what_is_no_checksum_is_refused(checksum):
    with pytest.raises(FormatError, match="checksum"):
        offered(checksum=checksum)


@pytest.mark.parametrize("size", [0, -1])
def test_an_empty_file_is_refused(size):
    with pytest.raises(FormatError, match="size"):
        offered(size=size)


@given(st.sampled_from(["tiff", "netcdf"]), st.binary(max_size=50))
def test_a_format_is_known_by_its_first_bytes(kind, rest):
    other = {"tiff": "netcdf", "netcdf": "tiff"}[kind]
    for magic in MAGIC[kind]:
        assert is_kind(magic + rest, kind)
        assert not is_kind(magic + rest, other)
        assert not is_kind(b"\0" + magic, kind)


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><p>",
        b"\xef\xbb\xbf <HTML>",
        b"\r\n\r\n<html lang=en>",
        b'<?xml version="1.0"?>\n<html xmlns="x">',
        b"<!-- a -->\n<html>",
    ],
)
def test_a_page_is_no_file_of_any_kind(page):
    assert is_page(page)
    assert not any(is_kind(page, kind) for kind in MAGIC)


@pytest.mark.parametrize(
    "content", [b"", b"II*\0<html>", b"plain text, <html> within", b"<?xml version='1.0'?><kml>"]
)
def test_what_merely_mentions_a_page_is_none(content):
    assert not is_page(content)
