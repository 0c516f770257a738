"""Scores of an interval: how often the target lies below and above it, how wide it is, and the
interval score.

Only sums are held, so memory does not depend on the number of days. The interval score of a 1 − α
interval [l, u] and a target y is (u − l) + 2/α max(l − y, 0) + 2/α max(y − u, 0): it rewards narrow
intervals and punishes misses (Gneiting and Raftery 2007, JASA 102, 359, eq. 43).
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.1  # of a 90 % interval
ROUNDING = 0.005  # bounds and targets are stored in percent: half of one is no miss
WIDTH_ENDS = (0.02, 0.1, 0.3, 0.6, 0.98)
WIDTHS = ("below 0.02", "0.02-0.1", "0.1-0.3", "0.3-0.6", "0.6-0.98", "above 0.98")
COLUMNS = ("cells", "below", "above", "covered", "width", "score")

Field = NDArray[np.float32]


class IntervalSums:
    """Sums over the cells of each stratum, a (kind, class) such as ("width", "0.1-0.3")."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], NDArray[np.float64]] = {}

    def add(
        self,
        low: Field,
        high: Field,
        target: Field,
        valid: NDArray[np.bool_],
        strata: Mapping[str, tuple[NDArray[np.integer] | int, Sequence[str]]],
    ) -> None:
        """Add one day.

        Parameters
        ----------
        low, high, target : (y, x), 0-1
        valid : (y, x), cells that count
        strata : kind to the class of each cell, an index (y, x) or one for the whole day, and the
            names of the classes; an index of -1 is in none
        """
        lower, upper, value = (field[valid].astype(np.float64) for field in (low, high, target))
        width = upper - lower
        below, above = value < lower - ROUNDING, value > upper + ROUNDING
        missed = np.maximum(lower - value, 0) + np.maximum(value - upper, 0)
        score = width + 2 / ALPHA * missed
        numbers = np.stack([np.ones_like(width), below, above, width, score])
        classes = {
            "all": (np.zeros(width.size, np.intp), ("all",)),
            "width": (np.digitize(width, WIDTH_ENDS), WIDTHS),
            **{
                kind: (np.broadcast_to(bins, valid.shape)[valid], names)
                for kind, (bins, names) in strata.items()
            },
        }
        for kind, (bins, names) in classes.items():
            for index, name in enumerate(names):
                here = bins == index
                if here.any():
                    self._take((kind, name), numbers[:, here].sum(axis=1))

    def rows(self) -> Iterator[dict[str, object]]:
        """A row for each stratum: cells, shares below, above and covered, mean width and score."""
        for (kind, name), (cells, below, above, width, score) in self._sums.items():
            missed = below + above
            values = (int(cells), below / cells, above / cells, 1 - missed / cells)
            shares = dict(zip(COLUMNS, (*values, width / cells, score / cells), strict=True))
            yield {"kind": kind, "class": name, **shares}

    def _take(self, stratum: tuple[str, str], sums: NDArray[np.float64]) -> None:
        self._sums[stratum] = self._sums.get(stratum, 0) + sums
