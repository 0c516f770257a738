import copy
import datetime as dt
import json
import random
import subprocess
import sys
import time
from urllib.parse import parse_qs

import pytest
from servers.earthdata import Earthdata, Entry, Listing

from daymelt.archives import cmr
from daymelt.archives.remote import Mirror, Remote
from daymelt.archives.retry import Policy
from daymelt.core.errors import ConfigError, DaymeltError, FormatError, RetrievalError

IMPATIENT = Policy(timeout_s=5, attempts=3, backoff_s=0.01, longest_wait_s=2)
FIRST = dt.datetime(2019, 7, 1, 9)


def entry(number, collection="A", version="1", minutes=10):
    start = FIRST + dt.timedelta(minutes=minutes * number)
    name = f"granule_{number:05d}.v{version}"
    return Entry(
        name,
        collection,
        version,
        start,
        start,
        None,
        {f"{name}.tif": (None, b"")},
        "2024-01-01T00:00:00.000Z",
    )


@pytest.fixture
def archive(tmp_path):
    with Earthdata(tmp_path, Listing(sizes=False)) as server:
        server.entries = [entry(number) for number in range(12)]
        yield server


def options(archive, policy=IMPATIENT):
    return cmr.CmrOptions(archive.cmr, policy)


def ids(granules):
    return [granule.id for granule in granules]


def parameters(request):
    return parse_qs(request.query)


RECORD = {
    "meta": {"concept-id": "G1-ASF", "revision-date": "2024-01-02T03:04:05Z", "provider-id": "ASF"},
    "umm": {
        "GranuleUR": "a-granule",
        "CollectionReference": {"ShortName": "A", "Version": "1.0"},
        "RelatedUrls": [
            {"URL": "s3://bucket/one_HH.tif", "Type": "GET DATA VIA DIRECT ACCESS"},
            {"URL": "https://browse.example.org/one_HH.tif", "Type": "GET RELATED VISUALIZATION"},
            {"URL": "https://data.example.org/one_HH.tif.md5", "Type": "EXTENDED METADATA"},
            {"URL": "https://meta.example.org/one.h5", "Type": "EXTENDED METADATA"},
            {"URL": "https://data.example.org/x/one_HH.tif", "Type": "GET DATA"},
            {"URL": "https://mirror.example.org/one_HH.tif", "Type": "GET DATA"},
            {"URL": "https://data.example.org/one_mask.tif", "Type": "GET DATA"},
        ],
        "DataGranule": {
            "ArchiveAndDistributionInformation": [
                {
                    "Name": "one_HH.tif",
                    "SizeInBytes": 7000123,
                    "Checksum": {"Value": "AB" * 16, "Algorithm": "MD5"},
                },
                {
                    "Name": "all.zip",
                    "Files": [{"Name": "one_mask.tif", "Size": 51.2, "SizeUnit": "KB"}],
                },
            ]
        },
    },
}


# A search over the protocol


def test_every_granule_of_several_pages_arrives_once_and_in_order(archive):
    archive.entries = [entry(number) for number in range(4321)]
    granules = cmr.search(options(archive), "A")
    assert ids(granules) == [entry(number).name for number in range(4321)]
    pages = [
        request for request in archive.asked("cmr") if parameters(request)["page_size"] != ["0"]
    ]
    assert [request.headers.get("cmr-search-after") for request in pages] == [
        None,
        '["test",1577923200000,2000]',
        '["test",1577923200000,4000]',
    ]


def test_a_collection_is_searched_in_all_its_versions(archive):
    archive.entries = [entry(1), entry(2, version="2"), entry(3, collection="B")]
    assert [(granule.id, granule.version) for granule in cmr.search(options(archive), "A")] == [
        ("granule_00001.v1", "1"),
        ("granule_00002.v2", "2"),
    ]
    assert all("version" not in parameters(request) for request in archive.asked("cmr"))


def test_both_days_of_a_search_are_included_to_their_last_second(archive):
    start = dt.datetime(2019, 7, 1)
    moments = [
        start - dt.timedelta(seconds=1),
        start,
        start + dt.timedelta(days=2, seconds=-1),
        start + dt.timedelta(days=2),
    ]
    archive.entries = [
        Entry(f"g{n}", "A", "1", at, at, None, {}, "") for n, at in enumerate(moments)
    ]
    assert ids(cmr.search(options(archive), "A", (dt.date(2019, 7, 1), dt.date(2019, 7, 2)))) == [
        "g1",
        "g2",
    ]


def test_a_box_and_patterns_of_names_narrow_a_search(archive):
    boxes = {"here": (-39, 66, -38, 67), "far": (10, 66, 11, 67), "touching": (-37, 60, -36, 65.5)}
    archive.entries = [
        Entry(name, "A", "1", FIRST, FIRST, box, {}, "") for name, box in boxes.items()
    ]
    assert ids(cmr.search(options(archive), "A", box=(-40, 65, -36, 68))) == ["here", "touching"]
    assert ids(cmr.search(options(archive), "A", names=["f?r", "*ing"])) == ["far", "touching"]


def test_an_empty_search_is_no_error(archive):
    assert cmr.search(options(archive), "nothing of this name") == []


def test_a_search_carries_no_credential_whatever_netrc_says(archive, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login somebody password a-password\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("EARTHDATA_TOKEN", "a-token")
    cmr.search(options(archive), "A")
    assert len(archive.asked("cmr")) == 2
    assert all("authorization" not in request.headers for request in archive.asked("cmr"))


# What may pass is tried again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("path", ["page_size=0", "page_size=12"])
def test_a_busy_archive_is_asked_again(archive, status, path):
    archive.answer("cmr", status=status, times=2, path=path)
    assert len(cmr.search(options(archive), "A")) == 12
    assert len(archive.asked("cmr")) == 4


def test_the_wait_that_the_archive_asks_for_is_kept(archive):
    archive.answer("cmr", status=429, headers={"Retry-After": "1"})
    start = time.monotonic()
    assert len(cmr.search(options(archive), "A")) == 12
    assert time.monotonic() - start >= 1


def test_a_longer_wait_than_allowed_ends_the_search(archive, one_line):
    archive.answer("cmr", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, "429", "3600", archive.cmr)


def test_an_answer_cut_at_every_tenth_is_asked_for_again(archive):
    body = json.dumps({"items": []}).encode() * 40
    for tenth in range(10):
        archive.answer("cmr", body=body, cut_at=len(body) * tenth // 10, path="page_size=12")
        assert len(cmr.search(options(archive), "A")) == 12
    assert len(archive.asked("cmr")) == 30


def test_a_silence_is_a_timeout_and_the_archive_is_asked_again(archive):
    archive.answer("cmr", delay_s=0.6)
    assert (
        len(cmr.search(options(archive, Policy(timeout_s=0.2, attempts=2, backoff_s=0.01)), "A"))
        == 12
    )


def test_an_archive_that_stays_down_is_given_up_in_one_line(archive, one_line):
    archive.answer("cmr", status=503, times=9, body=b"<html>\nbusy\n</html>")
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, archive.cmr, "503", "3 attempts")
    assert len(archive.asked("cmr")) == 3


def test_an_archive_that_is_not_there_is_given_up_in_one_line(tmp_path, one_line):
    with Earthdata(tmp_path) as server:
        gone = options(server)
    with pytest.raises(RetrievalError) as raised:
        cmr.search(gone, "A")
    one_line(raised, gone.endpoint)


# What will not pass is told at once


def test_a_refused_search_is_told_in_the_words_of_the_archive(archive, one_line):
    archive.answer("cmr", status=400, body=b'{"errors": ["this is\n\x1b[31mnot a collection"]}')
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, archive.cmr, "400", "not a collection")
    assert "\x1b" not in str(raised.value)
    assert len(archive.asked("cmr")) == 1


def test_a_page_that_comes_short_is_an_error_not_a_smaller_list(archive, one_line):
    archive.answer("cmr", headers={"CMR-Hits": "20"}, body=b'{"items": []}', path="page_size=0")
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, "12 of 20")


def test_a_page_that_comes_twice_is_an_error_not_a_longer_list(archive, one_line):
    archive.entries = [entry(number) for number in range(2500)]
    records = [{**RECORD, "meta": {"concept-id": f"G{number}"}} for number in range(2000)]
    archive.answer(
        "cmr", body=json.dumps({"items": records}).encode(), path="page_size=2000", times=2
    )
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, "2000 of 2500")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"items"',
        b"<!DOCTYPE html>\n<html>Log in</html>",
        b'{"items": [',
        b'{"items": 5}',
        b'{"items": null}',
        b'{"items": {"a": 1}}',
        b'{"items": [1]}',
        b'{"items": [null]}',
        b'{"items": [{}]}',
        b'{"items": [{"umm": {}, "meta": {}}]}',
        b'{"items": [{"umm": {"RelatedUrls": [{}]}, "meta": {}}]}',
        b'{"items": [{"umm": {"RelatedUrls": 3}, "meta": {}}]}',
        b'{"feed": {"entry": []}}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_an_answer_that_is_no_umm_json_is_refused_in_one_line(archive, one_line, body):
    archive.answer(
        "cmr", body=body, path="page_size=12", headers={"Content-Type": "application/json"}
    )
    with pytest.raises(FormatError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    "headers", [{}, {"CMR-Hits": "many"}, {"CMR-Hits": "-3"}, {"CMR-Hits": "99999999999"}], ids=str
)
def test_an_announcement_that_is_none_is_refused(archive, one_line, headers):
    archive.answer("cmr", body=b'{"items": []}', headers=headers)
    with pytest.raises(FormatError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, archive.cmr)


def test_a_search_is_not_led_to_an_unprotected_address(archive, one_line):
    archive.answer(
        "cmr", status=302, headers={"Location": "http://example.org/search/granules.umm_json"}
    )
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, "example.org", "not followed")


def test_redirects_without_end_are_given_up(archive, one_line):
    archive.answer("cmr", status=302, headers={"Location": "/search/granules.umm_json"}, times=1000)
    with pytest.raises(RetrievalError) as raised:
        cmr.search(options(archive), "A")
    one_line(raised, archive.cmr)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "cmr",
        "http://cmr.example.org/search/",
        "ftp://cmr.example.org/",
        "https://me:word@example.org/",
    ],
)
def test_an_endpoint_that_is_no_protected_address_is_a_setting_to_change(endpoint, one_line):
    with pytest.raises(ConfigError) as raised:
        cmr.search(cmr.CmrOptions(endpoint), "A")
    one_line(raised, "endpoint")


@pytest.mark.parametrize(
    "box", [(0, 10, 5, 0), (-200, 0, 0, 1), (0, 0, float("nan"), 1), (0, 0, 1, 91)]
)
def test_a_box_that_is_none_is_refused(archive, box):
    with pytest.raises(ConfigError):
        cmr.search(options(archive), "A", box=box)
    assert not archive.asked("cmr")


def test_importing_the_search_does_not_import_its_client():
    code = "import sys, daymelt.archives.cmr; sys.exit('earthaccess' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


# One record


def test_files_are_taken_by_their_data_links():
    granule = cmr.read_granule(RECORD)
    assert (granule.id, granule.concept, granule.version, granule.revised) == (
        "a-granule",
        "G1-ASF",
        "1.0",
        "2024-01-02T03:04:05Z",
    )
    sidecar = "https://data.example.org/one_HH.tif.md5"
    assert granule.files == (
        cmr.File(
            "one_HH.tif",
            "https://data.example.org/x/one_HH.tif",
            7000123,
            "md5:" + "ab" * 16,
            sidecar,
            (Mirror("https://mirror.example.org/one_HH.tif", sidecar),),
        ),
        cmr.File("one_mask.tif", "https://data.example.org/one_mask.tif", None, None, None),
        cmr.File("one.h5", "https://meta.example.org/one.h5", None, None, None),
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://data.example.org/a.tif",
        "ftp://data.example.org/a.tif",
        "file:///etc/a.tif",
        "//data.example.org/a.tif",
        "a.tif",
        "https:///a.tif",
        "https://somebody:word@data.example.org/a.tif",
        "https://data.example.org/a.tif?token=1",
        "https://data.example.org/a.tif#x",
        "https://data.example.org:port/a.tif",
        "https://[data.example.org/a.tif",
        "https://data.example.org/",
        "https://data.example.org/..",
        "https://data.example.org/.a.tif",
        "https://data.example.org/%2e%2e%2fa.tif",
        "https://data.example.org/-a.tif",
        "https://data.example.org/a\n.tif",
        "https://data.example.org/a%0A.tif",
        "https://data.example.org/a%00.tif",
        "https://data.example.org/ä.tif",
        "https://data.example.org/a\\..\\b.tif",
        "https://data.example.org/c:a.tif",
        "",
    ],
)
def test_a_link_from_which_no_file_should_be_fetched_is_passed_over(url):
    record = copy.deepcopy(RECORD)
    record["umm"]["RelatedUrls"] = [{"URL": url, "Type": "GET DATA"}]
    assert cmr.read_granule(record).files == ()


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"Value": "ab" * 32, "Algorithm": "SHA-256"}, "sha256:" + "ab" * 32),
        ({"Value": "ab" * 16, "Algorithm": "SHA-256"}, None),
        ({"Value": "0" * 8, "Algorithm": "Adler-32"}, None),
        ({"Value": 7, "Algorithm": "MD5"}, None),
        ("ab" * 16, None),
        (None, None),
    ],
)
def test_only_checksums_that_can_be_checked_are_kept(told, read):
    record = copy.deepcopy(RECORD)
    record["umm"]["DataGranule"]["ArchiveAndDistributionInformation"][0]["Checksum"] = told
    assert cmr.read_granule(record).files[0].checksum == read


@pytest.mark.parametrize("size", [0, -5, 1.5, "7000123", True, None, [1]])
def test_a_size_that_is_no_number_of_bytes_is_unknown(size):
    record = copy.deepcopy(RECORD)
    record["umm"]["DataGranule"]["ArchiveAndDistributionInformation"][0]["SizeInBytes"] = size
    assert cmr.read_granule(record).files[0].size is None


def places(value, path=()):
    """Every place in a record, as a path of keys."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in items:
        yield from places(part, (*path, key))


STRANGE = [
    None,
    True,
    0,
    -1,
    1e300,
    "",
    "x" * 5000,
    "\n\x1b[2J",
    "../../etc/passwd",
    [],
    {},
    [[]],
    {"URL": 1},
    "https://e.org/../.ssh",
]


def mutated(rng):
    """The record with one to four places changed, dropped, doubled or moved."""
    record = copy.deepcopy(RECORD)
    for _ in range(rng.randint(1, 4)):
        path = rng.choice([path for path in places(record) if path])
        parent = record
        for key in path[:-1]:
            parent = parent[key]
        kind = rng.randrange(4)
        if kind == 0:
            del parent[path[-1]]
        elif kind == 1:
            parent[path[-1]] = copy.deepcopy(rng.choice(STRANGE))
        elif kind == 2 and isinstance(parent[path[-1]], str):
            text = list(parent[path[-1]] or " ")
            text[rng.randrange(len(text))] = chr(
                rng.choice([rng.randrange(128), rng.randrange(0x250)])
            )
            parent[path[-1]] = "".join(text)
        else:
            parent[path[-1]] = [copy.deepcopy(parent[path[-1]])] * rng.randint(1, 3)
        if not [path for path in places(record) if path]:
            return record
    return record


@pytest.mark.parametrize("count", [2000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_damaged_record_gives_files_that_may_be_fetched_or_our_error(count):
    rng = random.Random(20190731)
    whole = {file.name: file for file in cmr.read_granule(RECORD).files}
    refused = 0
    for _ in range(count):
        record = mutated(rng)
        try:
            granule = cmr.read_granule(record)
        except DaymeltError as error:
            refused += 1
            assert isinstance(error, FormatError)
            assert str(error).isprintable()
            assert len(str(error)) < 300
            continue
        for file in granule.files:
            remote = Remote(
                granule.id,
                file.url,
                file.name,
                file.size,
                file.checksum,
                "any",
                granule.version,
                file.checksum_url,
            )
            assert remote.url.startswith("https://")
            if file.name in whole:
                assert file.size in (whole[file.name].size, None)
                assert file.checksum in (
                    whole[file.name].checksum,
                    None,
                ) or file.checksum.startswith("md5:")
    assert 0.1 * count < refused < 0.9 * count
