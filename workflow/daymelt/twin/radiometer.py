"""SSMIS observations of the twin at 37 GHz, horizontal polarisation: brightness temperature on the
3.125 km EASE-Grid 2.0.

A cell's value is a mean over a footprint several times larger, sea included; a little water raises
the emissivity of snow and masks the layers below. Some days are missing and some have holes between
swaths. Sources: emissivities of dry and wet snow at 37 GHz, Mätzler (1994),
Meteorol. Atmos. Phys. 54, 241; grid of NSIDC-0630 v2.
"""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from daymelt.core.grid import Grid, transformer
from daymelt.twin.nature import air_temperature, exposure, surroundings, water_store, weather
from daymelt.twin.noise import fractal, stream
from daymelt.twin.terrain import terrain

CRS = "EPSG:6931"
CELL_M = 3125.0
CORNER_M = 9_000_000.0
MARGIN_M = 12_000.0  # around the area that is delivered
FOOTPRINT_SD_M = 13_000.0
FREEZING_K = 273.15
DRY_EMISSIVITY, EMISSIVITY_SD, WET_EMISSIVITY, LAND_EMISSIVITY = 0.80, 0.02, 0.96, 0.90
SEA_K, SEA_SD_K = 150.0, 6.0
# liquid water that masks the snow below: 37 GHz responds to the first millimetres, C-band to more
SATURATION_MM = 2.0
NOISE_K = 1.5
MISSING_SHARE, HOLE_SHARE, LONGEST_GAP = 0.006, 0.03, 3
HOLE_WIDTH = 0.35  # in shares of the window


@dataclass(frozen=True)
class Window:
    """The cells of the EASE-Grid that are delivered: centres in m, `x` ascending, `y`
    descending.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]


def window(area: Grid) -> Window:
    """The smallest block of cells that covers the area and a margin."""
    outer = area.expand(round(MARGIN_M / area.spacing_m))
    x, y = transformer(area.crs, CRS).transform(*_outline(outer))
    columns = np.arange(
        math.floor((min(x) + CORNER_M) / CELL_M), math.floor((max(x) + CORNER_M) / CELL_M) + 1
    )
    rows = np.arange(
        math.floor((CORNER_M - max(y)) / CELL_M), math.floor((CORNER_M - min(y)) / CELL_M) + 1
    )
    return Window(-CORNER_M + (columns + 0.5) * CELL_M, CORNER_M - (rows + 0.5) * CELL_M)


def observe(area: Grid, season: int, seed: int) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
    """Brightness temperature of every day that has a file, K, (y, x) on the window, NaN in
    holes.
    """
    cells = window(area)
    fine = surroundings(area)
    row, column = _indices(cells, fine)
    land = terrain(fine, area, seed)
    place, air = exposure(land, fine, area, seed), weather(season, seed)
    emissivity = DRY_EMISSIVITY + EMISSIVITY_SD * fractal(
        fine, seed, "emissivity", (32000.0, 8000.0, 2000.0)
    )
    emissivity = np.where(land.ice, emissivity, LAND_EMISSIVITY)
    missing = missing_days(season, seed, list(air.days))
    for index, (day, store) in enumerate(water_store(place, air)):
        if day in missing:
            continue
        random = stream(seed, "radiometer", day.toordinal())
        wet = np.clip(store / np.float32(SATURATION_MM), 0, 1)
        # snow is warmer than the air of a cold day
        physical = FREEZING_K + np.minimum(0.7 * air_temperature(place, air, index), 0)
        emitted = (wet * WET_EMISSIVITY + (1 - wet) * emissivity) * physical
        sea = SEA_K + SEA_SD_K * random.standard_normal()
        emitted = np.where(land.ocean, sea, emitted).astype(np.float32)
        seen = gaussian_filter(emitted, FOOTPRINT_SD_M / fine.spacing_m, mode="nearest")
        brightness = map_coordinates(
            seen, (row, column), order=1, mode="nearest"
        ) + NOISE_K * random.standard_normal(row.shape)
        yield day, _with_hole(brightness.astype(np.float32), random)


def missing_days(season: int, seed: int, days: list[dt.date]) -> set[dt.date]:
    """Days without a file: single ones and one longer gap."""
    random = stream(seed, "missing", season)
    lost = {day for day in days if random.random() < MISSING_SHARE}
    start = int(random.integers(90, len(days) - LONGEST_GAP - 8))
    lost |= set(days[start : start + LONGEST_GAP])
    # adjoining gaps would make one longer than any in the record
    return {
        day
        for day in lost
        if day in days[start : start + LONGEST_GAP]
        or abs((day - days[start + 1]).days) > LONGEST_GAP + 2
    }


def _with_hole(brightness: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """On some days, a slanting strip between two swaths without data."""
    if random.random() >= HOLE_SHARE:
        return brightness
    rows, columns = brightness.shape
    place = np.arange(columns)[None, :] / columns + 0.3 * np.arange(rows)[:, None] / rows
    start = random.uniform(0, 1.0)
    return np.where((place > start) & (place < start + HOLE_WIDTH), np.float32(np.nan), brightness)


def _indices(cells: Window, fine: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fractional row and column of the fine grid at every cell of the window."""
    x, y = transformer(CRS, fine.crs).transform(*np.meshgrid(cells.x, cells.y))
    return (fine.top - np.asarray(y)) / fine.spacing_m - 0.5, (
        np.asarray(x) - fine.left
    ) / fine.spacing_m - 0.5


def _outline(grid: Grid, points: int = 21) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points along the edge of a grid: its extremes in another crs lie on it."""
    x = np.linspace(grid.left, grid.right, points)
    y = np.linspace(grid.top, grid.bottom, points)
    edges_x = np.concatenate([x, x, np.full(points, grid.left), np.full(points, grid.right)])
    edges_y = np.concatenate([np.full(points, grid.top), np.full(points, grid.bottom), y, y])
    return edges_x, edges_y
