"""The hourly files of the weather stations as the provider ships them."""

from pathlib import Path

from daymelt.archives.access import anonymous
from daymelt.settings.inputs import Archives, Area, Seasons, Stations, Twin
from daymelt.sources.stations import server as promice_http
from daymelt.steps.retrieve import live
from daymelt.steps.retrieve.live import Plan
from daymelt.steps.retrieve.providers import refuse_provider, write_twin_manifest
from daymelt.steps.station_sites import sites_in
from daymelt.twin import files
from daymelt.twin.stations import observe


def retrieve_stations(
    out: Path,
    area: Area,
    seasons: Seasons,
    stations: Stations,
    archives: Archives,
    twin: Twin,
    dry_run: bool = False,
) -> Plan:
    """Retrieve the whole record of every station in the area, one file a station."""
    match stations.provider:
        case "twin":
            from_twin(out, area, seasons, stations, twin)
        case "promice":
            return from_http(out, area, stations, archives, dry_run)
        case _:
            refuse_provider("stations", stations.provider, ("twin", "promice"))
    return Plan()


def from_http(out: Path, area: Area, stations: Stations, archives: Archives, dry_run: bool) -> Plan:
    """The files of the stations from their server."""
    names = [site.name for site in sites_in(stations, area.grid)]
    remotes = promice_http.search(names, archives.promice, live.policy(archives))
    about = {"source": "stations", "provider": "promice"}
    return live.retrieve(
        live.Offer(remotes, about), out, anonymous("the server of the stations"), archives, dry_run
    )


def from_twin(out: Path, area: Area, seasons: Seasons, stations: Stations, twin: Twin) -> None:
    """What stations at these places record of the twin's weather."""
    paths = []
    for site in sites_in(stations, area.grid):
        record = observe(area.grid, seasons.years, site.name, site.lat, site.lon, twin.seed)
        temperatures = {"t_u": record.air, "t_surf": record.surface}
        paths.append(
            files.write_station(
                out.parent, site.name, record.hours, temperatures, site.lat, site.lon, record.height
            )
        )
    write_twin_manifest(out, paths, {"source": "stations"})
