"""Mask and DEM of MeltwaterBench."""

from daymelt.settings.inputs import Terrain
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.retrieve.dataset_files import DatasetFiles, Names
from daymelt.steps.retrieve.provider import Offer


class Provider(DatasetFiles[Terrain]):
    """Two rasters, of which neither may be absent."""

    needed = (layout.MASK, layout.HEIGHT)

    def smallest(self, offer: Offer) -> Offer:
        """Both: they are of use together only."""
        return offer

    def wanted(self) -> Names:
        """Mask and height."""
        return {path.parent: [path.name] for path in self.needed}
