"""One layer of a day or a season as a Cloud-Optimized GeoTIFF.

One band of integers (bytes for a day), DEFLATE, blocks of 512 cells, overviews by average, the crs
and transform of the grid. Date, model, inputs and other metadata are GeoTIFF tags with the prefix
`DAYMELT_`. Equal content gives equal bytes.

Source: Cloud-Optimized GeoTIFF, OGC 21-026; https://gdal.org/drivers/raster/cog.html for the
layout.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path
from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError, GridError, MissingInputError, cause_of
from daymelt.core.grid import Grid, same_crs
from daymelt.products.pyramid import Codes, level_count, pyramid

if TYPE_CHECKING:
    from rasterio.crs import CRS
    from rasterio.io import DatasetReader

BLOCK = 512  # cells a side of a compressed block
PREFIX = "DAYMELT_"
REMEDY = "delete it and map again"
# predictor and level 4: measured at 2863 x 1633, a quarter smaller than without and half the time
# of level 6 on a rough field
CREATION = {
    "compress": "DEFLATE",
    "level": 4,
    "predictor": "YES",
    "overviews": "FORCE_USE_EXISTING",
    "num_threads": 1,
}


def write_day(
    path: Path,
    stored: NDArray[Any],
    grid: Grid,
    encoding: Encoding,
    tags: Mapping[str, str],
    description: str,
) -> None:
    """Write one layer of a day or a season.

    Parameters
    ----------
    path : the file, written atomically
    stored : (y, x) in stored form, `encoding.nodata` where there are no data
    encoding : of a layer of the product, with a highest number
    tags : metadata of the file; a name `date` is stored as DAYMELT_DATE, see `read_tags`
    description : name of the band as a viewer shows it

    Raises
    ------
    GridError
        The layer has another shape than the grid.
    ValueError
        The layer is of another type, holds a number that its encoding does not allow, or a tag has
        no storable name.
    StorageError
        The disk is full or the folder cannot be written.
    """
    _check_layer(path, stored, grid, encoding)
    named = dict(_stored_tag(name, value) for name, value in tags.items())
    content = _encode(stored, grid, encoding, named, description)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_tags(path: Path) -> dict[str, str]:
    """The tags of a written file: names in lower case, without the prefix."""
    with open_map(path) as file:
        return _tags_of(file)


def read_day(path: Path, grid: Grid, encoding: Encoding) -> NDArray[Any]:
    """The stored numbers (y, x) of a written file, after checking its head.

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        It is another file, or a damaged one; the message names what was found and what was
        expected.
    """
    with open_map(path) as file:
        check_head(path, file, grid, encoding)
        return np.asarray(file.read(1))


def read_tagged(path: Path, grid: Grid, encoding: Encoding) -> tuple[NDArray[Any], dict[str, str]]:
    """The stored numbers and the tags of a written file, opened once; errors as `read_day`."""
    with open_map(path) as file:
        check_head(path, file, grid, encoding)
        return np.asarray(file.read(1)), _tags_of(file)


def read_cells(
    path: Path, grid: Grid, encoding: Encoding, cells: Sequence[tuple[int, int]]
) -> NDArray[Any]:
    """The stored numbers (cell,) of some cells (row, column), of which only the blocks are read;
    checks and errors as `read_day`.
    """
    with open_map(path) as file:
        check_head(path, file, grid, encoding)
        found = [
            file.read(1, window=((row, row + 1), (column, column + 1)))[0, 0]
            for row, column in cells
        ]
        return np.asarray(found, encoding.dtype)


def codes_of(encoding: Encoding) -> Codes:
    """Stored numbers of a layer that are no measurements."""
    return Codes(int(encoding.nodata), encoding.aside)


def block_side(shape: tuple[int, int]) -> int:
    """Side of a block of a layer (rows, columns), in cells.

    Half of `BLOCK` where the layer is just as wide as a block: a validator would take its blocks
    for strips.
    """
    return BLOCK // 2 if shape[1] == BLOCK else BLOCK


def _encode(
    stored: NDArray[Any],
    grid: Grid,
    encoding: Encoding,
    tags: Mapping[str, str],
    description: str,
) -> bytes:
    """The bytes of the file, made in memory: GDAL writes temporary files beside its target and does
    not report a full disk.
    """
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    with (
        rasterio.Env(GDAL_PAM_ENABLED="NO"),
        MemoryFile(ext=".tif") as source,
        MemoryFile(ext=".tif") as target,
    ):
        profile = {
            "driver": "GTiff",
            "count": 1,
            "dtype": encoding.dtype,
            "nodata": int(encoding.nodata),
            "crs": _crs(grid.crs),
        }
        _write_plain(
            source.name,
            stored,
            grid,
            profile,
            tags=tags,
            encoding=encoding,
            description=description,
        )
        levels = pyramid(stored, codes_of(encoding), level_count(grid.shape, BLOCK))
        # GDAL takes `x.tif.ovr` for the first overview of `x.tif`, `x.tif.ovr.ovr` for the second
        for level, field in enumerate(levels, start=1):
            _write_plain(
                source.name + ".ovr" * level, field, grid.refine(grid.spacing_m * 2**level), profile
            )
        copy(source.name, target.name, driver="COG", blocksize=block_side(grid.shape), **CREATION)
        return bytes(target.getbuffer())


def _write_plain(
    name: str,
    stored: NDArray[Any],
    grid: Grid,
    profile: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    encoding: Encoding | None = None,
    description: str = "",
) -> None:
    """Write one level as a plain GeoTIFF, the full layer with tags, scale, unit and description."""
    import rasterio

    rows, columns = stored.shape
    with rasterio.open(
        name, "w", width=columns, height=rows, transform=_affine(grid), **profile
    ) as file:
        file.write(stored, 1)
        if encoding is not None:
            file.update_tags(**dict(tags or {}))
            file.scales, file.offsets = (encoding.scale,), (0.0,)
            file.units, file.descriptions = (encoding.units,), (description,)


def _check_layer(path: Path, stored: NDArray[Any], grid: Grid, encoding: Encoding) -> None:
    if encoding.highest is None:
        raise ValueError(
            f"{path}: {encoding.name} is no layer of the product; expected an encoding with a "
            "highest number"
        )
    if stored.shape != grid.shape:
        raise GridError(f"{path}: {encoding.name} has shape {stored.shape}, the grid {grid.shape}")
    if stored.dtype != encoding.dtype:
        raise ValueError(
            f"{path}: {encoding.name} is {stored.dtype}, expected {encoding.dtype} in stored form"
        )
    highest = int(np.max(stored, initial=0, where=stored != encoding.nodata))
    if highest > encoding.highest:
        raise ValueError(
            f"{path}: {encoding.name} holds {highest}, expected at most {encoding.highest}"
        )


def check_head(path: Path, file: "DatasetReader", grid: Grid, encoding: Encoding) -> None:
    """FormatError unless size, place, type and meaning of the band are those of the product."""
    _expect(path, "size", file.shape, grid.shape)
    _expect(path, "bands", file.count, 1)
    _expect(path, "type", file.dtypes[0], encoding.dtype)
    _expect(path, "nodata", file.nodata, float(encoding.nodata))
    _expect(path, "scale", file.scales[0], encoding.scale)
    _expect(path, "unit", file.units[0], encoding.units)
    if not np.allclose(
        file.transform.to_gdal(), grid.geotransform, rtol=0, atol=1e-6 * grid.spacing_m
    ):
        _expect(path, "transform", file.transform.to_gdal(), grid.geotransform)
    found = file.crs.to_wkt() if file.crs else ""
    if not found or not same_crs(found, grid.crs):
        _expect(path, "crs", file.crs.to_string() if found else "none", grid.crs)


def _tags_of(file: "DatasetReader") -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in file.tags().items()
        if name.startswith(PREFIX)
    }


def _expect(path: Path, what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise FormatError(f"{path}: {what} {found}, expected {expected}; {REMEDY}")


def _stored_tag(name: str, value: str) -> tuple[str, str]:
    if not (name.isidentifier() and name.isascii() and name == name.lower()):
        raise ValueError(
            f"tag {name!r}: expected a name of lower-case letters, digits and underscores"
        )
    if not value.strip():  # GDAL drops empty values silently
        raise ValueError(f"tag {name}: empty; say 'none' where there is nothing to say")
    return PREFIX + name.upper(), value


def _affine(grid: Grid) -> Any:
    from rasterio import Affine

    return Affine.from_gdal(*grid.geotransform)


@lru_cache(maxsize=8)
def _crs(description: str) -> "CRS":
    from rasterio.crs import CRS

    return CRS.from_user_input(description)


@contextmanager
def open_map(path: Path) -> "Iterator[DatasetReader]":
    """Open a product file; errors of GDAL become a FormatError of one line, also while reading."""
    import rasterio
    from rasterio.errors import RasterioIOError

    if not Path(path).is_file():
        raise MissingInputError(f"{path}: not found; map its season first")
    try:
        with (
            # a listing of the folder, some thousand names, would cost as much as the file
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(path, driver="GTiff") as file,
        ):
            yield file
    except RasterioIOError as error:
        raise FormatError(
            f"{path}: not readable as GeoTIFF ({cause_of(error)}); {REMEDY}"
        ) from error
