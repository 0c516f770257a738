"""Gaps of a source as the last lines of the log of the step that finds them."""

import datetime as dt
import logging
from collections.abc import Collection, Mapping, Sequence

from daymelt.core.dates import describe
from daymelt.science.temporal import USUAL_REVISIT_DAYS, acquisition_gaps

log = logging.getLogger(__name__)


def warn_of_filled(source: str, filled: Mapping[dt.date, str]) -> None:
    """A warning that names the filled days of a season."""
    if filled:
        log.warning("%s: %d days filled: %s", source, len(filled), describe(filled))


def warn_of_gaps(season: int, days: Sequence[dt.date], acquired: Collection[dt.date]) -> None:
    """A warning for each run of days without an acquisition of Sentinel-1 that is longer than the
    revisit of one satellite.
    """
    for first, last in acquisition_gaps(acquired, days, USUAL_REVISIT_DAYS):
        log.warning(
            "Sentinel-1 %d: no acquisition from %s to %s, %d days; the maps of these days rest on "
            "the other sources and on older observations",
            season,
            first,
            last,
            (last - first).days + 1,
        )
