"""Step of a map across the edge of a day's swath, and its step elsewhere.

A map that uses the acquisition of the day on one side of the swath's edge alone can have a step
there. A step is the absolute difference of two cells that share a side; it is across the edge where
the acquisition is valid at one of the two. Days without such a pair do not count, so that both
means are of the same days. The truth has a step as well, which that of a map is compared with.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLACES = ("elsewhere", "edge")

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]


class EdgeSums:
    """Sums of the steps of some fields over pairs of neighbouring cells.

    Parameters
    ----------
    names : of the fields
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._sums = np.zeros((len(PLACES), 1 + len(self._names)))  # pairs, steps of each field

    def add(self, fields: Mapping[str, Field], seen: Mask, valid: Mask) -> None:
        """Add one day.

        Parameters
        ----------
        fields : name to field, (y, x), with data where `valid` is True
        seen : (y, x), cells at which the acquisition of the day is valid
        valid : (y, x), cells that count, such as land
        """
        own = np.zeros_like(self._sums)
        for axis in (0, 1):
            both = np.logical_and(*neighbours(valid, axis))
            across = np.not_equal(*neighbours(seen, axis))[both].astype(np.intp)
            steps = (step(fields[name], axis)[both] for name in self._names)
            sums = [np.bincount(across, weights, len(PLACES)) for weights in (None, *steps)]
            own += np.stack(sums, axis=1)
        if own[PLACES.index("edge"), 0]:
            self._sums += own

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add what `rows` gave for other days, such as another season; numbers may be text."""
        for row in rows:
            means = [float(row[name]) for name in self._names]
            self._sums[PLACES.index(row["place"])] += float(row["pairs"]) * np.array([1, *means])

    def rows(self) -> Iterator[dict[str, Any]]:
        """One for each place with pairs: place, pairs, and the mean step of each field."""
        for place, (pairs, *steps) in zip(PLACES, self._sums, strict=True):
            if pairs:
                means = (float(total / pairs) for total in steps)
                yield {
                    "place": place,
                    "pairs": int(pairs),
                    **dict(zip(self._names, means, strict=True)),
                }


def neighbours(field: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """All cells but the last along an axis, and the next cell of each."""
    return np.delete(field, -1, axis), np.delete(field, 0, axis)


def step(field: Field, axis: int) -> NDArray[np.float64]:
    """Absolute difference of each cell to the next along an axis."""
    one, following = neighbours(field, axis)
    found: NDArray[np.float64] = np.abs(np.subtract(following, one, dtype=np.float64))
    return found
