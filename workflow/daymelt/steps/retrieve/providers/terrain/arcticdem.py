"""The window of the area from ArcticDEM's mosaic, and the GIMP masks (NSIDC-0714) from NASA's
archive.
"""

from daymelt.core.progress import progress
from daymelt.settings.inputs import Archives
from daymelt.sources.microwave import nsidc
from daymelt.sources.terrain import arcticdem
from daymelt.steps.retrieve.archive_settings import policy
from daymelt.steps.retrieve.entries import entry_of, window_entry
from daymelt.steps.retrieve.nsidc_access import terrain_options
from daymelt.steps.retrieve.provider import Offer, Reached, Retrieved
from daymelt.steps.retrieve.providers.terrain import nsidc_0645

HEIGHTS = ("arcticdem*.tif",)


def mosaic_options(archives: Archives) -> arcticdem.ArcticDemOptions:
    """Where ArcticDEM's mosaic lies."""
    return arcticdem.ArcticDemOptions(
        archives.arcticdem,
        archives.s3_endpoint,
        archives.s3_https,
        archives.s3_virtual_hosting,
        policy=policy(archives),
    )


class Provider(nsidc_0645.Provider):
    """Height of 32 m, ocean mask and ice mask of 90 m.

    A window of the mosaic is of no archive: an adopted one is any GeoTIFF of a name like
    `arcticdem….tif`, and is opened only.
    """

    unlisted = HEIGHTS

    @property
    def heights(self) -> tuple[str, ...]:
        """Patterns of the names of the DEM."""
        return HEIGHTS

    def offer(self) -> Offer:
        """The mosaic and the two masks."""
        mosaic = arcticdem.search(mosaic_options(self.request.archives))
        return Offer([*mosaic, *self.adoptable().remotes])

    def adoptable(self) -> Offer:
        """The two masks."""
        return Offer(nsidc.search_masks(terrain_options(self.request.archives)))

    def reach(self) -> Reached:
        """Open the mosaic."""
        return Reached(arcticdem.describe_mosaic(mosaic_options(self.request.archives)))

    def sample(self, offer: Offer) -> Retrieved:
        """All of it: height and both masks are of use together only."""
        return self.fetch(offer)

    def fetch(self, offer: Offer) -> Retrieved:
        """The masks, and the window of the mosaic."""
        folder, (mosaic, *masks) = self.request.folder, offer.remotes
        fetched = self.fetch_files(masks)
        with progress(0, "strips of ArcticDEM", " strips") as bar:

            def count(done: int, strips: int) -> None:
                bar.total, bar.miniters = strips, strips / 10
                bar.update(done - bar.n)

            height = arcticdem.read_window(
                mosaic, folder, self.request.area, mosaic_options(self.request.archives), count
            )
        return Retrieved(
            [window_entry(folder, height, mosaic), *(entry_of(item) for item in fetched)]
        )
