"""Days of retrieved files by their names."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from daymelt.core.manifest import Entry
from daymelt.sources.meltwaterbench import layout
from daymelt.sources.sentinel1.bursts import parse_burst

MASK = "_mask.tif"


def days_of_bursts(entries: Iterable[Entry]) -> set[dt.date]:
    """Acquisition days of bursts by their names."""
    names = (Path(item.path) for item in entries if not item.path.endswith(MASK))
    return {parse_burst(name).acquired_at.date() for name in names}


def days_of_rasters(entries: Iterable[Entry]) -> set[dt.date]:
    """Days of the daily rasters of the published dataset by their names."""
    found = (layout.day_of(PurePosixPath(item.path).name) for item in entries)
    return {day for day in found if day is not None}
