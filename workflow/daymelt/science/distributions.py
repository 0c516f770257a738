"""Scores of a predicted distribution that is given by some quantiles: continuous ranked probability
score, interval score, coverage and probability integral transform, by class of cell.

The CRPS is twice the integral of the pinball loss over all levels (Laio and Tamea 2007, Hydrol.
Earth Syst. Sci. 11, 1267; Gneiting and Ranjan 2011, J. Bus. Econ. Stat. 29, 411). Of quantiles q_k
at levels τ_k it is approximated by the sum 2 Σ w_k max(τ_k (y − q_k), (τ_k − 1)(y − q_k)), where
w_k is the share of the levels that are nearer to τ_k than to another one, the outermost reaching to
0 and 1. Nine uneven levels are not mistaken for even ones so. With symmetric levels the score of a
certain prediction (all quantiles equal) is exactly its absolute error, and that of the median alone
too, so the ratio of CRPS to the absolute error of the median says what the distribution adds.

The probability integral transform (PIT) of a calibrated prediction is uniform. Targets are stored
in percent and half of them are exactly 0 or 1, so the predicted distribution function jumps across
a target; the PIT is drawn uniformly from the jump (randomised PIT: Czado, Gneiting and Held 2009,
Biometrics 65, 1254, section 2). Between the quantiles the distribution function is linear; its
tails go on as between the two outermost quantiles, down to level 0 and up to level 1, within 0 to
1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.science.intervals import (
    ROUNDING,
    Classes,
    ClassSums,
    interval_numbers,
    with_widths,
)

PIT_BINS = 20  # so that 0.05 and 0.95 are edges
AT_ONCE = 1 << 18  # cells
SCORES = ("below", "above", "width", "interval_score", "crps", "mae")  # means over cells
PIT = tuple(f"pit_{number:02}" for number in range(1, PIT_BINS + 1))  # shares of the cells

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Distribution:
    """What is predicted of each cell of a day, NaN where nothing is.

    Parameters
    ----------
    levels, weights : of the quantiles, rising, and the share of all levels that each stands for
    quantiles : (level, y, x), 0-1, not falling with the level
    low, high : (y, x), bounds of the 90 % interval
    mean : (y, x), of the distribution, or the day's own observation; None: not scored
    """

    levels: Sequence[float]
    weights: Sequence[float]
    quantiles: Field
    low: Field
    high: Field
    mean: Field | None = None


class DistributionSums:
    """Sums of the scores over the cells of each stratum, a (kind, class) such as ("gap", "2-3");
    kinds are `all`, `width`, those that are given and, with `season`, `season and width`.
    """

    def __init__(self) -> None:
        self._sums = ClassSums()

    def add(
        self,
        predicted: Distribution,
        target: Field,
        valid: NDArray[np.bool_],
        strata: Mapping[str, Classes],
        draws: np.random.Generator,
    ) -> None:
        """Add one day.

        Parameters
        ----------
        predicted : distribution of the day; a cell without quantiles does not count
        target : (y, x), 0-1
        valid : (y, x), cells with a target
        strata : kind to the class of each cell, an index (y, x) or one for the whole day, and the
            names of the classes; an index of -1 is in none
        draws : source of the positions within the jumps
        """
        quantiles = predicted.quantiles.reshape(len(predicted.levels), -1)
        low, high, value = predicted.low.ravel(), predicted.high.ravel(), target.ravel()
        flat = {
            kind: (bins if isinstance(bins, int) else bins.ravel(), names)
            for kind, (bins, names) in strata.items()
        }
        cells = np.flatnonzero(valid & np.isfinite(predicted.quantiles[0]))
        for first in range(0, cells.size, AT_ONCE):
            some = cells[first : first + AT_ONCE]
            found, observed = quantiles[:, some], value[some]
            interval = interval_numbers(low[some], high[some], observed)
            median = found[list(predicted.levels).index(0.5)]
            numbers = np.concatenate(
                [
                    interval,
                    crps(found, observed, predicted.levels, predicted.weights)[None],
                    np.abs(np.subtract(median, observed, dtype=np.float64))[None],
                    in_bins(randomised_pit(found, observed, predicted.levels, draws)),
                ]
            )
            own: dict[str, Classes] = {
                kind: (bins if isinstance(bins, int) else bins[some], names)
                for kind, (bins, names) in flat.items()
            }
            self._sums.add(numbers, with_widths(interval[3], own))

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add what `rows` gave for other days, such as another season; numbers may be text."""
        for row in rows:
            cells = float(row["cells"])
            means = [float(row[name]) for name in (*SCORES, *PIT)]
            self._sums.take((row["kind"], row["class"]), cells * np.array([1, *means]))

    def rows(self) -> Iterator[dict[str, Any]]:
        """One a stratum with cells: kind, class, cells, shares of the targets below, above and
        within the interval, means of its width, of interval score, CRPS and absolute error of the
        median, the ratio of the last two, and the share of the PIT in each of 20 equal bins.
        """
        for (kind, name), (cells, *sums) in self._sums.sums.items():
            means = dict(
                zip((*SCORES, *PIT), (float(total / cells) for total in sums), strict=True)
            )
            shares = {column: means.pop(column) for column in PIT}
            yield {
                "kind": kind,
                "class": name,
                "cells": round(cells),
                "covered": 1 - means["below"] - means["above"],
                **means,
                "crps_ratio": means["crps"] / means["mae"] if means["mae"] else np.nan,
                **shares,
            }


def crps(
    quantiles: Field, target: Field, levels: Sequence[float], weights: Sequence[float]
) -> NDArray[np.float64]:
    """Approximate continuous ranked probability score of each cell, (cell,).

    `quantiles` is (level, cell), `target` (cell,), `weights` sum to 1.
    """
    total = np.zeros(target.shape)
    for quantile, level, weight in zip(quantiles, levels, weights, strict=True):
        error = np.subtract(target, quantile, dtype=np.float64)
        total += 2 * weight * np.maximum(level * error, (level - 1) * error)
    return total


def randomised_pit(
    quantiles: Field, target: Field, levels: Sequence[float], draws: np.random.Generator
) -> NDArray[np.float64]:
    """Randomised probability integral transform of each cell, 0-1, (cell,)."""
    lower, upper = pit_bounds(quantiles, target, levels)
    return lower + draws.random(target.size) * (upper - lower)


def pit_bounds(
    quantiles: Field, target: Field, levels: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the jump of the distribution function across each target as it is stored, (cell,)."""
    value, ends = target.astype(np.float64), with_ends(quantiles, levels)
    every = (0.0, *levels, 1.0)
    lower = distribution_function(ends, value - ROUNDING, every, left=True)
    return lower, distribution_function(ends, value + ROUNDING, every)


def with_ends(quantiles: Field, levels: Sequence[float]) -> NDArray[np.float64]:
    """The quantiles (level, cell) with those of levels 0 and 1, extrapolated, around them."""
    inner = quantiles.astype(np.float64)
    low = (inner[1] - inner[0]) / (levels[1] - levels[0]) * levels[0]
    high = (inner[-1] - inner[-2]) / (levels[-1] - levels[-2]) * (1 - levels[-1])
    ends = np.stack([np.maximum(inner[0] - low, 0), np.minimum(inner[-1] + high, 1)])
    return np.concatenate([ends[:1], inner, ends[1:]])


def distribution_function(
    quantiles: NDArray[np.float64],
    value: NDArray[np.float64],
    levels: Sequence[float],
    left: bool = False,
) -> NDArray[np.float64]:
    """Distribution function at a value of each cell, or its limit from the left, (cell,).

    Linear between the quantiles (level, cell) of levels 0 to 1; 0 below the lowest.
    """
    passed = np.less if left else np.less_equal
    result = np.zeros(value.shape)
    for index in range(len(levels) - 1):
        start, end = quantiles[index], quantiles[index + 1]
        length = np.where(end > start, end - start, 1)
        share = np.where(end > start, np.clip((value - start) / length, 0, 1), 1)
        level = levels[index] + share * (levels[index + 1] - levels[index])
        result = np.where(passed(start, value), level, result)
    return result


def in_bins(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 in the bin of each cell, (bin, cell)."""
    bins = np.minimum((shares * PIT_BINS).astype(np.intp), PIT_BINS - 1)
    return np.asarray(bins == np.arange(PIT_BINS)[:, None], np.float64)
