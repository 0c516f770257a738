"""The hourly files of the weather stations as the provider ships them."""

from pathlib import Path

from daymelt.settings.inputs import Archives, Area, Seasons, Stations, Twin
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.retrieval import DryRun, retrieve


def retrieve_stations(
    out: Path,
    area: Area,
    seasons: Seasons,
    stations: Stations,
    archives: Archives,
    twin: Twin,
    dry_run: bool = False,
) -> DryRun:
    """Retrieve the whole record of every station in the area, one file a station."""
    request = Request(
        "stations",
        {},
        out,
        area.grid,
        stations,
        seasons=seasons,
        archives=archives,
        twin=twin,
    )
    return retrieve(request, dry_run)
