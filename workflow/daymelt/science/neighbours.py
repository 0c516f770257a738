"""The acquisitions nearest in time that are valid at each cell.

Time interpolation takes the nearest acquisitions of an area, whether or not a cell lies in their
swaths. Here every cell has its own: of the acquisitions before a day, the nearest that observed that
cell, then the next, and so on; the same after the day. What was observed how long ago is kept apart,
so that a cell without any observation cannot be taken for a dry one.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.compiled import compiled
from daymelt.core.encoding import PERCENT

NODATA = int(PERCENT.nodata)
NONE = 255  # days away where there is no acquisition
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Side:
    """Which acquisitions of a stack lie on one side of a day, nearest first.

    Parameters
    ----------
    places : (acquisition,), indices into the stack
    away : (acquisition,), days to the day, at least 1
    """

    places: NDArray[np.int64]
    away: Bytes


def sides(
    day: dt.date, days: Sequence[dt.date], hidden: Collection[int] = (), most: int | None = None
) -> tuple[Side, Side]:
    """The acquisitions before and after a day, within its year, nearest first.

    Parameters
    ----------
    day : the day that is looked from; an acquisition of the day itself is on neither side
    days : of the acquisitions in the stack, rising
    hidden : indices of acquisitions that are to be left out
    most : acquisitions a side at most; None for all
    """
    found: tuple[list[int], list[int]] = [], []
    for place, other in enumerate(days):
        if other != day and other.year == day.year and place not in hidden:
            found[other > day].append(place)
    before, after = found[0][::-1][:most], found[1][:most]
    return _side(before, day, days), _side(after, day, days)


def nearest(stack: Bytes, side: Side, count: int) -> tuple[Bytes, Bytes]:
    """Of each cell the nearest valid acquisitions on one side of a day.

    Parameters
    ----------
    stack : (acquisition, y, x), melt fraction in percent, 255 where not valid
    side : which of them, nearest first
    count : acquisitions a cell

    Returns
    -------
    percent : (count, y, x), 255 where a cell has fewer valid acquisitions
    away : (count, y, x), days; 255 where `percent` is
    """
    shape = (count, *stack.shape[1:])
    percent, away = np.full(shape, NODATA, np.uint8), np.full(shape, NONE, np.uint8)
    _fill_nearest(np.ascontiguousarray(stack), side.places, side.away, percent, away)
    return percent, away


@compiled
def _fill_nearest(
    stack: Bytes, places: NDArray[np.int64], days: Bytes, percent: Bytes, away: Bytes
) -> None:
    """Fill `percent` and `away` (count, y, x) row by row, until each cell of a row has all."""
    count, rows, columns = percent.shape
    found = np.empty(columns, np.uint8)
    for row in range(rows):
        found[:] = 0
        lacking = columns * count
        for index in range(places.size):
            seen = stack[places[index], row]
            for column in range(columns):
                if seen[column] != 255 and found[column] < count:
                    percent[found[column], row, column] = seen[column]
                    away[found[column], row, column] = days[index]
                    found[column] += 1
                    lacking -= 1
            if lacking == 0:
                break


def _side(places: Sequence[int], day: dt.date, days: Sequence[dt.date]) -> Side:
    away = [abs((days[place] - day).days) for place in places]
    return Side(np.array(places, np.int64), np.array(away, np.uint8))
