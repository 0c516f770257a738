"""Lasting melt: the day on which it begins, the day on which it ends, and its longest gap.

Onset is the first melting day of the first five calendar days of which at least three melt, end the
last melting day of the last such five; the longest gap is the longest run of days without melt
between the two.
Satellite records of the dates of melt onset, such as that of Sharp and Wang (2009), J. Climate 22,
133, require lasting melt too; three in five days is a choice of this project, so that one missing
or frozen day does not move the date and one warm day does not set it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Melt fraction above which a pixel counts as melting: `> 0.1` as published, of the values as they
# are stored. Observations, the twin's truth and written maps are stored in percent: 0.100 to 0.105
# is 10 % there and dry, where the published code, which does not round, has it wet. A share of
# exactly a tenth is dry in both; a threshold of >= 10 % would turn it wet, and 0.095 to 0.1 too.
# Predictions that are scored without being written are not rounded.
WET = 0.1
MELTING_DAYS, WINDOW_DAYS = 3, 5
# every pattern of melting days of a window, the last day in the lowest bit
WINDOWS = np.arange(2**WINDOW_DAYS)
LASTING = np.array([bin(window).count("1") >= MELTING_DAYS for window in WINDOWS])
FIRST_DAYS_AGO = np.array([max(int(window).bit_length() - 1, 0) for window in WINDOWS], np.uint16)
# longest run of days without melt between the first and the last melting day of a window
GAPS = np.array(
    [max(map(len, f"{window:b}".strip("0").split("1"))) for window in WINDOWS], np.uint16
)


class LastingMelt:
    """Onset, end and longest gap of lasting melt of every cell from the days of one season, one
    after the other. Days are those of the year, 1 = 1 January.

    Parameters
    ----------
    shape : (y, x)
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._window = np.zeros(shape, np.uint8)
        self._onset, self._end = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
        self._dry, self._pending = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
        self._gap = np.zeros(shape, np.uint16)
        self._last: dt.date | None = None

    def add(self, day: dt.date, wet: NDArray[np.bool_]) -> None:
        """Take in one day; on a day left out no cell melts.

        Parameters
        ----------
        day : later than the one before, in the same year
        wet : cells that melt, (y, x)

        Raises
        ------
        ValueError
            Days do not rise within one year.
        """
        if self._last is not None and (day <= self._last or day.year != self._last.year):
            raise ValueError(f"onset: {day} follows {self._last}; expected rising days of one year")
        passed = 1 if self._last is None else (day - self._last).days
        self._last = day
        self._window <<= min(passed, WINDOW_DAYS)
        self._window &= 2**WINDOW_DAYS - 1
        self._window |= wet
        self._add_dates(day.timetuple().tm_yday, wet, passed)

    def _add_dates(self, day: int, wet: NDArray[np.bool_], passed: int) -> None:
        """Melt lasts where the last five days have enough melt; a gap counts once it is followed
        by lasting melt.
        """
        lasting = LASTING[self._window]
        begun = lasting & (self._onset == 0)
        self._dry += np.uint16(passed - 1)
        np.maximum(self._pending, self._dry, out=self._pending, where=wet)
        self._onset[begun] = day - FIRST_DAYS_AGO[self._window[begun]]
        self._pending[begun] = GAPS[self._window[begun]]
        lasting &= wet
        self._end[lasting] = day
        np.copyto(self._gap, self._pending, where=lasting)
        self._dry += np.uint16(1)
        self._dry[wet] = 0

    def onset(self) -> NDArray[np.float32]:
        """Day of the year of the onset, (y, x); NaN where melt never lasted."""
        return self._where_lasting(self._onset)

    def end(self) -> NDArray[np.float32]:
        """Day of the year of the end, (y, x); NaN where melt never lasted."""
        return self._where_lasting(self._end)

    def gap(self) -> NDArray[np.float32]:
        """Longest run of days without melt from onset to end, (y, x); NaN where melt never
        lasted.
        """
        return self._where_lasting(self._gap)

    def _where_lasting(self, days: NDArray[np.uint16]) -> NDArray[np.float32]:
        return np.where(self._onset == 0, np.float32(np.nan), days)


class Onset:
    """Melt onset of every cell from the melt fractions of one season, day after day.

    Parameters
    ----------
    shape : (y, x)
    wet : a cell melts above it
    """

    def __init__(self, shape: tuple[int, int], wet: float = WET) -> None:
        self._wet, self._melt = wet, LastingMelt(shape)

    def add(self, day: dt.date, fraction: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Take in one day; a cell that is not valid counts as not melting.

        Parameters
        ----------
        day : later than the one before, in the same year
        fraction : melt fraction, (y, x), 0-1
        valid : (y, x)
        """
        self._melt.add(day, valid & (fraction > self._wet))

    def result(self) -> NDArray[np.float32]:
        """Day of the year of the onset, (y, x), 1 = 1 January; NaN where melt never lasted."""
        return self._melt.onset()


def onset_error(predicted: NDArray[np.float32], reference: NDArray[np.float32]) -> dict[str, float]:
    """Error of a map of onsets.

    Parameters
    ----------
    predicted, reference : day of the year, (y, x), NaN where there is none

    Returns
    -------
    onset_mae_days, onset_bias_days (predicted - reference) over the cells with both; onset_cells,
    their number; onset_one_sided_cells, the cells with one of the two; onset_one_sided_share, of
    those with any. NaN where there is no such cell.
    """
    difference = predicted.astype(np.float64) - reference
    known = difference[np.isfinite(difference)]
    one_sided = int(np.count_nonzero(np.isfinite(predicted) != np.isfinite(reference)))
    return _errors(float(np.abs(known).sum()), float(known.sum()), known.size, one_sided)


def pooled_onset_error(seasons: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """`onset_error` of several seasons over all their cells at once, from what it gave for each;
    numbers may be text.
    """
    absolute = difference = 0.0
    cells = one_sided = 0
    for season in seasons:
        both = int(season["onset_cells"])
        cells, one_sided = cells + both, one_sided + int(season["onset_one_sided_cells"])
        if both:
            absolute += both * float(season["onset_mae_days"])
            difference += both * float(season["onset_bias_days"])
    return _errors(absolute, difference, cells, one_sided)


def _errors(absolute: float, difference: float, cells: int, one_sided: int) -> dict[str, float]:
    either = cells + one_sided
    return {
        "onset_mae_days": absolute / cells if cells else np.nan,
        "onset_bias_days": difference / cells if cells else np.nan,
        "onset_cells": cells,
        "onset_one_sided_cells": one_sided,
        "onset_one_sided_share": one_sided / either if either else np.nan,
    }
