"""Brightness temperature as the twin's radiometer observes it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Microwave
from daymelt.sources.microwave.cetb import find_days
from daymelt.steps.retrieve.gaps import missing_days_of
from daymelt.steps.retrieve.twin_files import TwinFiles
from daymelt.twin import files, radiometer

PROCESSING_DELAY = dt.timedelta(days=40, hours=5)


class Provider(TwinFiles[Microwave]):
    """One file a day."""

    def write(self) -> list[Path]:
        """Observe the days of the year that the twin has."""
        request = self.request
        microwave, cells = request.settings, radiometer.window(request.area)
        identity = (microwave.platform, microwave.channel, microwave.overpass)
        paths = []
        for day, brightness in radiometer.observe(
            request.area, request.days[0].year, request.twin.seed
        ):
            processed = dt.datetime.combine(day, dt.time(), dt.UTC) + PROCESSING_DELAY
            paths.append(
                files.write_cetb(
                    request.folder, day, *identity, brightness, cells.x, cells.y, processed
                )
            )
        return paths

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """The days without a file."""
        settings = self.request.settings
        identity = (settings.platform, settings.channel, settings.overpass)
        found = find_days([Path(item.path) for item in entries], *identity)
        return missing_days_of("passive microwave", self.request.days, found)
