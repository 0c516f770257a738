"""Maps of melt as pixels: how many of them a cell gets, and which colour.

A pixel has the colour of a stored percent in the style of the maps, or of a code for what is no
melt. No colour is mixed with another, so that each can be looked up in the legend.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT
from daymelt.core.grid import Grid
from daymelt.products.colour_tables import melt_colours, rgba
from daymelt.products.colours import OCEAN as OCEAN_COLOUR
from daymelt.products.colours import ORANGE
from daymelt.products.drawing import INK
from daymelt.products.extent_tables import Extents
from daymelt.products.panel import RELIEF
from daymelt.products.pyramid import Codes, halve, pyramid

FRAME_COLOUR = "#aab1b7"
# in place of a percent
OCEAN, MISSING, NEVER, EDGE, FRAME = 200, 201, 202, 203, 204
COLOURS = {OCEAN: OCEAN_COLOUR, MISSING: RELIEF, NEVER: ORANGE, EDGE: INK, FRAME: FRAME_COLOUR}
WHITE = 255

Mask = NDArray[np.bool_]
Percents = NDArray[np.uint8]
Stored = TypeVar("Stored", bound=np.generic)


def colour_table() -> NDArray[np.uint8]:
    """Red, green and blue of each percent and code, (256, 3); white for all others."""
    table = np.full((256, 3), WHITE, np.uint8)
    for percent, colour in melt_colours().items():
        table[int(percent)] = colour[:3]
    for code, name in COLOURS.items():
        table[code] = rgba(name)[:3]
    return table


@dataclass(frozen=True)
class Fit:
    """How a field is shown in a box: halved so many times, each cell that is left one pixel or
    more.

    Parameters
    ----------
    halvings : times that cells are put together two by two
    cells, pixels : (rows, columns) of the halved field and of its picture
    """

    halvings: int
    cells: tuple[int, int]
    pixels: tuple[int, int]

    def enlarge(self, field: NDArray[Stored]) -> NDArray[Stored]:
        """The picture of a halved field: every pixel takes the cell below it."""
        rows, columns = (
            np.arange(shown) * held // shown
            for shown, held in zip(self.pixels, self.cells, strict=True)
        )
        return field[rows[:, None], columns[None, :]]

    def pixel_m(self, spacing_m: float) -> float:
        """Side of a pixel, m."""
        return spacing_m * (1 << self.halvings) * self.cells[1] / self.pixels[1]


def fit(shape: tuple[int, int], box: tuple[int, int]) -> Fit:
    """The fewest halvings of a field (rows, columns) that let it fit a box of pixels, and the
    largest picture of the same proportions in it, a whole number of pixels a cell from two on.
    """
    halvings, cells = 0, shape
    while cells[0] > box[0] or cells[1] > box[1]:
        halvings, cells = halvings + 1, (math.ceil(cells[0] / 2), math.ceil(cells[1] / 2))
    zoom = min(box[0] / cells[0], box[1] / cells[1])
    zoom = math.floor(zoom) if zoom >= 2 else zoom
    return Fit(halvings, cells, (round(zoom * cells[0]), round(zoom * cells[1])))


def reduced(stored: Percents, halvings: int) -> Percents:
    """Stored percents (y, x) after some halvings, means of the cells with data."""
    levels = list(pyramid(stored, Codes(int(PERCENT.nodata)), halvings))
    return levels[-1] if levels else stored


def where_all(mask: Mask, halvings: int) -> Mask:
    """Where all cells of a mask (y, x) are true, after some halvings."""
    rest = ~mask
    for _ in range(halvings):
        rest = halve(rest, np.bool_)
    return ~rest


def where_most(mask: Mask, halvings: int) -> Mask:
    """Where at least half of the cells of a mask (y, x) are true, after some halvings."""
    total, count = mask.astype(np.uint32), np.ones(mask.shape, np.uint32)
    for _ in range(halvings):
        total, count = halve(total, np.uint32), halve(count, np.uint32)
    return np.asarray(2 * total >= count)


@dataclass(frozen=True)
class Ground:
    """What stays the same through a season, on the cells of the halved maps, (y, x): ocean, ice,
    and cells that no acquisition of the season has seen.
    """

    ocean: Mask
    ice: Mask
    never: Mask

    def reduced(self, halvings: int) -> "Ground":
        """The same after further halvings."""
        return Ground(
            where_all(self.ocean, halvings),
            where_most(self.ice, halvings),
            where_all(self.never, halvings),
        )


@dataclass(frozen=True)
class Painter:
    """Turns maps into codes of pixels.

    Parameters
    ----------
    fit : of the maps as they are given
    ground : on their cells
    spacing_px : of the lines over cells that were never seen
    outline : whether the edge of the ice is drawn
    """

    fit: Fit
    ground: Ground
    spacing_px: int
    outline: bool

    def paint(self, stored: Percents) -> Percents:
        """Codes (y, x) of the pixels of a map in stored percent."""
        known = stored != PERCENT.nodata
        absent = np.where(self.ground.ocean, OCEAN, MISSING)
        image = self.fit.enlarge(np.where(known, stored, absent).astype(np.uint8))
        image[self._lines] = NEVER
        image[self._edge] = EDGE
        return image

    @cached_property
    def _lines(self) -> Mask:
        """Slanting lines over the cells that were never seen."""
        return self.fit.enlarge(self.ground.never) & hatching(self.fit.pixels, self.spacing_px)

    @cached_property
    def _edge(self) -> Mask:
        """Pixels of the ice beside land without ice; none without an outline."""
        ice, ocean = self.fit.enlarge(self.ground.ice), self.fit.enlarge(self.ground.ocean)
        return ice & beside(~ice & ~ocean) if self.outline else np.zeros_like(ice)


def framed(image: Percents, code: int) -> Percents:
    """Codes (y, x) with a line of one pixel around them."""
    return np.pad(image, 1, constant_values=code)


def beside(mask: Mask) -> Mask:
    """Pixels (y, x) above, below, left or right of those of a mask."""
    found = np.zeros_like(mask)
    found[1:] |= mask[:-1]
    found[:-1] |= mask[1:]
    found[:, 1:] |= mask[:, :-1]
    found[:, :-1] |= mask[:, 1:]
    return found


def hatching(pixels: tuple[int, int], spacing_px: int) -> Mask:
    """Slanting lines (y, x), a quarter of their spacing wide."""
    rows, columns = np.ogrid[: pixels[0], : pixels[1]]
    return np.asarray((rows + columns) % spacing_px < max(spacing_px // 4, 1))


@dataclass(frozen=True)
class PicturedSeason:
    """What the pictures of a season show.

    Parameters
    ----------
    area : name
    grid : of the full maps
    maps : stored percent of each day, (y, x), halved as the fit of `painter` says: all are in
        memory, as large as the box of the fit
    extents : of the same days
    painter : of the maps in the animation
    notes : what is to be said of single days
    """

    area: str
    grid: Grid
    maps: Mapping[dt.date, Percents]
    extents: Extents
    painter: Painter
    notes: Mapping[dt.date, str]
