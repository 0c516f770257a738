"""Terrain: a height model and ocean or ice masks, on a grid of ours.

Sources: ArcticDEM v4.1 (heights above the WGS84 ellipsoid, m); GIMP classification NSIDC-0714 (1 =
ocean or ice, 0 = other).
"""

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.transform import Affine
from rasterio.warp import reproject

from daymelt.core.errors import FormatError, GridError
from daymelt.core.grid import Grid
from daymelt.sources.formats.raster import (
    KERNEL,
    carry_bounds,
    edge_centres,
    open_raster,
    pixels_of,
    power_resampling,
    reading,
)

METRES = {"m", "metre", "meter", "metres", "meters"}
# between which the height of any land lies, above geoid or ellipsoid
LOWEST_M, HIGHEST_M = (-1000, 9000)


def read_height(path: Path, grid: Grid) -> NDArray[np.float32]:
    """Surface height on a grid.

    Averaged where the DEM is clearly finer than the grid, interpolated bilinearly otherwise.

    Returns
    -------
    float32 (y, x), m as in the DEM; NaN where it has no data.

    Raises
    ------
    GridError
        The DEM does not cover the grid.
    MissingInputError, FormatError
        There is no such file, it is no raster, or it has no crs.
    """
    with open_raster(path, "DEM") as raster:
        with reading(path, "DEM"):
            check_covers(raster, grid, path, "DEM")
            height = _warped(raster, grid, power_resampling(raster.transform, raster.crs, grid))
        height = height * np.float32(raster.scales[0]) + np.float32(raster.offsets[0])
        _check_heights(height, raster.units[0], path)
        return height


def read_flag(path: Path, grid: Grid) -> NDArray[np.bool_]:
    """True where the nearest pixel of a mask is 1, (y, x); errors as `read_height`."""
    with open_raster(path, "mask") as raster:
        if (raster.scales[0], raster.offsets[0]) != (1, 0):
            raise FormatError(
                f"mask {path}: scale {raster.scales[0]} and offset {raster.offsets[0]}, expected "
                "plain codes; choose another"
            )
        with reading(path, "mask"):
            check_covers(raster, grid, path, "mask")
            return np.asarray(_warped(raster, grid, Resampling.nearest) == 1)


def _check_heights(height: NDArray[np.float32], units: str | None, path: Path) -> None:
    """FormatError where numbers are no heights in metres: another unit, another packing, or a
    nodata value that is not declared.
    """
    if (units or "m").strip().lower() not in METRES:
        raise FormatError(f"DEM {path}: heights in {units!r}, expected metres; choose another")
    known = height[~np.isnan(height)]
    if known.size and not (known.min() >= LOWEST_M and known.max() <= HIGHEST_M):
        found, expected = (
            f"heights of {known.min():g} to {known.max():g} m",
            f"{LOWEST_M} to {HIGHEST_M} m",
        )
        raise FormatError(
            f"DEM {path}: {found}, expected {expected}; is its nodata value declared? choose "
            "another"
        )


def check_covers(raster: DatasetReader, grid: Grid, path: Path, thing: str) -> None:
    """GridError unless the centre of every cell of the grid lies within the raster."""
    columns, rows = pixels_of(raster.transform, *edge_centres(grid, raster.crs.to_wkt()))
    inside = (columns >= 0) & (columns <= raster.width) & (rows >= 0) & (rows <= raster.height)
    if not inside.all():
        needed = carry_bounds(grid.bounds, grid.crs, raster.crs.to_wkt())
        found, expected = _named(tuple(raster.bounds)), _named(needed)
        raise GridError(
            f"{thing} {path}: covers {found}, the area needs {expected} (left, bottom, right, "
            "top); choose one that covers it"
        )


def _warped(raster: DatasetReader, grid: Grid, resampling: Resampling) -> NDArray[np.float32]:
    field = np.full(grid.shape, np.nan, np.float32)
    reproject(
        rasterio.band(raster, 1),
        field,
        dst_transform=Affine.from_gdal(*grid.geotransform),
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=resampling,
        **KERNEL,
    )
    return field


def _named(bounds: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{edge:.10g}" for edge in bounds) + ")"
