"""The cube of the maps: one Zarr store, on the grid of the maps.

A group holds layers along an axis, (time, y, x) of daily maps or (season, y, x) of maps of seasons,
in stored form as in the GeoTIFFs, with CF attributes; a group may hold fixed layers (y, x) beside
them. A shard is one file: some places on the axis of one layer over the whole area. Files are whole
or absent.

What has been written is recorded for each day or season in `map_digest`, 0 until all its layers are
there, and for each season in the attribute `seasons`, written last, together with the consolidated
metadata, which readers open and which reach up to the last complete season (`zarr_head`).

Source: Zarr 3, https://zarr-specs.readthedocs.io; zarr-python 3 writes and reads the store.
"""

import datetime as dt
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from daymelt.core.dates import EPOCH
from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError, GridError
from daymelt.core.grid import Grid
from daymelt.products import conventions
from daymelt.products.conventions import CHUNK
from daymelt.products.zarr_head import Head, WholeFiles

LEVEL = 3  # of zstd
NUMBERS_CHUNK = 4096  # of the arrays with one number a day or season
DIGEST = "map_digest"
SEASONS = "seasons"
Read = Callable[[str, Any], NDArray[np.generic]]
"""Stored numbers (y, x) of a layer at a place on the axis; of a fixed layer at None."""


@dataclass(frozen=True)
class Axis:
    """The first dimension of the layers of a group.

    Parameters
    ----------
    name : of the dimension and its coordinate
    keys : what stands at each place, in rising order: days, or years of seasons
    numbers : the same as the coordinate stores it, never 0
    attributes : of the coordinate
    depth : places of a chunk and of a shard
    """

    name: str
    keys: tuple[Any, ...]
    numbers: NDArray[np.int32]
    attributes: Mapping[str, str]
    depth: int

    def blocks(self) -> Iterator[slice]:
        """The places of each shard."""
        for first in range(0, len(self.keys), self.depth):
            yield slice(first, min(first + self.depth, len(self.keys)))


def days_axis(days: Sequence[dt.date]) -> Axis:
    """The days of daily maps."""
    numbers = np.array([(day - EPOCH).days for day in days], np.int32)
    return Axis("time", tuple(days), numbers, conventions.TIME, CHUNK[0])


def seasons_axis(years: Sequence[int]) -> Axis:
    """The seasons of maps of one season each."""
    return Axis("season", tuple(years), np.array(years, np.int32), conventions.SEASON, 1)


@dataclass(frozen=True)
class Layout:
    """What a group holds: its grid, an axis, layers along it by name, and fixed layers."""

    grid: Grid
    layers: Mapping[str, Encoding]
    axis: Axis
    fixed: Mapping[str, Encoding] = field(default_factory=dict)


class Cube:
    """An open group, to be written block by block."""

    def __init__(self, folder: Path, group: zarr.Group, layout: Layout) -> None:
        self._group, self.layout, self.head = group, layout, Head(folder)

    def digests(self) -> NDArray[np.uint64]:
        """What was written at each place; 0 at one that is not complete."""
        return np.asarray(_array(self._group, DIGEST)[:], np.uint64)

    def write(self, block: slice, digests: NDArray[np.uint64], read: Read) -> None:
        """Write a shard of every layer.

        Parameters
        ----------
        block : one of `Axis.blocks`
        digests : of its places, never 0
        """
        record, keys = _array(self._group, DIGEST), self.layout.axis.keys[block]
        record[block] = 0
        for name in self.layout.layers:
            _array(self._group, name)[block] = np.stack([read(name, key) for key in keys])
        record[block] = digests

    def write_fixed(self, read: Read) -> None:
        """Write the fixed layers; every place counts as not complete from then on."""
        _array(self._group, DIGEST)[:] = 0
        for name in self.layout.fixed:
            _array(self._group, name)[...] = read(name, None)

    def seasons(self) -> list[int]:
        """The complete seasons."""
        return [int(season) for season in self.head.attributes()[SEASONS]]

    def consolidate(self, seasons: Sequence[int], about: Mapping[str, Any], length: int) -> None:
        """Record which seasons are complete, and let readers see the first `length` places."""
        self.head.consolidate({**about, SEASONS: list(seasons)}, self.layout.axis.name, length)


def open_cube(path: Path, layout: Layout, about: Mapping[str, Any]) -> Cube:
    """Open a group to write it; one of other layers or days is begun anew, one that lacks the last
    days is extended.

    Parameters
    ----------
    path : folder of the group
    about : attributes of the whole

    Raises
    ------
    FormatError, GridError
        The folder is no cube, or one of another grid.
    """
    group = _existing(path, layout.grid)
    if group is not None and not _extend(group, layout):
        remove_cube(path)
        group = None
    return Cube(path, group or _create(path, layout, about), layout)


def _existing(path: Path, grid: Grid) -> zarr.Group | None:
    """The store as it is; None where there is none, or one that was not begun."""
    shutil.rmtree(_aside(path), ignore_errors=True)  # a removal that was killed
    if not path.exists() or all(file.name.startswith(".") for file in path.iterdir()):
        return None
    try:
        group = zarr.open_group(WholeFiles(path), mode="r+", zarr_format=3, use_consolidated=False)
        found = {name: group.attrs[name] for name in ("spatial:transform", "spatial:shape")}
        found["crs"] = group.attrs["proj:wkt2"]
    except (OSError, KeyError, ValueError) as error:
        raise FormatError(
            f"cube {path}: no Zarr store of maps ({type(error).__name__}: {error}); delete it and "
            "publish again"
        ) from None
    _check_grid(path, found, grid)
    return group


def _check_grid(path: Path, found: Mapping[str, Any], grid: Grid) -> None:
    wanted = conventions.geozarr(grid)
    expected = {name: wanted[name] for name in ("spatial:transform", "spatial:shape")}
    expected["crs"] = wanted["proj:wkt2"]
    for name, value in expected.items():
        if found[name] != value:
            what = name.removeprefix("spatial:")
            raise GridError(
                f"cube {path}: {what} {found[name]}, expected {value}; delete it and publish again"
            )


def _extend(group: zarr.Group, layout: Layout) -> bool:
    """Give the group the places that it lacks at its end; False where it is of other layers or
    days, or stored otherwise.
    """
    axis, encodings = layout.axis, {**layout.layers, **layout.fixed}
    found = {name for name, array in group.arrays() if array.ndim > 1}
    if found != set(encodings) or DIGEST not in group or axis.name not in group:
        return False
    if any(_array(group, name).chunks != _chunk(axis) for name in layout.layers):
        return False
    if not all(_is_stored(_array(group, name), encoding) for name, encoding in encodings.items()):
        return False
    known = np.asarray(_array(group, axis.name)[:])
    known = known[known != 0]  # fill values of places that a killed run has added
    if not np.array_equal(known, axis.numbers[: len(known)]):
        return False
    for name in layout.layers:
        _resize(_array(group, name), (len(axis.keys), *layout.grid.shape))
    for name in (DIGEST, axis.name):
        _resize(_array(group, name), (len(axis.keys),))
    if len(known) < len(axis.keys):
        _array(group, axis.name)[:] = axis.numbers
    return True


def _is_stored(array: zarr.Array[Any], encoding: Encoding) -> bool:
    """True where an array is stored as an encoding says."""
    scale = array.attrs.get("scale_factor", 1)
    return array.dtype == encoding.dtype and scale == encoding.scale


def _chunk(axis: Axis) -> tuple[int, int, int]:
    return axis.depth, *CHUNK[1:]


def _resize(array: zarr.Array[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        array.resize(shape)


def is_group(path: Path) -> bool:
    """True where a folder holds a group as this module writes it."""
    return SEASONS in Head(path).attributes()


def remove_cube(path: Path) -> None:
    """Remove a group, under another name first: what a killed removal leaves is no group."""
    shutil.rmtree(path.rename(_aside(path)))


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.removed")


def _create(path: Path, layout: Layout, about: Mapping[str, Any]) -> zarr.Group:
    """An empty group; a variable of the name of a coordinate is one to every reader."""
    axis, digests = layout.axis, {"long_name": "digest of the maps, 0 where they are not complete"}
    attributes = {
        **about,
        **conventions.geozarr(layout.grid),
        "coordinates": f"{conventions.GRID_MAPPING} {DIGEST}",
        SEASONS: [],
    }
    Head(path).create(attributes)
    group = zarr.open_group(WholeFiles(path), mode="r+", zarr_format=3, use_consolidated=False)
    names = {*layout.layers, *layout.fixed}
    for name, encoding in layout.fixed.items():
        _create_layer(group, name, encoding, layout.grid, None, names)
    for name, encoding in layout.layers.items():
        _create_layer(group, name, encoding, layout.grid, axis, names)
    for name in ("y", "x"):
        _whole(group, name, getattr(layout.grid, name), (name,), conventions.axis(name))
    _whole(
        group,
        conventions.GRID_MAPPING,
        np.array(0, np.int32),
        (),
        conventions.grid_mapping(layout.grid),
    )
    _numbers(group, DIGEST, np.zeros(len(axis.keys), np.uint64), axis, digests)
    _numbers(group, axis.name, axis.numbers, axis, axis.attributes)
    return group


def _create_layer(
    group: zarr.Group,
    name: str,
    encoding: Encoding,
    grid: Grid,
    axis: Axis | None,
    names: Collection[str],
) -> None:
    """An empty layer along an axis, or a fixed one."""
    attributes = conventions.layer(name, encoding, names)
    if encoding.packed:
        attributes["_FillValue"] = int(encoding.nodata)
    if encoding.scale != 1:
        attributes["scale_factor"] = encoding.scale
    sides = zip(grid.shape, CHUNK[1:], strict=True)
    whole = tuple(-(-size // side) * side for size, side in sides)
    group.create_array(
        name,
        shape=(len(axis.keys), *grid.shape) if axis else grid.shape,
        dtype=encoding.dtype,
        chunks=_chunk(axis) if axis else CHUNK[1:],
        shards=(axis.depth, *whole) if axis else whole,
        fill_value=np.dtype(encoding.dtype).type(encoding.nodata),
        compressors=ZstdCodec(level=LEVEL),
        dimension_names=(axis.name, "y", "x") if axis else ("y", "x"),
        attributes=attributes,
    )


def _whole(
    group: zarr.Group,
    name: str,
    values: NDArray[Any],
    dimensions: Sequence[str],
    attributes: Mapping[str, Any],
) -> None:
    """A small array in one chunk."""
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=values.shape,
        dimension_names=dimensions,
        attributes=dict(attributes),
    )
    array[...] = values


def _numbers(
    group: zarr.Group,
    name: str,
    values: NDArray[Any],
    axis: Axis,
    attributes: Mapping[str, Any],
) -> None:
    """One number a place, in chunks that stay as they are when places are added."""
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=(NUMBERS_CHUNK,),
        dimension_names=(axis.name,),
        attributes=dict(attributes),
    )
    array[:] = values


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    found = group[name]
    assert isinstance(found, zarr.Array)
    return found
