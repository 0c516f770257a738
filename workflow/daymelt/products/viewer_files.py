"""What the viewer's page reads first, `viewer.json`: the area, its seasons and days, the layers,
their files and colours.

A layer's `path` is relative to the page, with `{season}` and `{date}` for the reader to fill in.
Its stops are those of the QGIS styles: values in the layer's unit, colour and opacity; a ramp is
INTERPOLATED between them or DISCRETE up to each.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pyproj import CRS

from daymelt.core.encoding import NEVER_SEEN, NO_MELT, Encoding
from daymelt.core.grid import Grid
from daymelt.products.colours import AGE_CLASSES, MELT_RAMP
from daymelt.products.map_index import ENCODINGS, NAMES
from daymelt.products.season_style import season_stops
from daymelt.products.style import Stop

Stops = list[dict[str, Any]]
TITLES = {
    "melt": "Melt",
    "melt_mean": "Melt, mean of the interval",
    "melt_low": "Melt, lower bound (5 %)",
    "melt_high": "Melt, upper bound (95 %)",
    "sar_age": "Days to the nearest observation",
}
CODES = {NEVER_SEEN: "none this season", NO_MELT: "no lasting melt"}


@dataclass(frozen=True)
class SeasonDays:
    """The days of a season.

    Parameters
    ----------
    year : of the season
    days : rising
    observed : share of the cells with data that were observed on each day, 0-1
    filled : how missing inputs of a day were filled
    gaps : first and last day of each long gap of Sentinel-1
    """

    year: int
    days: Sequence[dt.date]
    observed: Sequence[float]
    filled: Mapping[dt.date, str] = field(default_factory=dict)
    gaps: Sequence[tuple[dt.date, dt.date]] = ()


def projection(grid: Grid) -> dict[str, Any]:
    """The crs of a grid as OpenLayers takes it: its name, PROJ text for proj4, and the part of the
    world that it is made for (west, south, east, north, degrees).
    """
    crs = CRS(grid.crs)
    authority = crs.to_authority()
    area = crs.area_of_use
    return {
        "name": ":".join(authority) if authority else "daymelt:grid",
        "title": crs.name,
        "proj4": proj4_text(crs),
        "world": list(area.bounds) if area else [-180, -90, 180, 90],
    }


def proj4_text(crs: CRS) -> str:
    """The PROJ text of a crs, without the warning that it says less than WKT."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return crs.to_proj4()


def day_layers(names: Sequence[str], folder: str) -> list[dict[str, Any]]:
    """The layers of a day; `folder` holds those of a season and contains `{season}`."""
    return [
        {
            **_layer(name, TITLES[name], "day", ENCODINGS[name]),
            "path": f"{folder}/{NAMES[name].format(day='{date}')}",
            "ramp": "DISCRETE" if name == "sar_age" else "INTERPOLATED",
            "stops": age_stops() if name == "sar_age" else melt_stops(),
        }
        for name in names
    ]


def season_layer(
    name: str, encoding: Encoding, path: str, spans: Mapping[int, tuple[int, int]]
) -> dict[str, Any]:
    """A layer of each season; `spans` are their first and last days of the year."""
    return {
        **_layer(name, sentence(encoding.long_name), "season", encoding),
        "path": path,
        "ramp": "INTERPOLATED",
        "stops_of": {str(year): as_stops(season_stops(encoding, spans[year])) for year in spans},
    }


def fixed_layer(name: str, encoding: Encoding, path: str, span: tuple[int, int]) -> dict[str, Any]:
    """A layer of all seasons together."""
    return {
        **_layer(name, sentence(encoding.long_name), "seasons", encoding),
        "path": path,
        "ramp": "INTERPOLATED",
        "stops": as_stops(season_stops(encoding, span)),
    }


def season_document(season: SeasonDays) -> dict[str, Any]:
    """The days of a season as the page reads them."""
    return {
        "year": season.year,
        "days": [str(day) for day in season.days],
        "observed": [round(share, 3) for share in season.observed],
        "filled": {str(day): rule for day, rule in season.filled.items()},
        "gaps": [[str(first), str(last)] for first, last in season.gaps],
    }


def grid_document(grid: Grid) -> dict[str, Any]:
    """The grid of all layers."""
    names = ("left", "top", "spacing_m", "rows", "columns")
    return {name: value for name, value in asdict(grid).items() if name in names}


def melt_stops() -> Stops:
    """Colours of a melt map, as its QGIS style has them."""
    return as_stops(
        [Stop(part, colour, f"{100 * part:.0f} %", opacity) for part, colour, opacity in MELT_RAMP]
    )


def age_stops() -> Stops:
    """Colours of the quality layer, as its QGIS style has them."""
    return as_stops([Stop(last, colour, label) for last, colour, label in AGE_CLASSES])


def as_stops(stops: Sequence[Stop]) -> Stops:
    """Stops as the page reads them."""
    return [asdict(stop) for stop in stops]


def sentence(text: str) -> str:
    """A name with a capital letter."""
    return text[:1].upper() + text[1:]


def _layer(name: str, title: str, kind: str, encoding: Encoding) -> dict[str, Any]:
    code = {} if encoding.aside is None else {str(encoding.aside): CODES[encoding.aside]}
    return {
        "name": name,
        "title": title,
        "kind": kind,
        "unit": encoding.units,
        "scale": encoding.scale,
        "nodata": int(encoding.nodata),
        "codes": code,
    }
