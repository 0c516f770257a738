"""Shared by several stages: the grid, a random field of realistic texture, a tiled GeoTIFF."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from harness import Setting
from numpy.typing import NDArray
from rasterio.transform import Affine

from daymelt.core.grid import Grid

LEFT, TOP, CRS = 228900, -2445900, "EPSG:3413"


def study_grid(setting: Setting) -> Grid:
    """The production corner with the cells of a setting."""
    return Grid(CRS, 100, LEFT, TOP, setting.rows, setting.columns)


def season(count: int, first: dt.date = dt.date(2019, 4, 1), step: int = 1) -> list[dt.date]:
    """So many days."""
    return [first + dt.timedelta(step * n) for n in range(count)]


def write_raster(path: Path, field: NDArray[Any], grid: Grid, **layout: Any) -> None:
    """A GeoTIFF in tiles of 512, DEFLATE, as a careful person keeps rasters."""
    profile = {
        "driver": "GTiff",
        "count": 1,
        "dtype": field.dtype.name,
        "crs": grid.crs,
        "transform": Affine.from_gdal(*grid.geotransform),
    }
    profile |= {
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "DEFLATE",
        "zlevel": 4,
        "num_threads": "ALL_CPUS",
    }
    with rasterio.open(
        path, "w", width=grid.columns, height=grid.rows, **{**profile, **layout}
    ) as file:
        file.write(field, 1)


def speckled_percent(grid: Grid, seed: int, missing: float = 0.4) -> NDArray[np.uint8]:
    """Melt fraction in percent with a swath missing, (y, x)."""
    random = np.random.default_rng(seed)
    block = random.integers(0, 101, (min(512, grid.rows), min(512, grid.columns)), np.uint8)
    field = repeated(block, grid.shape)
    edge = int(missing * grid.columns)
    if seed % 2:
        field[:, :edge] = 255
    else:
        field[:, grid.columns - edge :] = 255
    return field


def repeated(block: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """A block laid out over a shape."""
    times = [-(-size // side) for size, side in zip(shape, block.shape, strict=True)]
    return np.ascontiguousarray(np.tile(block, times)[: shape[0], : shape[1]])
