"""The legend of maps that are drawn in pixels: the colours of melt, and of what is no melt."""

import numpy as np

from daymelt.products.map_pictures import (
    EDGE,
    MISSING,
    NEVER,
    OCEAN,
    WHITE,
    Percents,
    hatching,
)

TITLE = "melt fraction (%)"
TICKS = (0, 25, 50, 75, 100)
NAMES = {
    OCEAN: "ocean",
    MISSING: "land without data",
    NEVER: "never seen by Sentinel-1",
    EDGE: "edge of the ice",
}
PATCH_PX = (18, 26)  # rows, columns
NEVER_ON = 25  # percent of melt below the lines of the sample


def bar(length_px: int, thickness_px: int) -> Percents:
    """All percents from left to right, (y, x)."""
    percents = np.arange(length_px) * 101 // length_px
    return np.tile(percents.astype(np.uint8), (thickness_px, 1))


def sample(code: int, spacing_px: int) -> Percents:
    """What a code looks like, (y, x), with the lines of a `Painter`."""
    found = np.full(PATCH_PX, code, np.uint8)
    if code == NEVER:
        found[~hatching(PATCH_PX, spacing_px)] = NEVER_ON
    if code == EDGE:
        found[:] = WHITE
        found[PATCH_PX[0] // 2] = EDGE
    return found
