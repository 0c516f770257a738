"""Readers of the published MeltwaterBench rasters: which days a folder has, and one day's field on
the grid that all of them share.

Source: DATA layout of the dataset `blutjens/meltwaterbench`; see
`daymelt.sources.meltwaterbench.layout`. Values: brightness temperature in K, liquid water as a mass
fraction, melt fraction 0 to 1, mask -1 ocean and 1 land, height in m.
"""

import datetime as dt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from daymelt.core.errors import FormatError, GridError, MissingInputError
from daymelt.core.grid import Grid, same_crs
from daymelt.sources.formats.raster import ALIGNED, open_raster, read_values
from daymelt.sources.meltwaterbench.layout import LAND, OCEAN, day_of
from daymelt.sources.terrain.reader import HIGHEST_M, LOWEST_M

Range = tuple[float, float]

FRACTION: Range = (0, 1)
# from dry snow in winter to any surface; degrees Celsius and raw counts lie beyond
KELVIN: Range = (50, 350)
METRES: Range = (LOWEST_M, HIGHEST_M)
ROUNDING = 1e-5  # beyond 0 and 1, from the writer's arithmetic
SQUARE = 1e-6  # relative difference between width and height of a cell
FILLED = "DAYMELT_FILLED"


def find_days(folder: Path) -> dict[dt.date, Path]:
    """The days of a folder, in order.

    Raises
    ------
    MissingInputError
        There is no such folder.
    FormatError
        A raster in it has no name of a day: it would otherwise be a day that is missing for no
        visible reason.
    """
    if not folder.is_dir():
        raise MissingInputError(
            f"{folder}: no such folder; expected daily rasters of MeltwaterBench, check "
            "meltwaterbench.folder"
        )
    found = {}
    for path in sorted(folder.glob("[!.]*.tif")):
        day = day_of(path.name)
        if day is None:
            raise FormatError(
                f"{path}: file name {path.name!r}, expected a day as YYYY_MM_DD.tif; rename it "
                "or take it out of the folder"
            )
        found[day] = path
    return found


def read_grid(path: Path) -> Grid:
    """The grid of a raster, whatever it is.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no georeferenced raster of one band.
    GridError
        Its cells are not square and north up, or its crs is not projected in metres.
    """
    with open_raster(path, "raster") as raster:
        width, across, left, down, height, top = raster.transform[:6]
        if across or down or width <= 0 or abs(width + height) > SQUARE * width:
            raise GridError(
                f"{path}: cells of {width:g} x {-height:g} m turned by {across:g}, {down:g}; "
                "expected square cells, north up"
            )
        epsg = raster.crs.to_epsg(confidence_threshold=100)
        crs = f"EPSG:{epsg}" if epsg else raster.crs.to_wkt()
        return Grid(crs, float(width), float(left), float(top), raster.height, raster.width)


def read_field(path: Path, grid: Grid, thing: str, limits: Range) -> NDArray[np.float32]:
    """One raster as it is, (y, x), NaN where it has no data.

    Parameters
    ----------
    grid : the grid that it must have
    thing : what it holds, for messages
    limits : least and greatest value that it may hold

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, it cannot be read whole, or its values are beyond the limits: another
        unit.
    GridError
        It has another grid.
    """
    check_grid(path, grid)
    with open_raster(path, thing) as raster:
        values = read_values(raster, Window(0, 0, raster.width, raster.height), thing)
    values[~np.isfinite(values)] = np.nan
    known = values[~np.isnan(values)]
    low, high = limits
    if known.size and (known.min() < low - ROUNDING or known.max() > high + ROUNDING):
        raise FormatError(
            f"{thing} {path}: values {known.min():g} to {known.max():g}, expected {low:g} to "
            f"{high:g}; check its unit"
        )
    return np.clip(values, low, high)


def read_ocean(path: Path, grid: Grid) -> NDArray[np.bool_]:
    """True over water, (y, x), from the mask of -1 and 1; errors as `read_field`."""
    values = read_field(path, grid, "mask", (-np.inf, np.inf))
    if not np.isin(values, (OCEAN, LAND)).all():
        found = np.unique(values[~np.isin(values, (OCEAN, LAND))])[:3]
        raise FormatError(
            f"mask {path}: holds {', '.join(f'{value:g}' for value in found)}; expected {OCEAN} "
            f"(ocean) and {LAND} (land)"
        )
    return np.asarray(values == OCEAN)


def filled_by(path: Path) -> str:
    """The rule that filled the day of a raster that daymelt exported; empty for an observed day."""
    with open_raster(path, "raster") as raster:
        return str(raster.tags().get(FILLED, ""))


def check_grid(path: Path, expected: Grid) -> None:
    """GridError unless a raster has the expected grid."""
    found = read_grid(path)
    apart = np.abs(np.subtract(found.geotransform, expected.geotransform)).max()
    drift = max(apart, abs(found.spacing_m - expected.spacing_m) * max(expected.shape))
    if (
        found.shape != expected.shape
        or drift > ALIGNED * expected.spacing_m
        or not same_crs(found.crs, expected.crs)
    ):
        raise GridError(
            f"{path}: {_named(found)}; the area has {_named(expected)}; set area.grid_file to a "
            "raster of the same data"
        )


def _named(grid: Grid) -> str:
    crs = grid.crs if len(grid.crs) < 40 else grid.crs.partition('"')[2].partition('"')[0]
    return (
        f"{grid.rows} x {grid.columns} cells of {grid.spacing_m:g} m from ({grid.left:.10g}, "
        f"{grid.top:.10g}) in {crs}"
    )
