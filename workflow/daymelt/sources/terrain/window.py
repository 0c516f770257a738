"""A window of a remote raster of terrain, read by ranges of the file and written as GeoTIFF."""

from pathlib import Path

import rasterio

from daymelt.archives.access import Access
from daymelt.archives.ranges import open_remote
from daymelt.archives.remote import Remote
from daymelt.archives.retry import Policy
from daymelt.core.atomic import atomic_path
from daymelt.core.errors import GridError
from daymelt.core.grid import Grid
from daymelt.sources.formats.raster import shifted, source_window

AROUND = 4  # cells of the grid on every side, which an interpolation at its edge needs


def cut_window(remote: Remote, folder: Path, grid: Grid, access: Access, policy: Policy) -> Path:
    """Write the pixels that a grid needs, on the raster's own cells, in its type and with its
    nodata value.

    Raises
    ------
    GridError
        The raster does not meet the grid.
    MissingCredentialError, RetrievalError, FormatError
        As `archives.ranges.open_remote`.
    """
    path = Path(folder) / remote.path
    with open_remote(remote.url, access, policy, "DEM", measured=False) as opened:
        raster = opened.raster
        window = source_window(raster, grid.expand(AROUND))
        if window is None:
            raise GridError(f"DEM {remote.url}: does not meet the area; choose one that covers it")
        pixels = opened.read(window)
        profile = {
            "driver": "GTiff",
            "count": 1,
            "dtype": raster.dtypes[0],
            "nodata": raster.nodata,
            "crs": raster.crs,
            "transform": shifted(raster.transform, window.row_off, window.col_off),
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "compress": "DEFLATE",
        }
        with atomic_path(path) as temporary, rasterio.open(temporary, "w", **profile) as written:
            written.write(pixels, 1)
    return path
