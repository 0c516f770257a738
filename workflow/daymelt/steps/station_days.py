"""Days on which a weather station melts, by the rule of the settings, and days without a value."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import season_days
from daymelt.science import stations as science
from daymelt.science.temporal import acquisition_gaps
from daymelt.settings.inputs import Seasons, Stations

Days = Sequence[dt.date]


@dataclass(frozen=True)
class Series:
    """Hours and their values, as `Hourly`."""

    hours: NDArray[np.datetime64]
    values: NDArray[np.floating]


class Hourly(Protocol):
    """Hours, (hour,) datetime64[h], and a value of each."""

    @property
    def hours(self) -> NDArray[np.datetime64]:
        """Rising hours, UTC."""

    @property
    def values(self) -> NDArray[np.floating]:
        """Value of each hour, NaN without one."""


def holes(record: Hourly, stations: Stations, seasons: Seasons) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each run of days of the seasons on which a station has no value."""
    found = []
    for year in seasons.years:
        days = season_days(year, seasons.months)
        known = np.isfinite(melting_days(record, days, stations))
        held = [day for day, is_known in zip(days, known, strict=True) if is_known]
        found += acquisition_gaps(held, days, longest=0)
    return found


def melting_days(record: Hourly, days: Days, stations: Stations) -> NDArray[np.float64]:
    """1 where a station melts, 0 where not, NaN without a record, (date,)."""
    at = np.array(days, "datetime64[D]")
    if stations.rule == "hour":
        values = science.value_at_hour(record.hours, record.values, at, stations.hour)
    else:
        values = science.daily_maximum(record.hours, record.values, at)
    return science.melting(values, stations.threshold)
