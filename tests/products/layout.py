"""Check that a file is what `daymelt.products.cog.write_day` writes, to the last byte."""

from pathlib import Path

import numpy as np
import rasterio
from rio_cogeo.cogeo import cog_validate

from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.products.cog import BLOCK, REMEDY, block_side, codes_of, read_day
from daymelt.products.pyramid import level_count, pyramid


def check_day(path: Path, grid: Grid, encoding: Encoding) -> None:
    """Check layout, head, numbers, and that the overviews are the means of the layer.

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        It is another file, or a damaged one.
    """
    layer = read_day(path, grid, encoding)
    check_layout(path)
    highest = int(np.max(layer, initial=0, where=layer != encoding.nodata))
    if highest > encoding.highest:
        raise FormatError(f"{path}: {encoding.name} holds {highest}; {REMEDY}")
    levels = level_count(grid.shape, BLOCK)
    for level, expected in enumerate(pyramid(layer, codes_of(encoding), levels)):
        with rasterio.open(path, overview_level=level) as file:
            if not np.array_equal(file.read(1), expected):
                raise FormatError(
                    f"{path}: overview {level + 1} of {levels} is not the mean of the layer; "
                    f"{REMEDY}"
                )


def check_layout(path: Path) -> None:
    """FormatError unless GDAL's rules for a cloud-optimized file hold, warnings included, and the
    blocks are compressed as the product's are.
    """
    valid, errors, warnings = cog_validate(path, strict=True, quiet=True)
    if not valid:
        raise FormatError(
            f"{path}: no Cloud-Optimized GeoTIFF ({'; '.join([*errors, *warnings])}); {REMEDY}"
        )
    with rasterio.open(path) as file:
        expect(path, "compression", str(file.profile.get("compress", "none")).lower(), "deflate")
        expect(path, "block", file.block_shapes[0], (block_side(file.shape),) * 2)
        expect(path, "overviews", len(file.overviews(1)), level_count(file.shape, BLOCK))
        expect(path, "length in bytes", path.stat().st_size, end_of(file))


def end_of(file: rasterio.DatasetReader) -> int:
    """Where the file must end: after its last block and the four bytes of it that the COG layout
    repeats.
    """
    row, column = ((size - 1) // block_side(file.shape) for size in file.shape)
    offset, size = (
        int(file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=1) or 0)
        for what in ("OFFSET", "SIZE")
    )
    return offset + size + 4


def expect(path: Path, what: str, found: object, expected: object) -> None:
    if found != expected:
        raise FormatError(f"{path}: {what} {found}, expected {expected}; {REMEDY}")
