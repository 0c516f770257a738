"""The GIMP DEM (NSIDC-0645) and the GIMP masks (NSIDC-0714) from NASA's archive."""

from pathlib import Path

from daymelt.settings.inputs import Terrain
from daymelt.sources.microwave import nsidc
from daymelt.sources.terrain.reader import read_flag, read_height
from daymelt.sources.terrain.window import cut_window
from daymelt.steps.retrieve.adoption import Adoptable, fits
from daymelt.steps.retrieve.archive_settings import policy
from daymelt.steps.retrieve.entries import entry_of, window_entry
from daymelt.steps.retrieve.nsidc_access import reach_nsidc, terrain_options
from daymelt.steps.retrieve.provider import Offer, Reached, Retrieved


class Provider(Adoptable[Terrain]):
    """Height, ocean mask and ice mask of 90 m."""

    def offer(self) -> Offer:
        """The mosaic of the DEM and the two masks."""
        options = terrain_options(self.request.archives)
        return Offer([*nsidc.search_height(options), *nsidc.search_masks(options)])

    def sample(self, offer: Offer) -> Retrieved:
        """A window of the DEM, by ranges of its file, and both masks."""
        folder, (height, *masks) = self.request.folder, offer.remotes
        archives = self.request.archives
        folder.mkdir(parents=True, exist_ok=True)
        path = cut_window(height, folder, self.request.area, self.access(), policy(archives))
        fetched = [entry_of(item) for item in self.fetch_files(masks)]
        return Retrieved([window_entry(folder, path, height), *fetched], offer.about)

    def reach(self) -> Reached:
        """Search the files, few granules, and open a mask with the account."""
        return reach_nsidc(self.offer().remotes[-1], self.request.archives)

    @property
    def heights(self) -> tuple[str, ...]:
        """Patterns of the names of the DEM."""
        return self.request.archives.height_names

    def belongs(self, name: str) -> bool:
        """True for a name of the DEM or of a mask."""
        archives = self.request.archives
        return fits((*self.heights, *archives.ocean_mask_names, *archives.ice_mask_names), name)

    def check(self, path: Path) -> None:
        """Read height or mask around the area."""
        read = read_height if fits(self.heights, path.name) else read_flag
        read(path, self.request.area)
