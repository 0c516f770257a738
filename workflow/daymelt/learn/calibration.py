"""Intervals of the melt fraction that hold what they promise on days that were not trained on.

Predicted quantiles are too wide or too narrow, and differently so near an observation and far from
one. On the validation days, the level is found at which a twentieth of the observations lie below
the predicted quantile, and that at which a twentieth lie above, for each class of gap, the days to
the nearest observation of a cell. A map takes its interval at these levels. This is the
recalibration of quantiles of Kuleshov et al. (2018), arXiv 1807.00263, by class; on new days of the
same kind the levels hold as in split conformal prediction (Vovk et al. 2005). A year unlike those
of the training is promised nothing.

Half of all cells are certainly dry or wet. Only cells whose predicted interval is wider than
`CERTAIN` count, or the others would hide what the interval misses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from daymelt.learn.quantiles import LEVELS

MISSED = 0.05  # share of the observations below, and above, the interval
CERTAIN = 0.02  # width of an interval below which a cell is certain
STEP = 0.01  # of the stored melt fractions: half of it is no difference
GAPS = (0, 3, 6, 12, 60)  # upper ends of the classes of gaps, days; the last class is never seen
NAMES = ("0", "1-3", "4-6", "7-12", "13-60", "none")
BINS = 200  # classes of levels that are counted, from 0 to 1
LEAST = 2000  # cells that a class needs for levels of its own

Field = NDArray[np.float32]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """Levels of the lower and the upper bound, by class of gap; nominal where a class has none."""

    levels: Mapping[str, Bounds] = field(default_factory=dict)

    def bounds(self, quantiles: Field, gap: NDArray[np.uint8]) -> tuple[Field, Field]:
        """Lower and upper bound of a day, (y, x).

        `quantiles` is (level, y, x), `gap` (y, x), days to the nearest observation.
        """
        low, high = quantiles[0].copy(), quantiles[-1].copy()
        classes = gap_classes(gap)
        for index, name in enumerate(NAMES):
            here = classes == index
            if name in self.levels and here.any():
                below, above = self.levels[name]
                low[here] = quantile_at(quantiles[:, here], below)
                high[here] = quantile_at(quantiles[:, here], above)
        return low, high


@dataclass
class Coverage:
    """Counts, over validation days, of the levels at which predicted quantiles pass observations.

    `below` and `above` are (class of gap, bin of levels): at which level a quantile comes to lie
    above an observation, and at which it ceases to lie below.
    """

    below: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((len(NAMES), BINS + 1), np.int64)
    )
    above: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((len(NAMES), BINS + 1), np.int64)
    )

    def add(
        self,
        quantiles: Field,
        gap: NDArray[np.uint8],
        target: Field,
        valid: NDArray[np.bool_],
    ) -> None:
        """Count the cells of a day: `quantiles` (level, y, x), the others (y, x)."""
        counted = valid & (quantiles[-1] - quantiles[0] >= CERTAIN)
        classes, predicted = gap_classes(gap[counted]), quantiles[:, counted]
        observed = target[counted]
        rising = level_of(predicted, observed + STEP / 2)
        falling = level_of(predicted, observed - STEP / 2)
        for counts, level in ((self.below, rising), (self.above, falling)):
            np.add.at(counts, (classes, np.rint(level * BINS).astype(int)), 1)

    def intervals(self) -> Intervals:
        """The levels of every class with enough cells; the others take those of all together."""
        pooled = bounds_of(self.below.sum(axis=0), self.above.sum(axis=0))
        levels: dict[str, Bounds] = {}
        for index, name in enumerate(NAMES[1:], 1):  # an observation of the day itself is no test
            own = bounds_of(self.below[index], self.above[index])
            found = own if self.below[index].sum() >= LEAST else pooled
            if found is not None:
                levels[name] = found
        return Intervals(levels)


def bounds_of(below: NDArray[np.int64], above: NDArray[np.int64]) -> Bounds | None:
    """The levels beyond which a share `MISSED` of the counted observations lies on either side.

    None without any cell. The levels stay within those that are predicted.
    """
    cells = below.sum()
    if not cells:
        return None
    missed_below = np.cumsum(below) / cells  # observations below the quantile of a level
    missed_above = np.cumsum(above[::-1])[::-1] / cells
    low = int(np.searchsorted(missed_below, MISSED, side="right")) / BINS
    high = (BINS - int(np.searchsorted(missed_above[::-1], MISSED, side="right"))) / BINS
    return min(max(low, LEVELS[0]), 0.5), max(min(high, LEVELS[-1]), 0.5)


def gap_classes(gap: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Index into `NAMES` of each gap, days; 255 where never observed."""
    return np.asarray(np.searchsorted(GAPS, gap, side="left"), np.int64)


def quantile_at(quantiles: Field, level: float, levels: Sequence[float] = LEVELS) -> Field:
    """The quantile of a level, linear between those predicted, (…) of (level, …)."""
    place = float(np.interp(level, levels, np.arange(len(levels))))
    lower = min(int(place), len(levels) - 2)
    share = np.float32(place - lower)
    return np.asarray(quantiles[lower] * (1 - share) + quantiles[lower + 1] * share, np.float32)


def level_of(quantiles: Field, value: Field, levels: Sequence[float] = LEVELS) -> Field:
    """The lowest level whose quantile is at least a value, linear between levels, (cell,).

    0 where all quantiles are, 1 where none is. `quantiles` is (level, cell), `value` (cell,).
    """
    reached = quantiles >= value
    first = reached.argmax(axis=0)
    above = np.clip(first, 1, None)
    cells = np.arange(value.size)
    lower, upper = quantiles[above - 1, cells], quantiles[above, cells]
    grid = np.asarray(levels, np.float32)
    rise = np.maximum(upper - lower, np.float32(1e-9))
    share = np.clip((value - lower) / rise, 0, 1)
    level = grid[above - 1] + share * (grid[above] - grid[above - 1])
    level = np.where(first == 0, np.float32(0), level)
    return np.asarray(np.where(reached.any(axis=0), level, np.float32(1)), np.float32)
