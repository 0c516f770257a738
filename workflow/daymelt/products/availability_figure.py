"""The calendar of the inputs: what was observed, filled and absent, by source and day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.products.colours import BLUE, NO_DATA, ORANGE, VERMILION
from daymelt.products.drawing import headline, picture
from daymelt.products.tables import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PX = 1600
HEAD_PX, ROW_PX, BETWEEN_PX, FOOT_PX = 110, 24, 18, 46
LEFT_PX, RIGHT_PX = 190, 44
GAP = 0.12  # of a row, between it and the next
STATES = {"observed": BLUE, "filled": ORANGE, "absent": VERMILION}
BELOW = {
    "observed": "observed (height: share of the land that was seen)",
    "filled": "filled by a stated rule, or of another platform",
    "absent": "absent, where every day is expected",
}


@dataclass(frozen=True)
class SourceDays:
    """The days of one source, all (date,): state of each day, and the share of the area that was
    observed, 0 to 1.

    `is_daily` says whether every day is expected; of other sources a day that is absent is left
    empty.
    """

    source: str
    days: Sequence[dt.date]
    states: Sequence[str]
    share: Sequence[float]
    is_daily: bool = True


def availability_calendar(path: Path, sources: Sequence[SourceDays]) -> None:
    """Draw one frame a year, a row a source, a column a day."""
    years = sorted({day.year for source in sources for day in source.days})
    frame = ROW_PX * len(sources)
    height = HEAD_PX + len(years) * (frame + BETWEEN_PX) + FOOT_PX
    with picture(path, WIDTH_PX, height) as figure:
        headline(figure, "Availability of the inputs")
        for place, year in enumerate(years):
            top = 1 - (HEAD_PX + place * (frame + BETWEEN_PX)) / height
            width = 1 - (LEFT_PX + RIGHT_PX) / WIDTH_PX
            axes = figure.add_axes(
                (LEFT_PX / WIDTH_PX, top - frame / height, width, frame / height)
            )
            _draw_year(axes, year, sources)
            axes.tick_params(labelbottom=year == years[-1], bottom=year == years[-1])
        handles = [_key(state) for state in BELOW]
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(14 / WIDTH_PX, 1 - 46 / height),
            ncols=len(handles),
            frameon=False,
            fontsize=12,
        )


def _draw_year(axes: "Axes", year: int, sources: Sequence[SourceDays]) -> None:
    from matplotlib import dates

    calendar: Any = dates  # matplotlib leaves this module untyped
    axes.set_facecolor(NO_DATA)
    first, last = dt.date(year, 12, 31), dt.date(year, 1, 1)
    for row, source in enumerate(sources):
        chosen = [index for index, day in enumerate(source.days) if day.year == year]
        first = min([first, *(source.days[index] for index in chosen)])
        last = max([last, *(source.days[index] for index in chosen)])
        for state in STATES if source.is_daily else ("observed", "filled"):
            of_state = [index for index in chosen if source.states[index] == state]
            _bars(axes, row, [source.days[i] for i in of_state], _heights(source, of_state, state))
    axes.set(
        xlim=(np.datetime64(first), np.datetime64(last + dt.timedelta(1))),
        ylim=(len(sources), 0),
        yticks=np.arange(len(sources)) + 0.5,
        yticklabels=[label(source.source) for source in sources],
    )
    axes.xaxis.set_major_locator(calendar.MonthLocator())
    axes.xaxis.set_major_formatter(calendar.DateFormatter("1 %b"))
    axes.tick_params(left=False, labelsize=11)
    axes.spines[:].set_visible(False)
    axes.text(
        -(LEFT_PX - 24) / (WIDTH_PX - LEFT_PX - RIGHT_PX),
        0.5,
        str(year),
        transform=axes.transAxes,
        fontsize=14,
        fontweight="bold",
        va="center",
    )


def _heights(source: SourceDays, chosen: Sequence[int], state: str) -> tuple[NDArray[Any], str]:
    """Height of the bars of a state, and their colour."""
    share = np.array([source.share[index] for index in chosen], float)
    return share if state == "observed" else np.ones(len(chosen)), STATES[state]


def _bars(axes: "Axes", row: int, days: Sequence[dt.date], look: tuple[NDArray[Any], str]) -> None:
    heights, colour = look
    if days:
        axes.bar(
            np.asarray(days, "datetime64[D]"),
            -(1 - GAP) * heights,
            width=np.timedelta64(1, "D"),
            bottom=row + 1 - GAP / 2,
            align="edge",
            color=colour,
            linewidth=0,
        )


def _key(state: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=STATES[state], label=BELOW[state])
