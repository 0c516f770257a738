"""The maps of a season as one CF NetCDF-4 file, all layers, for tools that read one file.

Stored numbers are those of the GeoTIFFs. Layers with a scale are wider than a byte: CF checkers
take no unsigned byte for packed data, and the second byte compresses to nothing.

Source: CF 1.11, https://cfconventions.org.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import netCDF4
import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path, storage_errors
from daymelt.core.dates import EPOCH
from daymelt.core.encoding import Encoding
from daymelt.core.grid import Grid
from daymelt.products import conventions
from daymelt.products.conventions import CHUNK, Read

LEVEL: Final = 4  # of DEFLATE, as in the GeoTIFFs


def write_season(
    path: Path,
    days: Sequence[dt.date],
    read: Read,
    *,
    grid: Grid,
    layers: Mapping[str, Encoding],
    about: Mapping[str, str],
) -> None:
    """Write the file, atomically; memory holds as many days of a layer as a chunk.

    Parameters
    ----------
    read : function of a layer and a day that gives the stored numbers (y, x)
    layers : by name
    about : attributes of the file

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written.
    """
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        file.setncatts({**about, "coordinates": conventions.GRID_MAPPING})
        _define_coordinates(file, grid, days)
        for name, encoding in layers.items():
            variable = _define_layer(file, name, encoding, layers)
            for first in range(0, len(days), CHUNK[0]):
                block = days[first : first + CHUNK[0]]
                variable[first : first + len(block)] = np.stack([read(name, day) for day in block])


def _define_coordinates(file: netCDF4.Dataset, grid: Grid, days: Sequence[dt.date]) -> None:
    numbers = np.array([(day - EPOCH).days for day in days], np.int32)
    _define(file, "time", numbers, conventions.TIME)
    _define(file, "y", grid.y, conventions.axis("y"))
    _define(file, "x", grid.x, conventions.axis("x"))
    crs = file.createVariable(conventions.GRID_MAPPING, "i4", ())
    crs.setncatts(conventions.grid_mapping(grid))


def _define(
    file: netCDF4.Dataset, name: str, values: NDArray[Any], attributes: Mapping[str, Any]
) -> None:
    """A coordinate along a dimension of its own."""
    file.createDimension(name, len(values))
    variable = file.createVariable(name, values.dtype, (name,))
    variable.setncatts(dict(attributes))
    variable[:] = values


def _define_layer(
    file: netCDF4.Dataset, name: str, encoding: Encoding, layers: Mapping[str, Encoding]
) -> "netCDF4.Variable[Any]":
    stored: np.dtype[Any] = np.dtype("i2" if encoding.scale != 1 else encoding.dtype)
    sides = (len(file.dimensions[dimension]) for dimension in ("time", "y", "x"))
    variable: netCDF4.Variable[Any] = file.createVariable(
        name,
        stored,
        ("time", "y", "x"),
        zlib=True,
        complevel=LEVEL,
        chunksizes=[min(side, most) for side, most in zip(sides, CHUNK, strict=True)],
        fill_value=stored.type(encoding.nodata),
    )
    variable.set_auto_maskandscale(False)
    attributes = conventions.layer(name, encoding, layers)
    for numeric in ("valid_range", "flag_values"):
        if numeric in attributes:
            attributes[numeric] = np.array(attributes[numeric], stored)
    variable.setncatts(attributes)
    if encoding.scale != 1:
        variable.scale_factor = np.float32(encoding.scale)
    return variable
