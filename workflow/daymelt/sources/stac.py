"""STAC items of Sentinel-1 backscatter: what a search returns, reduced to what a retriever needs.

Source: STAC 1.0 with the extensions sat, sar and projection, as the Planetary Computer serves them.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daymelt.errors import FormatError

POLARISATIONS = ("hh", "hv", "vv", "vh")


@dataclass(frozen=True)
class RtcItem:
    """One scene of a catalogue.

    `acquired_at` is UTC, `platform` such as `S1A`, `orbit_pass` `ascending` or `descending`, `crs` None for ground-range scenes,
    `bounds` longitudes and latitudes (left, bottom, right, top), `assets` polarisation (lower case) to address.
    """

    id: str
    acquired_at: dt.datetime
    platform: str
    relative_orbit: int
    orbit_pass: str
    crs: str | None
    bounds: tuple[float, float, float, float]
    assets: Mapping[str, str]


def parse_item(item: Mapping[str, Any]) -> RtcItem:
    """Read one STAC item.

    Raises
    ------
    FormatError
        It is no item (a collection, say) or a field is missing.
    """
    name = item.get("id", "without id")
    if item.get("type") != "Feature":
        raise FormatError(f"STAC item {name}: type {item.get('type')!r}, expected 'Feature'; search for items, not collections")
    try:
        facts = item["properties"]
        left, bottom, *_, right, top = _flat(item["bbox"])
        return RtcItem(
            item["id"],
            _moment(facts.get("datetime") or facts["start_datetime"]),
            "S1" + facts["platform"][-1].upper(),
            int(facts["sat:relative_orbit"]),
            facts["sat:orbit_state"],
            _crs(facts),
            (left, bottom, right, top),
            {key.lower(): asset["href"] for key, asset in item["assets"].items() if key.lower() in POLARISATIONS},
        )
    except (KeyError, TypeError, ValueError) as error:
        found = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise FormatError(f"STAC item {name}: {found}, expected one of Sentinel-1; leave it out") from error


def _flat(bbox: list[float]) -> list[float]:
    """A box without its heights: [left, bottom, right, top] of four or six numbers."""
    return bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _crs(facts: Mapping[str, Any]) -> str | None:
    if facts.get("proj:code"):
        return str(facts["proj:code"])
    return f"EPSG:{facts['proj:epsg']}" if facts.get("proj:epsg") else None
