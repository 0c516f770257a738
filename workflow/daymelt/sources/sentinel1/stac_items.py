"""STAC items of Sentinel-1 backscatter: what a search returns, reduced to what a retriever needs.

Nothing is guessed: a field that is used and is absent, of another type or impossible refuses the
item. What is not used (box, geometry, projection) may be anything.

Source: STAC 1.0 with the extensions sat, sar and file, as the Planetary Computer serves them.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daymelt.core.errors import FormatError

POLARISATIONS = ("hh", "hv", "vv", "vh")
PLATFORM = re.compile(r"(?:sentinel-1|s1)([a-d])", re.IGNORECASE)
# codes and lengths of multihashes (github.com/multiformats/multihash); the Planetary Computer
# writes the digits of an MD5 without them
HASHES = {"md5": ("d50110", 32), "sha256": ("1220", 64)}
ORBITS = 175  # of a repeat cycle


@dataclass(frozen=True)
class RtcAsset:
    """One file of a scene: its address, size (bytes) and checksum (`md5:…` or `sha256:…`), None
    where the item does not tell them.
    """

    href: str
    size: int | None
    checksum: str | None


@dataclass(frozen=True)
class RtcItem:
    """One scene of a catalogue.

    `acquired_at` is UTC, `platform` such as `S1A`, `orbit_pass` `ascending` or `descending`,
    `assets` polarisation (lower case) to file.
    """

    id: str
    acquired_at: dt.datetime
    platform: str
    relative_orbit: int
    orbit_pass: str
    assets: Mapping[str, RtcAsset]


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
            f"STAC item {_named(name)}: type {_shown(kind)}, expected 'Feature'; search for "
            "items, not collections"
        )
    try:
        return _item(item)
    except KeyError as error:
        raise FormatError(
            f"STAC item {_named(name)}: no field {error}, expected one of Sentinel-1; leave it out"
        ) from error
    except (ValueError, OverflowError) as error:
        raise FormatError(
            f"STAC item {_named(name)}: {error}, expected one of Sentinel-1; leave it out"
        ) from error


def _item(item: Mapping[str, Any]) -> RtcItem:
    facts = _mapping(item["properties"], "properties")
    return RtcItem(
        _text(item["id"], "id"),
        _moment(facts["start_datetime"] if facts.get("datetime") is None else facts["datetime"]),
        _platform(facts["platform"]),
        _orbit(facts["sat:relative_orbit"]),
        _orbit_pass(facts["sat:orbit_state"]),
        _assets(_mapping(item["assets"], "assets")),
    )


def _named(name: object) -> str:
    """The id of an item, for a message."""
    return "without id" if name is None else _shown(name)


def _shown(value: object) -> str:
    """Whatever was found, for a message of one line."""
    return "null" if value is None else repr(value)[:100]


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


def _assets(assets: Mapping[str, Any]) -> dict[str, RtcAsset]:
    """File of each polarisation; ValueError where two claim one."""
    wanted = {
        key: asset
        for key, asset in assets.items()
        if isinstance(key, str) and key.lower() in POLARISATIONS
    }
    found = {
        key.lower(): _asset(_mapping(asset, f"asset {key}"), key) for key, asset in wanted.items()
    }
    if len(found) != len(wanted):
        raise ValueError(f"assets are {', '.join(wanted)}")
    return found


def _asset(asset: Mapping[str, Any], key: str) -> RtcAsset:
    size = asset.get("file:size")
    if size is not None and (type(size) is not int or size < 1):
        raise ValueError(f"file:size of {key} is {_shown(size)}")
    return RtcAsset(
        _text(asset["href"], f"href of {key}"), size, read_checksum(asset.get("file:checksum"))
    )


def read_checksum(told: object) -> str | None:
    """`md5:…` or `sha256:…` of a `file:checksum`: a multihash, or the plain digits of an MD5; None
    where it is absent or of another kind.
    """
    digits = told.lower() if isinstance(told, str) else ""
    if re.fullmatch(r"[0-9a-f]{32}", digits):
        return f"md5:{digits}"
    for name, (code, length) in HASHES.items():
        if re.fullmatch(rf"{code}[0-9a-f]{{{length}}}", digits):
            return f"{name}:{digits.removeprefix(code)}"
    return None


def _moment(text: object) -> dt.datetime:
    moment = dt.datetime.fromisoformat(_text(text, "datetime"))
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
