"""Sentinel-1 observations of the twin: bursts of terrain-corrected backscatter, gamma0 in linear
power, with their masks.

Backscatter of dry snow and ice depends on place and orbit; patches of liquid water lower it by 4 to
10 dB; speckle multiplies it. Sources: drop of several dB at melt onset, Nagler et al.
(2016), Remote Sens. 8, 348; speckle as a gamma distribution, Ulaby et al. (1986); mask values and
burst size of OPERA RTC-S1 (ASF product guide).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from daymelt.core.grid import Grid
from daymelt.twin.noise import fractal, stream
from daymelt.twin.schedule import Orbit, Pass
from daymelt.twin.terrain import terrain

SPACING_M = 30.0
# of the ground track against the grid's vertical: descending, towards the south-south-west
TRACK_TILT_RAD = math.radians(18)
BURST_LENGTH_M, BURST_STEP_M = 20_000.0, 18_500.0
SWATH_WIDTH_M = 80_000.0
# burst numbers of an orbit start at its relative orbit times this, about the bursts of a real orbit
FIRST_NUMBER = 2143
# equivalent number of looks of a 30 m pixel: its area over that of an IW resolution cell (3.5 m x
# 22 m on slant range)
LOOKS = 8
BORDER_M = 90.0  # zeros at a swath's edge
# at the western and the eastern edge: the satellite flies in the east
INCIDENCE_WEST_DEG, INCIDENCE_EAST_DEG = 45.0, 31.0

ICE_DB, LAND_DB, SEA_DB = -7.0, -10.0, -16.0
TEXTURE_DB = 1.6
SLOPE_DB = 4.0  # left over by terrain flattening, per unit of slope towards the satellite
DROP_DB, DROP_SPREAD_DB, DROP_LIMITS_DB = 7.0, 1.3, (4.0, 10.0)
PATCH_WAVELENGTHS_M = (240.0, 120.0, 60.0)
SHADOW, LAYOVER, FILL = 1, 2, 255


@dataclass(frozen=True)
class BurstImage:
    """One burst: its numbers, grid, `gamma0` (y, x) linear with NaN outside it, `mask` (y, x)
    uint8.
    """

    number: int
    swath: int
    grid: Grid
    gamma0: NDArray[np.float32]
    mask: NDArray[np.uint8]


@dataclass(frozen=True)
class StaticBurst:
    """Fields of a burst that are the same for every pass of its orbit, all (y, x)."""

    dry: NDArray[np.float32]
    wet: NDArray[np.float32]
    patch: NDArray[np.float32]
    mask: NDArray[np.uint8]
    ocean: NDArray[np.bool_]
    border: NDArray[np.bool_]


def observe(
    overflight: Pass, melt: NDArray[np.float32], area: Grid, seed: int
) -> Iterator[BurstImage]:
    """The bursts of one pass over an area whose melt fraction is `melt` (y, x), NaN on the
    ocean.
    """
    return (image for _, image in observe_orbit([(overflight, melt)], area, seed))


def observe_orbit(
    overflights: Sequence[tuple[Pass, NDArray[np.float32]]], area: Grid, seed: int
) -> Iterator[tuple[Pass, BurstImage]]:
    """The bursts of several passes of one orbit, burst by burst; the static fields of a burst are
    computed once and freed with it.
    """
    for number, swath, grid in bursts(overflights[0][0].orbit, area) if overflights else ():
        static = static_burst(number, swath, grid, overflights[0][0].orbit, area, seed)
        cells = area.cells_of(grid)
        for overflight, melt in overflights:
            random = stream(
                seed,
                "speckle",
                overflight.acquired_at.date().toordinal(),
                overflight.orbit.number,
                number,
                swath,
            )
            yield (
                overflight,
                BurstImage(
                    number,
                    swath % 3 + 1,
                    grid,
                    backscatter(static, melt[cells], random),
                    static.mask,
                ),
            )


def backscatter(
    static: StaticBurst, melt: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.float32]:
    """Backscatter of a burst whose melt fraction is `melt` (y, x), NaN on the ocean: linear power,
    NaN outside it, 0 on the border.
    """
    power = np.where(static.patch < melt, static.wet, static.dry)
    power[static.ocean] *= np.float32(10 ** (0.3 * random.standard_normal()))  # wind
    power *= random.standard_gamma(LOOKS, power.shape, np.float32) / np.float32(LOOKS)
    power[static.border] = 0
    power[static.mask == FILL] = np.nan
    return power


@lru_cache(maxsize=16)
def bursts(orbit: Orbit, area: Grid) -> tuple[tuple[int, int, Grid], ...]:
    """Number, swath and grid of the bursts of an orbit that meet the area; the grid is what the
    orbit sees of it.
    """
    fine = area.refine(SPACING_M)
    across, along = track(fine.x[[0, -1, 0, -1]], fine.y[[0, 0, -1, -1]], area)
    found = []
    for number in range(
        math.floor((along.min() - BURST_LENGTH_M) / BURST_STEP_M) + 1,
        math.floor(along.max() / BURST_STEP_M) + 1,
    ):
        for swath in range(
            math.floor(across.min() / SWATH_WIDTH_M), math.floor(across.max() / SWATH_WIDTH_M) + 1
        ):
            grid = _box(number, swath, fine)
            if grid is not None:
                grid = _trim(grid, footprint(number, swath, grid, orbit, area))
            if grid is not None:
                # numbers as in real names: they rise along the track and differ from orbit to orbit
                found.append((orbit.number * FIRST_NUMBER + number, swath, grid))
    return tuple(found)


def footprint(number: int, swath: int, grid: Grid, orbit: Orbit, area: Grid) -> NDArray[np.bool_]:
    """Pixels of a grid that lie within a burst (`number` counts along the track) and within the
    strip that the orbit sees, (y, x).
    """
    across, along = track(grid.x[None, :], grid.y[:, None], area)
    west, east = swath_edges(orbit, area)
    start, left = number * BURST_STEP_M, swath * SWATH_WIDTH_M
    inside = (
        (along >= start)
        & (along < start + BURST_LENGTH_M)
        & (across >= left)
        & (across < left + SWATH_WIDTH_M)
    )
    return np.asarray(inside & (across >= west) & (across <= east))


def track(
    x: NDArray[np.float64], y: NDArray[np.float64], area: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances in m from the area's upper left corner, towards the east across the track and along
    the flight; `x` and `y` broadcast.
    """
    east, south = x - area.left, area.top - y
    cosine, sine = math.cos(TRACK_TILT_RAD), math.sin(TRACK_TILT_RAD)
    return east * cosine + south * sine, south * cosine - east * sine


def static_burst(
    number: int, swath: int, grid: Grid, orbit: Orbit, area: Grid, seed: int
) -> StaticBurst:
    """Dry and wet backscatter, patches and masks of a burst."""
    inside = footprint(number - orbit.number * FIRST_NUMBER, swath, grid, orbit, area)
    across, _ = track(grid.x[None, :], grid.y[:, None], area)
    west, east = swath_edges(orbit, area)
    border = inside & ((across < west + BORDER_M) | (across > east - BORDER_M))

    land = terrain(grid, area, seed)
    south_rise, east_rise = np.gradient(land.height, SPACING_M)
    # slope that faces the satellite
    towards = -(east_rise * math.cos(TRACK_TILT_RAD) + south_rise * math.sin(TRACK_TILT_RAD))
    incidence = np.radians(
        np.interp(
            across, np.linspace(0, across.max() + 1, 2), (INCIDENCE_WEST_DEG, INCIDENCE_EAST_DEG)
        )
    )
    mask = LAYOVER * (towards > np.tan(incidence)) + SHADOW * (-towards > 1 / np.tan(incidence))
    mask = np.where(inside, np.where(land.ocean, 0, mask), FILL)

    texture = TEXTURE_DB * fractal(grid, seed, "backscatter", (3200.0, 800.0, 200.0, 60.0), 0.7)
    own = 0.6 * fractal(grid, seed, f"orbit {orbit.number}", (1600.0, 400.0, 100.0), 0.7)
    dry_db = np.where(
        land.ocean,
        SEA_DB,
        np.where(land.ice, ICE_DB, LAND_DB)
        + texture
        + own
        + SLOPE_DB * np.clip(towards, -0.7, 0.7),
    )
    drop = np.clip(
        DROP_DB + DROP_SPREAD_DB * fractal(grid, seed, "drop", (1600.0, 400.0, 100.0), 0.7),
        *DROP_LIMITS_DB,
    )
    # uniform from 0 to 1: a patch is wet where the melt fraction exceeds it
    patch = ndtr(fractal(grid, seed, "patch", PATCH_WAVELENGTHS_M, 0.9))
    patch = np.clip(patch, 1e-6, 1 - 1e-6)
    return StaticBurst(
        _linear(dry_db),
        _linear(dry_db - drop),
        patch.astype(np.float32),
        mask.astype(np.uint8),
        land.ocean,
        np.asarray(border & ~land.ocean),
    )


@lru_cache(maxsize=16)
def swath_edges(orbit: Orbit, area: Grid) -> tuple[float, float]:
    """Distances across the track, m, between which the orbit sees its share of the area."""
    every = max(1, min(area.shape) // 100)
    across, _ = track(*np.meshgrid(area.x[::every], area.y[::every]), area)
    west = -math.inf if orbit.west <= 0 else float(np.quantile(across, orbit.west))
    east = math.inf if orbit.east >= 1 else float(np.quantile(across, orbit.east))
    return west, east


def _linear(decibel: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(10 ** (decibel.astype(np.float32) / np.float32(10)), np.float32)


def _box(number: int, swath: int, fine: Grid) -> Grid | None:
    """The part of the fine grid that encloses a burst, None where they do not meet."""
    start, left = number * BURST_STEP_M, swath * SWATH_WIDTH_M
    cosine, sine = math.cos(TRACK_TILT_RAD), math.sin(TRACK_TILT_RAD)
    corners = [
        (c, a) for c in (left, left + SWATH_WIDTH_M) for a in (start, start + BURST_LENGTH_M)
    ]
    east = [c * cosine - a * sine for c, a in corners]
    south = [c * sine + a * cosine for c, a in corners]
    first_row = max(0, math.floor(min(south) / SPACING_M))
    last_row = min(fine.rows, math.ceil(max(south) / SPACING_M))
    first_column = max(0, math.floor(min(east) / SPACING_M))
    last_column = min(fine.columns, math.ceil(max(east) / SPACING_M))
    if first_row >= last_row or first_column >= last_column:
        return None
    rows, columns = last_row - first_row, last_column - first_column
    return Grid(
        fine.crs,
        SPACING_M,
        fine.left + first_column * SPACING_M,
        fine.top - first_row * SPACING_M,
        rows,
        columns,
    )


def _trim(grid: Grid, inside: NDArray[np.bool_]) -> Grid | None:
    """The smallest part of a grid that holds every pixel inside, None where there is none."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not rows.size:
        return None
    left, top = grid.left + columns[0] * grid.spacing_m, grid.top - rows[0] * grid.spacing_m
    return Grid(
        grid.crs,
        grid.spacing_m,
        left,
        top,
        int(rows[-1] - rows[0] + 1),
        int(columns[-1] - columns[0] + 1),
    )
