"""A season at a glance: a small map of every day, a month a row, the days of the month side by
side.
"""

import datetime as dt
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path
from daymelt.products.colour_tables import rgba
from daymelt.products.colours import VERMILION
from daymelt.products.drawing import canvas, headline, paste, pixels, write_at
from daymelt.products.map_legend import NAMES, PATCH_PX, TICKS, TITLE, bar, sample
from daymelt.products.map_pictures import (
    EDGE,
    FRAME,
    Painter,
    Percents,
    PicturedSeason,
    colour_table,
    fit,
    framed,
    reduced,
)
from daymelt.products.panel import place_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAYS = 31  # of the longest month
BOX = (96, 56)  # rows and columns of pixels that a map may take
GAP_PX = 6  # between the maps of two days
NOTE_PX = 6  # line below the map of a day with a note
MONTH_GAP_PX = 16
LEFT, HEAD, RIGHT, FOOT = 84, 176, 24, 24
BAR_PX = (260, 18)
NOTE = "an input filled or absent"
LEGEND_PX, LETTER_PX = 84, 11  # top of the legend, width of a letter of its names
LEAST_PX = 24  # rows of pixels of a month
LINES_PX = 5  # between the lines over cells that were never seen
SHOWN = [code for code in NAMES if code != EDGE]  # an edge would hide what small maps show


class ContactSheet:
    """The sheet of a season.

    Parameters
    ----------
    season : as in its animation, whose maps are halved further
    """

    def __init__(self, season: PicturedSeason) -> None:
        halved = season.painter.fit
        small = fit(halved.cells, BOX)
        ground = season.painter.ground.reduced(small.halvings)
        self._season, self._colours = season, colour_table()
        self._painter = Painter(small, ground, LINES_PX, outline=False)
        self._months = sorted({(day.year, day.month) for day in season.extents.days})
        self._step = (
            max(small.pixels[0], LEAST_PX) + NOTE_PX + MONTH_GAP_PX,
            BOX[1] + GAP_PX,
        )
        self._width = LEFT + DAYS * self._step[1] + RIGHT
        self._height = HEAD + len(self._months) * self._step[0] + FOOT

    def write(self, path: Path) -> None:
        """Write the sheet as PNG."""
        from PIL import Image, PngImagePlugin

        with canvas(self._width, self._height) as figure:
            self._texts(figure)
            image = pixels(figure)
        self._legend(image)
        for day in self._season.extents.days:
            self._day(image, day)
        about = PngImagePlugin.PngInfo()
        about.add_itxt("Description", self.description())
        with atomic_path(path) as temporary:
            Image.fromarray(image).save(temporary, "PNG", pnginfo=about)

    def place(self, day: dt.date) -> tuple[int, int]:
        """Place of the map of a day, in pixels from the upper left."""
        row = self._months.index((day.year, day.month))
        return LEFT + (day.day - 1) * self._step[1], HEAD + row * self._step[0]

    def description(self) -> str:
        """The sheet in words."""
        days = self._season.extents.days
        return (
            f"A small map of the melt fraction of {self._season.area} for every day from {days[0]} "
            f"to {days[-1]}, a month a row."
        )

    def _texts(self, figure: "Figure") -> None:
        season = self._season
        headline(
            figure, f"Surface melt, {season.area}, {season.extents.season}", place_of(season.grid)
        )
        for tick in TICKS:
            along = LEFT + tick / 100 * BAR_PX[0]
            write_at(figure, along, LEGEND_PX + BAR_PX[1] + 4, f"{tick}", ha="center", fontsize=12)
        for name, x in self._entries.items():
            write_at(figure, x + PATCH_PX[1] + 10, LEGEND_PX - 1, name, fontsize=13)
        for number in range(1, DAYS + 1):
            middle = LEFT + (number - 1) * self._step[1] + (self._step[1] - GAP_PX) / 2
            write_at(figure, middle, HEAD - 28, f"{number}", ha="center", fontsize=13)
        for row, (year, month) in enumerate(self._months):
            y = HEAD + row * self._step[0] + self._painter.fit.pixels[0] / 2
            name = f"{dt.date(year, month, 1):%b}"
            write_at(figure, 24, y, name, va="center", fontsize=15, fontweight="bold")

    @cached_property
    def _entries(self) -> dict[str, int]:
        """Names in the legend, each with the left of its sample; that of the bar of melt is its
        right end.
        """
        names = [TITLE, *(NAMES[code] for code in SHOWN), *([NOTE] if self._season.notes else [])]
        lefts = [LEFT + BAR_PX[0] - PATCH_PX[1]]
        for name in names[:-1]:
            lefts.append(lefts[-1] + 2 * PATCH_PX[1] + len(name) * LETTER_PX)
        return dict(zip(names, lefts, strict=True))

    def _legend(self, image: NDArray[np.uint8]) -> None:
        paste(image, self._colours[framed(bar(*BAR_PX), FRAME)], LEFT - 1, LEGEND_PX - 1)
        for code in SHOWN:
            patch = self._colours[sample(code, LINES_PX)]
            paste(image, patch, self._entries[NAMES[code]], LEGEND_PX)
        if self._season.notes:
            line = note_line(PATCH_PX[1])
            paste(image, line, self._entries[NOTE], LEGEND_PX + PATCH_PX[0] // 2)

    def _day(self, image: NDArray[np.uint8], day: dt.date) -> None:
        """Map of a day, and the line below one with a note."""
        (x, y), (height, width) = self.place(day), self._painter.fit.pixels
        codes = framed(self._painter.paint(self._small(day)), FRAME)
        paste(image, self._colours[codes], x - 1, y - 1)
        if day in self._season.notes:
            paste(image, note_line(width), x, y + height + 3)

    def _small(self, day: dt.date) -> Percents:
        return reduced(self._season.maps[day], self._painter.fit.halvings)


def note_line(length_px: int) -> NDArray[np.uint8]:
    """The line below the map of a day with a note."""
    colour = np.array(rgba(VERMILION)[:3], np.uint8)
    return np.tile(colour, (NOTE_PX // 2, length_px, 1))
