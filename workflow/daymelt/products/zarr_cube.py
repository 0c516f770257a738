"""The cube of the maps: one Zarr store of all days and layers, on the grid of the maps.

Every array is (time, y, x), in stored form as in the GeoTIFFs, with CF attributes. A shard is one
file: some days of one layer over the whole area. Files are whole or absent, and a killed run leaves
a store whose consolidated metadata describe what was complete before.

What has been written is recorded for each day in `map_digest`, 0 until all layers of the day are
there, and for each season in the attribute `seasons`, written last.

Source: Zarr 3, https://zarr-specs.readthedocs.io; zarr-python 3 writes and reads the store.
"""

import asyncio
import datetime as dt
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec
from zarr.core.buffer import Buffer
from zarr.errors import ZarrUserWarning
from zarr.storage import LocalStore

from daymelt.core.atomic import atomic_path
from daymelt.core.dates import EPOCH
from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError, GridError
from daymelt.core.grid import Grid
from daymelt.products import conventions
from daymelt.products.conventions import CHUNK, Read

LEVEL = 3  # of zstd
DAYS_CHUNK = 4096  # of the arrays with one number a day
DIGEST = "map_digest"
SEASONS = "seasons"
DIMENSIONS = ("time", "y", "x")


class WholeFiles(LocalStore):
    """A store in a folder, whose files are whole or absent and flushed to the disk."""

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a file."""
        with atomic_path(self.root / key) as temporary:
            temporary.write_bytes(value.to_bytes())

    async def _set(self, key: str, value: Buffer, exclusive: bool = False) -> None:
        if exclusive and (self.root / key).exists():
            raise FileExistsError(key)
        await asyncio.to_thread(self.set_sync, key, value)


@dataclass(frozen=True)
class Layout:
    """What a cube holds: its grid, layers by name, and days in rising order."""

    grid: Grid
    layers: Mapping[str, Encoding]
    days: tuple[dt.date, ...]

    def blocks(self) -> Iterator[slice]:
        """The days of each shard."""
        for first in range(0, len(self.days), CHUNK[0]):
            yield slice(first, min(first + CHUNK[0], len(self.days)))

    @property
    def ordinals(self) -> NDArray[np.int32]:
        """The days as the cube stores them."""
        return np.array([(day - EPOCH).days for day in self.days], np.int32)


class Cube:
    """An open cube, to be written block by block."""

    def __init__(self, group: zarr.Group, layout: Layout) -> None:
        self._group, self.layout = group, layout

    def digests(self) -> NDArray[np.uint64]:
        """What was written of each day; 0 of a day that is not complete."""
        return np.asarray(_array(self._group, DIGEST)[:], np.uint64)

    def write(self, block: slice, digests: NDArray[np.uint64], read: Read) -> None:
        """Write the days of a shard, all layers.

        Parameters
        ----------
        block : one of `Layout.blocks`
        digests : of its days, never 0
        """
        record, days = _array(self._group, DIGEST), self.layout.days[block]
        record[block] = 0
        for name in self.layout.layers:
            _array(self._group, name)[block] = np.stack([read(name, day) for day in days])
        record[block] = digests

    def set_seasons(self, seasons: Sequence[int]) -> None:
        """Record which seasons are complete; the consolidated metadata stay."""
        self._root().update_attributes({SEASONS: list(seasons)})

    def seasons(self) -> list[int]:
        """The complete seasons."""
        found = self._root().attrs.get(SEASONS)
        return [int(str(season)) for season in found] if isinstance(found, list) else []

    def consolidate(self, seasons: Sequence[int], about: Mapping[str, Any]) -> None:
        """Write the consolidated metadata, which readers open, then the complete seasons."""
        with _without_notice():
            group = zarr.consolidate_metadata(self._group.store, zarr_format=3)
        group.update_attributes({**about, SEASONS: list(seasons)})

    def _root(self) -> zarr.Group:
        """The group with its consolidated metadata, whose arrays may be shorter than they are."""
        return zarr.open_group(self._group.store, mode="r+", zarr_format=3)


def open_cube(path: Path, layout: Layout, about: Mapping[str, Any]) -> Cube:
    """Open a cube to write it; one of other layers or days is begun anew, one that lacks the last
    days is extended.

    Parameters
    ----------
    path : folder of the store
    about : attributes of the whole

    Raises
    ------
    FormatError, GridError
        The folder is no cube, or one of another grid.
    """
    group = _existing(path, layout.grid)
    if group is not None and not _extend(group, layout):
        _remove(path)
        group = None
    return Cube(group or _create(path, layout, about), layout)


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
    """Give the store the days that it lacks at its end; False where it is of other layers, chunks
    or days.
    """
    names = {name for name, array in group.arrays() if array.ndim == len(DIMENSIONS)}
    if names != set(layout.layers) or DIGEST not in group or "time" not in group:
        return False
    if any(_array(group, name).chunks != CHUNK for name in names):
        return False
    known = np.asarray(_array(group, "time")[:])
    known = known[known != 0]  # fill values of days that a killed run has added
    if not np.array_equal(known, layout.ordinals[: len(known)]):
        return False
    for name in names:
        _resize(_array(group, name), (len(layout.days), *layout.grid.shape))
    for name in (DIGEST, "time"):
        _resize(_array(group, name), (len(layout.days),))
    if len(known) < len(layout.days):
        _array(group, "time")[:] = layout.ordinals
    return True


def _resize(array: zarr.Array[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        array.resize(shape)


def _remove(path: Path) -> None:
    """Remove a store, under another name first: what a killed removal leaves is no store."""
    shutil.rmtree(path.rename(_aside(path)))


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.removed")


def _create(path: Path, layout: Layout, about: Mapping[str, Any]) -> zarr.Group:
    """An empty store; a variable of the name of a coordinate is one to every reader."""
    attributes = {
        **about,
        **conventions.geozarr(layout.grid),
        "coordinates": f"{conventions.GRID_MAPPING} {DIGEST}",
        SEASONS: [],
    }
    group = zarr.create_group(WholeFiles(path), zarr_format=3, attributes=attributes)
    for name, encoding in layout.layers.items():
        _create_layer(group, name, encoding, layout)
    for name in ("y", "x"):
        _whole(group, name, getattr(layout.grid, name), (name,), conventions.axis(name))
    _whole(
        group,
        conventions.GRID_MAPPING,
        np.array(0, np.int32),
        (),
        conventions.grid_mapping(layout.grid),
    )
    digests = {"long_name": "digest of the maps of the day, 0 where they are not complete"}
    _daily(group, DIGEST, np.zeros(len(layout.days), np.uint64), digests)
    _daily(group, "time", layout.ordinals, conventions.TIME)
    return group


def _create_layer(group: zarr.Group, name: str, encoding: Encoding, layout: Layout) -> None:
    attributes = conventions.layer(name, encoding, layout.layers)
    if encoding.packed:
        attributes["_FillValue"] = int(encoding.nodata)
    if encoding.scale != 1:
        attributes["scale_factor"] = encoding.scale
    shard = (
        CHUNK[0],
        *(-(-size // side) * side for size, side in zip(layout.grid.shape, CHUNK[1:], strict=True)),
    )
    group.create_array(
        name,
        shape=(len(layout.days), *layout.grid.shape),
        dtype=encoding.dtype,
        chunks=CHUNK,
        shards=shard,
        fill_value=np.dtype(encoding.dtype).type(encoding.nodata),
        compressors=ZstdCodec(level=LEVEL),
        dimension_names=DIMENSIONS,
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


def _daily(
    group: zarr.Group, name: str, values: NDArray[Any], attributes: Mapping[str, Any]
) -> None:
    """One number a day, in chunks that stay as they are when days are added."""
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=(DAYS_CHUNK,),
        dimension_names=("time",),
        attributes=dict(attributes),
    )
    array[:] = values


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    found = group[name]
    assert isinstance(found, zarr.Array)
    return found


@contextmanager
def _without_notice() -> Iterator[None]:
    """Consolidated metadata are an addition to the Zarr format, of which zarr-python warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)
        yield
