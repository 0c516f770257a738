"""Windows of the files of maps: the part of a layer that is asked for, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError, MissingInputError, cause_of
from daymelt.core.grid import Grid, same_crs

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

REMEDY = "map its season again"


def grid_of(path: Path) -> Grid:
    """The grid of a map.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no map.
    """
    with _open(path) as file:
        if not file.crs:
            raise FormatError(f"{path}: crs none, expected that of a map; {REMEDY}")
        left, spacing, _, top, _, _ = file.transform.to_gdal()
        return Grid(file.crs.to_string(), spacing, left, top, *file.shape)


def read_window(
    path: Path, grid: Grid, encoding: Encoding, rows: slice, columns: slice
) -> NDArray[Any]:
    """The stored numbers (y, x) of some rows and columns of a map, of which only the blocks are
    read.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, it is damaged, or it is of another grid or layer.
    """
    with _open(path) as file:
        _check_head(path, file, grid, encoding)
        window = (rows.start, rows.stop), (columns.start, columns.stop)
        return np.asarray(file.read(1, window=window))


def _check_head(path: Path, file: "DatasetReader", grid: Grid, encoding: Encoding) -> None:
    expected = {
        "size": (file.shape, grid.shape),
        "type": (file.dtypes[0], encoding.dtype),
        "nodata": (file.nodata, float(encoding.nodata)),
        "transform": (file.transform.to_gdal(), grid.geotransform),
    }
    for what, (found, wanted) in expected.items():
        if found != wanted:
            raise FormatError(f"{path}: {what} {found}, expected {wanted}; {REMEDY}")
    crs = file.crs.to_string() if file.crs else "none"
    if crs == "none" or not same_crs(crs, grid.crs):
        raise FormatError(f"{path}: crs {crs}, expected {grid.crs}; {REMEDY}")


@contextmanager
def _open(path: Path) -> "Iterator[DatasetReader]":
    """Open a map without a listing of its folder; errors of GDAL become one line."""
    import rasterio
    from rasterio.errors import RasterioIOError

    if not path.is_file():
        raise MissingInputError(f"{path}: not found; {REMEDY}")
    try:
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(path, driver="GTiff") as file,
        ):
            yield file
    except RasterioIOError as error:
        raise FormatError(
            f"{path}: not readable as GeoTIFF ({cause_of(error)}); {REMEDY}"
        ) from error
