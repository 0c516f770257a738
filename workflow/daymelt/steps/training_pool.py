"""Time-interpolated SAR from the training days alone, and the age of the nearest of them."""

from pathlib import Path

from daymelt import cube
from daymelt.config import Seasons, Temporal
from daymelt.dates import season_days
from daymelt.encoding import PERCENT, SAR_AGE
from daymelt.manifest import checksum
from daymelt.science.temporal import observation_age, window_mean
from daymelt.steps.digests import combine
from daymelt.steps.splits import read_split
from daymelt.steps.time_interpolate import read_acquisitions


def training_pool(season: int, sar: list[Path], split: Path, out: Path, age: Path, seasons: Seasons, temporal: Temporal) -> None:
    """Average the neighbouring training acquisitions of every day of a season, and count the days to the nearest."""
    acquired, stack, grid, digest = read_acquisitions(season, sar)
    splits = read_split(split)
    pool = [index for index, day in enumerate(acquired) if splits[day] == "train"]
    stack, trained, days = stack[pool], [acquired[index] for index in pool], season_days(season, seasons.months)
    about = {"inputs": combine([digest, checksum(split)])}
    means = window_mean(stack, trained, days, temporal.acquisitions_before, temporal.acquisitions_after)
    cube.write_stream(out, means, grid=grid, encoding=PERCENT, attributes=about)
    cube.write_stream(age, observation_age(stack, trained, days), grid=grid, encoding=SAR_AGE, attributes=about)
