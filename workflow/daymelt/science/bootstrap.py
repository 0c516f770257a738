"""Interval of the mean of a daily series, by a bootstrap of blocks of consecutive days.

Days that follow each other are alike, so days drawn one by one would give too narrow an interval.
Blocks keep what neighbouring days share. Each begins on a day of the series and holds its values of
that day and the following ones; a block does not reach into another season.

Source: Künsch (1989), Ann. Stat. 17, 1217 (the moving-block bootstrap); Efron (1979), Ann. Stat. 7,
1 (that of blocks of one day).
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK_DAYS = 10
RESAMPLES = 2000
SEED = 42
LEVEL = 0.95


class Mean(NamedTuple):
    """Mean of a series, and the ends of its interval."""

    mean: float
    low: float
    high: float


def block_mean(
    days: Sequence[dt.date],
    values: NDArray[np.float64],
    block_days: int = BLOCK_DAYS,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    level: float = LEVEL,
) -> Mean:
    """Mean of a daily series and its bootstrap interval, from the percentiles of the resampled
    means.

    Parameters
    ----------
    days : rising; days may be missing
    values : (day,)
    block_days : length of a block, calendar days
    level : of the interval

    Raises
    ------
    ValueError
        There is no day, or the days do not rise.
    """
    if not days or any(later <= day for day, later in pairwise(days)):
        raise ValueError(f"block bootstrap: {len(days)} days; expected rising days, one at least")
    blocks = np.array(blocks_of(days, block_days))
    total = np.concatenate([[0.0], np.cumsum(values)])
    sums, counts = total[blocks[:, 1]] - total[blocks[:, 0]], blocks[:, 1] - blocks[:, 0]
    drawn = max(1, round(len(days) / counts.mean()))
    draws = np.random.default_rng(seed).integers(len(blocks), size=(resamples, drawn))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Mean(float(np.mean(values)), float(low), float(high))


def blocks_of(days: Sequence[dt.date], block_days: int) -> list[tuple[int, int]]:
    """First index and the one after the last of each block.

    A block that would end after the last day of its season is left out, but for the first of a
    season that is shorter than a block.
    """
    blocks = []
    for index, day in enumerate(days):
        end = bisect_left(days, day + dt.timedelta(days=block_days))
        season = bisect_left(days, dt.date(day.year + 1, 1, 1))
        is_first = index == bisect_left(days, dt.date(day.year, 1, 1))
        if is_first or day + dt.timedelta(days=block_days - 1) <= days[season - 1]:
            blocks.append((index, min(end, season)))
    return blocks
