"""Weather stations beside the map: one time line a station and season."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.products.colours import BLUE, OCEAN, ORANGE, VERMILION
from daymelt.products.drawing import DPI, headline, picture, plain_axes
from daymelt.products.tables import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_PX = 1600
MOST_COLUMNS = 3  # stations side by side
ROW_PX, HEAD_PX, FOOT_PX = 170, 146, 44
STRIP = (-0.22, -0.06)  # where the station's days are drawn, below the zero of the fraction
TOP = 1.04
HOLE_ALPHA = 0.3  # of the days without a record, over the whole height


@dataclass(frozen=True)
class Timeline:
    """One station and season, all (date,): the map's melt fraction at the cell, Sentinel-1's, and
    whether the station melts (1, 0); NaN where missing.
    """

    station: str
    days: Sequence[dt.date]
    mapped: NDArray[np.floating]
    sar: NDArray[np.floating]
    melting: NDArray[np.floating]


def station_timelines(path: Path, lines: Sequence[Timeline], rule: str, system: str) -> None:
    """Draw one frame for each station and season, stations from left to right, seasons downwards;
    without stations a picture with that message.

    Parameters
    ----------
    rule : when a day of a station counts as melting, in words
    system : name of what made the map
    """
    names = list(dict.fromkeys(line.station for line in lines))
    seasons = sorted({line.days[0].year for line in lines})
    columns = min(max(len(names), 1), MOST_COLUMNS)
    rows = max(math.ceil(len(names) / columns) * len(seasons), 1)
    with picture(path, WIDTH_PX, HEAD_PX + rows * ROW_PX + FOOT_PX) as figure:
        headline(figure, "The map beside the weather stations", f"a day of a station melts: {rule}")
        if not lines:
            figure.text(0.5, 0.4, "No weather station stands in the area", ha="center", fontsize=15)
            return
        frames = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for line in lines:
            block, column = divmod(names.index(line.station), columns)
            axes = frames[block * len(seasons) + seasons.index(line.days[0].year), column]
            _frame(axes, line, label(system))
        for axes in frames.ravel():
            if not axes.has_data():
                axes.remove()
        _arrange(figure, frames[0, 0], rows)


def _frame(axes: "Axes", line: Timeline, system: str) -> None:
    from matplotlib import dates

    calendar: Any = dates  # matplotlib leaves this module untyped
    days = np.asarray(line.days, "datetime64[D]")
    axes.fill_between(days, 0, line.mapped, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(days, line.mapped, color=BLUE, linewidth=1.3, label=system)
    look: dict[str, Any] = {
        "linestyle": "none",
        "marker": "o",
        "markersize": 4.5,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
    }
    axes.plot(days, line.sar, color=VERMILION, label=label("sar"), zorder=5, **look)
    missing = np.isnan(line.melting)
    _mark(axes, days, missing, (STRIP[1], TOP), color=OCEAN, alpha=HOLE_ALPHA, label="_hole")
    _mark(axes, days, line.melting > 0, STRIP, color=ORANGE, label="station melts")
    _mark(axes, days, missing, STRIP, color=OCEAN, label="no record of the station")
    plain_axes(axes)
    axes.xaxis.set_major_locator(calendar.MonthLocator())
    axes.xaxis.set_major_formatter(calendar.DateFormatter("1 %b"))
    axes.set(
        xlim=(days[0], days[-1] + np.timedelta64(23, "h")),
        ylim=(STRIP[0] - 0.04, TOP),
        yticks=[0, 0.5, 1],
    )
    axes.set_title(f"{line.station}, {line.days[0].year}", fontsize=12, loc="left", pad=3)
    axes.tick_params(labelsize=10)


def _mark(
    axes: "Axes",
    days: NDArray[np.datetime64],
    chosen: NDArray[np.bool_],
    heights: tuple[float, float],
    **look: Any,
) -> None:
    """Fill whole days between two heights."""
    first = np.repeat(days, 2)
    first[1::2] += 1
    axes.fill_between(first, *heights, where=np.repeat(chosen, 2), step=None, linewidth=0, **look)


def _arrange(figure: "Figure", first: "Axes", rows: int) -> None:
    height = figure.get_size_inches()[1] * DPI
    figure.subplots_adjust(
        left=0.052,
        right=0.99,
        top=1 - (HEAD_PX - 12) / height,
        bottom=FOOT_PX / height,
        wspace=0.06,
        hspace=0.42 if rows > 1 else 0,
    )
    handles, names = first.get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(0.008, 1 - 64 / height),
        ncols=len(names),
        frameon=False,
    )
    figure.supylabel("melting share of the cell (0-1)", x=0.006, fontsize=13)
