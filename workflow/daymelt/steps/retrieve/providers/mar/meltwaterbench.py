"""Liquid water of MAR on the days of MeltwaterBench."""

from collections.abc import Mapping, Sequence
from typing import Any

from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Mar
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.retrieve.dataset_files import DatasetFiles, Names, day_names
from daymelt.steps.retrieve.days_of_files import days_of_rasters
from daymelt.steps.retrieve.gaps import missing_days_of


class Provider(DatasetFiles[Mar]):
    """The days of a season."""

    def wanted(self) -> Names:
        """One raster a day."""
        return {layout.MAR: day_names(self.request.days)}

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """The days without a raster."""
        return missing_days_of("MAR", self.request.days, days_of_rasters(entries))
