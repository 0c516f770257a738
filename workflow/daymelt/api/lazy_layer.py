"""A layer of many maps as one array for xarray, read where it is indexed."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from daymelt.core.encoding import Encoding, decode
from daymelt.core.grid import Grid
from daymelt.products import conventions
from daymelt.products.map_windows import read_window

READERS = 8  # files read at once; GDAL decompresses without the lock of the interpreter
Key = tuple[int | slice | NDArray[np.integer[Any]], ...]


class LazyLayer(BackendArray):
    """Physical values (map, y, x), float32, NaN where there are no data.

    Of every map that is asked for one window is read: from the first to the last row and column.

    Parameters
    ----------
    paths : (map,), the files
    grid, encoding : of all files
    """

    def __init__(self, paths: Sequence[Path], grid: Grid, encoding: Encoding) -> None:
        self.paths, self.grid, self.encoding = paths, grid, encoding
        self.shape = (len(paths), *grid.shape)
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> NDArray[np.float32]:
        """The values at a key of xarray."""
        found: NDArray[np.float32] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )
        return found

    def _read(self, key: Key) -> NDArray[np.float32]:
        """The values where each axis has a number, a slice or numbers (outer indexing)."""
        axes = [np.arange(size)[part] for size, part in zip(self.shape, key, strict=True)]
        maps, rows, columns = map(np.atleast_1d, axes)
        shape = [axis.size for axis in axes if axis.ndim]
        if not maps.size * rows.size * columns.size:
            return np.empty(shape, self.dtype)
        read = partial(self._values, rows=rows, columns=columns)
        if maps.size == 1:  # starting a thread may take longer than the map
            return read(maps[0]).reshape(shape)
        with ThreadPoolExecutor(min(READERS, maps.size)) as pool:
            return np.stack(list(pool.map(read, maps))).reshape(shape)

    def _values(
        self, place: int, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Rows and columns (y, x) of one map."""
        across, along = _span(rows), _span(columns)
        stored = read_window(self.paths[place], self.grid, self.encoding, across, along)
        chosen = stored[np.ix_(rows - across.start, columns - along.start)]
        return decode(chosen, self.encoding)


def dataset(
    paths: Mapping[str, Sequence[Path]],
    grid: Grid,
    encodings: Mapping[str, Encoding],
    maps: xr.Variable,
    attributes: Mapping[str, str],
) -> xr.Dataset:
    """Layers of many maps as a Dataset (map, y, x) with the centres of the cells and the crs.

    Parameters
    ----------
    paths : (map,) files of each layer
    encodings : of each layer
    maps : coordinate of the maps, whose name is that of its dimension
    attributes : of the whole
    """
    (dimension,) = maps.dims
    coordinates = {
        dimension: maps,
        "y": ("y", grid.y, conventions.axis("y")),
        "x": ("x", grid.x, conventions.axis("x")),
        conventions.GRID_MAPPING: ((), np.int32(0), conventions.grid_mapping(grid)),
    }
    layers = {
        name: xr.Variable(
            (dimension, "y", "x"),
            indexing.LazilyIndexedArray(LazyLayer(files, grid, encodings[name])),
            _attributes(name, encodings[name], paths),
            _storage(encodings[name]),
        )
        for name, files in paths.items()
    }
    return xr.Dataset(layers, coordinates, {"Conventions": conventions.CF_VERSION, **attributes})


def _attributes(name: str, encoding: Encoding, layers: Mapping[str, object]) -> dict[str, Any]:
    attributes = conventions.layer(name, encoding, layers)
    del attributes["grid_mapping"]  # in the encoding, where xarray and rioxarray keep it
    return attributes


def _storage(encoding: Encoding) -> dict[str, Any]:
    """How xarray writes a layer: in the stored numbers of its files."""
    scale = {"scale_factor": encoding.scale} if encoding.scale != 1 else {}
    nodata = np.dtype(encoding.dtype).type(encoding.nodata)
    return {
        "dtype": encoding.dtype,
        "_FillValue": nodata,
        "grid_mapping": conventions.GRID_MAPPING,
        **scale,
    }


def _span(places: NDArray[np.intp]) -> slice:
    """From the first to the last of some places."""
    return slice(int(places.min()), int(places.max()) + 1)
