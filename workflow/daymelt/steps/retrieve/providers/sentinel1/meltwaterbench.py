"""Melt fractions of MeltwaterBench in place of backscatter; it has none of the winter."""

from daymelt.settings.inputs import Sentinel1
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.retrieve.dataset_files import DatasetFiles, Names, day_names


class Provider(DatasetFiles[Sentinel1]):
    """The melt fractions of the days of a month."""

    def wanted(self) -> Names:
        """One raster a day."""
        return {layout.SAR: day_names(self.request.days)}
