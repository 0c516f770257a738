"""Interval of a pooled mean by a block bootstrap over days.

The errors of neighbouring days are alike, so blocks of consecutive days are drawn, not single days.
Blocks are circular within a season: every day is in as many of them as every other (Politis and
Romano 1992, in LePage and Billard, Exploring the Limits of Bootstrap, 263; Künsch 1989, Ann. Stat.
17, 1217). What the interval says is how far the mean hangs on the days that happened to be scored;
it says nothing of another area or of another training.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK_DAYS = 10
DRAWS = 1000
SEED = 42
BOUNDS = (2.5, 97.5)  # percentiles: a 95 % interval

Sums = NDArray[np.float64]


def block_interval(seasons: Sequence[Sums], block: int = BLOCK_DAYS) -> NDArray[np.float64]:
    """95 % interval of the ratio of two sums over days, such as error over cells.

    Parameters
    ----------
    seasons : of each season (2, day, class), numerator and denominator on every calendar day, 0
        where there is nothing
    block : length of the blocks, days

    Returns
    -------
    bounds (2, class), NaN of a class without anything
    """
    blocks = np.concatenate([circular_blocks(days, block) for days in seasons], axis=1)
    count = -(-sum(days.shape[1] for days in seasons) // block)
    drawn = np.random.default_rng(SEED).integers(blocks.shape[1], size=(DRAWS, count))
    totals = np.stack([blocks[:, some].sum(axis=1) for some in drawn])
    return percentiles(totals)


def circular_blocks(days: Sums, block: int) -> Sums:
    """Sums of the blocks that begin on each day, (2, day, class); the season is a circle."""
    length = min(block, days.shape[1])
    sums: Sums = np.sum([np.roll(days, -ahead, axis=1) for ahead in range(length)], axis=0)
    return sums


def percentiles(totals: Sums) -> NDArray[np.float64]:
    """Bounds of the ratios (draw, 2, class) of each class over the draws that have it."""
    bounds = np.full((len(BOUNDS), totals.shape[2]), np.nan)
    for index, (numerators, denominators) in enumerate(totals.transpose(2, 1, 0)):
        some = denominators > 0
        if some.any():
            bounds[:, index] = np.percentile(numerators[some] / denominators[some], BOUNDS)
    return bounds
