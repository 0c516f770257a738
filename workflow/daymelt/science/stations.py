"""Weather stations beside a map: the days on which a station melts, and how they agree with those
of the cell it stands in.

A series has one number a day: 1 melts, 0 does not, NaN is missing. Only days on which both series
have a value count. Sources: hit rate and false-alarm ratio as in Wilks (2011), Statistical Methods
in the Atmospheric Sciences, chapter 8; the default rule, surface temperature above -1 °C at 07 UTC,
is that of the station evaluation of MeltwaterBench. A season begins with the first melting day of
the first five days of which at least three melt, and ends with the last one of the last such five:
three in five days is a choice of this project, made so that one warm afternoon does not begin a
season and one cold night does not end it. A day that may lie in a gap of the series is not told.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.science.onset import MELTING_DAYS, WINDOW_DAYS

HOURS_OF_A_DAY = 20  # hours that a day needs for its highest value


@dataclass(frozen=True)
class Contingency:
    """Days on which both melt, only the station, only the map, neither."""

    hits: int
    misses: int
    false_alarms: int
    correct_negatives: int

    @property
    def days(self) -> int:
        """Number of days with a value in both."""
        return self.hits + self.misses + self.false_alarms + self.correct_negatives

    @property
    def hit_rate(self) -> float:
        """Share of the station's melting days that melt in the map; NaN without such a day."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def false_alarm_ratio(self) -> float:
        """Share of the map's melting days on which the station does not melt; NaN without such a
        day.
        """
        return _share(self.false_alarms, self.hits + self.false_alarms)

    @property
    def accuracy(self) -> float:
        """Share of the days on which both agree; NaN without a day."""
        return _share(self.hits + self.correct_negatives, self.days)


@dataclass(frozen=True)
class MeltSeason:
    """First and last day of lasting melt as positions in a series of days, and days from one to the
    other; NaN where melt never lasted, or where a day cannot be told.

    `onset_gap` and `end_gap` are the first and the last missing day of the gap in which a day may
    lie that cannot be told; None where no gap hides it.
    """

    onset: float
    end: float
    length: float
    onset_gap: tuple[int, int] | None = None
    end_gap: tuple[int, int] | None = None


def value_at_hour(
    hours: NDArray[np.datetime64],
    values: NDArray[np.floating],
    days: NDArray[np.datetime64],
    hour: int,
) -> NDArray[np.float64]:
    """Value of one hour UTC of each day, (date,), NaN where there is none.

    Parameters
    ----------
    hours : (hour,) datetime64[h], rising
    values : (hour,)
    days : (date,) datetime64[D]
    """
    return _at(hours, values, days.astype("datetime64[h]") + np.full(1, hour, "timedelta64[h]"))


def daily_maximum(
    hours: NDArray[np.datetime64], values: NDArray[np.floating], days: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Highest value of each day UTC, (date,), NaN where fewer than `HOURS_OF_A_DAY` hours have one;
    arguments as `value_at_hour`.
    """
    wanted = days.astype("datetime64[h]")[:, None] + np.arange(24).astype("timedelta64[h]")
    found = _at(hours, values, wanted.ravel()).reshape(wanted.shape)
    known = np.isfinite(found)
    highest = np.max(found, axis=1, where=known, initial=-np.inf)
    return np.where(known.sum(axis=1) >= HOURS_OF_A_DAY, highest, np.nan)


def melting(values: NDArray[np.floating], threshold: float) -> NDArray[np.float64]:
    """1 where a value exceeds the threshold, 0 where not, NaN where there is none; any shape."""
    return np.where(np.isnan(values), np.nan, values > threshold)


def contingency(mapped: NDArray[np.floating], station: NDArray[np.floating]) -> Contingency:
    """Count the days of two series (date,) of `melting`; days missing in either are left out."""
    known = ~(np.isnan(mapped) | np.isnan(station))
    one, other = mapped[known] > 0, station[known] > 0
    counts = (one & other, ~one & other, one & ~other, ~one & ~other)
    return Contingency(*(int(np.count_nonzero(count)) for count in counts))


def melt_season(series: NDArray[np.floating]) -> MeltSeason:
    """First and last day of lasting melt.

    A day is told where it is the same whether missing days melt or not: melt on missing days can
    move the onset only forward and the end only backward.

    Parameters
    ----------
    series : (date,) of `melting`, consecutive days, NaN where missing
    """
    missing, wet = np.isnan(series), series > 0
    least, most = _lasting_melt(wet), _lasting_melt(wet | missing)
    gaps: list[tuple[int, int] | None] = [None, None]
    if least[0] != most[0] and not np.isnan(most[0]):
        gaps[0] = _run_at(missing, int(most[0]) + int(np.argmax(missing[int(most[0]) :])))
    if least[1] != most[1] and not np.isnan(most[1]):
        gaps[1] = _run_at(missing, int(np.flatnonzero(missing[: int(most[1]) + 1])[-1]))
    onset, end = (day if gap is None else np.nan for day, gap in zip(least, gaps, strict=True))
    return MeltSeason(onset, end, end - onset + 1, *gaps)


def _lasting_melt(wet: NDArray[np.bool_]) -> tuple[float, float]:
    """First and last day of lasting melt in a series (date,) without gaps; NaN where it never
    lasts.
    """
    if wet.size < WINDOW_DAYS:
        return np.nan, np.nan
    windows = np.lib.stride_tricks.sliding_window_view(wet, WINDOW_DAYS)
    lasting = np.flatnonzero(windows.sum(axis=1) >= MELTING_DAYS)
    if not lasting.size:
        return np.nan, np.nan
    onset = lasting[0] + np.flatnonzero(windows[lasting[0]])[0]
    end = lasting[-1] + np.flatnonzero(windows[lasting[-1]])[-1]
    return float(onset), float(end)


def _run_at(chosen: NDArray[np.bool_], place: int) -> tuple[int, int]:
    """First and last position of the run of chosen days that a position lies in."""
    others = np.flatnonzero(~chosen)
    before, after = others[others < place], others[others > place]
    first = int(before[-1]) + 1 if before.size else 0
    return first, int(after[0]) - 1 if after.size else chosen.size - 1


def in_common(
    one: NDArray[np.floating], other: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two series (date,), NaN on every day that is missing in either: a gap in one series must not
    shift its season alone.
    """
    known = ~(np.isnan(one) | np.isnan(other))
    return np.where(known, one, np.nan), np.where(known, other, np.nan)


def _at(
    hours: NDArray[np.datetime64], values: NDArray[np.floating], wanted: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Values at some moments (moment,), NaN where the record has no such hour."""
    if not hours.size:
        return np.full(wanted.shape, np.nan)
    place = np.minimum(np.searchsorted(hours, wanted), hours.size - 1)
    return np.where(hours[place] == wanted, np.asarray(values, np.float64)[place], np.nan)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
