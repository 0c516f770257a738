"""The acquisitions nearest in time that are valid at each cell.

Time interpolation takes the nearest acquisitions of an area, whether or not a cell lies in their
swaths. Here every cell has its own: of the acquisitions before a day, the nearest that observed
that cell, then the next, and so on; the same after the day. Values and their distances in time are
kept apart, so that a cell without any observation cannot be taken for a dry one.
"""

import datetime as dt
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
    day: dt.date,
    days: NDArray[np.int64],
    usable: NDArray[np.bool_] | None = None,
    most: int | None = None,
) -> tuple[Side, Side]:
    """The acquisitions before and after a day, within its year, nearest first.

    Parameters
    ----------
    day : the day that is looked from; an acquisition of the day itself is on neither side
    days : (acquisition,), proleptic ordinals of the acquisitions in the stack, rising
    usable : (acquisition,), True where one may be taken; None for all
    most : acquisitions a side at most; None for all
    """
    here = day.toordinal()
    bounds = (dt.date(day.year, 1, 1).toordinal(), here, here + 1, day.replace(month=12, day=31))
    first, own, after, end = np.searchsorted(days, [*bounds[:3], bounds[3].toordinal() + 1])
    earlier, later = np.arange(first, own)[::-1], np.arange(after, end)
    if usable is not None:
        earlier, later = earlier[usable[earlier]], later[usable[later]]
    return _side(earlier[:most], here, days), _side(later[:most], here, days)


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
    _fill_nearest(stack, side.places, side.away, percent, away)
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


def _side(places: NDArray[np.int64], here: int, days: NDArray[np.int64]) -> Side:
    return Side(places, np.abs(days[places] - here).astype(np.uint8))
