"""Coarser versions of a stored layer, for the overviews of its file.

A coarse cell is the mean of all the usable cells of the full layer below it, rounded once:
means of means would give the edge of a mask too much weight and add a rounding at every level. A
code that is no measurement, such as "never seen", is left out of means; it is the value only where
there is no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Codes:
    """Stored numbers that are no measurements: `nodata`, and a code that is left out of means (None
    without one).
    """

    nodata: int
    aside: int | None = None


def level_count(shape: tuple[int, int], block: int) -> int:
    """Halvings until a layer fits one block; at least one, so that every file has an overview (none
    for a single row or column).
    """
    if min(shape) == 1:
        return 0
    count = 1
    while max(shape) > block << count:
        count += 1
    return count


def pyramid(stored: NDArray[Any], codes: Codes, levels: int) -> Iterator[NDArray[Any]]:
    """The layer (y, x) at half its size, a quarter and so on: `levels` arrays of the same type, an
    integer of one or two bytes; an odd last row or column gives a coarse one of its own.
    """
    known = stored != codes.nodata
    counted = known if codes.aside is None else known & (stored != codes.aside)
    total, count = stored * counted, counted.astype(np.uint8)
    for level in range(levels):
        total, count = halve(total, _sum_type(stored.dtype, level)), halve(count, np.uint32)
        mean = np.rint(total / np.maximum(count, 1)).astype(stored.dtype)
        mean[count == 0] = codes.nodata
        if codes.aside is not None:
            known = halve(known, np.bool_)
            mean[known & (count == 0)] = codes.aside
        yield mean


def _sum_type(dtype: np.dtype[Any], level: int) -> DTypeLike:
    """Type wide enough for the sum of all cells below one: four times as many at every level."""
    if dtype == np.uint8 and level == 0:
        return np.uint16
    return np.uint32 if dtype.kind == "u" else np.int32


def halve(field: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Sums over squares of two by two cells (y, x), for booleans whether any is true; cells beyond
    an odd edge count as 0.
    """
    rows, columns = field.shape
    padded = np.pad(field, ((0, rows % 2), (0, columns % 2)))
    by_row = np.add(padded[0::2], padded[1::2], dtype=dtype)
    return np.asarray(by_row[:, 0::2] + by_row[:, 1::2])
