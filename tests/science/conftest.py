"""GDAL's warper as an independent reference: within rasterio, and as the command that a system brings."""

import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def gdalwarp(tmp_path: Path) -> Warp:
    """As `warp`, by the gdalwarp command; `resampling` is its name there."""
    if shutil.which("gdalwarp") is None:
        pytest.skip("the gdalwarp command is not installed")

    def warper(field: NDArray[np.generic], source: Grid, target: Grid, resampling: str) -> NDArray[np.float64]:
        given, result = tmp_path / "given.asc", tmp_path / "result.bin"
        corner = f"xllcorner {source.left}\nyllcorner {source.bottom}\ncellsize {source.spacing_m}\nnodata_value -9999\n"
        rows = [" ".join(repr(float(value)) for value in row) for row in np.where(np.isnan(field), -9999, field)]
        given.write_text(f"ncols {source.columns}\nnrows {source.rows}\n{corner}" + "\n".join(rows) + "\n")
        extent = [str(bound) for bound in target.bounds]
        place = ["-s_srs", source.crs, "-t_srs", target.crs, "-te", *extent, "-tr", str(target.spacing_m), str(target.spacing_m)]
        form = ["-ot", "Float64", "-dstnodata", "-9999", "-et", "0", "-of", "ENVI"]
        subprocess.run(
            ["gdalwarp", "-q", "-overwrite", "-r", resampling, *place, *form, str(given), str(result)], check=True, capture_output=True
        )
        written = np.fromfile(result, "<f8").reshape(target.shape)
        return np.where(written == -9999, np.nan, written)

    return warper
