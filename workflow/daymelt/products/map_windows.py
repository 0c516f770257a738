"""Windows of the files of maps: the part of a layer that is asked for, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.products.cog import REMEDY, check_head, open_map


def grid_of(path: Path) -> Grid:
    """The grid of a map.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no map.
    """
    with open_map(path) as file:
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
    with open_map(path) as file:
        check_head(path, file, grid, encoding)
        window = (rows.start, rows.stop), (columns.start, columns.stop)
        return np.asarray(file.read(1, window=window))
