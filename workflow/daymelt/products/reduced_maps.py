"""Daily maps at a fraction of their size, from the overviews of their files."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from daymelt.core.grid import Grid
from daymelt.products.cog import BLOCK, codes_of
from daymelt.products.map_index import ENCODINGS, MapIndex, check_content, check_grid
from daymelt.products.pyramid import level_count, pyramid


def read_reduced(
    index: MapIndex, layer: str, day: dt.date, grid: Grid, halvings: int
) -> NDArray[np.uint8]:
    """The stored numbers (y, x) of a layer of a day after some halvings, after a check of the file
    against its list and of its head.

    The overview is read that is nearest from above, and halved further where the file has none so
    small.

    Raises
    ------
    MissingInputError, FormatError
        The map is missing, or is not the file that its list names.
    """
    import rasterio

    file, encoding = index.file(layer, day), ENCODINGS[layer]
    check_content(file)
    check_grid(file, grid, encoding)
    level = min(halvings, level_count(grid.shape, BLOCK))
    options = {"overview_level": level - 1} if level else {}
    with rasterio.open(file.path, **options) as opened:
        stored = np.asarray(opened.read(1))
    further = list(pyramid(stored, codes_of(encoding), halvings - level))
    return further[-1] if further else stored
