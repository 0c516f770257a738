"""Windows of provider rasters on a grid of ours.

Only the pixels that the grid needs are read. Where they lie cell on cell they are copied; otherwise
GDAL's warper moves them.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError
from rasterio._err import CPLE_BaseError
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import Affine
from rasterio.warp import reproject
from rasterio.windows import Window

from daymelt.core.errors import FormatError, MissingInputError, cause_of
from daymelt.core.grid import Grid, same_crs, transformer

Bounds = tuple[float, float, float, float]

# cells by which two grids may differ and still be one: 3 cm at 30 m, far below any geolocation
ALIGNED = 1e-3
MARGIN = 3  # pixels read beyond the window, for the warper's kernel
KERNEL = {
    "XSCALE": 1,
    "YSCALE": 1,
    # else GDAL widens the bilinear kernel with the window's shape: blocks would differ from the
    # whole
}
DRIVER = "GTiff"  # no other format is guessed from the bytes: some, such as VRT, open further files
# pixels of one window: twice the production area at 10 m; beyond it a header is damaged
LARGEST = 2**30
EDGE_POINTS = 33  # points a side by which a box is carried into another crs


@dataclass(frozen=True)
class Piece:
    """Values (y, x) that belong at `rows` and `columns` of a grid."""

    values: NDArray[Any]
    rows: slice
    columns: slice


@contextmanager
def open_raster(path: Path, thing: str) -> Iterator[DatasetReader]:
    """Open a provider's raster: a GeoTIFF of one band of numbers that has a crs and lies somewhere.

    Parameters
    ----------
    thing : what the file is, for messages: `burst`, `DEM`

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        It is no raster, has no crs, or is another kind of raster than any that the readers know.
    """
    if not Path(path).exists():
        raise MissingInputError(f"{thing} {path}: not found; retrieve it again")
    # a folder of thousands of bursts would otherwise be listed at every open
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # refused below, by name
        with reading(path, thing):
            raster = rasterio.open(path, driver=DRIVER)
    with raster:
        with reading(path, thing):
            fault = _fault(raster)
        if fault is not None:
            raise FormatError(f"{thing} {path}: {fault}; retrieve it again")
        yield raster


def _fault(raster: DatasetReader) -> str | None:
    """Why the readers cannot use a raster; None where they can."""
    if raster.crs is None:
        return "no crs, expected a georeferenced raster"
    a, b, _, d, e, _ = transform = raster.transform[:6]
    if raster.transform.is_identity or not all(map(math.isfinite, transform)) or a * e == b * d:
        return (
            f"no place on the map (its transform is {tuple(transform)}), expected a "
            "georeferenced raster"
        )
    if raster.count != 1 or raster.dtypes[0].rstrip("0123456789") not in ("int", "uint", "float"):
        return f"{raster.count} bands of {raster.dtypes[0]}, expected one of real numbers"
    if (
        raster.nodata is not None
        and not raster.dtypes[0].startswith("float")
        and math.isfinite(raster.nodata)
        and raster.nodata % 1
    ):
        return f"nodata {raster.nodata}, which no {raster.dtypes[0]} is"
    if {MaskFlags.per_dataset, MaskFlags.alpha} & set(raster.mask_flag_enums[0]):
        return "a mask band says where it has no data, expected a nodata value"
    scale, offset = raster.scales[0], raster.offsets[0]
    if not (math.isfinite(scale) and math.isfinite(offset)) or scale == 0:
        return f"scale {scale} and offset {offset}, which unpack nothing"
    return None


@contextmanager
def reading(path: Path, thing: str) -> Iterator[None]:
    """Tell in one line what GDAL and PROJ cannot read of one file."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, ProjError, MemoryError) as error:
        reason = cause_of(error)
        raise FormatError(
            f"{thing} {path}: not a whole readable raster ({reason}); delete it and retrieve it "
            "again"
        ) from error


def read_window(raster: DatasetReader, window: Window, thing: str) -> NDArray[Any]:
    """Pixels (y, x) of the first band as stored; FormatError where the file is cut short."""
    with reading(Path(raster.name), thing):
        if window.width * window.height > LARGEST:
            raise MemoryError(f"{window.height} x {window.width} pixels for one window")
        return np.asarray(raster.read(1, window=window))


def read_values(raster: DatasetReader, window: Window, thing: str) -> NDArray[np.float32]:
    """Values (y, x) of the first band, unpacked, NaN where the raster says no data; errors as
    `read_window`.
    """
    stored = read_window(raster, window, thing)
    with np.errstate(over="ignore", invalid="ignore"):
        unpacked = (
            stored
            if (raster.scales[0], raster.offsets[0]) == (1, 0)
            else stored * raster.scales[0] + raster.offsets[0]
        )
        values: NDArray[np.float32] = unpacked.astype(np.float32, copy=False)
    if raster.nodata is not None and not math.isnan(raster.nodata):  # NaN already says so itself
        values = np.where(stored == raster.nodata, np.float32(np.nan), values)
    return values


def source_window(raster: DatasetReader, grid: Grid) -> Window | None:
    """The pixels of `raster` that `grid` needs; None where they do not meet."""
    offset = aligned_offset(raster.transform, raster.crs, grid)
    if offset is not None:
        first_row, first_column, last_row, last_column = (
            offset[0],
            offset[1],
            offset[0] + grid.rows,
            offset[1] + grid.columns,
        )
    else:
        bounds = carry_bounds(grid.bounds, grid.crs, raster.crs.to_wkt())
        first_row, first_column, last_row, last_column = _index_box(
            raster.transform, bounds, MARGIN
        )
    return _clipped(first_row, first_column, last_row, last_column, raster.shape)


def lay(
    values: NDArray[Any],
    transform: Affine,
    crs: "rasterio.crs.CRS",
    grid: Grid,
    resampling: Resampling,
    fill: float,
) -> Piece | None:
    """Bring a window onto a grid: a copy where the cells coincide, a warp otherwise.

    Parameters
    ----------
    values : (y, x), with `fill` where there are no data
    transform, crs : of `values`

    Returns
    -------
    The part of the grid that the window reaches; None where it reaches none.
    """
    offset = aligned_offset(transform, crs, grid)
    if offset is not None:
        row, column = -offset[0], -offset[1]
        window = _clipped(row, column, row + values.shape[0], column + values.shape[1], grid.shape)
        return None if window is None else _cut(values, row, column, window)
    bounds = carry_bounds(_extent(transform, values.shape), crs.to_wkt(), grid.crs)
    window = _clipped(*_index_box(Affine.from_gdal(*grid.geotransform), bounds, 1), grid.shape)
    return None if window is None else _warp(values, transform, crs, grid, window, resampling, fill)


def shifted(transform: Affine, row: float, column: float) -> Affine:
    """The transform of a window that begins at a row and column. (Affine's own operators differ
    between its major versions.)
    """
    a, b, c, d, e, f = transform[:6]
    return Affine(a, b, c + a * column + b * row, d, e, f + d * column + e * row)


def pixels_of(transform: Affine, x: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fractional columns and rows of points."""
    a, b, c, d, e, f = (~transform)[:6]
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return a * x + b * y + c, d * x + e * y + f


def power_resampling(transform: Affine, crs: "rasterio.crs.CRS", grid: Grid) -> Resampling:
    """Average where the source is clearly finer than the grid, bilinear otherwise; measured at the
    grid's centre.
    """
    x, y = grid.left + grid.columns * grid.spacing_m / 2, grid.top - grid.rows * grid.spacing_m / 2
    ends_x, ends_y = transformer(grid.crs, crs.to_wkt()).transform(
        [x, x + grid.spacing_m, x], [y, y, y + grid.spacing_m]
    )
    columns, rows = pixels_of(transform, ends_x, ends_y)
    across, down = columns[1:] - columns[0], rows[1:] - rows[0]
    pixels_a_side = math.sqrt(abs(across[0] * down[1] - across[1] * down[0]))
    return Resampling.average if pixels_a_side >= 1.5 else Resampling.bilinear


def aligned_offset(
    transform: Affine, crs: "rasterio.crs.CRS", grid: Grid
) -> tuple[int, int] | None:
    """Row and column, in the source, of the grid's first cell where both lie cell on cell; None
    where they do not.
    """
    spacing = grid.spacing_m
    drift = max(
        abs(transform.a - spacing), abs(transform.e + spacing), abs(transform.b), abs(transform.d)
    ) * max(grid.shape)
    if drift > ALIGNED * spacing or not same_crs(crs.to_wkt(), grid.crs):
        return None
    row, column = (transform.f - grid.top) / spacing, (grid.left - transform.c) / spacing
    if max(abs(row - round(row)), abs(column - round(column))) > ALIGNED:
        return None
    return round(row), round(column)


def carry_bounds(bounds: Bounds, source: str, target: str) -> Bounds:
    """Box of `target` around a box of `source`: (left, bottom, right, top), its edges followed
    point by point.
    """
    carried = transformer(source, target).transform_bounds(*bounds, densify_pts=EDGE_POINTS)
    if not all(map(math.isfinite, carried)):
        raise ProjError(f"{bounds} has no place in its crs or in the area's")
    return tuple(float(edge) for edge in carried)  # type: ignore[return-value]


def edge_centres(grid: Grid, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (x, y) of the outermost cells of a grid, in another crs."""
    x, y = grid.x, grid.y
    columns = np.concatenate([x, x, np.full(y.size, x[0]), np.full(y.size, x[-1])])
    rows = np.concatenate([np.full(x.size, y[0]), np.full(x.size, y[-1]), y, y])
    convert: Transformer = transformer(grid.crs, crs)
    carried_x, carried_y = convert.transform(columns, rows)
    return np.asarray(carried_x), np.asarray(carried_y)


def _extent(transform: Affine, shape: tuple[int, ...]) -> Bounds:
    corners = [shifted(transform, row, column) for row in (0, shape[0]) for column in (0, shape[1])]
    x, y = [corner.c for corner in corners], [corner.f for corner in corners]
    return min(x), min(y), max(x), max(y)


def _index_box(transform: Affine, bounds: Bounds, margin: int) -> tuple[int, int, int, int]:
    """First row and column, and the ones after the last, of the pixels that a box touches."""
    left, bottom, right, top = bounds
    columns, rows = pixels_of(transform, [left, right, left, right], [top, top, bottom, bottom])
    if not (np.isfinite(columns).all() and np.isfinite(rows).all()):
        raise RasterioError(f"no pixels lie at {bounds}: its transform is {tuple(transform[:6])}")
    return (
        math.floor(rows.min()) - margin,
        math.floor(columns.min()) - margin,
        math.ceil(rows.max()) + margin,
        math.ceil(columns.max()) + margin,
    )


def _clipped(
    first_row: int, first_column: int, last_row: int, last_column: int, shape: tuple[int, int]
) -> Window | None:
    top, left = max(first_row, 0), max(first_column, 0)
    bottom, right = min(last_row, shape[0]), min(last_column, shape[1])
    return Window(left, top, right - left, bottom - top) if bottom > top and right > left else None


def _slices(window: Window) -> tuple[slice, slice]:
    rows, columns = window.toslices()
    return rows, columns


def _cut(values: NDArray[Any], row: int, column: int, window: Window) -> Piece:
    rows, columns = _slices(window)
    inner = values[
        rows.start - row : rows.stop - row, columns.start - column : columns.stop - column
    ]
    return Piece(inner, rows, columns)


def _warp(
    values: NDArray[Any],
    transform: Affine,
    crs: "rasterio.crs.CRS",
    grid: Grid,
    window: Window,
    resampling: Resampling,
    fill: float,
) -> Piece:
    warped = np.full((window.height, window.width), fill, values.dtype)
    origin = shifted(Affine.from_gdal(*grid.geotransform), window.row_off, window.col_off)
    reproject(
        values,
        warped,
        src_transform=transform,
        src_crs=crs,
        src_nodata=fill,
        dst_transform=origin,
        dst_crs=grid.crs,
        dst_nodata=fill,
        resampling=resampling,
        **KERNEL,
    )
    return Piece(warped, *_slices(window))
