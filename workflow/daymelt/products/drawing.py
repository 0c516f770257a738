"""Common to all pictures: a canvas without global state, one style, and PNG files whose bytes
depend on their content alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
INK = "#22272b"
FAINT = "#d9dde0"
LOOK = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that text is the same everywhere
    "font.size": 12,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#6b747b",
    "axes.linewidth": 0.8,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": False,
    "axes.unicode_minus": False,
}


@contextmanager
def canvas(width_px: int, height_px: int) -> Iterator["Figure"]:
    """Yield an empty figure in the style of all pictures."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # a user's own settings must not change a product
    with matplotlib.style.context(["default", LOOK]):
        figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        yield figure


@contextmanager
def picture(
    path: Path, width_px: int, height_px: int, description: str | None = None
) -> Iterator["Figure"]:
    """Yield an empty figure; on a clean exit it is written to `path` as PNG, atomically, with a
    description in words among its metadata.
    """
    with canvas(width_px, height_px) as figure:
        yield figure
        about = {"Software": None, **({"Description": description} if description else {})}
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata=about)


def pixels(figure: "Figure") -> NDArray[np.uint8]:
    """A figure as red, green and blue, (y, x, 3); within its `canvas`."""
    drawn: Any = figure.canvas
    drawn.draw()
    return np.asarray(drawn.buffer_rgba())[..., :3].copy()


def write_at(figure: "Figure", x_px: float, y_px: float, text: str, **look: Any) -> None:
    """Write a text at a place in pixels from the upper left, its own upper left unless `look` says
    otherwise.
    """
    width, height = figure.get_size_inches() * DPI
    figure.text(x_px / width, 1 - y_px / height, text, **{"va": "top", **look})


def axes_at(
    figure: "Figure", x_px: float, y_px: float, width_px: float, height_px: float
) -> "Axes":
    """Axes whose upper left is at a place in pixels from that of the figure."""
    width, height = figure.get_size_inches() * DPI
    place = x_px / width, 1 - (y_px + height_px) / height, width_px / width, height_px / height
    return figure.add_axes(place)


def paste(image: NDArray[np.uint8], part: NDArray[np.uint8], x_px: int, y_px: int) -> None:
    """Put a part (y, x, 3) into an image, its upper left at a place from that of the image."""
    image[y_px : y_px + part.shape[0], x_px : x_px + part.shape[1]] = part


def plain_axes(axes: "Axes", grid_along: Literal["x", "y"] = "y") -> None:
    """Leave only what is needed to read a value: two spines and faint lines along one axis."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid_along, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def headline(figure: "Figure", text: str, below: str = "") -> Any:
    """Write the title of a picture at its upper left, and one fainter line below it; both keep
    their size in pixels.
    """
    height = figure.get_size_inches()[1] * DPI
    left = 24 / (figure.get_size_inches()[0] * DPI)
    figure.text(left, 1 - 18 / height, text, fontsize=17, fontweight="bold", va="top")
    return figure.text(left, 1 - 50 / height, below, fontsize=12, color="#59636b", va="top")
