"""A catalogue of Sentinel-1 scenes on this machine, with the storage behind it and the token
endpoint that signs for it.

    with Stac(folder) as server:
        server.stac      # http://127.0.0.1:…/api/stac/v1            search by POST and GET, with
        pages server.tokens    # http://127.0.0.1:…/api/sas/v1/token       …/<account>/<container>:
        a token that soon ends server.host      # the storage: /<account>/<container>/<file>, which
        asks for a token that still holds

A scene is a file `<id>_<HH|HV|VV|VH>.tif` of the folder; `<id>.json` beside it may hold any part of
its item, and says what the name does not: without it, names of GRD scenes and of OPERA bursts are
understood.

From a shell, in `tests`: `python -m servers.stac FOLDER --lifetime 45`.

Statuses, bodies, links and the fields of an item are those of the recordings of the Planetary
Computer beside the project (`real/http/bodies.json`, `real/stac`). What they do not show is
assumed: headers of the storage other than those of Azure's documentation, and how a key is refused,
since none is needed.
"""

import argparse
import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from servers.serving import Answer, Asked, LocalServer, json_answer, serve

ACCOUNT, CONTAINER, COLLECTION = "sentinel1euwestrtc", "sentinel1-grd-rtc", "sentinel-1-rtc"
IMAGE = re.compile(r"(?P<id>.+)_(?P<pol>HH|HV|VV|VH)\.tif")
GRD = re.compile(
    r"(?P<platform>S1[A-D])_IW_GRDH_1S.._(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})_(?P<absolute>\d{6})_.*"
)
OPERA = re.compile(
    r"OPERA_L2_RTC-S1_T(?P<orbit>\d{3})-\d{6}-IW\d_(?P<start>\d{8}T\d{6})Z_(?P<processed>\d{8}T\d{6})Z_(?P<platform>S1[A-D])_.*"
)
FIRST_ORBIT = {"S1A": 73, "S1B": 27}
PHRASE = b"known to this server alone"
GEOJSON = "application/geo+json"


class Stac(LocalServer):
    """Serves `folder`; tokens end after `lifetime_s`, are given to whoever brings `key` (None: to
    all), and no page is above `most`.
    """

    def __init__(
        self, folder: Path, lifetime_s: float = 2700, key: str | None = None, most: int = 250
    ) -> None:
        super().__init__()
        self.folder, self.lifetime_s, self.key, self.most = (
            Path(folder).resolve(),
            lifetime_s,
            key,
            most,
        )
        self.extra_items: list[dict[str, Any]] = []
        self.issued: list[str] = []
        # signatures that no longer hold, whatever they say of their end
        self.revoked: set[str] = set()
        self.stac, self.tokens = f"{self.base}/api/stac/v1", f"{self.base}/api/sas/v1/token"

    def about(self) -> dict[str, str]:
        """The three addresses, for a client in another process."""
        return {"stac": self.stac, "tokens": self.tokens, "storage": self.host}

    def answer(self, asked: Asked) -> Answer:
        """Catalogue, token endpoint or storage."""
        if asked.path == "/api/stac/v1/search":
            return self._search(asked)
        if asked.path.rstrip("/") == "/api/stac/v1":
            return json_answer(self._landing())
        if asked.path.startswith("/api/sas/v1/token/"):
            return self._sign(asked)
        return self._store(asked)

    def items(self) -> list[dict[str, Any]]:
        """Every scene, in no order that means anything."""
        scenes: dict[str, dict[str, Path]] = {}
        for path in sorted(self.folder.glob("*.tif")):
            if found := IMAGE.fullmatch(path.name):
                scenes.setdefault(found["id"], {})[found["pol"].lower()] = path
        items = [self._item(name, paths) for name, paths in scenes.items()] + self.extra_items
        return sorted(items, key=lambda item: hashlib.sha256(json.dumps(item).encode()).digest())

    def href(self, name: str) -> str:
        """The address of a file in the storage, unsigned."""
        return f"{self.base}/{ACCOUNT}/{CONTAINER}/{quote(name)}"

    def _item(self, name: str, paths: dict[str, Path]) -> dict[str, Any]:
        box, code, place = _placed(next(iter(paths.values())))
        kind = "image/tiff; application=geotiff; profile=cloud-optimized"
        # the digits of an MD5, not a multihash, as served
        assets = {
            pol: {
                "href": self.href(path.name),
                "type": kind,
                "file:size": path.stat().st_size,
                "file:checksum": _md5(str(path), path.stat().st_mtime_ns).hex(),
            }
            for pol, path in paths.items()
        }
        item = {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": name,
            "collection": COLLECTION,
            "bbox": box,
            "geometry": {"type": "Polygon", "coordinates": [_ring(box)]},
            "links": [
                {
                    "rel": "self",
                    "href": f"{self.stac}/collections/{COLLECTION}/items/{name}",
                    "type": GEOJSON,
                }
            ],
            "assets": assets,
            "properties": {"proj:epsg": code, **place, **_told(name)},
        }
        beside = self.folder / f"{name}.json"
        return _merged(item, json.loads(beside.read_text())) if beside.is_file() else item

    def _search(self, asked: Asked) -> Answer:
        wanted: dict[str, Any] = (
            json.loads(asked.body) if asked.method == "POST" else dict(asked.query)
        )
        if asked.method != "POST":
            wanted = {
                key: value.split(",") if key in ("collections", "bbox", "ids") else value
                for key, value in wanted.items()
            }
        found = [item for item in self.items() if _fits(item, wanted)]
        size = min(int(wanted.get("limit") or 10), self.most)
        start = int(wanted.get("token", "next:0").removeprefix("next:"))
        content: dict[str, Any] = {
            "type": "FeatureCollection",
            "features": found[start : start + size],
            "links": [],
        }
        if start + size < len(found):
            content["links"] = [self._next(asked, wanted, start + size)]
        return json_answer(content, kind=GEOJSON)

    def _next(self, asked: Asked, wanted: dict[str, Any], start: int) -> dict[str, Any]:
        token = f"next:{start}"
        link = {
            "rel": "next",
            "type": GEOJSON,
            "method": asked.method,
            "href": f"{self.stac}/search",
        }
        if asked.method == "POST":
            return {**link, "body": {**wanted, "token": token}}
        return {**link, "href": f"{self.stac}/search?{urlencode({**asked.query, 'token': token})}"}

    def _landing(self) -> dict[str, Any]:
        conforms = [
            "https://api.stacspec.org/v1.0.0/core",
            "https://api.stacspec.org/v1.0.0/item-search",
        ]
        links = [{"rel": "self", "href": self.stac}, {"rel": "root", "href": self.stac}]
        links += [
            {"rel": "search", "href": f"{self.stac}/search", "type": GEOJSON, "method": method}
            for method in ("GET", "POST")
        ]
        about = {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "local",
            "description": "Scenes of a folder",
        }
        return {**about, "conformsTo": conforms, "links": links}

    def _sign(self, asked: Asked) -> Answer:
        if self.key is not None and asked.headers.get("ocp-apim-subscription-key") != self.key:
            return json_answer(
                {
                    "statusCode": 401,
                    "message": "Access denied due to missing or invalid subscription key.",
                },
                401,
            )
        if asked.path != f"/api/sas/v1/token/{ACCOUNT}/{CONTAINER}":
            return json_answer({"detail": "Unknown container"}, 404)
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.lifetime_s)
        stamp = ends.isoformat(timespec="microseconds").replace("+00:00", "Z")
        token = urlencode(
            {"se": stamp, "sp": "rl", "sv": "2021-06-08", "sr": "c", "sig": _signature(stamp)}
        )
        self.issued.append(token)
        return json_answer({"msft:expiry": stamp, "token": token})

    def _store(self, asked: Asked) -> Answer:
        ends, signature = asked.query.get("se", ""), asked.query.get("sig", "")
        if "sig" not in asked.query:
            return _refusal(
                409,
                "PublicAccessNotPermitted",
                "Public access is not permitted on this storage account.",
            )
        if (
            not hmac.compare_digest(signature, _signature(ends))
            or signature in self.revoked
            or _passed(ends)
        ):
            return _refusal(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization "
                "header is formed correctly including the signature.",
            )
        path = (self.folder / asked.path.removeprefix(f"/{ACCOUNT}/{CONTAINER}/")).resolve()
        if (
            not asked.path.startswith(f"/{ACCOUNT}/{CONTAINER}/")
            or path.parent != self.folder
            or not path.is_file()
        ):
            return _refusal(404, "BlobNotFound", "The specified blob does not exist.")
        stored = base64.b64encode(_md5(str(path), path.stat().st_mtime_ns)).decode()
        return Answer(file=path, headers={"x-ms-blob-content-md5": stored})

    def revoke(self) -> None:
        """Let no token issued so far hold any longer."""
        self.revoked |= {dict(parse_qsl(token))["sig"] for token in self.issued}


def _refusal(status: int, code: str, message: str) -> Answer:
    """An error of Azure's storage."""
    head = '<?xml version="1.0" encoding="utf-8"?>'
    text = f"{head}<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, text.encode(), {"Content-Type": "application/xml"})


@lru_cache(maxsize=10_000)
def _md5(path: str, _changed: int) -> bytes:
    return hashlib.md5(Path(path).read_bytes()).digest()


def _signature(ends: str) -> str:
    return (
        base64.urlsafe_b64encode(hmac.new(PHRASE, ends.encode(), hashlib.sha256).digest())
        .decode()
        .rstrip("=")
    )


def _passed(ends: str) -> bool:
    return dt.datetime.fromisoformat(ends) <= dt.datetime.now(dt.UTC)


def _placed(path: Path) -> tuple[list[float], int | None, dict[str, Any]]:
    """Box in degrees, EPSG number, and shape and transform of a raster."""
    import rasterio
    from rasterio.warp import transform_bounds

    with rasterio.open(path) as raster:
        box = list(transform_bounds(raster.crs, "EPSG:4326", *raster.bounds))
        place = {"proj:shape": list(raster.shape), "proj:transform": list(raster.transform)}
        return box, raster.crs.to_epsg(), place


def _ring(box: list[float]) -> list[list[float]]:
    west, south, east, north = box
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _told(name: str) -> dict[str, Any]:
    """What the name of a scene tells."""
    facts: dict[str, Any] = {
        "sat:orbit_state": "descending",
        "sar:instrument_mode": "IW",
        "constellation": "Sentinel-1",
    }
    if found := OPERA.fullmatch(name):
        facts |= {"sat:relative_orbit": int(found["orbit"]), "updated": _iso(found["processed"])}
    elif found := GRD.fullmatch(name):
        first = FIRST_ORBIT.get(found["platform"], 0)
        facts |= {
            "sat:absolute_orbit": int(found["absolute"]),
            "sat:relative_orbit": (int(found["absolute"]) - first) % 175 + 1,
        }
    if found:
        facts |= {
            "datetime": _iso(found["start"]),
            "platform": f"SENTINEL-1{found['platform'][-1]}",
        }
    return facts


def _iso(stamp: str) -> str:
    return f"{dt.datetime.strptime(stamp, '%Y%m%dT%H%M%S').isoformat()}Z"


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(one[key], other[key])
        for key in one.keys() & other.keys()
        if isinstance(one[key], dict) and isinstance(other[key], dict)
    }
    return {**one, **other, **both}


def _fits(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """True where an item is of the collection, box and time asked for."""
    if wanted.get("collections") and item.get("collection") not in wanted["collections"]:
        return False
    if wanted.get("bbox") and isinstance(item.get("bbox"), list):
        west, south, east, north = map(float, wanted["bbox"])
        left, bottom, right, top = item["bbox"]
        if left > east or right < west or bottom > north or top < south:
            return False
    if wanted.get("datetime"):
        first, last = wanted["datetime"].split("/")
        try:
            moment = dt.datetime.fromisoformat(item["properties"]["datetime"])
        except ValueError:
            return True
        return dt.datetime.fromisoformat(first) <= moment <= dt.datetime.fromisoformat(last)
    return True


def main() -> int:
    """Serve a folder until told to end."""
    parser = argparse.ArgumentParser(
        description="A catalogue of scenes on this machine, its storage and its signatures."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lifetime", type=float, default=2700, help="seconds until a token ends")
    parser.add_argument("--key", help="subscription key that the token endpoint asks for")
    parser.add_argument("--most", type=int, default=250, help="items of a page at most")
    return serve(lambda given: Stac(given.folder, given.lifetime, given.key, given.most), parser)


if __name__ == "__main__":
    sys.exit(main())
