"""The records of the weather stations, and their daily melt by the rule of the settings."""

import datetime as dt
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from daymelt.core.dates import season_days
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.manifest import manifest_files
from daymelt.science import stations as science
from daymelt.science.temporal import acquisition_gaps
from daymelt.settings.inputs import Area, Seasons, Station, Stations
from daymelt.sources.stations.promice import HourlyRecord, read_hourly
from daymelt.steps.station_sites import sites_in

log = logging.getLogger(__name__)

FILE = "{station}_hour.nc"  # as PROMICE names it
# of a file's position from the configured one; stations on a glacier move by some 100 m a year
FARTHEST_M = 5000.0
Days = Sequence[dt.date]


@dataclass(frozen=True)
class Place:
    """A station with its cell and its record."""

    site: Station
    cell: tuple[int, int]
    record: HourlyRecord


def read_places(manifest: Path, stations: Stations, area: Area) -> list[Place]:
    """The stations in the area with their records."""
    # verified first, as a damaged file may make the HDF5 library hang
    files = {path.name: path for path in manifest_files(manifest, ".nc", verify=True)}
    places = []
    for site, cell in sites_in(stations, area.grid).items():
        name = FILE.format(station=site.name)
        if name not in files:
            held = ", ".join(files) or "none"
            raise MissingInputError(
                f"manifest {manifest}: no file of station {site.name} (found {held}); delete it "
                "and retrieve again"
            )
        record = read_hourly(files[name], stations.variable, stations.units)
        check_position(site, record)
        places.append(Place(site, cell, record))
    return places


def check_position(site: Station, record: HourlyRecord) -> None:
    """Check that a file is of the place that the settings say.

    Raises
    ------
    FormatError
        It is further away than stations travel with the ice.
    """
    if math.isnan(record.lat) or math.isnan(record.lon):
        log.warning(
            "station %s: %s has no position; taking that of the settings", site.name, record.path
        )
        return
    distance = Geod(ellps="WGS84").inv(site.lon, site.lat, record.lon, record.lat)[2]
    if distance > FARTHEST_M:
        found, expected = (
            f"{record.lat:.4f} N, {record.lon:.4f} E",
            f"{site.lat:.4f} N, {site.lon:.4f} E",
        )
        raise FormatError(
            f"station {site.name}: {record.path} stands at {found}, {distance / 1000:.0f} km "
            f"from {expected}; correct stations.sites"
        )


def holes(
    record: HourlyRecord, stations: Stations, seasons: Seasons
) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each run of days of the seasons on which a station has no value."""
    found = []
    for year in seasons.years:
        days = season_days(year, seasons.months)
        known = np.isfinite(melting_days(record, days, stations))
        held = [day for day, is_known in zip(days, known, strict=True) if is_known]
        found += acquisition_gaps(held, days, longest=0)
    return found


def melting_days(record: HourlyRecord, days: Days, stations: Stations) -> NDArray[np.float64]:
    """1 where a station melts, 0 where not, NaN without a record, (date,)."""
    at = np.array(days, "datetime64[D]")
    if stations.rule == "hour":
        values = science.value_at_hour(record.hours, record.values, at, stations.hour)
    else:
        values = science.daily_maximum(record.hours, record.values, at)
    return science.melting(values, stations.threshold)
