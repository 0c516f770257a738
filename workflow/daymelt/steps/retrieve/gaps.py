"""Days that the files of a retrieval lack: for its manifest, and as the last lines of its log."""

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from daymelt.core.dates import describe
from daymelt.core.manifest import Entry
from daymelt.science.temporal import USUAL_REVISIT_DAYS, acquisition_gaps, describe_gaps
from daymelt.sources.meltwaterbench import layout
from daymelt.sources.sentinel1.bursts import parse_burst

log = logging.getLogger(__name__)
MASK = "_mask.tif"


def acquisition_gaps_of(
    days: Sequence[dt.date], acquired: Collection[dt.date]
) -> Mapping[str, list[list[str]]]:
    """First and last day of each run of days without an acquisition of Sentinel-1 that is longer
    than the revisit of one satellite, as `gaps`; warned of.
    """
    gaps = acquisition_gaps(acquired, days, USUAL_REVISIT_DAYS)
    if gaps:
        log.warning("Sentinel-1: no acquisition in %s", describe_gaps(gaps))
    return {"gaps": [[str(first), str(last)] for first, last in gaps]}


def missing_days_of(
    source: str, days: Iterable[dt.date], held: Collection[dt.date]
) -> Mapping[str, list[str]]:
    """The days that a daily source lacks, as `missing_days`; warned of."""
    missing = sorted(set(days) - set(held))
    if missing:
        log.warning("%s: no file of %d days: %s", source, len(missing), describe(missing))
    return {"missing_days": [str(day) for day in missing]}


def days_of_bursts(entries: Iterable[Entry]) -> set[dt.date]:
    """Acquisition days of bursts by their names."""
    names = (Path(item.path) for item in entries if not item.path.endswith(MASK))
    return {parse_burst(name).acquired_at.date() for name in names}


def days_of_rasters(entries: Iterable[Entry]) -> set[dt.date]:
    """Days of the daily rasters of the published dataset by their names."""
    found = (layout.day_of(PurePosixPath(item.path).name) for item in entries)
    return {day for day in found if day is not None}
