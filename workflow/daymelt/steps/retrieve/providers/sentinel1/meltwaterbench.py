"""Melt fractions of MeltwaterBench in place of backscatter; it has none of the winter."""

from collections.abc import Mapping, Sequence
from typing import Any

from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Sentinel1
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.retrieve.dataset_files import DatasetFiles, Names, day_names
from daymelt.steps.retrieve.days_of_files import days_of_rasters
from daymelt.steps.retrieve.gaps import acquisition_gaps_of


class Provider(DatasetFiles[Sentinel1]):
    """The melt fractions of the days of a month."""

    def wanted(self) -> Names:
        """One raster a day."""
        return {layout.SAR: day_names(self.request.days)}

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """Long runs of days without an acquisition."""
        return acquisition_gaps_of(self.request.days, days_of_rasters(entries))
