"""Boxes of longitude and latitude by which the archives are searched.

A box is (west, south, east, north), degrees. As in GeoJSON, one whose west lies east of its east
crosses the antimeridian; every search asks for its two parts.
"""

import math
from itertools import pairwise

import numpy as np

from daymelt.core.errors import ConfigError
from daymelt.core.grid import Grid

Box = tuple[float, float, float, float]
MARGIN_DEG = 0.05
OUTLINE_POINTS = 64  # along each edge: the extremes of longitude and latitude lie on it


def box_of(area: Grid) -> Box:
    """The box of an area with a small margin; all longitudes where the area holds a pole."""
    x, y = (
        np.linspace(area.left, area.right, OUTLINE_POINTS),
        np.linspace(area.top, area.bottom, OUTLINE_POINTS),
    )
    edge_x = np.concatenate([x, x, np.full_like(y, area.left), np.full_like(y, area.right)])
    edge_y = np.concatenate([np.full_like(x, area.top), np.full_like(x, area.bottom), y, y])
    lon, lat = area.points_in(edge_x, edge_y, "EPSG:4326")
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ConfigError(
            "area: its outline has no longitude and latitude; check area.crs, area.left, area.top"
        )
    north_pole, south_pole = (area.cell_at(0, pole) is not None for pole in (90, -90))
    west, east = (-180.0, 180.0) if north_pole or south_pole else _extent(sorted(lon.tolist()))
    return (
        west,
        -90.0 if south_pole else max(float(lat.min()) - MARGIN_DEG, -90.0),
        east,
        90.0 if north_pole else min(float(lat.max()) + MARGIN_DEG, 90.0),
    )


def split(box: Box) -> list[Box]:
    """The box, or its parts west and east of the antimeridian.

    Raises
    ------
    ConfigError
        It is no box.
    """
    west, south, east, north = box
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90):
        raise ConfigError(
            f"search box {shown(box)}: expected (west, south, east, north) in degrees; check the "
            "area"
        )
    if west <= east:
        return [box]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


def shown(box: Box) -> str:
    """A box for a message."""
    return "({})".format(", ".join(f"{float(edge):.6g}" for edge in box))


def _extent(lon: list[float]) -> tuple[float, float]:
    """West and east of rising longitudes: the widest gap between two of them lies outside."""
    gaps = [after - before for before, after in pairwise(lon)]
    inner, outer = max(gaps, default=0.0), lon[0] + 360 - lon[-1]
    if max(inner, outer) <= 2 * MARGIN_DEG:
        return -180.0, 180.0
    at = gaps.index(inner)
    west, east = (lon[at + 1], lon[at]) if inner > outer else (lon[0], lon[-1])
    return _wrapped(math.floor(1e4 * (west - MARGIN_DEG)) / 1e4), _wrapped(east + MARGIN_DEG)


def _wrapped(lon: float) -> float:
    return lon + 360 if lon < -180 else lon - 360 if lon > 180 else lon
