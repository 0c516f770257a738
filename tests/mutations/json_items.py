"""Damaged STAC items and file names: the search parsers against what the damaged text itself
says.
"""

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
from dateutil.parser import isoparse
from spoil import Case, pick, spoil_bytes

from daymelt.sources.microwave import cetb
from daymelt.sources.sentinel1 import bursts
from daymelt.sources.sentinel1 import stac_items as stac

ITEMS = [
    "mspc-s1-rtc.json",
    "mspc-s1-grd.json",
    "planetary-computer-tasks_sentinel-1-grd-item-raw.json",
    "pc-sentinel-1-rtc-collection.json",
]
FIELDS = ["id", "type", "bbox", "properties", "assets", "geometry"]
FACTS = [
    "datetime",
    "start_datetime",
    "platform",
    "sat:relative_orbit",
    "sat:orbit_state",
    "proj:epsg",
    "proj:code",
    "proj:transform",
]
VALUES = [
    None, True, False, 0, 1, -1, 39, 176, 39.5, 10**400, float("nan"), float("inf"),
    "", "39", "x\ny", "S", "landsat-8", "SENTINEL-1A", "ascending", "EPSG:3413", "EPSG:x",
    "2023-07-08T08:28:53Z", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "yesterday",
    [], [1, 2], [1, 2, 3, 4], ["a", "b", "c", "d"], [-40, 65, 0, -36, 67, 3000], [0] * 5,
    {}, {"href": None}, {"href": 3}, {"hh": {}},
]  # fmt: skip
NAMES = [
    "OPERA_L2_RTC-S1_T087-185679-IW2_20200101T161622Z_20250911T203016Z_S1A_30_v1.0_HH.tif",
    "NSIDC-0630-EASE2_N3.125km-F17_SSMIS-2010001-37H-M-SIR-CSU-v1.3.nc",
    "NSIDC0630_SIR_EASE2_N3.125km_GCOMW1_AMSR2_M_36H_20260106_2601090539_v2.0.nc",
]


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) within a JSON value."""
    found: list[tuple[Any, Any]] = []
    keys = (
        list(value)
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else []
    )
    for key in keys:
        found += [(value, key), *spots(value[key])]
    return found


def change(item: Any, rng: np.random.Generator) -> str:
    """One change of structure or value; says what was done."""
    likely = (
        [(item, key) for key in FIELDS if key in item]
        + [(item["properties"], key) for key in FACTS]
        if shaped(item)
        else []
    )
    if shaped(item):
        likely += [
            (item["assets"], key) for key in item["assets"] if key.lower() in stac.POLARISATIONS
        ]
    holder, key = pick(rng, likely * 3 + spots(item)) if likely or spots(item) else (None, None)
    if holder is None:
        return "nothing"
    old = holder.get(key) if isinstance(holder, dict) else holder[key]
    match pick(
        rng, ["delete", "replace", "replace", "replace", "rename", "wrap", "text", "nudge", "upper"]
    ):
        case "delete" if isinstance(holder, list) or key in holder:
            del holder[key]
            return f"{key} deleted"
        case "rename" if isinstance(holder, dict) and key in holder:
            new = pick(rng, [str(key).upper(), f"{key} ", "HH", "hh", "vv"])
            holder[new] = holder.pop(key)
            return f"{key} renamed {new}"
        case "wrap":
            holder[key] = pick(rng, [[old], {"value": old}, [old, old]])
            return f"{key} wrapped"
        case "text":
            holder[key] = str(old)
            return f"{key} as text"
        case "nudge" if isinstance(old, int | float) and not isinstance(old, bool):
            holder[key] = pick(rng, [old + 1, -old, old * 1000, old + 0.5])
            return f"{key} = {holder[key]}"
        case "upper" if isinstance(old, str):
            holder[key] = pick(rng, [old.upper(), old.lower(), old[:-1], old + "x", f" {old}"])
            return f"{key} = {holder[key]!r}"
    holder[key] = copy.deepcopy(pick(rng, VALUES))
    return f"{key} = {str(holder[key])[:60]!r}"


def shaped(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("properties"), dict)
        and isinstance(item.get("assets"), dict)
    )


class Stac:
    """Genuine STAC items, damaged in structure, values and text."""

    def __init__(self, real: Path, folder: Path) -> None:
        self.texts = {name: (real / "stac" / name).read_bytes() for name in ITEMS}

    def mutate(self, rng: np.random.Generator) -> Case:
        name = pick(rng, ITEMS[:3] * 4 + ITEMS)
        if rng.random() < 0.2:
            while True:
                data, done = spoil_bytes(self.texts[name], rng)
                try:
                    return Case(Path(name), done, {"item": json.loads(data)})
                except (
                    ValueError,
                    RecursionError,
                ):  # no JSON: refused before any parser of ours sees it
                    continue
        item = json.loads(self.texts[name])
        done = [change(item, rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.02:
            item = pick(rng, VALUES)
        return Case(Path(name), done, {"item": item})

    def read(self, case: Case) -> Any:
        return stac.parse_item(case.extra["item"])

    def judge(self, case: Case, found: Any) -> str | None:
        item, facts = case.extra["item"], case.extra["item"]["properties"]
        stated = facts.get("datetime") or facts["start_datetime"]
        moment = isoparse(stated.replace(" ", "T"))
        moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
        told = {
            "id": item["id"] if isinstance(item["id"], str) and item["id"] else None,
            "acquired_at": moment,
            "platform": f"S1{facts['platform'][-1].upper()}"
            if facts["platform"].lower()[:-1] in ("sentinel-1", "s1")
            else None,
            "relative_orbit": facts["sat:relative_orbit"]
            if 1 <= facts["sat:relative_orbit"] <= 175
            else None,
            "orbit_pass": facts["sat:orbit_state"],
            "assets": {
                key.lower(): stac.RtcAsset(
                    asset["href"],
                    asset.get("file:size"),
                    stac.read_checksum(asset.get("file:checksum")),
                )
                for key, asset in item["assets"].items()
                if key.lower() in ("hh", "hv", "vv", "vh")
            },
        }
        wrong = [name for name, value in told.items() if getattr(found, name) != value]
        typed = type(found.relative_orbit) is int and all(
            isinstance(asset.href, str) and asset.href for asset in found.assets.values()
        )
        sensible = found.orbit_pass in ("ascending", "descending")
        return f"{wrong} differ" if wrong or not typed or not sensible else None


class Names:
    """Names of granules, damaged."""

    def __init__(self, real: Path, folder: Path) -> None:
        pass

    def mutate(self, rng: np.random.Generator) -> Case:
        name = pick(rng, NAMES)
        letters = list(name)
        for _ in range(int(rng.integers(1, 5))):
            at, kind = (
                int(rng.integers(len(letters))),
                pick(rng, ["digit", "digit", "letter", "cut", "double"]),
            )
            if kind == "digit":
                at = pick(
                    rng,
                    [place for place, letter in enumerate(letters) if letter.isdecimal()] or [at],
                )
                letters[at] = pick(rng, "0123456789٣")
            elif kind == "letter":
                letters[at] = pick(rng, "ABCDHIMSTVWZ_-./\n\0éx")
            elif kind == "cut" and len(letters) > 1:
                del letters[at]
            else:
                letters.insert(at, letters[at])
        return Case(
            Path(name),
            [repr("".join(letters))],
            {"name": "".join(letters), "burst": name.startswith("OPERA")},
        )

    def read(self, case: Case) -> Any:
        return (bursts.parse_burst if case.extra["burst"] else cetb.parse_name)(case.extra["name"])

    def judge(self, case: Case, found: Any) -> str | None:
        name = Path(case.extra["name"]).name
        if case.extra["burst"]:
            moments = [
                f"{moment:%Y%m%dT%H%M%S}Z" for moment in (found.acquired_at, found.processed_at)
            ]
            written = (
                f"OPERA_L2_RTC-S1_{found.burst_id}_{moments[0]}_{moments[1]}_{found.platform}_"
            )
            good = name.startswith(written) and name.endswith(f"_{found.polarisation.upper()}.tif")
            good &= (
                found.burst_id.startswith(f"T{found.relative_orbit:03d}-")
                and 1 <= found.relative_orbit <= 175
            )
        else:
            parts = [
                found.platform,
                found.sensor,
                found.channel,
                found.grid,
                found.algorithm,
                ".".join(map(str, found.version)),
            ]
            day = (
                f"{found.date:%Y%j}"
                if "-v1" in name or f"-{found.date:%Y%j}-" in name
                else f"{found.date:%Y%m%d}"
            )
            good = day in name and all(part in name for part in parts) and name.isascii()
        return None if good else f"{name!r} read as {found}"
