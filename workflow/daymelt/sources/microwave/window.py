"""The part of the hemisphere that an area needs of a passive microwave file."""

import numpy as np

from daymelt.core.grid import Grid, transformer
from daymelt.sources.microwave.cetb import CETB_CRS, Bounds

MARGIN_M = 7000.0  # two cells: every posting lies within the triangles between cell centres


def cetb_bounds(grid: Grid) -> Bounds:
    """The box around a grid's cell centres and two cells of margin: left, bottom, right, top, m in
    EPSG:6931.
    """
    x, y = transformer(grid.crs, CETB_CRS).transform(*np.meshgrid(grid.x, grid.y))
    return x.min() - MARGIN_M, y.min() - MARGIN_M, x.max() + MARGIN_M, y.max() + MARGIN_M
