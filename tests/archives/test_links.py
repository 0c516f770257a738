"""Files that lie at several addresses, or on hosts that the settings do not know."""

import hashlib

import pytest
import requests
from servers.files import FileServer, status

from daymelt.archives import cmr
from daymelt.archives.access import anonymous, earthdata
from daymelt.archives.download import fetch_all
from daymelt.archives.ranges import open_remote
from daymelt.archives.remote import Mirror, Remote
from daymelt.archives.retry import Policy
from daymelt.core.errors import ConfigError, RetrievalError
from daymelt.settings.inputs import Archives

CONTENT = b"II*\0" + bytes(1000)
QUICK = Policy(timeout_s=5, attempts=2, backoff_s=0.01)
HOSTS, LOGIN = Archives().earthdata_hosts, Archives().earthdata_login
BACK_FILL = "https://cumulus.asf.earthdatacloud.nasa.gov/OPERA/OPERA_L2_RTC-S1/g/g_HH.tif"
DEAD = "http://127.0.0.1:9/"


@pytest.fixture
def server():
    with FileServer({f"{name}.tif": CONTENT for name in "abc"}) as served:
        yield served


def remote(name, first, *others):
    checksum = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    mirrors = tuple(Mirror(url) for url in others)
    return Remote(name, first, f"{name}.tif", len(CONTENT), checksum, "tiff", "1", None, mirrors)


def record(*urls):
    links = [{"URL": url, "Type": "GET DATA"} for url in urls]
    umm = {"GranuleUR": "g", "CollectionReference": {}, "RelatedUrls": links}
    return {"meta": {"concept-id": "G1-ASF"}, "umm": umm}


def test_where_the_first_address_is_dead_the_next_brings_the_file(server, tmp_path):
    remotes = [remote(name, f"{DEAD}{name}.tif", server.url(f"{name}.tif")) for name in "abc"]
    fetched = fetch_all(remotes, tmp_path, anonymous(), QUICK)
    assert [item.path.read_bytes() for item in fetched] == [CONTENT] * 3
    assert [item.remote.url for item in fetched] == [server.url(f"{name}.tif") for name in "abc"]
    before = len(server.seen)
    again = fetch_all(remotes, tmp_path, anonymous(), QUICK)
    assert [item.sha256 for item in again] == [item.sha256 for item in fetched]
    assert len(server.seen) == before


def test_where_no_address_brings_the_file_the_first_is_told(server, tmp_path, one_line):
    server.faults = [status(404).lasting()]
    with pytest.raises(RetrievalError) as raised:
        fetch_all(
            [remote("a", server.url("a.tif"), server.url("b.tif"))], tmp_path, anonymous(), QUICK
        )
    one_line(raised, server.url("a.tif"), "not found")
    assert server.paths() == ["/a.tif", "/b.tif"]


def test_of_several_links_that_to_a_known_host_comes_first():
    other, known = "https://other.example.org/g_HH.tif", BACK_FILL
    (file,) = cmr.read_granule(record(other, known), HOSTS).files
    assert (file.url, file.mirrors) == (known, (Mirror(other),))
    (file,) = cmr.read_granule(record(other, known)).files
    assert file.url == other  # no host is known: the order of the record


def test_the_host_of_the_back_fill_is_known_and_gets_the_token():
    access = earthdata(HOSTS, LOGIN, {"EARTHDATA_TOKEN": "a-token"})
    access.check_hosts([(BACK_FILL,)])
    with access.session() as session:
        asked = session.prepare_request(requests.Request("GET", BACK_FILL))
    assert asked.headers["Authorization"] == "Bearer a-token"


@pytest.mark.parametrize("way", ["files", "a raster"])
def test_files_on_an_unknown_host_are_told_with_the_setting_before_anything_is_asked(
    server, tmp_path, one_line, way
):
    access = earthdata(["data.example.org"], LOGIN, {"EARTHDATA_TOKEN": "a-token"})
    with pytest.raises(ConfigError) as raised:
        if way == "files":
            fetch_all([remote("a", server.url("a.tif"))], tmp_path / "out", access, QUICK)
        else:
            with open_remote(server.url("a.tif"), access, QUICK, "burst"):
                pass
    one_line(raised, "archives.earthdata_hosts", server.host, "a.tif", "add it")
    assert server.seen == [] and not (tmp_path / "out").exists()


def test_an_unknown_mirror_of_a_known_file_is_never_asked(server, tmp_path):
    with FileServer({"a.tif": CONTENT}, host="127.0.0.2") as other:
        access = earthdata([server.host], LOGIN, {"EARTHDATA_TOKEN": "a-token"})
        server.faults = [status(404).lasting()]
        with pytest.raises(RetrievalError, match="not found"):
            fetch_all(
                [remote("a", other.url("a.tif"), server.url("a.tif"))], tmp_path, access, QUICK
            )
        assert other.seen == []
