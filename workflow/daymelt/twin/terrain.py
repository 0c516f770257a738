"""The land of the twin: an ice sheet that ends at a mountainous coast, drained by an outlet glacier
into a fjord.

The plan is laid out in shares of the area, so that every area has interior, glacier, mountains,
fjord and sea; relief and texture have wavelengths in metres, so that a cell is as rough as a real
one. Heights are above the ellipsoid: the sea stands at the geoid. Sources: form of the profile
after Vialov (1958), as in Cuffey and Paterson (2010), eq. 8.136, with exponents that spread heights
more evenly, as a mountainous coast does; sea level of 45 m, the ocean of the published benchmark's
DEM; heights within its 44–3439 m.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.grid import Grid
from daymelt.twin.noise import fractal

SEA_LEVEL_M = 45.0
SUMMIT_M = 2400.0  # height of the ice at the inland edge of the area
COAST = 0.67  # share of the area's width at which the coast lies on average
FRONT = 0.46  # where the glacier front stands in the fjord
FJORD_ROW = 0.56  # share of the area's height at which the fjord enters
FJORD_HALF_WIDTH = 0.045  # in shares of the area's height
TROUGH_DEPTH = 0.75  # share of the profile's height that the glacier has cut down at its front
RELIEF_M = 170.0  # standard deviation of the mountains at the coast
ICE_RELIEF_M = 22.0  # of the ice surface
RELIEF_WAVELENGTHS_M = (12800.0, 6400.0, 3200.0, 1600.0, 800.0, 400.0, 200.0, 100.0, 60.0)


@dataclass(frozen=True)
class Surface:
    """Height and cover of a grid: `height` (y, x) in m above the ellipsoid, `ocean` and `ice`
    (y, x) bool; all other cells are bare land.
    """

    height: NDArray[np.float32]
    ocean: NDArray[np.bool_]
    ice: NDArray[np.bool_]


def terrain(grid: Grid, area: Grid, seed: int) -> Surface:
    """Surface of `grid`, which may be finer, coarser or larger than the `area` that defines the
    plan.
    """
    across = ((grid.x - area.left) / (area.columns * area.spacing_m))[None, :].astype(np.float32)
    down = ((area.top - grid.y) / (area.rows * area.spacing_m))[:, None].astype(np.float32)
    size = float(min(area.rows, area.columns) * area.spacing_m)
    wander = fractal(grid, seed, "coast", (size / 3, size / 6, size / 12))
    # the coast runs from north-east to south-west
    coast = COAST + 0.05 * wander - 0.10 * (down - 0.5)
    valley = FJORD_ROW + 0.06 * np.sin(5.0 * across + 0.6) + 0.02 * wander
    offset = np.abs(down - valley) / FJORD_HALF_WIDTH

    inland = np.clip(across / coast, 0, 1)
    # flat inland, steep at the margin
    profile = (1 - inland ** np.float32(4 / 3)) ** np.float32(0.8)
    trough = (
        TROUGH_DEPTH
        * np.exp(-0.5 * (offset / 1.5) ** 2)
        * smooth_step((across - 0.1) / (FRONT - 0.1))
    )
    ridged = fractal(grid, seed, "relief", RELIEF_WAVELENGTHS_M, 0.48)
    # no mountains on the glacier itself
    mountains = smooth_step((inland - 0.45) / 0.4) * smooth_step(offset - 1.0)
    texture = (ICE_RELIEF_M * (1 - mountains) + RELIEF_M * mountains) * ridged

    height = SUMMIT_M * profile * (1 - trough) + 260.0 * mountains + texture
    fjord = (offset < 1) & (across > FRONT)
    ocean = (across > coast) | fjord | (height <= 0)
    height = np.where(ocean, 0, np.maximum(height, 8.0)) + SEA_LEVEL_M
    ice = ~ocean & (mountains * (1 + 0.8 * ridged) < 0.55)
    return Surface(height.astype(np.float32), np.asarray(ocean), np.asarray(ice))


def smooth_step(place: NDArray[np.floating]) -> NDArray[np.floating]:
    """From 0 at and below 0 to 1 at and above 1, with a continuous slope."""
    within = np.clip(place, 0, 1)
    return np.asarray(within * within * (3 - 2 * within))
