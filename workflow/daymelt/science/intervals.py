"""Scores of an interval: how often the target lies below and above it, how wide it is, and the
interval score.

Only sums are held, so memory does not depend on the number of days. The interval score of a 1 − α
interval [l, u] and a target y is (u − l) + 2/α max(l − y, 0) + 2/α max(y − u, 0): it rewards narrow
intervals and punishes misses (Gneiting and Raftery 2007, JASA 102, 359, eq. 43).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.1  # of a 90 % interval
ROUNDING = 0.005  # bounds and targets are stored in percent: half of one is no miss
WIDTH_ENDS = (0.02, 0.1, 0.3, 0.6, 0.98)
WIDTHS = ("below 0.02", "0.02-0.1", "0.1-0.3", "0.3-0.6", "0.6-0.98", "above 0.98")
BOTH = "season and width"  # the kind of `2019, 0.1-0.3`
COLUMNS = ("cells", "below", "above", "covered", "width", "score")

Field = NDArray[np.float32]
# class of each cell, an index or one for all, and the names of the classes
Classes: TypeAlias = tuple[NDArray[np.integer] | int, Sequence[str]]
Stratum = tuple[str, str]


class ClassSums:
    """Sums over the cells of each stratum, a (kind, class) such as ("width", "0.1-0.3")."""

    def __init__(self) -> None:
        self.sums: dict[Stratum, NDArray[np.float64]] = {}

    def take(self, stratum: Stratum, sums: NDArray[np.float64]) -> None:
        """Add to the sums of a stratum."""
        self.sums[stratum] = self.sums.get(stratum, 0) + sums

    def add(self, numbers: NDArray[np.float64], strata: Mapping[str, Classes]) -> None:
        """Add cells.

        Parameters
        ----------
        numbers : (number, cell), the first of them 1
        strata : kind to the class of each cell; an index of -1 is in none
        """
        for kind, (bins, names) in strata.items():
            each = np.broadcast_to(bins, numbers.shape[1:])
            member = (each == np.arange(len(names))[:, None]).astype(np.float64)
            for name, sums in zip(names, member @ numbers.T, strict=True):
                if sums[0]:
                    self.take((kind, name), sums)


class IntervalSums:
    """Sums over the cells of each stratum."""

    def __init__(self) -> None:
        self._sums = ClassSums()

    def add(
        self,
        low: Field,
        high: Field,
        target: Field,
        valid: NDArray[np.bool_],
        strata: Mapping[str, Classes],
    ) -> None:
        """Add one day.

        Parameters
        ----------
        low, high, target : (y, x), 0-1
        valid : (y, x), cells that count
        strata : kind to the class of each cell, an index (y, x) or one for the whole day, and the
            names of the classes; an index of -1 is in none
        """
        numbers = interval_numbers(low[valid], high[valid], target[valid])
        own = {
            kind: (np.broadcast_to(bins, valid.shape)[valid], names)
            for kind, (bins, names) in strata.items()
        }
        self._sums.add(numbers, with_widths(numbers[3], own))

    def rows(self) -> Iterator[dict[str, object]]:
        """A row for each stratum: cells, shares below, above and covered, mean width and score."""
        for (kind, name), (cells, below, above, width, score) in self._sums.sums.items():
            missed = below + above
            values = (int(cells), below / cells, above / cells, 1 - missed / cells)
            shares = dict(zip(COLUMNS, (*values, width / cells, score / cells), strict=True))
            yield {"kind": kind, "class": name, **shares}


def interval_numbers(low: Field, high: Field, target: Field) -> NDArray[np.float64]:
    """1, below, above, width and interval score of each cell, (5, cell), of fields (cell,)."""
    lower, upper, value = (field.astype(np.float64) for field in (low, high, target))
    width = upper - lower
    below, above = value < lower - ROUNDING, value > upper + ROUNDING
    missed = np.maximum(lower - value, 0) + np.maximum(value - upper, 0)
    return np.stack([np.ones_like(width), below, above, width, width + 2 / ALPHA * missed])


def with_widths(width: NDArray[np.float64], strata: Mapping[str, Classes]) -> dict[str, Classes]:
    """The stratum of all cells, the classes of the width of their interval, those that are given,
    and each class of width in each season where seasons are given.
    """
    widths: Classes = np.digitize(width, WIDTH_ENDS), WIDTHS
    found: dict[str, Classes] = {"all": (0, ("all",)), "width": widths, **strata}
    return {**found, BOTH: crossed(strata["season"], widths)} if "season" in strata else found


def crossed(first: Classes, second: Classes) -> Classes:
    """Each class of the first kind with each of the second, such as ("2019", "0.1-0.3") as
    `2019, 0.1-0.3`; a cell in none of either is in none.
    """
    (bins, names), (others, other_names) = first, second
    index = np.asarray(bins) * len(other_names) + np.asarray(others)
    nowhere = (np.asarray(bins) < 0) | (np.asarray(others) < 0)
    return np.where(nowhere, -1, index), [f"{a}, {b}" for a in names for b in other_names]
