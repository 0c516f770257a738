"""Days of the seasons on which the records of weather stations have no value, for the manifest."""

import logging
from collections.abc import Mapping

from daymelt.science.temporal import describe_gaps
from daymelt.settings.inputs import Stations
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.station_days import Hourly, holes

log = logging.getLogger(__name__)


def holes_of(
    request: Request[Stations], records: Mapping[str, Hourly]
) -> Mapping[str, Mapping[str, list[list[str]]]]:
    """First and last day of each hole by station, as `holes`; warned of.

    `records` are those of the variable that is compared, by the name of the station.
    """
    found = {}
    for name, record in records.items():
        gaps = holes(record, request.settings, request.seasons)
        if gaps:
            log.warning("station %s: no value in %s", name, describe_gaps(gaps))
        found[name] = [[str(first), str(last)] for first, last in gaps]
    return {"holes": found}
