"""Charts of the predicted distribution: how often the target lies outside the 90 % interval, the
randomised PIT, and the reliability of the mean beside that of another system.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.products.colours import BLUE, GREEN, ORANGE, SKY, VERMILION
from daymelt.products.comparison import GAPS, percent, reference_of
from daymelt.products.drawing import FAINT, headline, picture, plain_axes
from daymelt.products.tables import Row, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ASKED = (2, 7)  # percent of the targets on either side of the interval
NOMINAL = 5
WITHIN = 6  # percentage points about the diagonal
LEAST_SHARE = 0.002  # of all cells; rarer classes of a prediction are drawn hollow
# class of the width of the interval, colour and marker; None: only its share of the cells is drawn
WIDTHS: dict[str, tuple[str, str | None]] = {
    "below 0.02": ("#c9ced3", None),
    "0.02-0.1": (SKY, "o"),
    "0.1-0.3": (GREEN, "s"),
    "0.3-0.6": (ORANGE, "^"),
    "0.6-0.98": (VERMILION, "D"),
    "above 0.98": ("#6b747b", None),
}
LAYERS = {"melt": "map", "melt_mean": "mean"}  # of a system with an interval
ALL = "all"  # of the seasons, or of the cells
PIT_COLUMNS, PIT_ROW_PX = 3, 330


def coverage_chart(path: Path, rows: Sequence[Row]) -> None:
    """Draw the share of the targets below and above the interval in each season and class of its
    width, and the share of the cells in each class.

    Parameters
    ----------
    rows : of one system against one reference, of the kinds `width` and `season and width`, with
        `class`, `cells`, `below` and `above`
    """
    found = of_seasons(rows)
    seasons = list(dict.fromkeys(season for season, _ in found))
    with picture(path, 1200, 1150) as figure:
        headline(
            figure,
            f"Targets outside the 90 % interval of {_systems(rows)}",
            f"by season and width of the interval; against {reference_of(rows)}; "
            f"shaded: {ASKED[0]}-{ASKED[1]} %",
        )
        below, above, share = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
        figure.subplots_adjust(left=0.085, right=0.8, top=0.9, bottom=0.05, hspace=0.12)
        for axes, side in ((below, "below"), (above, "above")):
            _outside(axes, found, seasons, side)
        _widths(share, found, seasons)
        for axes, step in ((below, 1), (share, -1)):  # bars are stacked from below
            handles, names = axes.get_legend_handles_labels()
            axes.legend(
                handles[::step],
                names[::step],
                title="width of the interval",
                loc="upper left",
                bbox_to_anchor=(1.01, 1),
                frameon=False,
            )
        share.set_xticks(range(len(seasons)), [_season_name(season) for season in seasons])
        share.set_xlim(-0.5, len(seasons) - 0.5)


def of_seasons(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Season and class of width to the row; seasons in order, all of them together last."""
    each: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: str(row["class"])):
        season, _, width = str(row["class"]).partition(", ")
        if row["kind"] == "season and width":
            each[season, width] = row
    pooled = {(ALL, str(row["class"])): row for row in rows if row["kind"] == "width"}
    return each | pooled


def _outside(
    axes: "Axes", found: dict[tuple[str, str], Row], seasons: Sequence[str], side: str
) -> None:
    """The share of the targets on one side of the interval, percent."""
    axes.axhspan(*ASKED, color="#eceff1", zorder=0)
    axes.axhline(NOMINAL, color="#9aa3aa", linewidth=1, zorder=1)
    shown = [(width, *look) for width, look in WIDTHS.items() if look[1] is not None]
    for number, (width, colour, marker) in enumerate(shown):
        aside = 0.7 * ((number + 0.5) / len(shown) - 0.5)
        own = [
            (place + aside, 100 * float(found[season, width][side]))
            for place, season in enumerate(seasons)
            if (season, width) in found
        ]
        at, values = np.array(own).reshape(-1, 2).T
        axes.plot(
            at, values, color=colour, marker=marker, markersize=7, linestyle="none", label=width
        )
    highest = max([10.0, *(value for line in axes.lines[1:] for value in _heights(line))])
    axes.set(ylim=(0, 1.06 * highest), ylabel=f"{side} the interval (%)")
    _separate(axes, seasons)


def _widths(axes: "Axes", found: dict[tuple[str, str], Row], seasons: Sequence[str]) -> None:
    """The share of the cells in each class of width, stacked, percent."""
    cells = np.array(
        [
            [
                float(found[season, width]["cells"]) if (season, width) in found else 0.0
                for season in seasons
            ]
            for width in WIDTHS
        ]
    )
    shares = 100 * cells / cells.sum(axis=0)
    base = np.zeros(len(seasons))
    for (width, (colour, _)), own in zip(WIDTHS.items(), shares, strict=True):
        axes.bar(range(len(seasons)), own, 0.7, base, color=colour, label=width)
        base += own
    axes.set(ylim=(0, 100), ylabel="cells (%)")
    _separate(axes, seasons)


def _heights(line: Any) -> list[float]:
    return [float(value) for value in np.asarray(line.get_ydata())]


def _separate(axes: "Axes", seasons: Sequence[str]) -> None:
    for edge in range(1, len(seasons)):
        axes.axvline(edge - 0.5, color=FAINT, linewidth=0.8, zorder=0)
    axes.tick_params(axis="x", length=0)
    plain_axes(axes)


def _season_name(season: str) -> str:
    return "all seasons" if season == ALL else season


def pit_chart(path: Path, rows: Sequence[Row]) -> None:
    """Draw the histogram of the randomised PIT over all cells and in each class of the days to the
    nearest observation; that of a calibrated prediction is flat.

    Parameters
    ----------
    rows : of one system against one reference, of the kinds `all` and `gap`, with `class`, `cells`
        and `pit_01` and so on, the shares of the cells in equal bins
    """
    kinds = {(str(row["kind"]), str(row["class"])): row for row in rows}
    shown = [key for key in ((ALL, ALL), *(("gap", gap) for gap in GAPS)) if key in kinds]
    down = max(-(-len(shown) // PIT_COLUMNS), 1)
    height = 130 + down * PIT_ROW_PX
    with picture(path, 1200, height) as figure:
        headline(
            figure,
            f"Randomised PIT of {_systems(rows)}",
            "share of the targets at each level of the predicted distribution, 1 where it is "
            f"calibrated; against {reference_of(rows)}",
        )
        frames = figure.subplots(down, PIT_COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
        figure.subplots_adjust(
            left=0.06,
            right=0.985,
            top=1 - 115 / height,
            bottom=70 / height,
            wspace=0.07,
            hspace=0.28,
        )
        for axes, key in zip(frames, shown, strict=False):
            _histogram(axes, kinds[key], float(kinds[key]["cells"]) / _cells(kinds))
        for axes in frames[len(shown) :]:
            axes.remove()
        figure.supxlabel("level of the predicted distribution (0-1)", fontsize=13, y=12 / height)
        figure.supylabel("density", fontsize=13, x=0.006)


def _histogram(axes: "Axes", row: Row, share: float) -> None:
    heights = densities(row)
    width = 1 / heights.size
    axes.bar(np.arange(heights.size) * width, heights, 0.94 * width, align="edge", color=SKY)
    axes.axhline(1, color=VERMILION, linewidth=1.4)
    name = {"all": "all cells", "never": "never seen in the season", "1": "1 day"}.get(
        str(row["class"]), f"{row['class']} days"
    )
    axes.set_title(f"{name} ({percent(share)})", loc="left", pad=5)
    axes.set(xlim=(0, 1), xticks=(0, 0.25, 0.5, 0.75, 1))
    axes.set_xticklabels(["0", "0.25", "0.5", "0.75", "1"])
    plain_axes(axes)


def densities(row: Row) -> NDArray[np.float64]:
    """Share of the cells in each bin of the PIT over that of a flat histogram."""
    names = sorted(name for name in row if name.startswith("pit_"))
    return np.array([float(row[name]) * len(names) for name in names])


def _cells(kinds: dict[tuple[str, str], Row]) -> float:
    return float(kinds[ALL, ALL]["cells"])


def reliability_change(path: Path, before: Sequence[Row], after: Sequence[Row]) -> None:
    """Draw the mean target against the predicted fraction of one system and, after it, of another,
    and below how often each fraction is predicted.

    Parameters
    ----------
    before, after : rows of one system and layer each, one a class of the predicted fraction, with
        `system`, `layer`, `cells`, `mean_prediction` and `mean_target`; either may be empty
    """
    with picture(path, 1000, 1000) as figure:
        headline(
            figure,
            "Reliability before and after",
            f"mean melt fraction where so much is predicted; against "
            f"{reference_of([*before, *after])}; hollow: under 0.2 % of the cells",
        )
        above = figure.add_axes((0.09, 0.31, 0.87, 0.59))
        below = figure.add_axes((0.09, 0.07, 0.87, 0.18))
        above.plot([0, 100], [0, 100], color="#9aa3aa", linewidth=1)
        above.fill_between(
            [0, 100],
            [-WITHIN, 100 - WITHIN],
            [WITHIN, 100 + WITHIN],
            color="#eceff1",
            label=f"within {WITHIN} points",
            zorder=0,
        )
        if before:
            look = {"color": VERMILION, "linestyle": "--", "marker": "s"}
            _curve(above, below, before, "before", look)
        if after:
            look = {"color": BLUE, "linestyle": "-", "marker": "o"}
            _curve(above, below, after, "after", look)
        above.set(xlim=(0, 100), ylim=(0, 100), ylabel="mean melt fraction of those cells (%)")
        below.set(
            xlim=(0, 100), yscale="log", xlabel="predicted melt fraction (%)", ylabel="cells (%)"
        )
        below.yaxis.set_major_formatter("{x:g}")
        plain_axes(above)
        plain_axes(below)
        above.legend(loc="upper left", frameon=False)


def _curve(
    above: "Axes", below: "Axes", rows: Sequence[Row], when: str, look: dict[str, Any]
) -> None:
    predicted, target, share = classes(rows)
    fill = [str(look["color"]) if often else "white" for often in share > LEAST_SHARE]
    name = f"{when}: {label(str(rows[0]['system']))}, {LAYERS[str(rows[0]['layer'])]}"
    text = f"{name}: off by up to {largest_error(rows):.0f} points"
    above.plot(100 * predicted, 100 * target, **look, markersize=0, linewidth=1.6)
    above.scatter(
        100 * predicted,
        100 * target,
        42,
        facecolors=fill,
        edgecolors=look["color"],
        marker=look["marker"],
        clip_on=False,
        zorder=3,
    )
    above.plot([], [], **look, markersize=6.5, linewidth=1.6, label=text)
    below.plot(100 * predicted, 100 * share, **look, markersize=4, linewidth=1.2)


def classes(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Mean prediction, mean target and share of the cells of each class, 0-1, (3, class)."""
    table = np.array(
        [[float(row[name]) for row in rows] for name in ("mean_prediction", "mean_target", "cells")]
    )
    table[2] /= table[2].sum()
    return table


def largest_error(rows: Sequence[Row]) -> float:
    """Largest difference between prediction and target of a class with over 0.2 % of the cells,
    percentage points.
    """
    predicted, target, share = classes(rows)
    return float(100 * np.abs(predicted - target)[share > LEAST_SHARE].max(initial=0))


def _systems(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(label(str(row["system"])) for row in rows)) or "no system"
