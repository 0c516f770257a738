"""Step of a map across the edge of a day's swath, and its step elsewhere.

Where a map takes the acquisition of a day into account on one side of its edge only, the edge shows.
The step is the absolute difference of two cells that share a side; it is across the edge where the
acquisition is valid at one of them. Days whose acquisition has no edge on land do not count, so that
both steps are of the same days. The true melt has a step too, which a map is compared with.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
PLACES = ("edge", "elsewhere")


class EdgeSums:
    """Sums of the steps of some fields over pairs of neighbouring cells.

    Parameters
    ----------
    names : of the fields
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._sums = np.zeros((len(PLACES), 1 + len(names)))  # pairs, steps of each field

    def add(self, fields: Mapping[str, Field], seen: Mask, valid: Mask) -> None:
        """Add one day.

        Parameters
        ----------
        fields : name to field, (y, x), with data where `valid`
        seen : (y, x), cells at which the day's acquisition is valid
        valid : (y, x), cells that count, such as land
        """
        own = np.zeros_like(self._sums)
        for one, other in (((), (slice(1, None),)), ((), (slice(None), slice(1, None)))):
            del one
            own += self._steps(fields, seen, valid, other)
        if own[0, 0]:
            self._sums += own

    def _steps(
        self, fields: Mapping[str, Field], seen: Mask, valid: Mask, shift: tuple[slice, ...]
    ) -> NDArray[np.float64]:
        raise NotImplementedError
