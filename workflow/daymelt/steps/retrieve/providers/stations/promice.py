"""Hourly files of the PROMICE and GC-Net stations from their server."""

from collections.abc import Mapping, Sequence
from typing import Any

from daymelt.archives.access import Access, anonymous
from daymelt.archives.remote import human
from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Stations
from daymelt.sources.stations import server
from daymelt.sources.stations.promice import read_hourly
from daymelt.steps.retrieve.archive_settings import policy
from daymelt.steps.retrieve.archived import Archived
from daymelt.steps.retrieve.provider import Offer, Reached
from daymelt.steps.retrieve.station_holes import holes_of
from daymelt.steps.station_records import FILE
from daymelt.steps.station_sites import sites_in


class Provider(Archived[Stations]):
    """The whole record of every station in the area, one file a station."""

    account = ""
    no_adoption = (
        "stations: found --adopt; a file of your own is served by an address, archives.promice"
    )

    def access(self) -> Access:
        """The server asks for no account."""
        return anonymous("the server of the stations")

    def offer(self) -> Offer:
        """The file of each station in the area."""
        names = [site.name for site in sites_in(self.request.settings, self.request.area)]
        archives = self.request.archives
        return Offer(server.search(names, archives.promice, policy(archives)))

    def reach(self) -> Reached:
        """Ask for the size of each station's file."""
        remotes = self.offer().remotes
        untold = [remote.path for remote in remotes if remote.size is None]
        size = human(sum(remote.size or 0 for remote in remotes))
        if untold:
            return Reached(
                f"reached, without {', '.join(untold)}",
                "check the names in stations.sites and archives.promice",
            )
        return Reached(f"reached, {len(remotes)} stations in the area, {size}")

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """The days of the seasons on which a station has no value."""
        settings, ending = self.request.settings, FILE.format(station="")
        paths = [self.request.folder / item.path for item in entries]
        return holes_of(
            self.request,
            {
                path.name.removesuffix(ending): read_hourly(path, settings.variable, settings.units)
                for path in paths
            },
        )
