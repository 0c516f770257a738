"""Melt extent of all seasons in one figure, each beside the mean and the range of all."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from daymelt.products.colours import BLUE, SKY
from daymelt.products.drawing import headline, picture, plain_axes
from daymelt.products.extent_tables import Extents

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PX, COLUMNS = 1600, 2
ROW_PX, HEAD_PX, FOOT_PX = 260, 130, 50
RANGE, MEAN = "#dfe3e6", "#6b747b"
SHORT = 92  # days of a season
Date = tuple[int, int]
"""Month and day."""


@dataclass(frozen=True)
class Climatology:
    """Mean, least and greatest extent over the seasons of each date, km², and the mean of the sums
    of the seasons, km² days.
    """

    mean: Mapping[Date, float]
    least: Mapping[Date, float]
    greatest: Mapping[Date, float]
    mean_sum: float


def climatology(seasons: Sequence[Extents], least_seasons: int) -> Climatology | None:
    """Mean and range over the seasons of the dates that so many of them know; None of fewer
    seasons.
    """
    if len(seasons) < least_seasons:
        return None
    values: dict[Date, list[float]] = {}
    for season in seasons:
        for day, extent in zip(season.days, season.melt, strict=True):
            if math.isfinite(extent):
                values.setdefault((day.month, day.day), []).append(float(extent))
    enough = {date: found for date, found in values.items() if len(found) >= least_seasons}
    return Climatology(
        {date: float(np.mean(found)) for date, found in enough.items()},
        {date: min(found) for date, found in enough.items()},
        {date: max(found) for date, found in enough.items()},
        float(np.mean([season.melt.sum() for season in seasons])),
    )


def extent_figure(path: Path, area: str, seasons: Sequence[Extents], least_seasons: int) -> None:
    """Draw the melt extent of every season, one frame a season, all with one scale.

    Parameters
    ----------
    area : name
    seasons : in order
    least_seasons : fewest seasons of a mean; of fewer there is none in the figure
    """
    mean = climatology(seasons, least_seasons)
    rows = math.ceil(len(seasons) / COLUMNS)
    height = HEAD_PX + rows * ROW_PX + FOOT_PX
    with picture(path, WIDTH_PX, height, description(area, seasons, mean)) as figure:
        headline(figure, f"Melt extent of {area}, season by season", "daily, the whole area, km²")
        frames = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
        for axes, season in zip(frames, seasons, strict=False):
            if mean:
                draw_climatology(axes, season.days, mean)
            draw_season(axes, season)
            axes.set_title(title(season, mean), loc="left", pad=6)
        for axes in frames[len(seasons) :]:
            axes.remove()
        frames[0].set_ylim(0, 1.06 * max([*(season.highest for season in seasons), 1e-3]))
        figure.subplots_adjust(
            left=0.05,
            right=0.988,
            top=1 - HEAD_PX / height,
            bottom=FOOT_PX / height,
            wspace=0.06,
            hspace=0.36,
        )
        handles, names = frames[0].get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            loc="upper left",
            bbox_to_anchor=(0.008, 1 - 64 / height),
            ncols=len(names),
            frameon=False,
        )


def draw_season(axes: "Axes", season: Extents) -> None:
    """The extent of a season, and between all cells at their lower and all at their upper bound a
    band, where the maps have an interval.
    """
    days = np.asarray(season.days, "datetime64[D]")
    if season.low is not None and season.high is not None:
        label = "all cells at their lower to all at their upper bound"
        axes.fill_between(days, season.low, season.high, color=SKY, alpha=0.4, lw=0, label=label)
    axes.plot(days, season.melt, color=BLUE, linewidth=1.8, label="map")
    plain_axes(axes)
    mark_months(axes, len(days))
    last = max(season.days[-1], season.days[0] + dt.timedelta(1))
    axes.set(xlim=(np.datetime64(season.days[0]), np.datetime64(last)))


def draw_climatology(axes: "Axes", days: Sequence[dt.date], mean: Climatology) -> None:
    """Mean and range of the seasons on the dates of one of them."""
    dates = [(day.month, day.day) for day in days]
    least, middle, greatest = (
        [values.get(date, math.nan) for date in dates]
        for values in (mean.least, mean.mean, mean.greatest)
    )
    places = np.asarray(days, "datetime64[D]")
    axes.fill_between(places, least, greatest, color=RANGE, lw=0, label="range of the seasons")
    axes.plot(places, middle, color=MEAN, linewidth=1.4, linestyle="--", label="their mean")


def mark_months(axes: "Axes", days: int) -> None:
    """Mark the first day of every month, of a short season the middle too."""
    from matplotlib import dates

    calendar: Any = dates  # matplotlib leaves this module untyped

    marked = (1, 15) if days <= SHORT else 1
    axes.xaxis.set_major_locator(calendar.MonthLocator(bymonthday=marked))
    axes.xaxis.set_major_formatter(calendar.DateFormatter("%-d %b"))


def title(season: Extents, mean: Climatology | None) -> str:
    """The year, the sum of its extents, and the difference of that from the mean of the seasons."""
    total = float(season.melt.sum())
    if not math.isfinite(total):
        return f"{season.season}"
    text = f"{season.season}: {in_groups(total)} km² days"
    if mean is None or not mean.mean_sum > 0:
        return text
    more = 100 * (total / mean.mean_sum - 1)
    return f"{text}, {abs(more):.0f} % {'above' if more >= 0 else 'below'} the mean"


def in_groups(value: float) -> str:
    """A number with spaces between thousands, without decimals from 100 on."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 99.5 else f"{value:.1f}"


def description(area: str, seasons: Sequence[Extents], mean: Climatology | None) -> str:
    """The figure in words."""
    peaks = "; ".join(
        f"{season.season}: at most {in_groups(float(season.melt[place]))} km² "
        f"on {season.days[place]}"
        for season in seasons
        if np.isfinite(season.melt).any()
        for place in [int(np.nanargmax(season.melt))]
    )
    beside = " beside the mean and the range of the seasons" if mean else ""
    return f"Daily melt extent of {area} through each season{beside}. {peaks}."
