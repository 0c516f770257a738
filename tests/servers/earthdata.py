"""A small Earthdata on this machine: granule search as CMR has it, the login, and the files of a folder behind it.

    with Earthdata(folder) as archive:
        archive.cmr      # http://127.0.0.1:…/search/
        archive.data     # http://127.0.0.1:…/data/     a file without a login redirects to the login host
        archive.login    # http://localhost:…           a host of another name, which must not be told a token
        archive.bucket   # http://127.0.0.1:…           where `deliver="redirect"` sends the client; refuses any credential

From a shell, for clients in other processes: `python tests/servers/earthdata.py FOLDER --port 0` prints these addresses, the token, the
user and the password as one line of JSON and serves until it is told to end, the pipe into it closes, or `--seconds` have passed.

It knows nothing of the package: what it tells of a file stands in the file's name and bytes.
"""

import argparse
import base64
import datetime as dt
import fnmatch
import hashlib
import html
import json
import os
import re
import secrets
import select
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

TOKEN, USERNAME, PASSWORD = "a-token", "somebody", "a-password"  # of nobody
DEFAULT_PAGE, LARGEST_PAGE = 10, 2000
KNOWN = {"short_name", "version", "provider", "bounding_box", "temporal", "readable_granule_name", "page_size", "sort_key"}
COLLECTIONS = {"short_name", "concept_id", "collection_concept_id", "provider", "entry_title"}

OPERA = re.compile(r"(OPERA_L2_RTC-S1_T\d{3}-\d{6}-IW\d_(\d{8}T\d{6})Z_)(\d{8}T\d{6})(Z_S1\w_30_v[\d.]+)_(HH|HV|VV|VH|mask)\.tif")
CETB = re.compile(r"NSIDC-?0630[-_].*?(?:[-_](\d{8})(?=_)|-(\d{7})(?=-)).*[-_]v(\d+)\.\d+\.nc")
PLAIN = {"NSIDC-0714": re.compile(r"Gimp(Ocean|Ice)Mask_.*\.tif"), "NSIDC-0645": re.compile(r"gimpdem_.*\.tif")}
LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Earthdata Login</title></head><body>Please log in.</body></html>\n"


@dataclass(frozen=True)
class Listing:
    """What the search tells beside the plain truth about the folder.

    Every so manyth granule (0: none) is listed a second time with an older processing (`older`), with another polarisation beside its own
    (`extra`, HV), or is replaced by one without HH (`replaced`); names that fit a pattern of `missing` are not listed at all.
    """

    older: int = 0
    extra: int = 0
    replaced: int = 0
    missing: tuple[str, ...] = ()
    sidecars: bool = True
    sizes: bool = True


@dataclass(frozen=True)
class Login:
    """What the login asks for, and what it does with somebody unknown: `page` (200 and HTML) or `401`; `eula` False answers 403."""

    token: str = TOKEN
    username: str = USERNAME
    password: str = PASSWORD
    unknown: str = "401"
    eula: bool = True


@dataclass
class Canned:
    """An answer in place of the true one: to the next `times` requests at `host` whose path holds `path`.

    `cut` closes the connection after so many bytes of the body, `delay_s` waits before it.
    """

    host: str
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    path: str = ""
    cut: int | None = None
    delay_s: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A request that arrived: at which host (cmr, data, login, bucket), its path with query, its headers."""

    host: str
    method: str
    path: str
    headers: dict[str, str]


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


class Earthdata:
    """The servers. Files are found at each search, in the folder and below."""

    def __init__(
        self, folder: Path, listing: Listing | None = None, login: Login | None = None, deliver: str = "direct", ports: int = 0
    ) -> None:
        self.folder, self.listing, self.account, self.deliver = Path(folder), listing or Listing(), login or Login(), deliver
        self.seen: list[Seen] = []
        self.canned: list[Canned] = []
        self.entries: list[Entry] | None = None  # set to list other granules than those of the folder
        self.token_uses: int | None = None  # requests until the token is refused
        self.sessions: set[str] = set()
        self.codes: set[str] = set()
        self.tickets: set[str] = set()
        self.lock = threading.Lock()
        self._catalogue: tuple[float, list[Entry]] = -1e9, []
        self._files: dict[str, tuple[Path, bytes]] = {}
        names = {"cmr": "127.0.0.1", "data": "127.0.0.1", "login": "localhost", "bucket": "127.0.0.1"}
        self._servers = {}
        for number, host in enumerate(names):
            handler = type("Handler", (Handler,), {"archive": self, "host": host})
            self._servers[host] = ThreadingHTTPServer(("127.0.0.1", ports + number if ports else 0), handler)
            self._servers[host].daemon_threads = True
        address = {host: f"http://{names[host]}:{server.server_address[1]}" for host, server in self._servers.items()}
        self.cmr, self.data, self.login, self.bucket = (
            f"{address['cmr']}/search/",
            f"{address['data']}/data/",
            address["login"],
            address["bucket"],
        )

    def __enter__(self) -> "Earthdata":
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        ending = [threading.Thread(target=server.shutdown) for server in self._servers.values()]  # each waits for its next poll
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        for server in self._servers.values():
            server.server_close()

    def about(self) -> dict[str, str]:
        """Addresses and account, for a client."""
        account = {"token": self.account.token, "username": self.account.username, "password": self.account.password}
        hosts = {"data_host": urlsplit(self.data).netloc, "login_host": urlsplit(self.login).netloc}
        return {"cmr": self.cmr, "data": self.data, "login": self.login, "bucket": self.bucket, **hosts, **account}

    def asked(self, host: str) -> list[Seen]:
        """The requests that arrived at one host, in order."""
        with self.lock:
            return [request for request in self.seen if request.host == host]

    def answer(self, host: str, **what: Any) -> None:
        """Put an answer in place of the true one; see `Canned`."""
        with self.lock:
            self.canned.append(Canned(host, **what))

    def take_canned(self, host: str, path: str) -> Canned | None:
        with self.lock:
            for canned in self.canned:
                if canned.host == host and canned.path in path and canned.times > 0:
                    canned.times -= 1
                    return canned
        return None

    def catalogue(self) -> list[Entry]:
        """Every granule that a search can find, in the order of the archive; the folder is looked through once a second at most."""
        if self.entries is not None:
            return self.entries
        with self.lock:
            moment, shown = self._catalogue
            if time.monotonic() - moment > 1:
                found = list(_entries(self.folder, self.listing))
                shown = [entry for entry in found if not any(fnmatch.fnmatchcase(entry.name, pattern) for pattern in self.listing.missing)]
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
        return f"{hashlib.md5(content).hexdigest()}  {plain}\n".encode() if name != plain else content

    def accepts_token(self, header: str) -> bool:
        with self.lock:
            if header != f"Bearer {self.account.token}" or self.token_uses == 0:
                return False
            if self.token_uses is not None:
                self.token_uses -= 1
            return True


def _entries(folder: Path, listing: Listing) -> Iterator[Entry]:
    granules: dict[str, list[Path]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if match := OPERA.fullmatch(path.name):
            granules.setdefault(f"{match[1]}{match[3]}{match[4]}", []).append(path)
        elif CETB.fullmatch(path.name) or any(pattern.fullmatch(path.name) for pattern in PLAIN.values()):
            yield from _plain_entries(path, listing)
    for number, (name, paths) in enumerate(sorted(granules.items()), start=1):
        yield from _opera_entries(name, paths, number, listing)


def _opera_entries(name: str, paths: list[Path], number: int, listing: Listing) -> Iterator[Entry]:
    parts = OPERA.fullmatch(paths[0].name)
    start = dt.datetime.strptime(parts[2], "%Y%m%dT%H%M%S")
    box = footprint(str(paths[0]), paths[0].stat().st_mtime_ns)
    chosen = {kind: bool(every) and number % every == 0 for kind, every in vars(listing).items() if kind in ("older", "extra", "replaced")}
    files = {path.name: (path, b"") for path in paths}
    images = [path for path in paths if not path.name.endswith("_mask.tif")]
    if chosen["extra"]:
        files |= {f"{path.name[:-7]}_HV.tif": (path, b"HV") for path in images}
    if chosen["replaced"]:
        files = {re.sub("_HH.tif$", "_VV.tif", key): value for key, value in files.items()}
    span = start, start + dt.timedelta(seconds=3)
    yield Entry(name, "OPERA_L2_RTC-S1_V1", "1.0", *span, box, files, "2024-01-02T00:00:00.000Z")
    if chosen["older"]:
        stamp = f"{start + dt.timedelta(minutes=1):%Y%m%dT%H%M%S}"  # nothing is processed sooner
        stamped = {key.replace(f"Z_{parts[3]}Z_", f"Z_{stamp}Z_"): (path, b"older") for key, (path, _) in files.items()}
        older = f"{parts[1]}{stamp}{parts[4]}"
        yield Entry(older, "OPERA_L2_RTC-S1_V1", "1.0", *span, box, stamped, "2020-01-02T00:00:00.000Z")


def _plain_entries(path: Path, listing: Listing) -> Iterator[Entry]:
    """A granule of one file; brightness temperature also in an older processing."""
    files = {path.name: (path, b"")}
    if not (found := CETB.fullmatch(path.name)):
        collection = next(name for name, pattern in PLAIN.items() if pattern.fullmatch(path.name))
        span = dt.datetime(1999, 6, 1), dt.datetime(2015, 12, 31)
        yield Entry(path.name, collection, "1", *span, None, files, "2018-01-01T00:00:00.000Z")
        return
    day = dt.datetime.strptime(found[1], "%Y%m%d") if found[1] else dt.datetime.strptime(found[2], "%Y%j")
    span = day, day + dt.timedelta(days=1)  # up to the next midnight: a search for the next day finds it, too
    yield Entry(path.name, "NSIDC-0630", found[3], *span, None, files, "2024-01-02T00:00:00.000Z")
    stamp = re.search(r"_(\d{10})_v", path.name)
    if listing.older and stamp and day.toordinal() % listing.older == 0:
        older = path.name.replace(f"_{stamp[1]}_v", "_0001010000_v")
        yield Entry(older, "NSIDC-0630", found[3], *span, None, {older: (path, b"older")}, "2020-01-02T00:00:00.000Z")


@lru_cache(maxsize=100_000)
def footprint(path: str, _changed: int) -> tuple[float, float, float, float] | None:
    """(west, south, east, north) of a raster, degrees; None for what is none, which then lies everywhere."""
    import rasterio
    from rasterio.warp import transform_bounds

    try:
        with rasterio.open(path) as raster:
            return transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    except rasterio.errors.RasterioError:
        return None


def record(entry: Entry, archive: Earthdata) -> dict[str, Any]:
    """A granule as UMM-JSON."""
    links: list[dict[str, str]] = []
    for name in entry.files:
        links += [
            {"URL": f"s3://a-bucket/{entry.collection}/{entry.name}/{name}", "Type": "GET DATA VIA DIRECT ACCESS"},
            {"URL": f"{archive.data}{quote(name)}", "Type": "GET DATA", "Description": f"Download {name}"},
        ]
        if archive.listing.sidecars:
            links.append({"URL": f"{archive.data}{quote(name)}.md5", "Type": "EXTENDED METADATA"})
    links += [
        {"URL": f"{archive.data}{quote(entry.name)}_BROWSE.png", "Type": "GET RELATED VISUALIZATION"},
        {"URL": f"{archive.data}{quote(entry.name)}.iso.xml", "Type": "EXTENDED METADATA"},
        {"URL": f"{archive.data.removesuffix('/data/')}/s3credentials", "Type": "VIEW RELATED INFORMATION"},
    ]
    sizes = {name: path.stat().st_size + len(tail) for name, (path, tail) in entry.files.items()} if archive.listing.sizes else {}
    stamps = {"BeginningDateTime": f"{entry.start.isoformat()}Z", "EndingDateTime": f"{entry.end.isoformat()}Z"}
    umm: dict[str, Any] = {
        "GranuleUR": entry.name,
        "CollectionReference": {"ShortName": entry.collection, "Version": entry.version},
        "TemporalExtent": {"RangeDateTime": stamps},
        "RelatedUrls": links,
        "DataGranule": {
            "DayNightFlag": "Unspecified",
            "ArchiveAndDistributionInformation": [{"Name": name, "SizeInBytes": size, "Format": "data"} for name, size in sizes.items()],
        },
        "MetadataSpecification": {"URL": "https://cdn.earthdata.nasa.gov/umm/granule/v1.6.6", "Name": "UMM-G", "Version": "1.6.6"},
    }
    if entry.box:
        edges = ("WestBoundingCoordinate", "SouthBoundingCoordinate", "EastBoundingCoordinate", "NorthBoundingCoordinate")
        rectangle = dict(zip(edges, entry.box, strict=True))
        umm["SpatialExtent"] = {"HorizontalSpatialDomain": {"Geometry": {"BoundingRectangles": [rectangle]}}}
    number = int(hashlib.sha256(f"{entry.collection} {entry.version} {entry.name}".encode()).hexdigest()[:12], 16)
    meta = {"concept-type": "granule", "concept-id": f"G{number}-TEST", "native-id": entry.name, "revision-date": entry.revised}
    return {"meta": {**meta, "provider-id": "TEST", "format": "application/vnd.nasa.cmr.umm+json"}, "umm": umm}


def matches(entry: Entry, asked: dict[str, list[str]]) -> bool:
    """True where a granule fits every parameter of a search."""
    for key, wanted in (("short_name", entry.collection), ("version", entry.version)):
        if asked.get(key) and wanted not in asked[key]:
            return False
    patterns = asked.get("readable_granule_name", [])
    if patterns and not any(fnmatch.fnmatch(entry.name.lower(), pattern.lower()) for pattern in patterns):
        return False
    spans = [_span(text) for text in asked.get("temporal", [])]
    if spans and not any(entry.start <= last and entry.end >= first for first, last in spans):
        return False
    if entry.box is None or not asked.get("bounding_box"):
        return True
    west, south, east, north = (float(part) for part in asked["bounding_box"][0].split(","))
    return entry.box[0] <= east and entry.box[2] >= west and entry.box[1] <= north and entry.box[3] >= south


def _span(text: str) -> tuple[dt.datetime, dt.datetime]:
    first, last = (dt.datetime.strptime(part, "%Y-%m-%dT%H:%M:%SZ") for part in text.split(","))
    return first, last


class Handler(BaseHTTPRequestHandler):
    """Answers for one of the hosts."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True  # head and body are two writes, and the second would wait for 40 ms
    archive: Earthdata
    host: str

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        with self.archive.lock:
            self.archive.seen.append(Seen(self.host, self.command, self.path, dict(self.headers)))
        canned = self.archive.take_canned(self.host, self.path)
        if canned is not None:
            time.sleep(canned.delay_s)
            self.send(canned.status, canned.body, canned.headers, canned.cut)
            return
        answer = {"cmr": self.search, "data": self.file, "login": self.log_in, "bucket": self.from_bucket}[self.host]
        answer(urlsplit(self.path))

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/octet-stream", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if self.command != "HEAD":
                self.wfile.write(body if cut is None else body[:cut])
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        if cut is not None:
            self.close_connection = True

    def search(self, url: Any) -> None:
        """Granules in pages, as UMM-JSON."""
        asked: dict[str, list[str]] = {}
        for key, value in parse_qsl(url.query):
            asked.setdefault(key.removesuffix("[]"), []).append(value)
        options = {key for key in asked if key.startswith("options[")}
        problem = None
        if url.path != "/search/granules.umm_json":
            self.send_json(404, {"errors": [f"no such resource {url.path}"]})
            return
        if unknown := set(asked) - KNOWN - COLLECTIONS - options:
            problem = f"Parameter [{sorted(unknown)[0]}] was not recognized."
        elif not set(asked) & COLLECTIONS:
            problem = "The CMR does not allow querying across granules in all collections."
        elif not 0 <= int(asked.get("page_size", ["10"])[0]) <= LARGEST_PAGE:
            problem = f"page_size must be a number between 0 and {LARGEST_PAGE}"
        elif any("*" in name for name in asked.get("readable_granule_name", [])) and not options:
            asked["readable_granule_name"] = ["no pattern without its option"]
        if problem:
            self.send_json(400, {"errors": [problem]})
            return
        found = [entry for entry in self.archive.catalogue() if matches(entry, asked)]
        size = int(asked.get("page_size", [str(DEFAULT_PAGE)])[0])
        after = json.loads(self.headers.get("CMR-Search-After", "[0]"))[0]
        page = found[after : after + size]
        headers = {"CMR-Hits": str(len(found)), "CMR-Took": "7"}
        if page:
            headers["CMR-Search-After"] = json.dumps([after + len(page), "0"])
        content = {"hits": len(found), "took": 7, "items": [record(entry, self.archive) for entry in page]}
        self.send_json(200, content, headers)

    def send_json(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        kind = "application/vnd.nasa.cmr.umm_results+json;version=1.6.6; charset=utf-8"
        self.send(status, json.dumps(content).encode(), {"Content-Type": kind, **(headers or {})})

    def file(self, url: Any) -> None:
        """A file for somebody known; anybody else goes to the login."""
        if url.path == "/login":
            self.back_from_login(parse_qs(url.query))
            return
        bearer = self.headers.get("Authorization", "")
        session = re.search(r"session=(\w+)", self.headers.get("Cookie", ""))
        if bearer.startswith("Bearer "):
            if not self.archive.accepts_token(bearer):
                self.send(401, b'{"error": "invalid_token"}', {"WWW-Authenticate": 'Bearer realm="Earthdata"'})
                return
        elif not (session and session[1] in self.archive.sessions):
            state = {"redirect_uri": self.archive.data.replace("/data/", "/login"), "state": url.path}
            query = urlencode({"client_id": "an-application", "response_type": "code", **state})
            self.send(302, b"", {"Location": f"{self.archive.login}/oauth/authorize?{query}"})
            return
        if not self.archive.account.eula:
            self.send(403, b'{"error": "EULA not accepted"}', {"Content-Type": "application/json"})
        elif self.archive.deliver == "redirect":
            ticket = secrets.token_hex(8)
            self.archive.tickets.add(ticket)
            self.send(303, b"", {"Location": f"{self.archive.bucket}{url.path}?Signature={ticket}&Expires=60"})
        else:
            self.content(url)

    def content(self, url: Any) -> None:
        """Bytes of a file, from where the client wants them."""
        name = unquote(url.path.removeprefix("/data/"))
        body = self.archive.bytes_of(name)
        if body is None:
            self.send(404, f"no file {html.escape(name)}\n".encode(), {"Content-Type": "text/plain"})
            return
        headers = {"Accept-Ranges": "bytes", "ETag": f'"{hashlib.md5(body).hexdigest()}"'}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not part or self.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
            self.send(200, body, headers)
        elif int(part[1]) >= len(body):
            self.send(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        else:
            first, last = int(part[1]), min(int(part[2] or len(body) - 1), len(body) - 1)
            self.send(206, body[first : last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"})

    def from_bucket(self, url: Any) -> None:
        """What a signed address leads to; as a bucket does, it refuses any other way to prove who one is."""
        if self.headers.get("Authorization"):
            self.send(400, b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>")
        elif parse_qs(url.query).get("Signature", [""])[0] not in self.archive.tickets:
            self.send(403, b"<Error><Code>AccessDenied</Code></Error>")
        else:
            self.content(url)

    def log_in(self, url: Any) -> None:
        """The login: name and password, then back with a code."""
        asked = parse_qs(url.query)
        account = self.archive.account
        proof = "Basic " + base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
        if url.path != "/oauth/authorize":
            self.send(404)
        elif self.headers.get("Authorization", "") in (proof, f"Bearer {account.token}"):
            code = secrets.token_hex(8)
            self.archive.codes.add(code)
            back = urlencode({"code": code, "state": asked["state"][0]})
            self.send(302, b"", {"Location": f"{asked['redirect_uri'][0]}?{back}"})
        elif account.unknown == "page":
            self.send(200, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        else:
            self.send(401, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8", "WWW-Authenticate": 'Basic realm="Earthdata Login"'})

    def back_from_login(self, asked: dict[str, list[str]]) -> None:
        """A code becomes a session."""
        code = asked.get("code", [""])[0]
        if code not in self.archive.codes:
            self.send(401, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})
            return
        self.archive.codes.discard(code)
        session = secrets.token_hex(8)
        self.archive.sessions.add(session)
        cookie = f"session={session}; Path=/; HttpOnly"
        self.send(302, b"", {"Location": asked["state"][0], "Set-Cookie": cookie})


def main() -> int:
    """Serve a folder until told to end."""
    parser = argparse.ArgumentParser(description="An Earthdata on this machine: search, login and the files of a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="first of four ports; 0: any that are free")
    parser.add_argument("--seconds", type=float, default=3600, help="ends by itself after so long")
    parser.add_argument("--deliver", choices=["direct", "redirect"], default="direct")
    parser.add_argument("--unknown", choices=["401", "page"], default="401")
    parser.add_argument("--missing", action="append", default=[], metavar="PATTERN")
    for kind in ("older", "extra", "replaced"):
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"{given.folder}: no such folder")
    listing = Listing(given.older, given.extra, given.replaced, tuple(given.missing))
    piped = stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Earthdata(given.folder, listing, Login(unknown=given.unknown), given.deliver, given.port) as archive:
        print(json.dumps(archive.about()), flush=True)
        until = time.monotonic() + given.seconds
        while not ended.is_set() and time.monotonic() < until:
            ready, _, _ = select.select([sys.stdin] if piped else [], [], [], 0.2)
            if ready and not sys.stdin.buffer.read1(1024):
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
