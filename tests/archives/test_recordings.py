"""Answers of real archives, as recorded beside the project: records, logins, refusals, pages."""

import datetime as dt
import json
from collections import Counter
from io import BytesIO
from urllib.parse import parse_qs

import pytest
import requests
from requests.adapters import BaseAdapter
from servers.files import Fault, FileServer
from urllib3 import HTTPResponse

from daymelt.archives import cmr, stac_search
from daymelt.archives.access import earthdata, planetary
from daymelt.archives.retry import Policy, TransientError
from daymelt.archives.said import Said, read_said
from daymelt.archives.web import check_status, follow, host_of
from daymelt.core.errors import FormatError, MissingCredentialError, RetrievalError
from daymelt.settings.inputs import Archives

HOSTS, LOGIN = Archives().earthdata_hosts, Archives().earthdata_login
EULA = "https://urs.earthdata.nasa.gov/approve_app?client_id=BO_n7nTIlMljdvU6kRRB3g"
QUICK = Policy(timeout_s=5, attempts=2, backoff_s=0.01, longest_wait_s=30)
BURST = "OPERA_L2_RTC-S1_T131-279916-IW1_20231202T162856Z_20231202T232622Z_S1A_30_v1.0"
DATAPOOL = "https://datapool.asf.alaska.edu/RTC/OPERA-S1/"


@pytest.fixture
def recorded(real):
    return lambda name: json.loads(real(name).read_text())


class Replay(BaseAdapter):
    """Answers each address of a recording as recorded; `asked` are the requests."""

    def __init__(self, recording):
        super().__init__()
        self.left, self.asked = list(recording), []

    def send(self, request, **_options):
        """The next answer of the recording."""
        self.asked.append(request)
        entry = self.left.pop(0)
        assert request.url == entry["request"]["uri"]
        body, status = entry["response"]["body"], entry["response"]["status"]
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        length = {"Content-Length": str(len(content))}
        raw = HTTPResponse(
            BytesIO(content),
            headers={**entry["response"]["headers"], **length},
            status=status["code"],
            preload_content=False,
        )
        answer = requests.Response()
        answer.status_code, answer.raw, answer.url = status["code"], raw, request.url
        answer.headers = requests.structures.CaseInsensitiveDict(raw.headers)
        answer.request = request
        return answer

    def close(self):
        """Nothing to close."""


# Records of CMR


def test_an_opera_record_gives_the_files_of_a_burst(recorded):
    burst, _static = recorded("cmr/opera_rtc_and_static.umm_items.json")["items"]
    granule = cmr.read_granule(burst, HOSTS)
    assert (granule.id, granule.concept, granule.version) == (BURST, "G2810724460-ASF", "1")
    assert granule.revised == "2023-12-03T00:11:28.576Z"
    told = {file.name.removeprefix(BURST): file for file in granule.files}
    assert list(told) == ["_VH.tif", "_VV.tif", "_mask.tif", ".h5", ".iso.xml"]
    vv = told["_VV.tif"]
    assert vv.url == f"{DATAPOOL}{BURST}_VV.tif"
    assert (vv.size, vv.checksum) == (6822497, "md5:02c8980e21be53810524ca961404a20b")
    assert vv.checksum_url == f"{vv.url}.md5" and vv.mirrors == ()
    mask = told["_mask.tif"]
    assert (mask.size, mask.checksum) == (52978, "md5:aec40e988f655cf93b8e61c2093aac37")
    earthdata(HOSTS, LOGIN, {}).check_hosts([(file.url,) for file in granule.files])


def test_a_static_record_gives_its_layers(recorded):
    _burst, static = recorded("cmr/opera_rtc_and_static.umm_items.json")["items"]
    granule = cmr.read_granule(static)
    sizes = {file.name.rpartition("_v1.0")[2]: file.size for file in granule.files}
    assert sizes["_local_incidence_angle.tif"] == 3761171 and sizes["_mask.tif"] == 25094
    assert len(sizes) == 7


@pytest.mark.parametrize(
    ("name", "file", "size", "checksum"),
    [
        # the record names no file, so that size and checksum belong to none
        ("Daymet_Daily_V4R1_2129", "daymet_v4_daily_pr_dayl_1950.nc", None, None),
        (
            "G1593453400-LAADS",
            "MYD021KM.A2019051.0430.006.2019051235515.hdf",
            None,
            None,
        ),
        (
            "GPM_3IMERGHH",
            "3B-HHR.MS.MRG.3IMERG.20190220-S000000-E002959.0000.V06B.HDF5",
            None,
            None,
        ),
        ("atl06", "ATL06_20190221121851_08410203_005_01.h5", None, None),
    ],
)
def test_records_of_other_archives_give_their_files(recorded, name, file, size, checksum):
    items = recorded(f"cmr/earthaccess_{name}_umm.json")["items"]
    found = [cmr.read_granule(item).files for item in items]
    first = found[0][0]
    assert (first.name, first.size, first.checksum) == (file, size, checksum)
    names = Counter(file.name for files in found for file in files)
    assert not [name for name in names if name.endswith((".md5", ".sha256"))]


def test_a_burst_that_is_cut_on_request_has_no_file_of_its_own(recorded):
    (item,) = recorded("cmr/hyp3_burst_response.json")["items"]
    granule = cmr.read_granule(item)
    assert granule.concept == "G3493873323-ASF" and granule.files == ()


def test_recorded_pages_are_counted_and_read(recorded):
    (none,) = recorded("cmr/cmr_no_results.json")
    assert (none["response"]["headers"]["CMR-Hits"], none["response"]["body"]["items"]) == ("0", [])
    count, page = recorded("cmr/cmr_page_of_one_hits_218.json")
    assert count["response"]["body"]["hits"] == page["response"]["body"]["hits"] == 218
    (record,) = page["response"]["body"]["items"]
    (file,) = cmr.read_granule(record).files
    assert (file.name, file.size) == ("ssh_grids_v2205_2020010212.nc", 9695609)
    assert file.checksum == "md5:9002febf17632e5921eba5b8f62237e6"
    # its checksum file lies under another folder of the same host
    assert file.checksum_url.endswith(
        "-public/SEA_SURFACE_HEIGHT_ALT_GRIDS_L4_2SATS_5DAY_6THDEG_V"
        "_JPL2205/ssh_grids_v2205_2020010212.nc.md5"
    )


# The login


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"EARTHDATA_TOKEN": "a-token"}, {*HOSTS, LOGIN}),
        ({"EARTHDATA_USERNAME": "you", "EARTHDATA_PASSWORD": "x"}, {LOGIN}),
        ({}, set()),
    ],
)
def test_the_recorded_login_ends_in_the_answer_and_shows_the_account_where_it_belongs(
    recorded, tmp_path, given, told
):
    replay = Replay(recorded("http/earthdata_redirect_chain_asf.json"))
    with earthdata(HOSTS, LOGIN, given, tmp_path / "none").session() as session:
        session.mount("https://", replay)
        answer = follow(session, "https://cumulus.asf.alaska.edu/s3credentials", {}, 5)
    assert answer.status_code == 200 and answer.json()["expiration"].startswith("2025-04-08")
    assert [host_of(request.url) for request in replay.asked] == [
        "cumulus.asf.alaska.edu:443",
        f"{LOGIN}:443",
        "cumulus.asf.alaska.edu:443",
        "cumulus.asf.alaska.edu:443",
    ]
    for request in replay.asked:
        host = host_of(request.url).removesuffix(":443")
        assert ("Authorization" in request.headers) == (host in told)


# Bodies of refusals


SAID = {
    "ASF OPERA download, account without the EULA": Said("", "EULA Acceptance Failure", EULA),
    "Earthdata cloud host, variant": Said("invalid_token", "EULA Acceptance Failure"),
    "Planetary Computer SAS, anonymous, within the limit": Said(),
    "Planetary Computer, over the limit": Said(
        "", "Rate limit is exceeded. Try again in 23 seconds.", "", 23.0
    ),
    "Azure storage, no signature": Said(
        "PublicAccessNotPermitted", "Public access is not permitted on this storage account."
    ),
    "Azure storage, bad or expired signature": Said(
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is "
        "formed correctly including th…",
    ),
    "Azure storage, wrong path": Said("BlobNotFound", "The specified blob does not exist."),
    "Azure storage, busy": Said("ServerBusy", "Egress is over the account limit."),
    "CloudFront of ASF, HEAD on a signed address": Said(),
    "Earthdata, invalid token": Said(),
}


@pytest.fixture
def bodies(recorded):
    return {entry["who"]: entry for entry in recorded("http/bodies.json")}


def content(entry):
    body = entry["body"]
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def test_every_recorded_body_is_read_for_what_it_says(bodies):
    assert {who: read_said(content(entry)) for who, entry in bodies.items()} == SAID


def answered(entry, url="https://archive.example.org/a.tif?sig=nobody-may-see"):
    raw = HTTPResponse(BytesIO(content(entry)), status=entry["status"], preload_content=False)
    response = requests.Response()
    response.status_code, response.raw, response.url = entry["status"], raw, url
    return response, url


def test_a_licence_that_is_not_accepted_is_told_with_its_link(bodies, one_line):
    access = earthdata(HOSTS, LOGIN, {"EARTHDATA_TOKEN": "a-token"})
    for who, remedy in (
        (
            "ASF OPERA download, account without the EULA",
            f"accept its licence or application at {EULA}",
        ),
        ("Earthdata cloud host, variant", f"accept them in its profile at https://{LOGIN}/profile"),
    ):
        said = read_said(content(bodies[who]))
        error = access.refusal("https://datapool.asf.alaska.edu/a.tif", 403, said)
        assert "403 (" in str(error) and "EULA Acceptance Failure" in str(error)
        assert remedy in str(error) and "\n" not in str(error)


def test_a_link_to_another_host_is_not_shown():
    access = earthdata(HOSTS, LOGIN, {"EARTHDATA_TOKEN": "a-token"})
    for link in ("https://urs.earthdata.nasa.gov.example.org/x", f"http://{LOGIN}/x"):
        assert link not in str(access.refusal("https://a/b", 403, Said(link=link)))


@pytest.mark.parametrize(
    ("who", "kind", "told"),
    [
        ("Azure storage, no signature", MissingCredentialError, "archives.sas_hosts"),
        ("Azure storage, wrong path", RetrievalError, "not found (404 BlobNotFound)"),
        ("Azure storage, busy", TransientError, "503 (ServerBusy: Egress is over the account"),
        ("Planetary Computer, over the limit", TransientError, "429 (Rate limit is exceeded."),
    ],
)
def test_a_recorded_failure_is_told_for_what_it_is(bodies, one_line, who, kind, told):
    with pytest.raises(kind) as raised:
        check_status(*answered(bodies[who]))
    one_line(raised, told)
    assert "nobody-may-see" not in str(raised.value)
    if who.endswith("over the limit"):
        assert raised.value.wait_s == 23


def test_the_wait_that_a_text_names_is_waited_for(bodies, monkeypatch):
    waits = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waits.append)
    body = content(bodies["Planetary Computer, over the limit"])
    token = b'{"msft:expiry": "2999-01-01T00:00:00Z", "token": "sig=x"}'
    with FileServer({"token/acct/box": token}) as desk:
        desk.faults = [Fault(status=429, body=body)]
        access = planetary(desk.url("token"), environ={}, storage_hosts=(".blob.example.org",))
        assert access.sign("https://acct.blob.example.org/box/a").endswith("?sig=x")
    assert waits == [23]


def test_the_desk_answers_without_a_key(bodies):
    entry = bodies["Planetary Computer SAS, anonymous, within the limit"]
    answer = {**entry["body"], "msft:expiry": "2999-01-01T00:00:00Z"}  # redacted in the recording
    with FileServer({"token/acct/box": json.dumps(answer).encode()}) as desk:
        access = planetary(desk.url("token"), environ={}, storage_hosts=(".blob.example.org",))
        signed = access.sign("https://acct.blob.example.org/box/a.tif")
        assert signed.partition("?")[2] == answer["token"]
        assert "ocp-apim-subscription-key" not in desk.seen[0].headers


# Pages of STAC


def test_recorded_pages_by_get_are_walked_to_their_end(recorded):
    *_, first = recorded("stac/pystac-client_TestCollectionClient.test_get_items.json")
    page = first["response"]["body"]
    (link,) = [link for link in page["links"] if link["rel"] == "next"]
    assert link["method"] == "GET" and link["href"].startswith("https://planetarycomputer")
    with FileServer({}) as server:
        link["href"] = server.url("next?token=" + link["href"].partition("token=")[2])
        last = {"type": "FeatureCollection", "features": [], "links": []}
        server.files |= {
            "search": json.dumps(page).encode(),
            "next": json.dumps(last).encode(),
        }
        day = dt.date(2006, 1, 1)
        box = (-180.0, -90.0, 180.0, 90.0)
        items = list(stac_search.items(server.base, "aster-l1t", box, (day, day), QUICK))
        assert server.paths() == ["/search", "/next"]
    assert len(items) == 10 and items[0]["id"] == "AST_L1T_00312272006020322_20150518201805"


def test_a_scene_in_both_parts_of_a_box_is_listed_once():
    page = {"type": "FeatureCollection", "features": [{"type": "Feature", "id": "a"}], "links": []}
    with FileServer({"search": json.dumps(page).encode()}) as server:
        day, box = dt.date(2019, 7, 1), (179.5, 60.0, -179.5, 61.0)
        items = list(stac_search.items(server.base, "c", box, (day, day), QUICK))
        asked = [parse_qs(seen.query)["bbox"] for seen in server.seen]
    assert [item["id"] for item in items] == ["a"]
    assert asked == [["179.5,60.0,180.0,61.0"], ["-180.0,60.0,-179.5,61.0"]]


def test_a_recorded_page_that_goes_on_by_post_is_refused(recorded, one_line):
    first, _second = recorded("stac/pystac-client_TestItemSearch.test_result_paging.json")
    page = first["response"]["body"]
    with FileServer({"search": json.dumps(page).encode()}) as server:
        day = dt.date(2006, 1, 1)
        found = stac_search.items(
            server.base, "naip", (-73.21, 43.99, -73.12, 44.05), (day, day), QUICK
        )
        with pytest.raises(FormatError) as raised:
            list(found)
    one_line(raised, "wants POST, expected GET")
