"""Common to all pictures: a canvas without global state, one style, and PNG files whose bytes
depend on their content alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
def picture(path: Path, width_px: int, height_px: int) -> Iterator["Figure"]:
    """Yield an empty figure; on a clean exit it is written to `path` as PNG, atomically."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # a user's own settings must not change a product
    with matplotlib.style.context(["default", LOOK]):
        figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        yield figure
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


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
