"""What stations at the configured places record of the twin's weather."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Station, Stations
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.station_holes import holes_of
from daymelt.steps.retrieve.twin_files import TwinFiles
from daymelt.steps.station_days import Series
from daymelt.steps.station_sites import sites_in
from daymelt.twin import files
from daymelt.twin.stations import observe


class Provider(TwinFiles[Stations]):
    """The whole record of every station in the area, one file a station."""

    def __init__(self, request: Request[Stations]) -> None:
        super().__init__(request)
        self._observed: dict[str, Series] = {}

    def write(self) -> list[Path]:
        """Observe the weather of the configured years."""
        return [
            self._write_station(site) for site in sites_in(self.request.settings, self.request.area)
        ]

    def _write_station(self, site: Station) -> Path:
        request, place = self.request, (site.name, site.lat, site.lon)
        record = observe(request.area, request.seasons.years, *place, request.twin.seed)
        temperatures = {"t_u": record.air, "t_surf": record.surface}
        values = temperatures.get(request.settings.variable)
        if values is not None:
            self._observed[site.name] = Series(record.hours, values)
        return files.write_station(
            request.folder,
            site.name,
            record.hours,
            temperatures,
            site.lat,
            site.lon,
            record.height,
        )

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """The days of the seasons on which a station has no value."""
        return holes_of(self.request, self._observed)
