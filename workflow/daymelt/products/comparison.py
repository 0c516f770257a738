"""Charts that compare the systems of the benchmark: reliability, error by gap, height and month,
and distance of test days to training days.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.products.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from daymelt.products.drawing import headline, picture, plain_axes
from daymelt.products.tables import Row, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# colour and line of each system, distinct without colour too; other systems take the next of
# `OTHER_LOOKS`
LOOKS: Mapping[str, tuple[str, str]] = {
    "multi-sensor": (BLUE, "-"),
    "unet-smp": (BLUE, "--"),
    "unet": (SKY, "-"),
    "deeplabv3plus": (SKY, "--"),
    "random-forest": (GREEN, "-"),
    "linear-dem": (GREEN, ":"),
    "time-interpolated-sar": (VERMILION, "-"),
    "interpolate-mar": (ORANGE, "-"),
    "threshold-pmw": (PURPLE, "-"),
    "threshold-pmw-fixed": (PURPLE, "--"),
    "threshold-pmw-winter": (PURPLE, ":"),
}
OTHER_LOOKS = ((BLACK, "-"), (BLACK, "--"), (BLACK, ":"), (BLACK, "-."))
AXES = {
    "gap": "days to the nearest observation of the cell",
    "height": "height above the ellipsoid (m)",
    "month": "month",
    "event": "extreme events",
}
CALENDAR = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
GAPS = ("0", "1", "2-3", "4-6", "above 6", "never")
MARKERS = {"-": "o", "--": "s", ":": "^", "-.": "D"}  # a line's look where there is no line
LEAST_SHARE = 1e-4  # of all cells; classes with less are not drawn
NEAR_DAYS = 2
DISTANCES = (  # class, its last day
    *((str(days), days) for days in range(1, 8)),
    ("8-14", 14),
    ("15-30", 30),
    ("above 30", None),
)
ERROR_COLUMNS, ERROR_ROW_PX = 2, 470
SPLIT_ROW_PX = 210


def reliability_diagram(path: Path, rows: Sequence[Row]) -> None:
    """Draw the mean observed against the predicted melt fraction, and below how often each fraction
    is predicted; a reliable system lies on the diagonal.

    Parameters
    ----------
    rows : one for each system and class, with `system`, `cells`, `mean_prediction` and
        `mean_target`, all against one reference
    """
    with picture(path, 1200, 1100) as figure:
        headline(
            figure,
            "Reliability of the predicted melt fraction",
            f"mean observed fraction where so much is predicted; against {_reference(rows)}",
        )
        above = figure.add_axes((0.08, 0.30, 0.56, 0.61))
        below = figure.add_axes((0.08, 0.065, 0.56, 0.19))
        above.plot([0, 100], [0, 100], color="#9aa3aa", linewidth=1, label="perfect")
        for system, (colour, line) in looks_of(row["system"] for row in rows).items():
            predicted, observed, share = _classes([row for row in rows if row["system"] == system])
            look: dict[str, Any] = {
                "color": colour,
                "linestyle": line,
                "marker": MARKERS[line],
                "markersize": 4,
                "clip_on": False,
            }
            above.plot(predicted, observed, linewidth=1.6, label=label(system), **look)
            below.plot(predicted, share, linewidth=1.2, **look)
        above.set(xlim=(0, 100), ylim=(0, 100), ylabel="mean melt fraction of those cells (%)")
        below.set(
            xlim=(0, 100),
            yscale="log",
            ylim=(100 * LEAST_SHARE, 100),
            xlabel="predicted melt fraction (%)",
            ylabel="cells (%)",
        )
        below.yaxis.set_major_formatter("{x:g}")
        plain_axes(above)
        plain_axes(below)
        above.legend(loc="upper left", bbox_to_anchor=(1.03, 1.0), frameon=False, fontsize=11.5)


def _classes(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Mean prediction, mean target and share of the cells of one system's classes, percent, (3,
    class); rare classes are left out.
    """
    table = np.array(
        [[float(row[name]) for row in rows] for name in ("mean_prediction", "mean_target", "cells")]
    )
    table[2] /= max(table[2].sum(), 1)
    return 100 * table[:, table[2] > LEAST_SHARE]


def error_by(path: Path, rows: Sequence[Row], kinds: Collection[str] = tuple(AXES)) -> None:
    """Draw the mean absolute error of every system in each class of the gap, of height, of the
    month and in the named events.

    Parameters
    ----------
    rows : one for each system and stratum, with `system`, `kind`, `bin`, `mae` and `valid_cells`,
        all against one reference
    """
    filled = [row for row in rows if float(row["valid_cells"]) > 0]
    shown = [kind for kind in kinds if any(row["kind"] == kind for row in filled)]
    down = max(math.ceil(len(shown) / ERROR_COLUMNS), 1)
    height = 130 + down * ERROR_ROW_PX
    with picture(path, 1600, height) as figure:
        headline(
            figure,
            "Where each system errs",
            "mean absolute error of melt fraction over all cells of a class, and the share of "
            f"the cells in it; against {_reference(rows)}",
        )
        frames = figure.subplots(down, ERROR_COLUMNS, squeeze=False, sharey=True).ravel()
        figure.subplots_adjust(
            left=0.05,
            right=0.795,
            top=1 - 100 / height,
            bottom=80 / height,
            wspace=0.05,
            hspace=0.32,
        )
        for axes, kind in zip(frames, shown, strict=False):
            _strata(axes, kind, filled)
        for axes in frames[len(shown) :]:
            axes.remove()
        frames[0].set_ylim(0, None)
        figure.supylabel("mean absolute error of melt fraction (0-1)", x=0.006, fontsize=13)
        handles, names = frames[0].get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            loc="upper left",
            bbox_to_anchor=(0.8, 1 - 90 / height),
            frameon=False,
            fontsize=11,
        )


def _strata(axes: "Axes", kind: str, rows: Sequence[Row]) -> None:
    """The errors of one kind of class; events have no order and are not joined by lines."""
    found = {(str(row["system"]), str(row["bin"])): row for row in rows if row["kind"] == kind}
    bins = sorted(dict.fromkeys(name for _, name in found), key=_order(kind))
    for system, (colour, line) in looks_of(row["system"] for row in rows).items():
        values = [
            float(found[system, name]["mae"]) if (system, name) in found else np.nan
            for name in bins
        ]
        look: dict[str, Any] = {
            "color": colour,
            "marker": MARKERS[line],
            "markersize": 4 if kind != "event" else 7,
            "linewidth": 1.6,
        }
        axes.plot(
            range(len(bins)),
            values,
            linestyle="none" if kind == "event" else line,
            label=label(system),
            **look,
        )
    shares = [_share(kind, name, rows) for name in bins]
    axes.set_xticks(
        range(len(bins)),
        [f"{name.removesuffix(' m')}\n{share}" for name, share in zip(bins, shares, strict=True)],
    )
    axes.tick_params(labelsize=11)
    axes.set(xlim=(-0.35, len(bins) - 0.65), xlabel=AXES.get(kind, kind))
    plain_axes(axes)


def _share(kind: str, name: str, rows: Sequence[Row]) -> str:
    """Share of a class in all scored cells; months cover all cells, heights and gaps those that
    have a value.
    """
    of_system = [row for row in rows if row["system"] == rows[0]["system"]]
    totals: dict[str, float] = {}
    for row in of_system:
        totals[str(row["kind"])] = totals.get(str(row["kind"]), 0) + float(row["valid_cells"])
    cells = sum(
        float(row["valid_cells"]) for row in of_system if (row["kind"], row["bin"]) == (kind, name)
    )
    percent = 100 * cells / max(totals.values())
    return f"{percent:.0f} %" if percent >= 1 else f"{percent:.1g} %"


def leakage_chart(path: Path, distances: Mapping[str, Sequence[int]]) -> None:
    """Draw how many days each test day is from the nearest training day, one row of bars a split.

    Parameters
    ----------
    distances : name of a split to the distance of each of its test days, days
    """
    count = max(len(distances), 1)
    height = 170 + SPLIT_ROW_PX * count
    with picture(path, 1200, height) as figure:
        headline(
            figure,
            "How far a test day is from the nearest training day",
            "scores of days beside a training day are too good",
        )
        frames = figure.subplots(count, 1, squeeze=False, sharex=True)[:, 0]
        figure.subplots_adjust(
            left=0.07, right=0.97, top=1 - 115 / height, bottom=65 / height, hspace=0.45
        )
        for axes, (name, own) in zip(frames, distances.items(), strict=False):
            _distances(axes, name, own)
        frames[-1].set_xlabel("days to the nearest training day")


def _distances(axes: "Axes", name: str, own: Sequence[int]) -> None:
    from matplotlib.ticker import MaxNLocator

    counted = Counter(
        next(index for index, (_, last) in enumerate(DISTANCES) if last is None or days <= last)
        for days in own
    )
    counts = [counted[index] for index in range(len(DISTANCES))]
    colours = [
        VERMILION if last is not None and last <= NEAR_DAYS else BLUE for _, last in DISTANCES
    ]
    axes.bar(range(len(DISTANCES)), counts, 0.8, color=colours)
    for place, height in enumerate(counts):
        if height:
            axes.annotate(
                str(height),
                (place, height),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=11,
            )
    near = sum(days <= NEAR_DAYS for days in own)
    axes.set_title(f"{name}: {near} of {len(own)} within {NEAR_DAYS} days", loc="left", pad=4)
    axes.set_xticks(range(len(DISTANCES)), [text for text, _ in DISTANCES])
    axes.set(ylabel="test days", ylim=(0, 1.18 * max(*counts, 1)))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    plain_axes(axes)


def looks_of(systems: Any) -> dict[str, tuple[str, str]]:
    """Colour and line of each system, in the order in which they first appear."""
    free = iter(OTHER_LOOKS * 20)
    return {system: LOOKS.get(system) or next(free) for system in dict.fromkeys(map(str, systems))}


def _order(kind: str) -> Callable[[str], float]:
    """How the classes of a kind are put in order; events keep theirs."""
    orders: dict[str, Callable[[str], float]] = {
        "month": CALENDAR.index,
        "gap": GAPS.index,
        "height": lambda name: -1.0 if name.startswith("below") else float(name.split("-")[0]),
    }
    return orders.get(kind, lambda name: 0.0)


def _reference(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(str(row["against"]) for row in rows)) or "nothing"
