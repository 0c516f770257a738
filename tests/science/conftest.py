"""GDAL's warper as an independent reference, and small deterministic fields."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from daymelt.grid import Grid

Warp = Callable[..., NDArray[np.float64]]


@pytest.fixture(scope="session")
def warp() -> Warp:
    """Warp a field from one grid to another with GDAL; NaN where it gives no data."""

    def warper(field: NDArray[np.generic], source: Grid, target: Grid, resampling: Resampling) -> NDArray[np.float64]:
        result = np.full(target.shape, np.nan)
        with warnings.catch_warnings():  # rasterio 1.4 still multiplies affine transforms in the way affine 3 deprecates
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            reproject(
                field.astype(np.float64),
                result,
                src_transform=from_origin(source.left, source.top, source.spacing_m, source.spacing_m),
                dst_transform=from_origin(target.left, target.top, target.spacing_m, target.spacing_m),
                src_crs=rasterio.CRS.from_string(source.crs),
                dst_crs=rasterio.CRS.from_string(target.crs),
                src_nodata=np.nan,
                dst_nodata=np.nan,
                resampling=resampling,
            )
        return result

    return warper
