"""STAC items of Sentinel-1 backscatter: what a search returns, reduced to what a retriever needs.

Nothing is guessed: a field that is absent, of another type or impossible refuses the item.

Source: STAC 1.0 with the extensions sat, sar and projection, as the Planetary Computer serves them.
"""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daymelt.core.errors import FormatError

POLARISATIONS = ("hh", "hv", "vv", "vh")
PLATFORM = re.compile(r"(?:sentinel-1|s1)([a-d])", re.IGNORECASE)
CODE = re.compile(r"[A-Z]+:\d+", re.ASCII)
ORBITS = 175  # of a repeat cycle


@dataclass(frozen=True)
class RtcItem:
    """One scene of a catalogue.

    `acquired_at` is UTC, `platform` such as `S1A`, `orbit_pass` `ascending` or `descending`, `crs`
    None for ground-range scenes, `bounds` longitudes and latitudes (left, bottom, right, top),
    `assets` polarisation (lower case) to address.
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
        It is no item (a collection, say) or a field is missing, of another type or impossible.
    """
    name, kind = (item.get("id"), item.get("type")) if isinstance(item, Mapping) else (None, None)
    if kind != "Feature" or not isinstance(item, Mapping):
        raise FormatError(
            f"STAC item {_shown(name)}: type {_shown(kind)}, expected 'Feature'; search for "
            "items, not collections"
        )
    try:
        return _item(item)
    except KeyError as error:
        raise FormatError(
            f"STAC item {_shown(name)}: no field {error}, expected one of Sentinel-1; leave it out"
        ) from error
    except (ValueError, OverflowError) as error:
        raise FormatError(
            f"STAC item {_shown(name)}: {error}, expected one of Sentinel-1; leave it out"
        ) from error


def _item(item: Mapping[str, Any]) -> RtcItem:
    facts = _mapping(item["properties"], "properties")
    return RtcItem(
        _text(item["id"], "id"),
        _moment(facts["start_datetime"] if facts.get("datetime") is None else facts["datetime"]),
        _platform(facts["platform"]),
        _orbit(facts["sat:relative_orbit"]),
        _orbit_pass(facts["sat:orbit_state"]),
        _crs(facts),
        _bounds(item["bbox"]),
        _assets(_mapping(item["assets"], "assets")),
    )


def _shown(value: object) -> str:
    """Whatever was found, for a message of one line."""
    return "without id" if value is None else repr(value)[:100]


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is {_shown(value)}")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"{name} is {_shown(value)}")
    return value


def _platform(value: object) -> str:
    found = PLATFORM.fullmatch(_text(value, "platform"))
    if found is None:
        raise ValueError(f"platform is {_shown(value)}")
    return "S1" + found[1].upper()


def _orbit(value: object) -> int:
    if type(value) is not int or not 1 <= value <= ORBITS:
        raise ValueError(f"sat:relative_orbit is {_shown(value)}")
    return value


def _orbit_pass(value: object) -> str:
    if value not in ("ascending", "descending"):
        raise ValueError(f"sat:orbit_state is {_shown(value)}")
    return str(value)


def _bounds(bbox: object) -> tuple[float, float, float, float]:
    """A box without its heights: (left, bottom, right, top) of four or six numbers; left may lie
    beyond right at the antimeridian.
    """
    if (
        not isinstance(bbox, list | tuple)
        or len(bbox) not in (4, 6)
        or not all(map(_is_finite, bbox))
    ):
        raise ValueError(f"bbox is {_shown(bbox)}")
    left, bottom, right, top = bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]
    if not (-90 <= bottom <= top <= 90 and -180 <= left <= 180 and -180 <= right <= 180):
        raise ValueError(f"bbox is {_shown(bbox)}")
    return left, bottom, right, top


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _assets(assets: Mapping[str, Any]) -> dict[str, str]:
    """Address of each polarisation; ValueError where two claim one."""
    wanted = {
        key: asset
        for key, asset in assets.items()
        if isinstance(key, str) and key.lower() in POLARISATIONS
    }
    found = {
        key.lower(): _text(_mapping(asset, f"asset {key}")["href"], f"href of {key}")
        for key, asset in wanted.items()
    }
    if len(found) != len(wanted):
        raise ValueError(f"assets are {', '.join(wanted)}")
    return found


def _moment(text: object) -> dt.datetime:
    moment = dt.datetime.fromisoformat(_text(text, "datetime"))
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _crs(facts: Mapping[str, Any]) -> str | None:
    """`proj:code`, or the older `proj:epsg`; None where neither says anything."""
    code, number = facts.get("proj:code"), facts.get("proj:epsg")
    if number is not None and (type(number) is not int or number < 1):
        raise ValueError(f"proj:epsg is {_shown(number)}")
    if code is not None and (not isinstance(code, str) or not CODE.fullmatch(code)):
        raise ValueError(f"proj:code is {_shown(code)}")
    if code is not None and number is not None and code != f"EPSG:{number}":
        raise ValueError(f"proj:code is {code} and proj:epsg {number}")
    return code if code is not None else None if number is None else f"EPSG:{number}"
