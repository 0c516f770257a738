"""A melt season as a whole: dates, days and sums of melt of every cell, and their climatology.

A day of a cell is *observed* where an acquisition of the cell is near in time; on other days the
map is an estimate without one. Melt of a day is *possible* where the upper bound of its interval
exceeds the threshold of melt, and *certain* where the lower bound does; without an interval melt is
possible and not certain on every day that is not observed.

Onset and end (see `onset`) are told where they are the same whether melt that is possible but not
certain on unobserved days took place or not. An onset on the first day of the season or an end on
its last may lie beyond and is not told.

The earliest onset is that of the upper bounds of all days, observed or not, the latest that of the
lower bounds; for the end the reverse, for counts and sums those of the lower and upper bounds. They
are the range within which the bounds of all days leave the season, not an interval of a stated
probability: independent errors of the days would average out and make it too wide, an error that
lasts for weeks or days that are wrongly dry beyond doubt make it too narrow. Melt is a fraction
above `WET` as in all scores of this project.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import NO_MELT
from daymelt.science.onset import WET, LastingMelt

Field = NDArray[np.float32]


class Season:
    """Maps of a season from its daily maps, one after the other; memory does not grow with them.

    Parameters
    ----------
    shape : (y, x)
    first, last : day of the season
    observed_within : greatest distance of an acquisition from an observed day, days
    least_observed : smallest share of observed days with which counts and sums are told, 0-1
    """

    def __init__(
        self,
        shape: tuple[int, int],
        first: dt.date,
        last: dt.date,
        observed_within: int,
        least_observed: float,
    ) -> None:
        self._first, self._last = first, last
        self._within, self._least_observed = observed_within, least_observed
        self._complete = np.ones(shape, bool)
        self._observed, self._days = np.zeros(shape, np.uint16), 0
        self._melt, self._certain, self._possible = (LastingMelt(shape) for _ in range(3))
        self._count = np.zeros(shape, np.uint16)
        self._sum = np.zeros(shape, np.float32)
        self._bounds: dict[str, _Bound] = {}

    def add(self, day: dt.date, layers: Mapping[str, Field], age: Field) -> None:
        """Take in a day.

        Parameters
        ----------
        day : later than the one before
        layers : melt, and melt_mean, melt_low and melt_high of maps with an interval; (y, x), 0-1,
            NaN where there are no data
        age : days to the nearest acquisition, (y, x)
        """
        wet, observed = layers["melt"] > WET, age <= self._within
        bounds = {name: layers[f"melt_{name}"] for name in ("low", "high") if "melt_low" in layers}
        melting = {name: field > WET for name, field in bounds.items()}
        self._complete &= np.isfinite(layers["melt"])
        self._days += 1
        self._observed += observed
        self._count += wet
        self._sum += layers.get("melt_mean", layers["melt"])
        self._melt.add(day, wet)
        self._certain.add(day, np.where(observed, wet, melting.get("low", False)))
        self._possible.add(day, np.where(observed, wet, melting.get("high", True)))
        for name, field in bounds.items():
            bound = self._bounds.setdefault(name, _Bound(wet.shape))
            bound.add(day, field, melting[name])

    def maps(self) -> dict[str, Field]:
        """The maps by name, (y, x): dates as days of the year, counts and sums in days, `observed`
        a share; NaN where a number cannot be told, `NO_MELT` in place of a date or gap where melt
        never lasted.
        """
        share = self._observed / np.float32(max(self._days, 1))
        seen = share >= self._least_observed
        told = {
            "onset": self._told(self._certain.onset(), self._possible.onset(), self._first),
            "end": self._told(self._certain.end(), self._possible.end(), self._last),
            "longest_gap": np.where(seen, _or_no_melt(self._melt.gap()), np.nan),
            "melt_days": np.where(seen, self._count, np.nan),
            "melt_sum": np.where(seen, self._sum, np.nan),
            "observed": share,
            **self._bound_maps(),
        }
        return {
            name: np.where(self._complete, field, np.nan).astype(np.float32)
            for name, field in told.items()
        }

    def _told(self, certain: Field, possible: Field, edge: dt.date) -> Field:
        """A date that is the same in both cases, and not at the edge of the season."""
        one, other = _or_no_melt(certain), _or_no_melt(possible)
        known = (one == other) & (one != edge.timetuple().tm_yday)
        return np.where(known, one, np.float32(np.nan))

    def _bound_maps(self) -> Mapping[str, NDArray[Any]]:
        if not self._bounds:
            return {}
        low, high = self._bounds["low"], self._bounds["high"]
        return {
            "onset_earliest": _or_no_melt(high.melt.onset()),
            "onset_latest": _or_no_melt(low.melt.onset()),
            "end_earliest": _or_no_melt(low.melt.end()),
            "end_latest": _or_no_melt(high.melt.end()),
            **{f"melt_days_{name}": bound.count for name, bound in self._bounds.items()},
            **{f"melt_sum_{name}": bound.sum for name, bound in self._bounds.items()},
        }


class _Bound:
    """Dates, count and sum of one bound of the interval."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.melt = LastingMelt(shape)
        self.count, self.sum = np.zeros(shape, np.uint16), np.zeros(shape, np.float32)

    def add(self, day: dt.date, field: Field, melting: NDArray[np.bool_]) -> None:
        self.melt.add(day, melting)
        self.count += melting
        self.sum += field


class Climatology:
    """Mean of a layer over the seasons, from the maps of one after the other.

    Parameters
    ----------
    shape : (y, x)
    least : fewest seasons that a mean is told of
    """

    def __init__(self, shape: tuple[int, int], least: int) -> None:
        self._least = least
        self._sum, self._count = np.zeros(shape, np.float64), np.zeros(shape, np.uint8)

    def add(self, field: Field) -> None:
        """Take in a season; cells that are not told or without melt are left out."""
        known = np.isfinite(field) & (field != NO_MELT)
        self._sum += np.where(known, field, 0)
        self._count += known

    @property
    def count(self) -> NDArray[np.uint8]:
        """Seasons in the mean, (y, x)."""
        return self._count

    def mean(self) -> Field:
        """Mean of the seasons, (y, x); NaN where they are too few."""
        enough = self._count >= self._least
        mean = self._sum / np.where(enough, self._count, 1)
        return np.where(enough, mean, np.nan).astype(np.float32)


def anomaly(field: Field, mean: Field) -> Field:
    """Difference of a season from the mean, (y, x); NaN where either is not told or melt never
    lasted.
    """
    return np.where(field == NO_MELT, np.float32(np.nan), field - mean)


def _or_no_melt(dates: Field) -> Field:
    """`NO_MELT` in place of NaN."""
    return np.where(np.isnan(dates), np.float32(NO_MELT), dates)
