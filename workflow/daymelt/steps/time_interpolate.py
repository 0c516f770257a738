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
from daymelt.manifest import checksum
from daymelt.science.temporal import observation_age, window_mean
from daymelt.steps.digests import combine
from daymelt.steps.splits import read_split


def time_interpolate(
    season: int, sar: list[Path], split: Path, train: Path, all: Path, age: Path, seasons: Seasons, temporal: Temporal
) -> None:
    """Average the neighbouring acquisitions of every day, once over the training days (`train`) and once over every day (`all`)."""
    acquired, stack, grid, digest = read_acquisitions(season, sar)
    days = season_days(season, seasons.months)
    window = (temporal.acquisitions_before, temporal.acquisitions_after)
    splits = read_split(split)
    training = [index for index, day in enumerate(acquired) if splits[day] == "train"]
    pools = {train: (training, combine([digest, checksum(split)])), all: (list(range(len(acquired))), digest)}
    for path, (pool, identity) in pools.items():
        means = window_mean(stack[pool], [acquired[index] for index in pool], days, *window)
        cube.write_stream(path, means, grid=grid, encoding=PERCENT, attributes={"inputs": identity})
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
