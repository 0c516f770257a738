"""A field as a plain GeoTIFF of float32, NaN where there are no data, for the code of others; the
daily product is in `cog`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path
from daymelt.core.errors import GridError
from daymelt.core.grid import Grid

CREATION = {
    "compress": "DEFLATE",
    "predictor": 3,
    "zlevel": 4,
    "tiled": True,
    "blockxsize": 256,
    "blockysize": 256,
}


def write_field(
    path: Path, field: NDArray[np.float32], grid: Grid, tags: Mapping[str, str] | None = None
) -> None:
    """Write a field (y, x), atomically.

    Raises
    ------
    GridError
        The field has another shape than the grid.
    StorageError
        The disk is full or the folder cannot be written.
    """
    import rasterio
    from rasterio import Affine
    from rasterio.crs import CRS

    if field.shape != grid.shape:
        raise GridError(f"{path}: field has shape {field.shape}, the grid {grid.shape}")
    profile = {
        "count": 1,
        "dtype": "float32",
        "nodata": float("nan"),
        "crs": CRS.from_user_input(grid.crs),
        **CREATION,
    }
    with atomic_path(path) as temporary, rasterio.Env(GDAL_PAM_ENABLED="NO"):
        transform = Affine.from_gdal(*grid.geotransform)
        with rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            width=grid.columns,
            height=grid.rows,
            transform=transform,
            **profile,
        ) as file:
            file.write(np.asarray(field, np.float32), 1)
            file.update_tags(**dict(tags or {}))
