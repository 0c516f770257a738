"""Brightness temperature as the twin's radiometer observes it."""

import datetime as dt
from pathlib import Path

from daymelt.settings.inputs import Microwave
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
