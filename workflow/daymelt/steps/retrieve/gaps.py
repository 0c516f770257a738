"""Days that the files of a retrieval lack: for its manifest, and as the last lines of its log."""

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

from daymelt.core.dates import describe
from daymelt.science.temporal import USUAL_REVISIT_DAYS, acquisition_gaps, describe_gaps

log = logging.getLogger(__name__)


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
