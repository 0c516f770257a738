"""Between the acquisitions: time-interpolated SAR, the age of the nearest observation, and gaps
filled in time.

Source of the interpolation: Lütjens et al. (2025), MeltwaterBench, arXiv 2512.12142,
"Time-interpolate SAR": the mean of the valid values of the acquisitions around a day, with equal
weights and without the day itself.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import describe
from daymelt.core.encoding import NEVER_SEEN, PERCENT
from daymelt.core.errors import GapError

USUAL_REVISIT_DAYS = 12  # of one satellite of Sentinel-1
LONGEST_GAP_DAYS = 24  # without an acquisition that is usual: two repeats of one satellite
OLDEST = 253  # days, the largest age stored; older observations have it too
NEVER = 16_000  # days: beyond every date, and the sum with a date fits an int16
# acquisitions between two stored states of the backward sweep: memory is that of 2 x 16 images at
# most for a season of 256
BLOCK = 16
LINEAR, NEAREST = "linear in time", "nearest day"


def acquisition_gaps(
    acquired: Iterable[dt.date], days: Sequence[dt.date], longest: int = LONGEST_GAP_DAYS
) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each run of more than `longest` days without an acquisition, among
    some consecutive days.
    """
    seen = sorted(set(acquired) & set(days))
    one = dt.timedelta(1)
    edges = [days[0] - one, *seen, days[-1] + one]
    return [
        (before + one, after - one)
        for before, after in pairwise(edges)
        if (after - before).days - 1 > longest
    ]


def describe_gaps(gaps: Iterable[tuple[dt.date, dt.date]]) -> str:
    """Gaps for a message."""
    return ", ".join(f"{first} to {last} ({(last - first).days + 1} days)" for first, last in gaps)


class Fields(Protocol):
    """Acquisitions in order, (acquisition, y, x) uint8, percent, 255 = no data: an array, or an
    object that reads them one by one.

    With rising days an acquisition is read again only while few others lie between, so that a small
    cache suffices.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of acquisitions, of rows and of columns."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def window_mean(
    stack: Fields,
    acquired: Sequence[dt.date],
    days: Iterable[dt.date],
    before: int = 3,
    after: int = 3,
) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
    """Mean melt fraction of the acquisitions around each day, weighted equally, without those of
    the day itself.

    Parameters
    ----------
    stack : (acquisition, y, x), percent, 255 = no data
        The acquisitions that may be used, of one season.
    acquired : (acquisition,), their days, rising
    days : the days to interpolate to
    before, after : number of acquisitions taken on each side, whether or not they are valid at a
        pixel

    Yields
    ------
    (date, field) : fraction 0-1, (y, x), NaN where no acquisition of the window is valid. Days with
    one window share one read-only field.

    Raises
    ------
    ValueError
        `acquired` does not rise or has another length than the stack.
    """
    _check_acquired(stack, acquired)
    window = _Window(stack)
    for day in days:
        first_past, first_later = bisect_left(acquired, day), bisect_right(acquired, day)
        yield (
            day,
            window.mean(
                {
                    *range(max(0, first_past - before), first_past),
                    *range(first_later, len(acquired))[:after],
                }
            ),
        )


class _Window:
    """Sum and number of the valid percents of a set of acquisitions, updated as the set changes;
    integers, so that rounding does not add up.
    """

    def __init__(self, stack: Fields) -> None:
        self._stack = stack
        self._held: set[int] = set()
        self._total = np.zeros(stack.shape[1:], np.uint16)
        self._count = np.zeros(stack.shape[1:], np.uint16)
        self._mean = self._divide()

    def mean(self, wanted: set[int]) -> NDArray[np.float32]:
        """Mean fraction of the acquisitions `wanted`, (y, x), read-only."""
        if wanted != self._held:
            for index in wanted - self._held:
                self._change(index, np.add)
            for index in self._held - wanted:
                self._change(index, np.subtract)
            self._held = wanted
            self._mean = self._divide()
        return self._mean

    def _change(self, index: int, operation: np.ufunc) -> None:
        percent: NDArray[np.uint8] = self._stack[index]
        valid = (percent != PERCENT.nodata).view(np.uint8)
        operation(self._total, percent * valid, out=self._total)
        operation(self._count, valid, out=self._count)

    def _divide(self) -> NDArray[np.float32]:
        with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of a pixel that no acquisition saw
            mean: NDArray[np.float32] = np.divide(
                self._total, self._count * np.uint16(100), dtype=np.float32
            )
        mean.flags.writeable = False
        return mean


def observation_age(
    stack: Fields, acquired: Sequence[dt.date], days: Sequence[dt.date]
) -> Iterator[tuple[dt.date, NDArray[np.uint8]]]:
    """Days from each day to the nearest acquisition, before or after it, that is valid at the
    pixel.

    Parameters
    ----------
    stack : (acquisition, y, x), percent, 255 = no data
    acquired : (acquisition,), their days, rising
    days : the days asked for, rising

    Yields
    ------
    (date, age) : (y, x), 0 = seen that day, 253 = 253 days or more, 254 (`NEVER_SEEN`) = by no
    acquisition.

    Raises
    ------
    ValueError
        `acquired` or `days` do not rise, or `acquired` has another length than the stack.
    """
    for day, before, after, seen in _neighbours(stack, acquired, days):
        nearest = np.minimum(before, after)
        if seen is not None:
            nearest[seen] = 0
        yield day, _as_age(nearest)


def _as_age(away: NDArray[np.int16]) -> NDArray[np.uint8]:
    return np.where(away < NEVER // 2, np.minimum(away, OLDEST), NEVER_SEEN).astype(np.uint8)


def _neighbours(
    stack: Fields, acquired: Sequence[dt.date], days: Sequence[dt.date]
) -> Iterator[tuple[dt.date, NDArray[np.int16], NDArray[np.int16], NDArray[np.bool_] | None]]:
    """For each day the number of days since the last valid acquisition before it, to the first one
    after it, and where the day's own acquisition is valid (None without one).
    """
    _check_acquired(stack, acquired)
    _check_rising(days, "days")
    if not days:
        return
    dates = [(day - days[0]).days for day in acquired]
    upcoming = _next_seen(stack, dates)
    following = next(upcoming)
    last = np.full(stack.shape[1:], -NEVER, np.int16)
    passed = 0
    for day in days:
        today = np.int16((day - days[0]).days)
        while passed < len(dates) and dates[passed] < today:
            _overwrite(last, stack[passed], dates[passed])
            following = next(upcoming)
            passed += 1
        seen = None
        if passed < len(dates) and dates[passed] == today:
            seen, following = stack[passed] != PERCENT.nodata, next(upcoming)
        yield day, today - last, following - today, seen
        if seen is not None:
            np.copyto(last, today, where=seen)
            passed += 1


def _next_seen(stack: Fields, dates: Sequence[int]) -> Iterator[NDArray[np.int16]]:
    """Date of the first valid acquisition from index 0 on, from 1 on, ... from `len(dates)` on,
    each (y, x).

    The dates follow from a backward sweep but are needed in forward order: every `BLOCK`-th state
    is stored, and those between are computed again from it.
    """
    following = np.full(stack.shape[1:], NEVER, np.int16)
    marks = {}
    for index in reversed(range(len(dates))):
        if (index + 1) % BLOCK == 0:
            marks[index + 1] = following.copy()
        _overwrite(following, stack[index], dates[index])
    never = np.full(stack.shape[1:], NEVER, np.int16)
    for start in range(0, len(dates), BLOCK):
        stop = min(start + BLOCK, len(dates))
        following, states = marks.pop(stop, never).copy(), []
        for index in reversed(range(start, stop)):
            _overwrite(following, stack[index], dates[index])
            states.append(following.copy())
        yield from reversed(states)
    yield never


def _overwrite(dates_seen: NDArray[np.int16], percent: NDArray[np.uint8], date: int) -> None:
    np.copyto(dates_seen, np.int16(date), where=percent != PERCENT.nodata)


def _check_acquired(stack: Fields, acquired: Sequence[dt.date]) -> None:
    if len(stack) != len(acquired):
        raise ValueError(f"stack of {len(stack)} acquisitions with {len(acquired)} dates")
    _check_rising(acquired, "acquired")


def _check_rising(days: Sequence[dt.date], name: str) -> None:
    for earlier, later in pairwise(days):
        if earlier >= later:
            raise ValueError(f"{name}: {later} follows {earlier}; dates must rise")


def fill_linear(
    fields: NDArray[np.float32], days: Sequence[dt.date], longest_gap_days: int, source: str
) -> tuple[NDArray[np.float32], dict[dt.date, str]]:
    """Fill missing cells linearly in time between the nearest days with data, or with the nearest
    day at the ends of the season.

    Parameters
    ----------
    fields : (date, y, x), NaN = missing; unchanged
        A cell without data on any day is outside the source's coverage and stays NaN, unless every
        cell is.
    days : (date,), rising
    longest_gap_days : most missing days in a row that may be filled
    source : name of the stream in messages

    Returns
    -------
    (fields, filled) : the filled copy, and for each day with a filled cell the rule that filled it.

    Raises
    ------
    GapError
        A cell misses more days in a row; the message names them.
    """
    missing = np.isnan(fields)
    if missing.all():
        raise GapError(
            f"{source}: no data on any day ({describe(days)}); check that its files cover the area "
            "and the season"
        )
    time = np.array([(day - days[0]).days for day in days])
    gaps = _find_gaps(missing, time)
    if np.any(gaps.length > longest_gap_days):
        beyond = describe(
            days[index] for index in np.unique(gaps.day[gaps.length > longest_gap_days]).tolist()
        )
        raise GapError(
            f"{source}: {gaps.length.max()} days in a row without data, at most "
            f"{longest_gap_days} are filled ({beyond}); "
            "retrieve the missing days or raise longest_gap_days"
        )
    whole = fields.copy()
    whole[gaps.day, gaps.row, gaps.column] = _between(fields, time, gaps)
    at_an_end = set(np.unique(gaps.day[gaps.earlier == gaps.later]).tolist())
    return whole, {
        days[index]: NEAREST if index in at_an_end else LINEAR
        for index in np.unique(gaps.day).tolist()
    }


@dataclass(frozen=True)
class _Gaps:
    """Missing values that may be filled, one entry each: where, the nearest days with data, and the
    days missing in a row.

    Days are indices. At an end of the season `earlier` and `later` are the same day.
    """

    day: NDArray[np.intp]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    earlier: NDArray[np.int16]
    later: NDArray[np.int16]
    length: NDArray[np.int64]


def _find_gaps(missing: NDArray[np.bool_], time: NDArray[np.int64]) -> _Gaps:
    """Gaps of the cells that have data on some day; `missing` is (date, y, x), `time` (date,) in
    days.
    """
    count = len(missing)
    places = day, row, column = np.nonzero(missing & ~missing.all(axis=0))
    index = np.arange(count, dtype=np.int16)[:, None, None]
    earlier = np.maximum.accumulate(np.where(missing, np.int16(-1), index), axis=0)[places]
    later = np.minimum.accumulate(np.where(missing, np.int16(count), index)[::-1], axis=0)[::-1][
        places
    ]
    # the last two lie just beyond the ends of the season: indices count and -1
    bounds = np.concatenate([time, [time[-1] + 1, time[0] - 1]])
    length = bounds[later] - bounds[earlier] - 1
    return _Gaps(
        day,
        row,
        column,
        np.where(earlier < 0, later, earlier),
        np.where(later == count, earlier, later),
        length,
    )


def _between(
    fields: NDArray[np.float32], time: NDArray[np.int64], gaps: _Gaps
) -> NDArray[np.float32]:
    """Value of each gap between its neighbours in time."""
    past = fields[gaps.earlier, gaps.row, gaps.column]
    future = fields[gaps.later, gaps.row, gaps.column]
    begin, end = time[gaps.earlier], time[gaps.later]
    share = np.where(end > begin, (time[gaps.day] - begin) / np.maximum(end - begin, 1), 0).astype(
        np.float32
    )
    filled: NDArray[np.float32] = past + share * (future - past)
    return filled
