"""Days of the seasons on which the retrieved records of weather stations have no value."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from daymelt.core.manifest import Entry
from daymelt.science.temporal import describe_gaps
from daymelt.settings.inputs import Stations
from daymelt.sources.stations.promice import read_hourly
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.station_records import FILE, holes

log = logging.getLogger(__name__)


def holes_of(
    request: Request[Stations], entries: Iterable[Entry]
) -> Mapping[str, Mapping[str, list[list[str]]]]:
    """First and last day of each hole by station, as `holes`; warned of."""
    settings, found = request.settings, {}
    for item in entries:
        path = request.folder / item.path
        record = read_hourly(path, settings.variable, settings.units)
        gaps = holes(record, settings, request.seasons)
        name = station_of(path)
        if gaps:
            log.warning("station %s: no value in %s", name, describe_gaps(gaps))
        found[name] = [[str(first), str(last)] for first, last in gaps]
    return {"holes": found}


def station_of(path: Path) -> str:
    """Name of a station by that of its file."""
    return path.name.removesuffix(FILE.format(station=""))
