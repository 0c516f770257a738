"""What the providers at NSIDC share: where the terrain's files are searched, and whether the
account opens a file.
"""

from daymelt.archives.ranges import open_remote
from daymelt.archives.remote import Remote
from daymelt.settings.inputs import Archives
from daymelt.sources.microwave import nsidc
from daymelt.steps.retrieve.archive_settings import catalogue, earthdata, policy
from daymelt.steps.retrieve.provider import Reached


def terrain_options(archives: Archives) -> nsidc.TerrainOptions:
    """Where the DEM and the masks are searched, and their names."""
    return nsidc.TerrainOptions(
        catalogue(archives),
        height_names=archives.height_names,
        ocean_names=archives.ocean_mask_names,
        ice_names=archives.ice_mask_names,
    )


def reach_nsidc(mask: Remote, archives: Archives) -> Reached:
    """Read the first bytes of a mask with the account."""
    with open_remote(mask.url, earthdata(archives), policy(archives), "mask", measured=False):
        return Reached("reached, and the account opens files of NSIDC")
