"""The records of the weather stations in the area."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

from pyproj import Geod

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.manifest import manifest_files
from daymelt.settings.inputs import Area, Station, Stations
from daymelt.sources.stations.promice import HourlyRecord, read_hourly
from daymelt.steps.station_sites import sites_in

log = logging.getLogger(__name__)

FILE = "{station}_hour.nc"  # as PROMICE names it
# of a file's position from the configured one; stations on a glacier move by some 100 m a year
FARTHEST_M = 5000.0


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
