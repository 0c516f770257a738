"""Which days of every source were observed, filled and absent, from the aligned streams and the
records of the weather stations.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT
from daymelt.products.availability_figure import SourceDays, availability_calendar
from daymelt.products.tables import rows_csv
from daymelt.science.availability import states
from daymelt.settings.inputs import Stations
from daymelt.steps.station_days import melting_days
from daymelt.steps.station_records import Place
from daymelt.systems.aligned import Aligned
from daymelt.systems.streams import StreamSeries

Land = NDArray[np.bool_]
COLUMNS = ("source", "date", "state", "share", "rule")
COARSE = {"microwave": "pmw", "liquid_water": "mar"}  # channel to the name of its source


def write_availability(
    table: Path,
    figure: Path,
    aligned: Aligned,
    observed: StreamSeries,
    days: Sequence[dt.date],
    stations: Sequence[SourceDays] = (),
) -> None:
    """Write the availability of the inputs as a table, a row a source and day, and as a calendar.

    Parameters
    ----------
    observed : melt fractions of the acquisitions of Sentinel-1
    days : of all seasons
    stations : days of the weather stations, from `of_stations`
    """
    sources = [of_sentinel1(observed, ~aligned.ocean, days)]
    sources += [of_coarse(COARSE[name], series, days) for name, series in aligned.coarse.items()]
    sources += stations
    rules = {COARSE[name]: series.filled for name, series in aligned.coarse.items()}
    rows_csv(
        table,
        COLUMNS,
        [
            {
                "source": source.source,
                "date": day.isoformat(),
                "state": state,
                "share": share,
                "rule": rules.get(source.source, {}).get(day, ""),
            }
            for source in sources
            for day, state, share in zip(source.days, source.states, source.share, strict=True)
        ],
    )
    availability_calendar(figure, sources)


def of_sentinel1(series: StreamSeries, land: Land, days: Sequence[dt.date]) -> SourceDays:
    """Days with an acquisition, and the share of the land that each saw."""
    held = set(series.days)
    seen = [
        float((series.raw(day)[land] != PERCENT.nodata).mean()) if day in held else 0.0
        for day in days
    ]
    return SourceDays("sar", days, states(days, held, ()), seen, is_daily=False)


def of_coarse(name: str, series: StreamSeries, days: Sequence[dt.date]) -> SourceDays:
    """Days of a source that is expected every day."""
    found = states(days, series.days, series.filled)
    return SourceDays(name, days, found, [float(state == "observed") for state in found])


def of_stations(
    places: Sequence[Place], stations: Stations, days: Sequence[dt.date]
) -> list[SourceDays]:
    """Days on which each weather station has the value that the maps are compared with."""
    return [of_station(place, stations, days) for place in places]


def of_station(place: Place, stations: Stations, days: Sequence[dt.date]) -> SourceDays:
    """Days on which one weather station has a value."""
    known = np.isfinite(melting_days(place.record, days, stations))
    held = {day for day, is_known in zip(days, known, strict=True) if is_known}
    return SourceDays(place.site.name, days, states(days, held, ()), known.astype(float).tolist())
