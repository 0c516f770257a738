"""Liquid water of MAR on the days of MeltwaterBench."""

from daymelt.settings.inputs import Mar
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.retrieve.dataset_files import DatasetFiles, Names, day_names


class Provider(DatasetFiles[Mar]):
    """The days of a season."""

    def wanted(self) -> Names:
        """One raster a day."""
        return {layout.MAR: day_names(self.request.days)}
