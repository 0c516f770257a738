"""Coarse fields: from a 5 km grid to 100 m."""

import warnings

import numpy as np
from common import study_grid
from harness import Case, Setting, Stage
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject

from daymelt.core.grid import Grid
from daymelt.science import regrid


def regrid_case(setting: Setting) -> Case:
    """One field of 5 km by way of the 1 km posting, as the streams have it, weights made once;
    rasterio goes there directly.
    """
    grid = study_grid(setting)
    source = Grid(
        grid.crs,
        5000,
        grid.left - 10_000,
        grid.top + 10_000,
        grid.rows // 50 + 5,
        grid.columns // 50 + 5,
    )
    field = np.random.default_rng(0).random(source.shape).astype(np.float32)
    posting = grid.posting(1000)
    weights = regrid.bilinear_weights(*np.meshgrid(source.x, source.y), posting)
    along = regrid.axis_weights(posting.y, grid.y), regrid.axis_weights(posting.x, grid.x)

    def ours() -> np.ndarray:
        return regrid.upsample(regrid.apply_weights(weights, field, posting.shape), *along)

    def warp() -> np.ndarray:
        out = np.empty(grid.shape, np.float32)
        places = {
            "src_transform": Affine.from_gdal(*source.geotransform),
            "dst_transform": Affine.from_gdal(*grid.geotransform),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            reproject(
                field,
                out,
                **places,
                src_crs=grid.crs,
                dst_crs=grid.crs,
                resampling=Resampling.bilinear,
            )
        return out

    def check() -> str:
        difference = float(np.abs(ours() - warp()).mean())
        if difference > 1e-4:
            raise AssertionError(f"regridding: {difference}")
        return f"mean difference {difference:.0e} of a field of white noise 0-1"

    return Case(ours, warp, lambda: np.empty(grid.shape, np.float32).fill(1), check)


STAGES = [
    Stage(
        "regrid",
        "regrid one field, 5 km to 100 m",
        "rasterio bilinear reproject",
        0.25,
        regrid_case,
        "writing the result to memory",
        repeats=9,
    )
]
