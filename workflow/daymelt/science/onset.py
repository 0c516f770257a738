"""Melt onset: the day on which lasting melt begins.

Onset is the first melting day of the first five calendar days of which at least three melt.
Satellite records of the dates of melt onset, such as that of Sharp and Wang (2009), J. Climate 22,
133, require lasting melt too; three in five days is a choice of this project, so that one missing
or frozen day does not move the date and one warm day does not set it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.science.scores import WET

MELTING_DAYS, WINDOW_DAYS = 3, 5
# every pattern of melting days of a window, the last day in the lowest bit
WINDOWS = np.arange(2**WINDOW_DAYS)
LASTING = np.array([bin(window).count("1") >= MELTING_DAYS for window in WINDOWS])
FIRST_DAYS_AGO = np.array([max(int(window).bit_length() - 1, 0) for window in WINDOWS], np.float32)


class Onset:
    """Melt onset of every cell from the days of one season, one after the other.

    Parameters
    ----------
    shape : (y, x)
    wet : a cell melts above it
    """

    def __init__(self, shape: tuple[int, int], wet: float = WET) -> None:
        self._wet = wet
        self._window = np.zeros(shape, np.uint8)
        self._onset = np.full(shape, np.nan, np.float32)
        self._last: dt.date | None = None

    def add(self, day: dt.date, fraction: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Take in one day; a cell that is not valid, like any cell on a day left out, counts as not
        melting.

        Parameters
        ----------
        day : later than the one before, in the same year
        fraction : melt fraction, (y, x), 0-1
        valid : (y, x)

        Raises
        ------
        ValueError
            Days do not rise within one year.
        """
        if self._last is not None and (day <= self._last or day.year != self._last.year):
            raise ValueError(f"onset: {day} follows {self._last}; expected rising days of one year")
        passed = 1 if self._last is None else min((day - self._last).days, WINDOW_DAYS)
        self._last = day
        earlier = (self._window.astype(np.uint16) << passed) & (2**WINDOW_DAYS - 1)
        self._window = (earlier | (valid & (fraction > self._wet))).astype(np.uint8)
        begun = LASTING[self._window] & np.isnan(self._onset)
        self._onset[begun] = day.timetuple().tm_yday - FIRST_DAYS_AGO[self._window[begun]]

    def result(self) -> NDArray[np.float32]:
        """Day of the year of the onset, (y, x), 1 = 1 January; NaN where melt never lasted."""
        return self._onset.copy()


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
