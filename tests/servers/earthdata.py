"""A small Earthdata on this machine: granule search as CMR has it, the login, and the files of a
folder behind it.

    with Earthdata(folder) as archive:
        archive.cmr      # http://127.0.0.1:…/search/
        archive.data     # http://127.0.0.1:…/data/     a file without a login redirects to the
        login host archive.login    # http://localhost:…           a host of another name, which
        must not be told a token archive.bucket   # http://127.0.0.1:…           where
        `deliver="redirect"` sends the client; refuses any credential

From a shell, in `tests`: `python -m servers.earthdata FOLDER --port 0` prints these addresses, the
token, the user and the password.

It knows nothing of the package: what it tells of a file stands in the file's name and bytes.

Statuses, spellings of headers, redirects, bodies and the fields of a record are those of the
recordings beside the project (`real/http`, `real/cmr`). What they do not show is assumed: the
answer of the login to a wrong name, password or token (`Login.unknown`), the redirect to a signed
bucket address (`deliver`), how CMR refuses a query, and its largest page (2000, as documented).
"""

import argparse
import base64
import datetime as dt
import fnmatch
import hashlib
import html
import json
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from servers.serving import (
    Answer,
    Asked,
    Fault,
    LocalServer,
    Seen,
    content_answer,
    json_answer,
    serve,
)

TOKEN, USERNAME, PASSWORD = "a-token", "somebody", "a-password"  # of nobody
APPLICATION = "BO_n7nTIlMljdvU6kRRB3g"  # of ASF, as recorded
DEFAULT_PAGE, LARGEST_PAGE = 10, 2000
KNOWN = {
    "short_name",
    "version",
    "provider",
    "bounding_box",
    "temporal",
    "readable_granule_name",
    "page_size",
    "sort_key",
}
COLLECTIONS = {"short_name", "concept_id", "collection_concept_id", "provider", "entry_title"}

OPERA = re.compile(
    r"(OPERA_L2_RTC-S1_T\d{3}-\d{6}-IW\d_(\d{8}T\d{6})Z_)(\d{8}T\d{6})(Z_S1\w_30_v[\d.]+)_(HH|HV|VV|VH|mask)\.tif"
)
CETB = re.compile(r"NSIDC-?0630[-_].*?(?:[-_](\d{8})(?=_)|-(\d{7})(?=-)).*[-_]v(\d+)\.\d+\.nc")
PLAIN = {
    "NSIDC-0714": re.compile(r"Gimp(Ocean|Ice)Mask_.*\.tif"),
    "NSIDC-0645": re.compile(r"gimpdem_.*\.tif"),
}
UMM = "application/vnd.nasa.cmr.umm_results+json;version=1.6.6; charset=utf-8"
PAGE = "text/html; charset=utf-8"
LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Earthdata Login</title></head><body>Please "
    b"log in.</body></html>\n"
)


@dataclass(frozen=True)
class Listing:
    """What the search tells beside the plain truth about the folder.

    Every so manyth granule (0: none) is listed a second time with an older processing (`older`),
    with another polarisation beside its own (`extra`, HV), or is replaced by one without HH
    (`replaced`); names that fit a pattern of `missing` are not listed at all.
    """

    older: int = 0
    extra: int = 0
    replaced: int = 0
    missing: tuple[str, ...] = ()
    sidecars: bool = True
    sizes: bool = True


@dataclass(frozen=True)
class Login:
    """What the login asks for, and what it does with a name or token that is wrong: `page` (200 and
    HTML) or `401`; `eula` False answers 403.
    """

    token: str = TOKEN
    username: str = USERNAME
    password: str = PASSWORD
    unknown: str = "401"
    eula: bool = True


@dataclass(frozen=True)
class Entry:
    """One listed granule: its files by name with their bytes' source, and where and when it is."""

    name: str
    collection: str
    version: str
    start: dt.datetime
    end: dt.datetime
    box: tuple[float, float, float, float] | None
    files: dict[str, tuple[Path, bytes]]  # the file, and what follows its own bytes
    revised: str


class Host(LocalServer):
    """One of the hosts of the archive."""

    def __init__(self, name: str, shown: str, port: int, answer: Callable[[Asked], Answer]) -> None:
        super().__init__(name, shown=shown, port=port)
        self._answer = answer

    def answer(self, asked: Asked) -> Answer:
        """What the archive says."""
        return self._answer(asked)


class Earthdata:
    """The servers. Files are found at each search, in the folder and below."""

    def __init__(
        self,
        folder: Path,
        listing: Listing | None = None,
        login: Login | None = None,
        deliver: str = "direct",
        ports: int = 0,
    ) -> None:
        self.folder, self.listing, self.account, self.deliver = (
            Path(folder),
            listing or Listing(),
            login or Login(),
            deliver,
        )
        self.entries: list[Entry] | None = (
            None  # set to list other granules than those of the folder
        )
        self.sessions: set[str] = set()
        self.codes: set[str] = set()
        self.tickets: set[str] = set()
        self.lock = threading.Lock()
        self._catalogue: tuple[float, list[Entry]] = -1e9, []
        self._files: dict[str, tuple[Path, bytes]] = {}
        answers = {
            "cmr": self.search,
            "data": self.file,
            "login": self.log_in,
            "bucket": self.from_bucket,
        }
        self.hosts = {
            name: Host(
                name,
                "localhost" if name == "login" else "127.0.0.1",
                ports + number if ports else 0,
                answer,
            )
            for number, (name, answer) in enumerate(answers.items())
        }
        self.cmr, self.data = (
            f"{self.hosts['cmr'].base}/search/",
            f"{self.hosts['data'].base}/data/",
        )
        self.login, self.bucket = self.hosts["login"].base, self.hosts["bucket"].base
        self._running = ExitStack()

    def __enter__(self) -> "Earthdata":
        for host in self.hosts.values():
            self._running.enter_context(host)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def about(self) -> dict[str, str]:
        """Addresses and account, for a client."""
        account = {
            "token": self.account.token,
            "username": self.account.username,
            "password": self.account.password,
        }
        hosts = {"data_host": self.hosts["data"].host, "login_host": self.hosts["login"].host}
        return {
            "cmr": self.cmr,
            "data": self.data,
            "login": self.login,
            "bucket": self.bucket,
            **hosts,
            **account,
        }

    @property
    def seen(self) -> list[Seen]:
        """The requests that arrived at any host."""
        return [seen for host in self.hosts.values() for seen in host.seen]

    def asked(self, host: str) -> list[Seen]:
        """The requests that arrived at one host, in order."""
        return list(self.hosts[host].seen)

    def answer(self, host: str, **what: Any) -> None:
        """Put an answer in place of the next true one of a host; see `Fault`."""
        self.hosts[host].faults.append(Fault(**{"status": 200, **what}))

    def catalogue(self) -> list[Entry]:
        """Every granule that a search can find, in the order of the archive; the folder is looked
        through once a second at most.
        """
        if self.entries is not None:
            return self.entries
        with self.lock:
            moment, shown = self._catalogue
            if time.monotonic() - moment > 1:
                found = list(_entries(self.folder, self.listing))
                shown = [
                    entry
                    for entry in found
                    if not any(
                        fnmatch.fnmatchcase(entry.name, pattern) for pattern in self.listing.missing
                    )
                ]
                shown.sort(key=lambda entry: (entry.collection, entry.start, entry.name))
                self._catalogue = time.monotonic(), shown
                self._files = {name: file for entry in shown for name, file in entry.files.items()}
        return shown

    def bytes_of(self, name: str) -> bytes | None:
        """The content behind a name: a listed file, or the MD5 of one."""
        plain = name.removesuffix(".md5")
        if plain not in self._files:
            self.catalogue()
        if plain not in self._files:
            return None
        path, tail = self._files[plain]
        content = path.read_bytes() + tail
        return (
            f"{hashlib.md5(content).hexdigest()}  {plain}\n".encode() if name != plain else content
        )

    def search(self, asked: Asked) -> Answer:
        """Granules in pages, as UMM-JSON."""
        wanted: dict[str, list[str]] = {}
        for key, value in asked.pairs:
            wanted.setdefault(key.removesuffix("[]"), []).append(value)
        options = {key for key in wanted if key.startswith("options[")}
        problem = None
        if asked.path != "/search/granules.umm_json":
            return json_answer({"errors": [f"no such resource {asked.path}"]}, 404, UMM)
        if unknown := set(wanted) - KNOWN - COLLECTIONS - options:
            problem = f"Parameter [{sorted(unknown)[0]}] was not recognized."
        elif not set(wanted) & COLLECTIONS:
            problem = "The CMR does not allow querying across granules in all collections."
        elif not 0 <= int(wanted.get("page_size", ["10"])[0]) <= LARGEST_PAGE:
            problem = f"page_size must be a number between 0 and {LARGEST_PAGE}"
        elif any("*" in name for name in wanted.get("readable_granule_name", [])) and not options:
            wanted["readable_granule_name"] = ["no pattern without its option"]
        if problem:
            return json_answer({"errors": [problem]}, 400, UMM)
        found = [entry for entry in self.catalogue() if matches(entry, wanted)]
        size = int(wanted.get("page_size", [str(DEFAULT_PAGE)])[0])
        after = json.loads(asked.headers.get("cmr-search-after", "[0]"))[-1]
        page = found[after : after + size]
        headers = {"CMR-Hits": str(len(found)), "CMR-Took": "7"}
        if page:
            last = ["test", 1577923200000, after + len(page)]
            headers["CMR-Search-After"] = json.dumps(last, separators=(",", ":"))
        content = {"hits": len(found), "took": 7, "items": [record(entry, self) for entry in page]}
        return json_answer(content, 200, UMM, headers)

    def file(self, asked: Asked) -> Answer:
        """A file for somebody known; anybody else goes to the login."""
        if asked.path == "/login":
            return self.back_from_login(asked)
        bearer = asked.headers.get("authorization", "")
        session = re.search(r"session=(\w+)", asked.headers.get("cookie", ""))
        logged_in = session is not None and session[1] in self.sessions
        if bearer != f"Bearer {self.account.token}" and not logged_in:
            # a wrong token is answered as none
            state = {
                "redirect_uri": self.data.replace("/data/", "/login"),
                "state": quote(asked.path),
            }
            query = urlencode({"client_id": APPLICATION, "response_type": "code", **state})
            headers = {"location": f"{self.login}/oauth/authorize?{query}&app_type=401"}
            return Answer(302, b"", {"Content-Type": "application/json", **headers})
        if not self.account.eula:
            link = f"{self.login}/approve_app?client_id={APPLICATION}"
            said = {"status_code": 403, "error_description": "EULA Acceptance Failure"}
            return json_answer({**said, "resolution_url": link}, 403)
        if self.deliver == "redirect":
            ticket = secrets.token_hex(8)
            self.tickets.add(ticket)
            return Answer(
                303,
                b"",
                {"Location": f"{self.bucket}{quote(asked.path)}?Signature={ticket}&Expires=60"},
            )
        return self.content(asked)

    def content(self, asked: Asked) -> Answer:
        """Bytes of a file."""
        name = asked.path.removeprefix("/data/")
        body = self.bytes_of(name)
        if body is None:
            return Answer(
                404, f"no file {html.escape(name)}\n".encode(), {"Content-Type": "text/plain"}
            )
        return content_answer(body)

    def from_bucket(self, asked: Asked) -> Answer:
        """What a signed address leads to; as a bucket does, it refuses any other way to prove who
        one is.
        """
        if "authorization" in asked.headers:
            return Answer(
                400,
                b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism "
                b"allowed</Message></Error>",
            )
        if asked.query.get("Signature") not in self.tickets:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        return self.content(asked)

    def log_in(self, asked: Asked) -> Answer:
        """The login: name and password, then back with a code."""
        account = self.account
        proof = (
            "Basic " + base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
        )
        if asked.path != "/oauth/authorize":
            return Answer(404)
        if asked.headers.get("authorization", "") in (proof, f"Bearer {account.token}"):
            code = secrets.token_hex(8)
            self.codes.add(code)
            back = urlencode({"code": code, "state": asked.query["state"]})
            return Answer(302, b"", {"Location": f"{asked.query['redirect_uri']}?{back}"})
        if account.unknown == "page":
            return Answer(200, LOGIN_PAGE, {"Content-Type": PAGE})
        return Answer(
            401,
            LOGIN_PAGE,
            {"Content-Type": PAGE, "WWW-Authenticate": 'Basic realm="Earthdata Login"'},
        )

    def back_from_login(self, asked: Asked) -> Answer:
        """A code becomes a session."""
        code = asked.query.get("code", "")
        if code not in self.codes:
            return Answer(401, LOGIN_PAGE, {"Content-Type": PAGE})
        self.codes.discard(code)
        session = secrets.token_hex(8)
        self.sessions.add(session)
        # relative, and moved for good, as recorded
        back = {"location": asked.query["state"], "Set-Cookie": f"session={session}; Path=/"}
        return Answer(301, b"", {"Content-Type": "application/json", **back})


def _entries(folder: Path, listing: Listing) -> Iterator[Entry]:
    granules: dict[str, list[Path]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if match := OPERA.fullmatch(path.name):
            granules.setdefault(f"{match[1]}{match[3]}{match[4]}", []).append(path)
        elif CETB.fullmatch(path.name) or any(
            pattern.fullmatch(path.name) for pattern in PLAIN.values()
        ):
            yield from _plain_entries(path, listing)
    for number, (name, paths) in enumerate(sorted(granules.items()), start=1):
        yield from _opera_entries(name, paths, number, listing)


def _opera_entries(name: str, paths: list[Path], number: int, listing: Listing) -> Iterator[Entry]:
    parts = OPERA.fullmatch(paths[0].name)
    start = dt.datetime.strptime(parts[2], "%Y%m%dT%H%M%S")
    box = footprint(str(paths[0]), paths[0].stat().st_mtime_ns)
    chosen = {
        kind: bool(every) and number % every == 0
        for kind, every in vars(listing).items()
        if kind in ("older", "extra", "replaced")
    }
    files = {path.name: (path, b"") for path in paths}
    images = [path for path in paths if not path.name.endswith("_mask.tif")]
    if chosen["extra"]:
        files |= {f"{path.name[:-7]}_HV.tif": (path, b"HV") for path in images}
    if chosen["replaced"]:
        files = {re.sub("_HH.tif$", "_VV.tif", key): value for key, value in files.items()}
    span = start, start + dt.timedelta(seconds=3)
    yield Entry(name, "OPERA_L2_RTC-S1_V1", "1", *span, box, files, "2024-01-02T00:00:00.000Z")
    if chosen["older"]:
        stamp = f"{start + dt.timedelta(minutes=1):%Y%m%dT%H%M%S}"  # nothing is processed sooner
        stamped = {
            key.replace(f"Z_{parts[3]}Z_", f"Z_{stamp}Z_"): (path, b"older")
            for key, (path, _) in files.items()
        }
        older = f"{parts[1]}{stamp}{parts[4]}"
        yield Entry(
            older, "OPERA_L2_RTC-S1_V1", "1", *span, box, stamped, "2020-01-02T00:00:00.000Z"
        )


def _plain_entries(path: Path, listing: Listing) -> Iterator[Entry]:
    """A granule of one file; brightness temperature also in an older processing."""
    files = {path.name: (path, b"")}
    if not (found := CETB.fullmatch(path.name)):
        collection = next(name for name, pattern in PLAIN.items() if pattern.fullmatch(path.name))
        span = dt.datetime(1999, 6, 1), dt.datetime(2015, 12, 31)
        yield Entry(path.name, collection, "1", *span, None, files, "2018-01-01T00:00:00.000Z")
        return
    day = (
        dt.datetime.strptime(found[1], "%Y%m%d")
        if found[1]
        else dt.datetime.strptime(found[2], "%Y%j")
    )
    # up to the next midnight: a search for the next day finds it, too
    span = (day, day + dt.timedelta(days=1))
    yield Entry(path.name, "NSIDC-0630", found[3], *span, None, files, "2024-01-02T00:00:00.000Z")
    stamp = re.search(r"_(\d{10})_v", path.name)
    if listing.older and stamp and day.toordinal() % listing.older == 0:
        older = path.name.replace(f"_{stamp[1]}_v", "_0001010000_v")
        yield Entry(
            older,
            "NSIDC-0630",
            found[3],
            *span,
            None,
            {older: (path, b"older")},
            "2020-01-02T00:00:00.000Z",
        )


@lru_cache(maxsize=100_000)
def footprint(path: str, _changed: int) -> tuple[float, float, float, float] | None:
    """(west, south, east, north) of a raster, degrees; None for what is none, which then lies
    everywhere.
    """
    import rasterio
    from rasterio.warp import transform_bounds

    try:
        with rasterio.open(path) as raster:
            return transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    except rasterio.errors.RasterioError:
        return None


def _md5(path: Path, tail: bytes) -> str:
    return _md5_of(str(path), path.stat().st_mtime_ns, tail)


@lru_cache(maxsize=100_000)
def _md5_of(path: str, _changed: int, tail: bytes) -> str:
    return hashlib.md5(Path(path).read_bytes() + tail).hexdigest()


def record(entry: Entry, archive: Earthdata) -> dict[str, Any]:
    """A granule as UMM-JSON."""
    links: list[dict[str, str]] = []
    for name in entry.files:
        links += [
            {
                "URL": f"s3://a-bucket/{entry.collection}/{entry.name}/{name}",
                "Type": "GET DATA VIA DIRECT ACCESS",
            },
            {
                "URL": f"{archive.data}{quote(name)}",
                "Type": "GET DATA",
                "Description": f"Download {name}",
            },
        ]
        if archive.listing.sidecars:
            links.append({"URL": f"{archive.data}{quote(name)}.md5", "Type": "EXTENDED METADATA"})
    links += [
        {
            "URL": f"{archive.data}{quote(entry.name)}_BROWSE.png",
            "Type": "GET RELATED VISUALIZATION",
        },
        {"URL": f"{archive.data}{quote(entry.name)}.iso.xml", "Type": "EXTENDED METADATA"},
        {
            "URL": f"{archive.data.removesuffix('/data/')}/s3credentials",
            "Type": "VIEW RELATED INFORMATION",
        },
    ]
    sizes = (
        {name: path.stat().st_size + len(tail) for name, (path, tail) in entry.files.items()}
        if archive.listing.sizes
        else {}
    )
    stamps = {
        "BeginningDateTime": f"{entry.start.isoformat()}Z",
        "EndingDateTime": f"{entry.end.isoformat()}Z",
    }
    umm: dict[str, Any] = {
        "GranuleUR": entry.name,
        "CollectionReference": {"ShortName": entry.collection, "Version": entry.version},
        "TemporalExtent": {"RangeDateTime": stamps},
        "RelatedUrls": links,
        "DataGranule": {
            "DayNightFlag": "Unspecified",
            "ArchiveAndDistributionInformation": [
                {
                    "Name": name,
                    "SizeInBytes": size,
                    "Format": "GeoTIFF",
                    "Checksum": {"Value": _md5(*entry.files[name]), "Algorithm": "MD5"},
                }
                for name, size in sizes.items()
            ],
        },
        "MetadataSpecification": {
            "URL": "https://cdn.earthdata.nasa.gov/umm/granule/v1.6.6",
            "Name": "UMM-G",
            "Version": "1.6.6",
        },
    }
    if entry.box:
        edges = (
            "WestBoundingCoordinate",
            "SouthBoundingCoordinate",
            "EastBoundingCoordinate",
            "NorthBoundingCoordinate",
        )
        rectangle = dict(zip(edges, entry.box, strict=True))
        umm["SpatialExtent"] = {
            "HorizontalSpatialDomain": {"Geometry": {"BoundingRectangles": [rectangle]}}
        }
    number = int(
        hashlib.sha256(f"{entry.collection} {entry.version} {entry.name}".encode()).hexdigest()[
            :12
        ],
        16,
    )
    meta = {
        "concept-type": "granule",
        "concept-id": f"G{number}-TEST",
        "native-id": entry.name,
        "revision-date": entry.revised,
    }
    return {
        "meta": {**meta, "provider-id": "TEST", "format": "application/vnd.nasa.cmr.umm+json"},
        "umm": umm,
    }


def matches(entry: Entry, asked: dict[str, list[str]]) -> bool:
    """True where a granule fits every parameter of a search."""
    for key, wanted in (("short_name", entry.collection), ("version", entry.version)):
        if asked.get(key) and wanted not in asked[key]:
            return False
    patterns = asked.get("readable_granule_name", [])
    if patterns and not any(
        fnmatch.fnmatch(entry.name.lower(), pattern.lower()) for pattern in patterns
    ):
        return False
    spans = [_span(text) for text in asked.get("temporal", [])]
    if spans and not any(entry.start <= last and entry.end >= first for first, last in spans):
        return False
    if entry.box is None or not asked.get("bounding_box"):
        return True
    west, south, east, north = (float(part) for part in asked["bounding_box"][0].split(","))
    return (
        entry.box[0] <= east
        and entry.box[2] >= west
        and entry.box[1] <= north
        and entry.box[3] >= south
    )


def _span(text: str) -> tuple[dt.datetime, dt.datetime]:
    first, last = (dt.datetime.strptime(part, "%Y-%m-%dT%H:%M:%SZ") for part in text.split(","))
    return first, last


def main() -> int:
    """Serve a folder until told to end."""
    parser = argparse.ArgumentParser(
        description="An Earthdata on this machine: search, login and the files of a folder."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--port", type=int, default=0, help="first of four ports; 0: any that are free"
    )
    parser.add_argument("--deliver", choices=["direct", "redirect"], default="direct")
    parser.add_argument("--unknown", choices=["401", "page"], default="401")
    parser.add_argument("--missing", action="append", default=[], metavar="PATTERN")
    for kind in ("older", "extra", "replaced"):
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    return serve(_made, parser)


def _made(given: argparse.Namespace) -> Earthdata:
    listing = Listing(given.older, given.extra, given.replaced, tuple(given.missing))
    return Earthdata(given.folder, listing, Login(unknown=given.unknown), given.deliver, given.port)


if __name__ == "__main__":
    sys.exit(main())
