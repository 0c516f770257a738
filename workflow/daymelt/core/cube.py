"""The aligned streams: one CF NetCDF-4 file a source and season (or month), every day on one grid.

A stream has one variable (date, y, x), written day by day so that memory does not grow with the
season. A layer file has several variables (y, x) and no date. In memory both are float32 with NaN
for no data; `raw` gives the stored integers.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from daymelt.core.atomic import atomic_path, storage_errors
from daymelt.core.dates import EPOCH, describe
from daymelt.core.encoding import Encoding, decode, encode
from daymelt.core.errors import FormatError, GridError, MissingInputError
from daymelt.core.grid import Grid, same_crs

CHUNK = 512  # cells a side of a stored chunk: a crop touches few, a whole day stays one read


@dataclass(frozen=True)
class Stream:
    """An open stream. `dates` are in file order; `attributes` holds what its writer recorded (gaps
    filled, inputs).
    """

    path: Path
    grid: Grid
    encoding: Encoding
    dates: tuple[dt.date, ...]
    attributes: Mapping[str, Any]
    _variable: "netCDF4.Variable[Any]"

    def raw(self, day: dt.date | None = None) -> NDArray[Any]:
        """Stored numbers of one day (y, x), or of all days (date, y, x)."""
        stored = self._variable[:] if day is None else self._variable[self._index(day)]
        return np.asarray(stored)

    def read(self, day: dt.date) -> NDArray[np.float32]:
        """Physical values of one day, (y, x), NaN where no data."""
        return decode(self.raw(day), self.encoding)

    def values(self) -> NDArray[np.float32]:
        """Physical values of all days, (date, y, x), NaN where no data."""
        return decode(self.raw(), self.encoding)

    def cells(self, cells: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
        """Physical values of some cells (row, column) on all days, (date, cell), NaN where no
        data.
        """
        stored = [np.asarray(self._variable[:, row, column]) for row, column in cells]
        return (
            decode(np.stack(stored, axis=1), self.encoding)
            if stored
            else np.empty((len(self.dates), 0), np.float32)
        )

    @property
    def filled(self) -> Mapping[dt.date, str]:
        """Days whose input was missing, with the rule that filled them."""
        return {
            dt.date.fromisoformat(day): rule
            for day, rule in self.attributes.get("filled", {}).items()
        }

    def _index(self, day: dt.date) -> int:
        try:
            return self.dates.index(day)
        except ValueError:
            raise MissingInputError(
                f"stream {self.path}: no day {day}; it holds {describe(self.dates)}"
            ) from None


@dataclass(frozen=True)
class Layers:
    """The variables of a layer file in memory: name to float32 (y, x), NaN where no data."""

    path: Path
    grid: Grid
    values: Mapping[str, NDArray[np.float32]]
    attributes: Mapping[str, Any]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        try:
            return self.values[name]
        except KeyError:
            raise MissingInputError(
                f"{self.path}: no variable {name} (found {', '.join(self.values)})"
            ) from None


@dataclass(frozen=True)
class LayerFile:
    """An open layer file, read in parts: for layers that are too large to be held whole."""

    path: Path
    grid: Grid
    names: tuple[str, ...]
    attributes: Mapping[str, Any]
    _file: netCDF4.Dataset

    def read(self, name: str, rows: slice, columns: slice) -> NDArray[Any]:
        """Some rows and columns of a variable as stored, (y, x)."""
        if name not in self.names:
            raise MissingInputError(
                f"{self.path}: no variable {name} (found {', '.join(self.names)})"
            )
        return np.asarray(self._file.variables[name][rows, columns])


def write_stream(
    path: Path,
    days: Iterable[tuple[dt.date, NDArray[Any]]],
    *,
    grid: Grid,
    encoding: Encoding,
    filled: Mapping[dt.date, str] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write the days of a stream as they come.

    Parameters
    ----------
    path : the file, written atomically
    days : (date, field) pairs in rising order of date; a float field (y, x) is physical with NaN
        for no data, an integer field is in stored form
    filled : days whose input was missing, with the rule that filled them; read after the last day
    attributes : anything JSON can hold; read after the last day

    Raises
    ------
    GridError
        A field has another shape than the grid.
    ValueError
        The dates do not rise.
    """
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        _define_grid(file, grid)
        file.createDimension("date", None)
        date = file.createVariable("date", "i4", ("date",), chunksizes=(512,))
        date.setncatts(
            {
                "standard_name": "time",
                "long_name": "UTC day",
                "units": f"days since {EPOCH}",
                "calendar": "standard",
            }
        )
        variable = _define_variable(file, encoding, ("date",), grid)
        last = None
        for index, (day, field) in enumerate(days):
            if last is not None and day <= last:
                raise ValueError(f"{path}: {day} follows {last}; dates must rise")
            if field.shape != grid.shape:
                raise GridError(
                    f"{path}: field of {day} has shape {field.shape}, the grid {grid.shape}"
                )
            last = day
            date[index] = (day - EPOCH).days
            variable[index] = encode(field, encoding) if field.dtype.kind == "f" else field
        notes = dict(attributes or {})
        notes["filled"] = {day.isoformat(): rule for day, rule in sorted((filled or {}).items())}
        _write_notes(file, notes)


def write_layers(
    path: Path,
    layers: Mapping[str, tuple[NDArray[np.floating], Encoding]],
    *,
    grid: Grid,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write variables (y, x) of one grid, each with its encoding; float32 with NaN for no data in
    memory.
    """
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        _define_grid(file, grid)
        for name, (field, encoding) in layers.items():
            if field.shape != grid.shape:
                raise GridError(f"{path}: {name} has shape {field.shape}, the grid {grid.shape}")
            _define_variable(file, encoding, (), grid, name)[:] = encode(field, encoding)
        _write_notes(file, dict(attributes or {}))


def write_layer_blocks(
    path: Path,
    encodings: Mapping[str, Encoding],
    blocks: Iterable[tuple[int, int, Mapping[str, NDArray[np.generic]]]],
    *,
    grid: Grid,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write the variables (y, x) of a layer file block by block; memory holds one block and the
    chunks that it touches.

    Parameters
    ----------
    encodings : of every variable, by its name
    blocks : (first row, first column, fields by name), the fields in stored form; those of one
        stripe of columns from the top down
    """
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        _define_grid(file, grid)
        for name, encoding in encodings.items():
            _define_variable(file, encoding, (), grid, name)
        kept: dict[str, int] = {}  # columns of the variables whose chunks are held
        for row, column, fields in blocks:
            columns = {name: field.shape[1] for name, field in fields.items()}
            if columns != kept:
                for name in kept:
                    _keep_chunks(file.variables[name], 0, 0)
                for name, width in columns.items():
                    _keep_chunks(
                        file.variables[name], 2, width
                    )  # a block may end within a row of chunks, which the next one fills
                kept = columns
            for name, field in fields.items():
                file.variables[name][
                    row : row + field.shape[0], column : column + field.shape[1]
                ] = field
        _write_notes(file, dict(attributes or {}))


def _keep_chunks(variable: "netCDF4.Variable[Any]", rows: int, columns: int) -> None:
    """Set how many rows of the chunks of some columns HDF5 caches before it compresses them; this
    writes what was cached before.
    """
    variable.set_var_chunk_cache(
        size=rows * CHUNK * (columns + 2 * CHUNK) * variable.dtype.itemsize
    )


@contextmanager
def open_layers(path: Path) -> Iterator[LayerFile]:
    """Open a layer file to read it in parts; errors as `open_stream`."""
    with _open(path) as file:
        names = tuple(
            name for name, variable in file.variables.items() if variable.dimensions == ("y", "x")
        )
        yield LayerFile(Path(path), _read_grid(file), names, _read_notes(file), file)


@contextmanager
def open_stream(path: Path) -> Iterator[Stream]:
    """Open a stream that `write_stream` wrote.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no stream.
    """
    with _open(path) as file:
        names = [
            name
            for name, variable in file.variables.items()
            if variable.dimensions == ("date", "y", "x")
        ]
        if len(names) != 1:
            raise FormatError(
                f"stream {path}: {len(names)} variables (date, y, x), expected 1; delete it and "
                "run its step again"
            )
        variable = file.variables[names[0]]
        variable.set_var_chunk_cache(
            size=CHUNK * CHUNK * variable.dtype.itemsize
        )  # days are read whole, and many files may be open
        dates = tuple(
            dt.date.fromordinal(EPOCH.toordinal() + int(n)) for n in file.variables["date"][:]
        )
        yield Stream(
            Path(path),
            _read_grid(file),
            _read_encoding(variable),
            dates,
            _read_notes(file),
            variable,
        )


def read_layers(path: Path) -> Layers:
    """Read a layer file whole; errors as `open_stream`."""
    with _open(path) as file:
        fields = {
            name: variable
            for name, variable in file.variables.items()
            if variable.dimensions == ("y", "x")
        }
        values = {
            name: decode(np.asarray(field[:]), _read_encoding(field))
            for name, field in fields.items()
        }
        return Layers(Path(path), _read_grid(file), values, _read_notes(file))


def check_same_grid(found: Grid, expected: Grid, path: Path) -> None:
    """GridError unless two grids are the same."""
    # no relative tolerance: of a northing in millions of metres it would forgive a shift of half a
    # cell
    placed = np.allclose(
        found.geotransform, expected.geotransform, rtol=0, atol=1e-6 * expected.spacing_m
    )
    if not (found.shape == expected.shape and placed and same_crs(found.crs, expected.crs)):
        raise GridError(
            f"{path}: grid {found.shape} at {found.spacing_m} m, bounds {found.bounds}; "
            f"expected {expected.shape} at {expected.spacing_m} m, bounds {expected.bounds}; "
            "delete it and run its step again"
        )


@contextmanager
def _open(path: Path) -> Iterator[netCDF4.Dataset]:
    if not Path(path).is_file():
        raise MissingInputError(f"{path}: not found; run the step that writes it")
    try:
        file = netCDF4.Dataset(path)
    except OSError as error:
        raise FormatError(
            f"{path}: no readable NetCDF-4 file ({error.strerror}); delete it and run its step "
            "again"
        ) from error
    with file:
        if "crs" not in file.variables or "daymelt_crs" not in file.variables["crs"].ncattrs():
            raise FormatError(
                f"{path}: a NetCDF file, but not one that daymelt wrote; delete it and run its "
                "step again"
            )
        file.set_auto_maskandscale(False)
        yield file


def _define_grid(file: netCDF4.Dataset, grid: Grid) -> None:
    file.Conventions = "CF-1.10"
    file.createDimension("y", grid.rows)
    file.createDimension("x", grid.columns)
    for name, centres in (("y", grid.y), ("x", grid.x)):
        axis = file.createVariable(name, "f8", (name,))
        axis.setncatts(
            {"standard_name": f"projection_{name}_coordinate", "units": "m", "axis": name.upper()}
        )
        axis[:] = centres
    crs = file.createVariable("crs", "i4", ())
    crs.setncatts({key: value for key, value in CRS(grid.crs).to_cf().items() if value is not None})
    crs.spatial_ref = CRS(grid.crs).to_wkt()
    crs.GeoTransform = " ".join(repr(float(number)) for number in grid.geotransform)
    crs.daymelt_crs = grid.crs


def _define_variable(
    file: netCDF4.Dataset,
    encoding: Encoding,
    leading: tuple[str, ...],
    grid: Grid,
    name: str | None = None,
) -> "netCDF4.Variable[Any]":
    chunks = (1,) * len(leading) + (min(CHUNK, grid.rows), min(CHUNK, grid.columns))
    fill = np.dtype(encoding.dtype).type(encoding.nodata)
    variable = file.createVariable(
        name or encoding.name,
        encoding.dtype,
        (*leading, "y", "x"),
        zlib=True,
        complevel=1,
        shuffle=True,
        chunksizes=chunks,
        fill_value=fill,
    )
    variable.set_auto_maskandscale(False)
    variable.setncatts(
        {"long_name": encoding.long_name, "units": encoding.units, "grid_mapping": "crs"}
    )
    if encoding.packed and encoding.scale != 1:
        variable.scale_factor = encoding.scale
    return variable


def _read_grid(file: netCDF4.Dataset) -> Grid:
    left, spacing, _, top, _, _ = (
        float(number) for number in file.variables["crs"].GeoTransform.split()
    )
    return Grid(
        file.variables["crs"].daymelt_crs,
        spacing,
        left,
        top,
        file.dimensions["y"].size,
        file.dimensions["x"].size,
    )


def _read_encoding(variable: "netCDF4.Variable[Any]") -> Encoding:
    scale = float(getattr(variable, "scale_factor", 1.0))
    return Encoding(
        variable.name,
        variable.long_name,
        variable.units,
        variable.dtype.name,
        scale,
        float(variable._FillValue),
    )


def _write_notes(file: netCDF4.Dataset, notes: Mapping[str, Any]) -> None:
    file.daymelt = json.dumps(notes, ensure_ascii=False, sort_keys=True)


def _read_notes(file: netCDF4.Dataset) -> Mapping[str, Any]:
    return dict(json.loads(getattr(file, "daymelt", "{}")))
