"""Brightness temperature as the twin's radiometer observes it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Microwave
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
            self.written.add(day)
            processed = dt.datetime.combine(day, dt.time(), dt.UTC) + PROCESSING_DELAY
            paths.append(
                files.write_cetb(
                    request.folder, day, *identity, brightness, cells.x, cells.y, processed
                )
            )
        return paths

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """The days without a file."""
        return missing_days_of("passive microwave", self.request.days, self.written)
