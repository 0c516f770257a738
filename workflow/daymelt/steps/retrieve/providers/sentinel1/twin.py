"""Bursts of the twin's radar."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core import cube
from daymelt.core.errors import ConfigError
from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Sentinel1
from daymelt.steps.retrieve.gaps import acquisition_gaps_of
from daymelt.steps.retrieve.twin_files import TwinFiles
from daymelt.twin import files, radar, schedule

PROCESSING_DELAY = dt.timedelta(days=1, hours=3)


class Provider(TwinFiles[Sentinel1]):
    """Every burst of a month that sees the area, backscatter and mask."""

    def write(self) -> list[Path]:
        """Observe the truth of the season in each pass; ConfigError without that."""
        request = self.request
        if request.world is None:
            raise ConfigError(
                "retrieve-sentinel1: provider twin needs --world, the file that `daymelt "
                "twin-world` writes for the season"
            )
        seed = request.twin.seed
        overflights = schedule.month_passes(request.days[0].year, request.days[0].month, seed)
        paths: list[Path] = []
        with cube.open_stream(request.world) as truth:
            for orbit in dict.fromkeys(overflight.orbit for overflight in overflights):
                seen = [
                    (overflight, truth.read(overflight.acquired_at.date()))
                    for overflight in overflights
                    if overflight.orbit == orbit
                ]
                for overflight, image in radar.observe_orbit(seen, request.area, seed):
                    paths += self._write_burst(overflight, image)
        return paths

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """Long runs of days without an acquisition."""
        return acquisition_gaps_of(self.request.days, self.written)

    def _write_burst(self, overflight: schedule.Pass, image: radar.BurstImage) -> list[Path]:
        acquired = overflight.acquired_at
        self.written.add(acquired.date())
        name = files.burst_name(
            overflight.orbit.number,
            image.number,
            image.swath,
            acquired,
            acquired + PROCESSING_DELAY,
            overflight.platform,
        )
        return files.write_burst(
            self.request.folder,
            name,
            image.gamma0,
            image.mask,
            image.grid,
            acquired,
            self.request.settings.polarisation,
        )
