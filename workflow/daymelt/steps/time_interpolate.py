"""Time-interpolated SAR and the age of the nearest observation, every day of a season."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt import cube
from daymelt.config import Seasons, Temporal
from daymelt.dates import season_days
from daymelt.encoding import PERCENT, SAR_AGE
from daymelt.errors import MissingInputError
from daymelt.grid import Grid
from daymelt.science.temporal import observation_age, window_mean
from daymelt.steps.digests import combine


def time_interpolate(season: int, sar: list[Path], out: Path, age: Path, seasons: Seasons, temporal: Temporal) -> None:
    """Average the neighbouring acquisitions of every day, whatever their split, and count the days to the nearest."""
    acquired, stack, grid, digest = read_acquisitions(season, sar)
    days = season_days(season, seasons.months)
    means = window_mean(stack, acquired, days, temporal.acquisitions_before, temporal.acquisitions_after)
    cube.write_stream(out, means, grid=grid, encoding=PERCENT, attributes={"inputs": digest})
    ages = observation_age(stack, acquired, days)
    cube.write_stream(age, ages, grid=grid, encoding=SAR_AGE, attributes={"inputs": digest})


def read_acquisitions(season: int, sar: list[Path]) -> tuple[list[dt.date], NDArray[Any], Grid, str]:
    """Acquisition days of a season, their melt fractions in percent (date, y, x), the grid, and a digest of what they come from."""
    days: list[dt.date] = []
    stacks, digests = [], []
    for path in sorted(sar):
        with cube.open_stream(path) as stream:
            days += stream.dates
            stacks.append(stream.raw())
            digests.append(stream.attributes["inputs"])
            grid = stream.grid
    if not days:
        raise MissingInputError(
            f"season {season}: no Sentinel-1 acquisition in {len(sar)} months; retrieve it or take the year out of seasons.years"
        )
    return days, np.concatenate(stacks), grid, combine(digests)
