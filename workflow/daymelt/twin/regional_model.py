"""The regional climate model of the twin: liquid water of the top metre, daily means of 5 km cells.

The model has the same snow physics on smoothed terrain and a weather with errors: a warm bias in
spring, and anomalies that last for days, so that melt comes early or late. Source: size and sign of
the errors are calibrated to the error of rescaled MAR in MeltwaterBench (arXiv 2512.12142, table
1).
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.grid import Grid
from daymelt.twin.nature import (
    WATER_MM,
    Weather,
    autoregressive,
    exposure,
    surroundings,
    water_store,
    weather,
)
from daymelt.twin.noise import stream
from daymelt.twin.terrain import Surface, terrain

CELLS = 5  # 1 km cells to a side of a 5 km cell
SPRING_BIAS_K, SPRING_DAY, SPRING_DAYS = 3.5, 145, 30  # 25 May, and how many days around it
ERROR_SD_K, ERROR_PERSISTENCE = 2.7, 0.9


@dataclass(frozen=True)
class ModelYear:
    """One year of the regional model on `grid`: `liquid_water` (date, y, x) in kg/kg, and its
    surface.
    """

    grid: Grid
    days: tuple[dt.date, ...]
    liquid_water: NDArray[np.float32]
    height: NDArray[np.float32]
    land_percent: NDArray[np.float32]


def simulate(area: Grid, season: int, seed: int) -> ModelYear:
    """The model's year over the area and its surroundings."""
    fine = surroundings(area)
    rows, columns = fine.rows // CELLS, fine.columns // CELLS
    fine = Grid(fine.crs, fine.spacing_m, fine.left, fine.top, rows * CELLS, columns * CELLS)
    coarse = Grid(fine.crs, fine.spacing_m * CELLS, fine.left, fine.top, rows, columns)
    land = terrain(fine, area, seed)
    height = _average(land.height)
    smooth = Surface(np.repeat(np.repeat(height, CELLS, 0), CELLS, 1), land.ocean, land.ice)
    place = exposure(smooth, fine, area, seed)
    air = model_weather(season, seed)
    water = np.stack(
        [
            _average(np.where(land.ocean, 0, store)) / np.float32(WATER_MM)
            for _, store in water_store(place, air)
        ]
    )
    return ModelYear(
        coarse, air.days, water, height, 100 * _average((~land.ocean).astype(np.float32))
    )


def model_weather(season: int, seed: int) -> Weather:
    """The true weather with the model's errors."""
    air = weather(season, seed)
    day_of_year = np.array([day.timetuple().tm_yday for day in air.days])
    bias = SPRING_BIAS_K * np.exp(-0.5 * ((day_of_year - SPRING_DAY) / SPRING_DAYS) ** 2)
    error = autoregressive(
        stream(seed, "model", season), len(air.days), ERROR_PERSISTENCE, ERROR_SD_K
    )
    return Weather(
        air.days, air.temperature + bias + error, np.zeros_like(air.east), np.zeros_like(air.south)
    )


def _average(field: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = field.shape
    return np.asarray(
        field.reshape(rows // CELLS, CELLS, columns // CELLS, CELLS).mean(axis=(1, 3)), np.float32
    )
