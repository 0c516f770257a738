"""Automatic weather stations of the twin: air and surface temperature of every hour.

A station stands on one cell of the area. Daily mean temperatures of the cell are interpolated in
time, and a diurnal cycle is added. Snow and ice are at most at the melting point. Water that melts
by day stays in the uppermost layer up to its capacity; at night the surface is at the melting point
until this water has refrozen, then at the temperature of the air. A station thus differs from the
truth: it records the surface, the truth is the water of the whole snow, which lasts through a night
of frost.

Sources: melt and refreezing by degree-days as in `nature` (Hock 2003); irreducible water of snow
after Coléou and Lesaffre (1998), Ann. Glaciol. 26, 64; time of the warmest hour, Oke (1987),
Boundary Layer Climates, chapter 2. What has no source is plausible, see docs/twin.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid
from daymelt.twin.nature import (
    FREEZE_MM_PER_K,
    MELT_MM_PER_K,
    Exposure,
    Weather,
    air_temperature,
    exposure,
    weather,
)
from daymelt.twin.noise import stream
from daymelt.twin.terrain import terrain

DIURNAL_K = 2.5  # half of the difference between the warmest and the coldest hour of a day
WARMEST_HOUR = 14.0  # local solar time
DEGREES_PER_HOUR = 15.0
# water that the uppermost layer holds: about 6 % of the mass of 5 cm of snow of 350 kg/m³
SURFACE_MM = 1.0
AIR_NOISE_K, SURFACE_NOISE_K = 0.1, 0.3  # a thermometer; a temperature from longwave radiation
OUTAGES, LONGEST_OUTAGE_DAYS = 2, 6  # gaps a year
MISSING_SHARE = 0.005  # of single hours


@dataclass(frozen=True)
class StationRecord:
    """A station's record: `hours` (hour,) UTC datetime64[h], without a gap; temperatures (hour,) in
    °C, NaN where there is none.
    """

    name: str
    lat: float
    lon: float
    height: float
    hours: NDArray[np.datetime64]
    air: NDArray[np.float32]
    surface: NDArray[np.float32]


def observe(
    area: Grid, seasons: Sequence[int], name: str, lat: float, lon: float, seed: int
) -> StationRecord:
    """Record of a station from the first to the last of some rising years; NaN in the months that
    the world does not cover.

    Raises
    ------
    GridError
        The station stands outside the area.
    """
    around, row, column = _surroundings(area, lat, lon, name)
    land = terrain(around, area, seed)
    place = exposure(land, around, area, seed)
    first, last = (
        np.datetime64(f"{season}-01-01T00", "h") for season in (seasons[0], seasons[-1] + 1)
    )
    hours = np.arange(first, last)
    air, surface = (np.full(hours.size, np.nan, np.float32) for _ in range(2))
    for season in seasons:
        start, *temperatures = _year(
            place, row, column, lon, weather(season, seed), stream(seed, "station", name, season)
        )
        offset = int((start - first).astype(int))
        part = slice(offset, offset + temperatures[0].size)
        air[part], surface[part] = temperatures
    return StationRecord(name, lat, lon, float(land.height[row, column]), hours, air, surface)


def _surroundings(area: Grid, lat: float, lon: float, name: str) -> tuple[Grid, int, int]:
    """The cells around a station, with its row and column among them: as many as slopes need, none
    beyond the area's edge.
    """
    cell = area.cell_at(lon, lat)
    if cell is None:
        raise GridError(
            f"station {name} at {lat} N, {lon} E: outside the area, bounds {area.bounds}; move "
            "it or leave it out"
        )
    row, column = cell
    top, left = max(row - 1, 0), max(column - 1, 0)
    bottom, right = min(row + 2, area.rows), min(column + 2, area.columns)
    step = area.spacing_m
    around = Grid(
        area.crs, step, area.left + left * step, area.top - top * step, bottom - top, right - left
    )
    return around, row - top, column - left


def _year(
    place: Exposure, row: int, column: int, lon: float, sky: Weather, random: np.random.Generator
) -> tuple[np.datetime64, NDArray[np.float32], NDArray[np.float32]]:
    """First hour of one year's record, and air and surface temperature from there on."""
    daily = np.array(
        [air_temperature(place, sky, index)[row, column] for index in range(len(sky.days))],
        np.float64,
    )
    air = hourly_temperature(daily, lon)
    surface = surface_temperature(air)
    noise = random.standard_normal((2, air.size))
    lost = _lost(random, sky)
    air, surface = air + AIR_NOISE_K * noise[0], np.minimum(surface + SURFACE_NOISE_K * noise[1], 0)
    return np.datetime64(sky.days[0], "h"), _without(air, lost), _without(surface, lost)


def hourly_temperature(daily: NDArray[np.float64], lon: float) -> NDArray[np.float64]:
    """Temperature in the middle of every hour UTC, (hour,), from the means of consecutive days,
    (date,), at some longitude.
    """
    middle = np.arange(24 * daily.size) + 0.5
    means = np.interp(middle, 24 * np.arange(daily.size) + 12.0, daily)
    solar = middle + lon / DEGREES_PER_HOUR
    return np.asarray(means + DIURNAL_K * np.cos(2 * np.pi * (solar - WARMEST_HOUR) / 24))


def surface_temperature(air: NDArray[np.float64]) -> NDArray[np.float64]:
    """Temperature of a surface of snow or ice under hourly air temperatures, (hour,) in °C, at most
    0.

    The melting point where the air is above it or water is left in the uppermost layer; elsewhere
    the temperature of the air.
    """
    surface = np.minimum(air, 0)
    held = 0.0  # water of the uppermost layer, mm
    for hour, temperature in enumerate(air):
        if temperature > 0:
            held = min(held + MELT_MM_PER_K * temperature / 24, SURFACE_MM)
        elif held > 0:
            surface[hour] = 0.0
            held = max(held + FREEZE_MM_PER_K * temperature / 24, 0.0)
    return surface


def _lost(random: np.random.Generator, sky: Weather) -> NDArray[np.bool_]:
    """Hours that were not recorded: whole days of an outage, and single hours."""
    lost = random.random(24 * len(sky.days)) < MISSING_SHARE
    for first in random.integers(0, len(sky.days), OUTAGES):
        lost[24 * int(first) : 24 * int(first + random.integers(1, LONGEST_OUTAGE_DAYS + 1))] = True
    return lost


def _without(found: NDArray[np.float64], lost: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(lost, np.nan, found).astype(np.float32)
