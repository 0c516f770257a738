"""The truth of the twin: daily weather, liquid water in the snow, and the melting share of every
cell.

Each cell stores liquid water. Warm days fill the store (a degree-day rule), cold days refreeze it,
and it drains. The melting share of a cell rises with the store, as patches of a cell become wet one
after the other. A store filled over weeks lasts through a cold spell, so the wet zone changes
within days at its upper edge and within weeks below. Sources: degree-day rule and its factors after
Hock (2003), J. Hydrol. 282, 104; lapse rate of the standard atmosphere. Every number that has no
source here is calibrated to published statistics, see docs/twin.md.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import span
from daymelt.core.grid import Grid
from daymelt.twin.noise import fractal, stream
from daymelt.twin.terrain import SEA_LEVEL_M, Surface, terrain

FIRST_DAY, LAST_DAY = (1, 1), (9, 30)

ANNUAL_MEAN_C = 1.5  # near the coast, at sea level
ANNUAL_RANGE_C = 8.2  # half of the difference between the warmest and the coldest day
WARMEST_DAY = 205  # 24 July
LAPSE_K_PER_M = 0.0065
YEAR_SD_K = 0.6
PERSISTENCE = 0.86  # of a day's anomaly on the next
WEATHER_SD_K = 3.5
GRADIENT_SD_K = 2.5  # of an anomaly that is warmer on one side of the area

ASPECT_K = 1.6  # how much warmer a slope of 100 % facing south is
TEXTURE_K = 2.6  # standard deviation of what exposure, albedo and wind add, down to a cell
TEXTURE_WAVELENGTHS_M = (3200.0, 1600.0, 800.0, 400.0, 200.0)

MELT_MM_PER_K = 4.0  # degree-day factor of snow
FREEZE_MM_PER_K = 2.2
DRAINAGE = 0.08  # share of the store that leaves in a day
CAPACITY_MM = 60.0
DRY_MM, WET_MM = 2.0, 36.0  # stores at which the first and the last patch of a cell are wet
WATER_MM = 1000.0  # mm of store that make 1 kg of water per kg of snow in the top metre

EXTREMES = (  # first day, last day, K of warmth
    (dt.date(2019, 7, 28), dt.date(2019, 8, 2), 6.5),
    (dt.date(2021, 8, 13), dt.date(2021, 8, 17), 7.5),
)
SURROUNDINGS_M, MARGIN_CELLS = 1000.0, 30  # grid that coarse instruments observe


@dataclass(frozen=True)
class Weather:
    """Daily air temperature at sea level: `temperature` (date,) in °C, and `east`, `south` (date,)
    in K across the area.
    """

    days: tuple[dt.date, ...]
    temperature: NDArray[np.float64]
    east: NDArray[np.float64]
    south: NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """Local departure from the weather: `offset` (y, x) in K, and the position, `across` and
    `down`, from -1 to 1 over the area.
    """

    offset: NDArray[np.float32]
    across: NDArray[np.float32]
    down: NDArray[np.float32]


def nature_days(season: int) -> list[dt.date]:
    """The days of a season that the world covers: 1 January to 30 September."""
    return span(dt.date(season, *FIRST_DAY), dt.date(season, *LAST_DAY))


def surroundings(area: Grid) -> Grid:
    """The 1 km grid around the area that coarse footprints need."""
    return area.refine(SURROUNDINGS_M).expand(MARGIN_CELLS)


def weather(season: int, seed: int) -> Weather:
    """Weather of one year: season, persistence, a warm or cold year, and the extreme events."""
    random = stream(seed, "weather", season)
    days = nature_days(season)
    cycle = [np.cos(2 * np.pi * (day.timetuple().tm_yday - WARMEST_DAY) / 365.25) for day in days]
    temperature = (
        ANNUAL_MEAN_C + ANNUAL_RANGE_C * np.array(cycle) + YEAR_SD_K * random.standard_normal()
    )
    temperature += autoregressive(random, len(days), PERSISTENCE, WEATHER_SD_K)
    temperature += np.array(
        [sum(warmth for first, last, warmth in EXTREMES if first <= day <= last) for day in days]
    )
    east, south = (autoregressive(random, len(days), PERSISTENCE, GRADIENT_SD_K) for _ in range(2))
    return Weather(tuple(days), temperature, east, south)


def autoregressive(
    random: np.random.Generator, count: int, persistence: float, sd: float
) -> NDArray[np.float64]:
    """A stationary first-order series (count,) of zero mean."""
    steps = random.standard_normal(count) * sd * np.sqrt(1 - persistence**2)
    values = np.empty(count)
    value = random.standard_normal() * sd
    for index, step in enumerate(steps):
        value = persistence * value + step
        values[index] = value
    return values


def exposure(land: Surface, grid: Grid, area: Grid, seed: int) -> Exposure:
    """Temperature of each cell of `grid` relative to sea level: by height, slope, aspect and
    texture.
    """
    south_rise, east_rise = np.gradient(land.height, grid.spacing_m)
    texture = TEXTURE_K * fractal(grid, seed, "texture", TEXTURE_WAVELENGTHS_M, 0.75)
    # a surface that falls towards the south (rows run south) faces it
    offset = (
        -LAPSE_K_PER_M * (land.height - SEA_LEVEL_M)
        + ASPECT_K * np.clip(-south_rise, -1, 1)
        + 0.5 * ASPECT_K * np.clip(east_rise, -1, 1)
    )
    across = 2 * (grid.x - area.left) / (area.columns * area.spacing_m) - 1
    down = 2 * (area.top - grid.y) / (area.rows * area.spacing_m) - 1
    return Exposure(
        (offset + texture).astype(np.float32),
        across[None, :].astype(np.float32),
        down[:, None].astype(np.float32),
    )


def air_temperature(place: Exposure, air: Weather, index: int) -> NDArray[np.float32]:
    """Temperature of one day, °C, (y, x)."""
    gradient = (
        np.float32(air.east[index]) * place.across + np.float32(air.south[index]) * place.down
    )
    return np.asarray(place.offset + gradient + np.float32(air.temperature[index]), np.float32)


def water_store(place: Exposure, air: Weather) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
    """Liquid water of every day, mm, (y, x); dry on the first day."""
    store = np.zeros(place.offset.shape, np.float32)
    for index, day in enumerate(air.days):
        store = next_store(store, air_temperature(place, air, index))
        yield day, store


def next_store(store: NDArray[np.float32], temperature: NDArray[np.float32]) -> NDArray[np.float32]:
    """Liquid water after one more day at `temperature` (°C): melt by degree-days, refreezing,
    drainage; mm, (y, x).
    """
    gain = (
        np.where(temperature > 0, np.float32(MELT_MM_PER_K), np.float32(FREEZE_MM_PER_K))
        * temperature
    )
    return np.asarray(np.clip(store * np.float32(1 - DRAINAGE) + gain, 0, np.float32(CAPACITY_MM)))


def melt_fraction(store: NDArray[np.float32]) -> NDArray[np.float32]:
    """Melting share of each cell, 0 to 1: none below `DRY_MM`, all above `WET_MM`."""
    return np.asarray(
        np.clip((store - np.float32(DRY_MM)) / np.float32(WET_MM - DRY_MM), 0, 1), np.float32
    )


def true_melt(area: Grid, season: int, seed: int) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
    """The truth: melt fraction of every day of the season's nature, (y, x), NaN on the ocean."""
    land = terrain(area, area, seed)
    place = exposure(land, area, area, seed)
    for day, store in water_store(place, weather(season, seed)):
        yield day, np.where(land.ocean, np.float32(np.nan), melt_fraction(store))
