"""A season of daily maps as an animation: the map of each day, its date, and below it the curve of
the melt extent with a marker of the day.

Animated WebP without loss, so that the colours are those of the legend. What stays the same is
drawn once; the rest of each frame is put over it.
"""

import io
import math
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path
from daymelt.core.grid import Grid
from daymelt.products.colours import VERMILION
from daymelt.products.drawing import (
    INK,
    axes_at,
    canvas,
    headline,
    paste,
    pixels,
    write_at,
)
from daymelt.products.extent_figure import draw_season, in_groups
from daymelt.products.extent_tables import Extents
from daymelt.products.map_legend import NAMES, TICKS, TITLE, bar, sample
from daymelt.products.map_pictures import FRAME, Fit, PicturedSeason, colour_table, fit, framed
from daymelt.products.panel import north_direction, place_of, round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH_PX = 900
MAP_BOX = (720, 600)  # rows and columns of pixels that a map may take
LEFT, HEAD, GAP = 24, 84, 30
LEAST_HEIGHT = 512  # of the map and of what stands beside it
CURVE, BELOW_MAP, FOOT = 170, 56, 40  # height of the curve, what lies above and below it
SIDES = 70, 24  # left and right of the curve
BAR_PX = (150, 20)
LINES_PX = 8  # between the lines over cells that were never seen
FRAME_MS, LAST_MS = 125, 2000
NOTE_LETTERS, NOTE_LINES = 27, 3
IMAGE_DESCRIPTION = 270  # tag of Exif 2.3
FAINT_INK = "#59636b"


def frame_fit(grid: Grid) -> Fit:
    """How the maps of a grid are shown in a frame."""
    return fit(grid.shape, MAP_BOX)


def write_animation(path: Path, season: PicturedSeason) -> None:
    """Write the animation, one frame a day."""
    from PIL import Image

    frames, content = Frames(season), io.BytesIO()
    days = len(season.extents.days)
    about = Image.Exif()
    about[IMAGE_DESCRIPTION] = description(season)
    frames.draw(0).save(
        content,
        "WEBP",
        save_all=True,
        append_images=[Rest(frames, days - 1)],
        duration=[FRAME_MS] * (days - 1) + [LAST_MS],
        lossless=True,
        quality=75,  # how hard it compresses
        method=4,
        exif=about,
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getbuffer())


class Rest:
    """All frames but the first, as Pillow reads an image of several frames: one at a time is in
    memory.
    """

    mode = "P"  # so that Pillow asks for a conversion, which is the frame
    has_transparency_data = False

    def __init__(self, frames: "Frames", count: int) -> None:
        self._frames, self._place = frames, 0
        self.n_frames = count

    def seek(self, place: int) -> None:
        """Go to a frame."""
        self._place = place

    def convert(self, mode: str) -> "Image":
        """The frame."""
        return self._frames.draw(self._place + 1)


class Frames:
    """The frames of an animation."""

    def __init__(self, season: PicturedSeason) -> None:
        self._season, self._colours = season, colour_table()
        self._column = LEFT + season.painter.fit.pixels[1] + GAP
        self._below = HEAD + max(season.painter.fit.pixels[0], LEAST_HEIGHT)
        with canvas(WIDTH_PX, self._below + BELOW_MAP + CURVE + FOOT) as figure:
            axes = self._fixed(figure)
            self._base = pixels(figure)
            self._marks = marks(axes, season.extents)
        self._legend(self._base)

    def draw(self, place: int) -> "Image":
        """The frame of the day at a place of the season."""
        from PIL import Image, ImageDraw

        season, day = self._season, self._season.extents.days[place]
        frame = self._base.copy()
        codes = framed(season.painter.paint(season.maps[day]), FRAME)
        paste(frame, self._colours[codes], LEFT - 1, HEAD - 1)
        image = Image.fromarray(frame)
        draw = ImageDraw.Draw(image)
        self._mark(draw, place)
        self._say(draw, place)
        return image

    def _fixed(self, figure: "Figure") -> "Axes":
        """All texts that stay, and the curve, whose axes are given back."""
        season, column = self._season, self._column
        headline(
            figure, f"Surface melt, {season.area}, {season.extents.season}", place_of(season.grid)
        )
        write_at(figure, column, HEAD + 206, TITLE, fontsize=11)
        for tick in TICKS:
            y = HEAD + 232 + (1 - tick / 100) * BAR_PX[0]
            write_at(figure, column + 30, y, f"{tick}", va="center", fontsize=11)
        for place, name in enumerate(NAMES.values()):
            y = HEAD + 407 + 24 * place
            write_at(figure, column + 36, y, name, va="center", fontsize=11)
        self._scale(figure)
        top = self._below + BELOW_MAP
        axes = axes_at(figure, SIDES[0], top, WIDTH_PX - sum(SIDES), CURVE)
        draw_season(axes, season.extents)
        axes.set_ylim(0, 1.06 * max(season.extents.highest, 1e-3))
        write_at(figure, LEFT, top - 30, curve_title(season.extents), fontsize=11)
        return axes

    def _scale(self, figure: "Figure") -> None:
        """A bar of kilometres and an arrow to the north, beside the map."""
        from matplotlib.patches import Rectangle

        x, y = self._column + 96, HEAD + 300
        metres = self._season.painter.fit.pixel_m(self._season.grid.spacing_m)
        length = round_length(110 * metres)
        px, (width, height) = length / metres, figure.get_size_inches() * figure.dpi
        for part, colour in enumerate((INK, "white")):
            corner = (x + part * px / 2) / width, 1 - y / height
            figure.add_artist(
                Rectangle(
                    corner,
                    px / 2 / width,
                    6 / height,
                    transform=figure.transFigure,
                    facecolor=colour,
                    edgecolor=INK,
                    linewidth=0.8,
                )
            )
        write_at(figure, x + px / 2, y + 8, f"{length / 1000:g} km", ha="center", fontsize=11)
        east, north = north_direction(self._season.grid)
        arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6, "mutation_scale": 14}
        foot = (x + 50, y - 34)
        tip = (foot[0] + 40 * east, foot[1] - 40 * north)
        axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        axes.annotate("", tip, foot, arrowprops=arrow)
        axes.text(
            foot[0] - 8 * east, foot[1] + 8 * north, "N", ha="center", va="center", fontsize=11
        )

    def _legend(self, image: NDArray[np.uint8]) -> None:
        """The colours beside the map."""
        x, y = self._column, HEAD + 232
        paste(image, self._colours[framed(bar(*BAR_PX).T[::-1], FRAME)], x - 1, y - 1)
        for place, code in enumerate(NAMES):
            paste(image, self._colours[sample(code, LINES_PX)], x, HEAD + 398 + 24 * place)

    def _mark(self, draw: "ImageDraw", place: int) -> None:
        """A line through the curve at the day, and a point on it."""
        x, y = self._marks[place]
        top = self._below + BELOW_MAP
        draw.line([(x, top), (x, top + CURVE)], fill=VERMILION, width=2)
        if math.isfinite(y):
            draw.ellipse([x - 5, y - 5, x + 5, y + 5], fill=VERMILION, outline="white", width=1)

    def _say(self, draw: "ImageDraw", place: int) -> None:
        """Date, melt extent, and what is to be said of the day, beside the map."""
        extents, x = self._season.extents, self._column
        day = extents.days[place]
        draw.text((x, HEAD - 4), f"{day.day} {day:%B}", INK, font("DejaVuSans-Bold", 30))
        draw.text((x, HEAD + 44), "melt extent", FAINT_INK, font("DejaVuSans", 15))
        value = f"{in_groups(float(extents.melt[place]))} km²"
        draw.text((x, HEAD + 64), value, INK, font("DejaVuSans-Bold", 20))
        if extents.low is not None and extents.high is not None:
            bounds = (in_groups(float(side[place])) for side in (extents.low, extents.high))
            text = f"band: {' to '.join(bounds)}"
            draw.text((x, HEAD + 92), text, FAINT_INK, font("DejaVuSans", 15))
        lines = textwrap.wrap(self._season.notes.get(day, ""), NOTE_LETTERS, max_lines=NOTE_LINES)
        for number, line in enumerate(lines):
            spot = (x, HEAD + 126 + 20 * number)
            draw.text(spot, line, VERMILION, font("DejaVuSans", 14))


def marks(axes: "Axes", extents: Extents) -> NDArray[np.float64]:
    """Place of each day on a drawn curve, in pixels from the upper left, (day, 2); NaN where there
    is no extent.
    """
    from matplotlib.dates import date2num

    days: Any = date2num(np.asarray(extents.days, "datetime64[D]"))  # type: ignore[no-untyped-call]
    places = axes.transData.transform(np.column_stack([days, extents.melt]))
    places[:, 1] = axes.figure.bbox.height - places[:, 1]
    return np.asarray(places)


@cache
def font(name: str, size_px: int) -> "FreeTypeFont":
    """A font that comes with matplotlib, so that text is the same everywhere."""
    import matplotlib
    from PIL import ImageFont

    path = Path(matplotlib.get_data_path()) / f"fonts/ttf/{name}.ttf"
    return ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)


def curve_title(extents: Extents) -> str:
    """What the curve shows."""
    band = (
        ""
        if extents.low is None
        else "; band: all cells at their lower to all at their upper bound"
    )
    return f"melt extent of the whole area (km²){band}"


def description(season: PicturedSeason) -> str:
    """The animation in words."""
    days = season.extents.days
    return (
        f"Daily maps of the melt fraction of {season.area} from {days[0]} to {days[-1]}, one frame "
        "a day, above the curve of the melt extent with a marker of the day."
    )
