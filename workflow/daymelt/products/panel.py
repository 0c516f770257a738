"""One day in maps side by side: inputs, map, observation and, for the twin, the truth.

Fields of one kind share their scale and colours. Shaded relief is visible where a field has no
data; the ocean is grey.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid, transformer
from daymelt.products.colours import AGE_CLASSES, MELT_RAMP, OCEAN
from daymelt.products.drawing import DPI, INK, headline, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

COLUMNS = 4
MOST_COLUMNS = 5  # of maps with their errors
WIDTH_PX = 1600
MARGIN, GAP, HEAD, FOOT, TITLE, BAR = 0.24, 0.22, 0.95, 0.55, 0.36, 0.78  # inches
RELIEF = "#b3ab9c"  # the relief where there are no data, in a legend
MOST_CELLS = 1200  # cells a side that are drawn; a panel has fewer pixels


@dataclass(frozen=True)
class Kind:
    """How a kind of field is drawn: name and unit on its colour bar, factor to that unit, colours,
    limits (None: from the data).
    """

    label: str
    colours: str
    lower: float | None = None
    upper: float | None = None
    factor: float = 1.0


KINDS = {
    "fraction": Kind("melt fraction (%)", "melt", 0, 100, 100),
    "kelvin": Kind("brightness temperature (K)", "inferno"),
    "liquid_water": Kind("liquid water, top metre (g kg⁻¹)", "YlGnBu", lower=0, factor=1000),
    "height": Kind("height above the ellipsoid (m)", "height"),
    "age": Kind("days to the nearest observation", "age"),
    "error": Kind("error (percentage points)", "PuOr", -100, 100, 100),
    "width": Kind("width (percentage points)", "RdPu", 0, 100, 100),
}


@dataclass(frozen=True)
class Panel:
    """One map: its title, a field (y, x) with NaN for no data, its kind (a name in KINDS), and its
    grid if other than the area's.
    """

    title: str
    field: NDArray[np.floating]
    kind: str
    grid: Grid | None = None


def day_panel(
    path: Path,
    *,
    date: dt.date,
    grid: Grid,
    height: NDArray[np.float32],
    panels: Sequence[Panel | None],
    ocean: NDArray[np.bool_] | None = None,
    ice: NDArray[np.bool_] | None = None,
    columns: int = COLUMNS,
    width_px: int = WIDTH_PX,
) -> None:
    """Draw maps of one day side by side as PNG.

    Parameters
    ----------
    date : the day, for the heading
    grid : the area
    height : (y, x), m, on `grid`; NaN is drawn flat
    panels : at least one, in reading order, None leaves a place empty; a coarse field has its own
        grid in the same crs
    ocean : (y, x) on `grid`, True where there is water; drawn over every map
    ice : (y, x) on `grid`, True on the glacier, whose outline is drawn over every map
    columns : panels a row
    width_px : of the picture, where its rows are full

    Raises
    ------
    GridError
        A field has another shape than its grid.
    ValueError
        A panel is of an unknown kind.
    """
    drawn = [panel for panel in panels if panel is not None]
    for present in drawn:
        _check(present, grid)
    width = (width_px / DPI - 2 * MARGIN - (columns - 1) * GAP) / columns
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    tall = width * grid.rows / grid.columns
    total_width = 2 * MARGIN + columns * width + (columns - 1) * GAP
    total_height = HEAD + rows * (TITLE + tall + BAR) + FOOT
    limits = shared_limits(drawn, grid)
    backdrop = _backdrop(grid, height, ocean)
    with picture(path, max(round(total_width * DPI), 900), round(total_height * DPI)) as figure:
        headline(figure, f"Surface melt on {date.day} {date:%B %Y}", _place(grid))
        for index, panel in enumerate(panels):
            if panel is None:
                continue
            row, column = divmod(index, columns)
            top = total_height - HEAD - TITLE - row * (TITLE + tall + BAR)
            box = (MARGIN + column * (width + GAP), top - tall, width, tall)
            axes = _add_axes(figure, box)
            _draw(axes, panel, grid, backdrop, limits)
            _outline(axes, grid, ice)
            _colour_bar(
                _add_axes(figure, (box[0] + 0.08 * width, top - tall - 0.24, 0.84 * width, 0.13)),
                panel,
                limits,
            )
            if index == 0:
                _scale_bar(axes, grid)
                _north(axes, grid)
        _legend(figure, total_height, ocean is not None)


def with_errors(
    reference: Panel, pairs: Sequence[tuple[Panel, Panel]]
) -> tuple[list[Panel | None], int]:
    """Panels and columns for `day_panel`: a reference and maps in rows, the error of each map (the
    second of its pair) below it.
    """
    maps: list[tuple[Panel, Panel | None]] = [(reference, None), *pairs]
    columns = math.ceil(len(maps) / math.ceil(len(maps) / MOST_COLUMNS))  # rows of about one length
    panels: list[Panel | None] = []
    for start in range(0, len(maps), columns):
        chunk = maps[start : start + columns]
        empty = [None] * (columns - len(chunk))
        panels += [*(shown for shown, _ in chunk), *empty, *(error for _, error in chunk), *empty]
    return panels, columns


def _check(panel: Panel, area: Grid) -> None:
    if panel.kind not in KINDS:
        raise ValueError(
            f"panel {panel.title!r}: kind {panel.kind!r}, expected one of {', '.join(KINDS)}"
        )
    expected = (panel.grid or area).shape
    if panel.field.shape != expected:
        raise GridError(
            f"panel {panel.title!r}: field has shape {panel.field.shape}, its grid {expected}"
        )


def shared_limits(panels: Sequence[Panel], grid: Grid) -> dict[str, tuple[float, float]]:
    """Lower and upper end of each kind's scale, in the unit of its colour bar.

    Fixed ones as in KINDS; otherwise round numbers about the middle 98 % of what each panel of the
    kind shows within the area.
    """
    limits = {}
    for name, kind in KINDS.items():
        shown = [_within(panel, grid) * kind.factor for panel in panels if panel.kind == name]
        spans = [
            np.percentile(values, [1, 99])
            for field in shown
            if (values := field[np.isfinite(field)]).size
        ]
        low, high = (
            (min(span[0] for span in spans), max(span[1] for span in spans))
            if spans
            else (0.0, 1.0)
        )
        limits[name] = _round_limits(
            low if kind.lower is None else kind.lower, high if kind.upper is None else kind.upper
        )
    return limits


def _round_limits(low: float, high: float) -> tuple[float, float]:
    """The nearest round numbers outside; never an empty span."""
    span = high - low if high > low else max(abs(high), 1e-3)
    step = 10 ** math.floor(math.log10(span)) / 2
    first, last = math.floor(round(low / step, 6)) * step, math.ceil(round(high / step, 6)) * step
    return first, last if last > first else first + step


def _within(panel: Panel, area: Grid) -> NDArray[np.floating]:
    """The cells of a panel whose centres lie in the area."""
    grid = panel.grid or area
    left, bottom, right, top = area.bounds
    return panel.field[(grid.y > bottom) & (grid.y < top)][:, (grid.x > left) & (grid.x < right)]


def _draw(
    axes: "Axes",
    panel: Panel,
    area: Grid,
    backdrop: tuple[Any, Any],
    limits: dict[str, tuple[float, float]],
) -> None:
    """Relief below, the field over it, water on top."""
    relief, water = backdrop
    colours, norm = _colours(panel.kind, limits)
    kind, grid = KINDS[panel.kind], panel.grid or area
    step = _thinning(grid)
    field = np.ma.masked_invalid(panel.field[::step, ::step] * kind.factor)
    axes.imshow(relief, extent=_extent(area), cmap=_shades(), vmin=0, vmax=1)
    image = colours(norm(field))
    if panel.kind == "height" and panel.grid is None:
        image[..., :3] *= (0.6 + 0.4 * relief)[..., None]
    axes.imshow(np.clip(image, 0, 1), extent=_extent(grid), interpolation="nearest")
    if water is not None:
        axes.imshow(water, extent=_extent(area), interpolation="nearest")
    left, bottom, right, top = area.bounds
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    axes.set_title(panel.title, loc="left", pad=6)


def _outline(axes: "Axes", grid: Grid, ice: NDArray[np.bool_] | None) -> None:
    """A thin line around the ice."""
    if ice is not None and ice.any() and not ice.all():
        step = _thinning(grid)
        # visible on dark melt and on pale snow
        for colour, line in (("white", 1.8), (INK, 0.8)):
            axes.contour(
                grid.x[::step],
                grid.y[::step],
                ice[::step, ::step].astype(float),
                [0.5],
                colors=colour,
                linewidths=line,
            )


def _backdrop(
    grid: Grid, height: NDArray[np.float32], ocean: NDArray[np.bool_] | None
) -> tuple[Any, Any]:
    """Relief 0-1 lit from the upper left, and the water as colours with opacity (None without an
    ocean mask).
    """
    from matplotlib.colors import LightSource, to_rgba

    step = _thinning(grid)
    lowest = float(np.nanmin(height)) if np.isfinite(height).any() else 0.0
    surface = np.where(np.isfinite(height), height, lowest)[::step, ::step]
    side = grid.spacing_m * step
    flat = min(surface.shape) < 2 or float(np.ptp(surface)) == 0
    relief = (
        np.full(surface.shape, 0.7)
        if flat
        else LightSource(315, 45).hillshade(surface, vert_exag=4, dx=side, dy=side)
    )
    if ocean is None:
        return relief, None
    water = np.zeros((*surface.shape, 4))
    water[ocean[::step, ::step]] = to_rgba(OCEAN)
    return relief, water


def _colours(kind: str, limits: dict[str, tuple[float, float]]) -> tuple["Colormap", "Normalize"]:
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, ListedColormap, Normalize

    scheme = KINDS[kind].colours
    if scheme == "age":
        ends = [last + 0.5 for last, _, _ in AGE_CLASSES]
        return ListedColormap([colour for _, colour, _ in AGE_CLASSES]), BoundaryNorm(
            [-0.5, *ends], len(AGE_CLASSES)
        )
    if scheme == "melt":
        return LinearSegmentedColormap.from_list(
            scheme, [(at, colour) for at, colour, _ in MELT_RAMP]
        ), Normalize(*limits[kind])
    if scheme == "height":
        stops = ["#66785a", "#b3ab85", "#dcd5bf", "#fbfbf9"]
        return LinearSegmentedColormap.from_list(scheme, stops), Normalize(*limits[kind])
    return colormaps[scheme], Normalize(*limits[kind])


def _shades() -> "Colormap":
    """Colours of the relief: warm greys, apart from every data colour."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("relief", ["#7d776c", "#d8d2c6"])


def _colour_bar(axes: "Axes", panel: Panel, limits: dict[str, tuple[float, float]]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    kind = KINDS[panel.kind]
    colours, norm = _colours(panel.kind, limits)
    if kind.colours == "age":
        count = len(AGE_CLASSES)
        scale = ScalarMappable(
            Normalize(0, count), ListedColormap([colour for _, colour, _ in AGE_CLASSES])
        )
        bar = axes.figure.colorbar(
            scale, cax=axes, orientation="horizontal", ticks=np.arange(count) + 0.5
        )
        bar.ax.set_xticklabels(_age_names())
    else:
        extend = (
            "neither" if kind.upper is not None else ("max" if kind.lower is not None else "both")
        )
        bar = axes.figure.colorbar(
            ScalarMappable(norm, colours),
            cax=axes,
            orientation="horizontal",
            extend=extend,
            extendfrac=0.03,
        )
        bar.locator = _locator()
        bar.update_ticks()
    bar.outline.set_linewidth(0.6)
    axes.tick_params(labelsize=10.5, length=2, pad=2)
    axes.set_xlabel(kind.label, fontsize=11, labelpad=2)


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])


def _age_names() -> list[str]:
    """Short names of the age classes: 0, 1, 2-3, …, none."""
    ends = [last for last, _, _ in AGE_CLASSES[:-2]]
    spans = [
        f"{first + 1}-{last}" if last > first + 1 else str(last)
        for first, last in zip([-1, *ends], ends, strict=False)
    ]
    return [*spans, f">{ends[-1]}", "none"]


def _scale_bar(axes: "Axes", grid: Grid) -> None:
    """A bar of a round number of kilometres, about a quarter of the width, at the lower left."""
    from matplotlib.patches import Rectangle

    width = grid.columns * grid.spacing_m
    length = round_length(width / 4)
    left, bottom, thickness = grid.left + 0.06 * width, grid.bottom + 0.055 * width, 0.014 * width
    corner = (left - 0.03 * width, bottom - 0.025 * width)
    axes.add_patch(
        Rectangle(
            corner,
            length + 0.06 * width,
            0.125 * width,
            facecolor="white",
            edgecolor="none",
            alpha=0.85,
        )
    )
    axes.text(
        left + length / 2,
        bottom + 1.6 * thickness,
        f"{length / 1000:g} km",
        ha="center",
        va="bottom",
        fontsize=11,
        color=INK,
    )
    for part, colour in enumerate((INK, "white")):
        place = (left + part * length / 2, bottom)
        axes.add_patch(
            Rectangle(place, length / 2, thickness, facecolor=colour, edgecolor=INK, linewidth=0.8)
        )


def round_length(longest_m: float) -> float:
    """The greatest of 1, 2 or 5 times a power of ten that is not above `longest_m`, in metres."""
    power = 10.0 ** math.floor(math.log10(longest_m))
    return max(step * power for step in (1, 2, 5) if step * power <= longest_m * (1 + 1e-9))


def _north(axes: "Axes", grid: Grid) -> None:
    """An arrow to geographic north, which is seldom the top of a polar map."""
    east, north = north_direction(grid)
    anchor, length = (0.88, 0.86), 0.07
    ratio = grid.columns / grid.rows
    tip = (anchor[0] + length * east, anchor[1] + length * north * ratio)
    tail = (anchor[0] - length * east, anchor[1] - length * north * ratio)
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6, "mutation_scale": 16}
    back = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.annotate(
        "", tip, tail, xycoords="axes fraction", textcoords="axes fraction", arrowprops=arrow
    )
    axes.text(
        *tail,
        "N",
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=11,
        fontweight="bold",
        color=INK,
        bbox=back,
    )


def north_direction(grid: Grid) -> tuple[float, float]:
    """Unit vector (x, y) of the crs that points to geographic north at the centre of a grid."""
    x, y = (grid.left + grid.right) / 2, (grid.bottom + grid.top) / 2
    lon, lat = transformer(grid.crs, "EPSG:4326").transform(x, y)
    ahead = transformer("EPSG:4326", grid.crs).transform(lon, lat + 1e-3)
    length = math.hypot(ahead[0] - x, ahead[1] - y)
    return (ahead[0] - x) / length, (ahead[1] - y) / length


def _legend(figure: "Figure", height: float, has_ocean: bool) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=RELIEF, edgecolor="none", label="relief: no data")]
    if has_ocean:
        handles.append(Patch(facecolor=OCEAN, edgecolor="none", label="ocean"))
    width = figure.get_size_inches()[0]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(MARGIN / width, 0.1 / height),
        ncols=2,
        frameon=False,
        borderpad=0,
        fontsize=12,
    )


def _place(grid: Grid) -> str:
    return f"{place_of(grid)}; the arrow points to geographic north"


def place_of(grid: Grid) -> str:
    """Extent, cells and crs of a grid in words."""
    name = grid.crs if len(grid.crs) < 20 else "projected crs of the area"
    size = f"{grid.columns * grid.spacing_m / 1000:g} x {grid.rows * grid.spacing_m / 1000:g} km"
    return f"{size}, cells of {grid.spacing_m:g} m, {name}"


def _thinning(grid: Grid) -> int:
    return max(1, math.ceil(max(grid.shape) / MOST_CELLS))


def _extent(grid: Grid) -> tuple[float, float, float, float]:
    return grid.left, grid.right, grid.bottom, grid.top


def _add_axes(figure: "Figure", box: tuple[float, float, float, float]) -> "Axes":
    """Axes at a place in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
