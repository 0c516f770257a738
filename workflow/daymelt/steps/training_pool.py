"""Time-interpolated SAR from the training days alone."""

from pathlib import Path

from daymelt import cube
from daymelt.config import Seasons, Temporal
from daymelt.dates import season_days
from daymelt.encoding import PERCENT
from daymelt.manifest import checksum
from daymelt.science.temporal import window_mean
from daymelt.steps.digests import combine
from daymelt.steps.splits import read_split
from daymelt.steps.time_interpolate import read_acquisitions


def training_pool(season: int, sar: list[Path], split: Path, out: Path, seasons: Seasons, temporal: Temporal) -> None:
    """Average the neighbouring training acquisitions of every day of a season."""
    acquired, stack, grid, digest = read_acquisitions(season, sar)
    splits = read_split(split)
    pool = [index for index, day in enumerate(acquired) if splits[day] == "train"]
    window = (temporal.acquisitions_before, temporal.acquisitions_after)
    means = window_mean(stack[pool], [acquired[index] for index in pool], season_days(season, seasons.months), *window)
    cube.write_stream(out, means, grid=grid, encoding=PERCENT, attributes={"inputs": combine([digest, checksum(split)])})
