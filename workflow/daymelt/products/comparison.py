"""Charts that compare the systems of the benchmark: reliability, error by gap, height and month,
error by gap with its interval over days, and distance of test days to training days.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.products.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from daymelt.products.drawing import FAINT, headline, picture, plain_axes
from daymelt.products.tables import SUBSET, Row, label

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
SUBSET_LOOKS = tuple(
    (colour, line)
    for line in ("-", "--")
    for colour in (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK)
)
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
GAP_ROW_PX = 520
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
            f"mean observed fraction where so much is predicted; against {reference_of(rows)}",
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
            f"the cells in it; against {reference_of(rows)}",
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
    return percent(cells / max(totals.values()))


def percent(share: float) -> str:
    """A share in words, without decimals from 1 % on."""
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"


def gap_chart(path: Path, rows: Sequence[Row]) -> None:
    """Draw the mean absolute error of every system by days to the nearest observation of the cell,
    with its interval over days; below the same of the subsets of a system's sensors.

    Parameters
    ----------
    rows : one for each system and class, with `system`, `gap`, `cells`, `mae`, `mae_low` and
        `mae_high`, all against one reference
    """
    whole, subsets = whole_systems(rows), with_subsets(rows)
    down = 2 if subsets else 1
    height = 170 + down * GAP_ROW_PX
    with picture(path, 1200, height) as figure:
        headline(
            figure,
            "Error by days to the nearest observation of a cell",
            "mean absolute error of melt fraction and its 95 % interval (bootstrap of blocks of 10 "
            f"days); against {reference_of(rows)}",
        )
        frames = figure.subplots(down, 1, squeeze=False)[:, 0]
        figure.subplots_adjust(
            left=0.075, right=0.74, top=1 - 100 / height, bottom=85 / height, hspace=0.2
        )
        looks = looks_of(row["system"] for row in whole)
        _gaps(frames[0], whole, looks, {name: fill(label(name), 27) for name in looks})
        if subsets:
            names = list(dict.fromkeys(str(row["system"]) for row in subsets))
            shown = {name: fill(subset_label(name), 27) for name in names}
            _gaps(frames[1], subsets, dict(zip(names, SUBSET_LOOKS, strict=False)), shown)
        frames[-1].set_xlabel("days to the nearest observation; share of the cells")
        figure.supylabel("mean absolute error of melt fraction (0-1)", x=0.008, fontsize=13)


def whole_systems(rows: Sequence[Row]) -> list[Row]:
    """The rows of the systems with all of their sensors."""
    return [row for row in rows if SUBSET not in str(row["system"])]


def with_subsets(rows: Sequence[Row]) -> list[Row]:
    """The rows of the systems that are mapped with subsets of their sensors too, and of these."""
    models = {name.partition(SUBSET)[0] for row in rows if SUBSET in (name := str(row["system"]))}
    return [row for row in rows if str(row["system"]).partition(SUBSET)[0] in models]


def subset_label(system: str) -> str:
    """The sensors that a system is mapped with."""
    return label(system).partition(", mapped ")[2] or f"{label(system)}, all sensors"


def _gaps(
    axes: "Axes",
    rows: Sequence[Row],
    looks: Mapping[str, tuple[str, str]],
    names: Mapping[str, str],
) -> None:
    """The errors of some systems side by side in each class."""
    present = {str(row["gap"]): float(row["cells"]) for row in rows}
    bins = [name for name in GAPS if name in present]
    for number, (system, (colour, line)) in enumerate(looks.items()):
        own = {str(row["gap"]): row for row in rows if row["system"] == system}
        found = [(bins.index(name), own[name]) for name in bins if name in own]
        aside = 0.8 * ((number + 0.5) / len(looks) - 0.5)
        mae, low, high = (
            np.array([float(row[name]) for _, row in found])
            for name in ("mae", "mae_low", "mae_high")
        )
        axes.errorbar(
            [place + aside for place, _ in found],
            mae,
            np.maximum([mae - low, high - mae], 0),
            linestyle="none",
            color=colour,
            marker=MARKERS[line],
            markersize=6,
            markerfacecolor="white" if line == "--" else colour,
            elinewidth=1.8,
            label=names[system],
        )
    for edge in range(1, len(bins)):
        axes.axvline(edge - 0.5, color=FAINT, linewidth=0.8)
    shares = [present[name] / sum(present.values()) for name in bins]
    axes.set_xticks(
        range(len(bins)),
        [f"{name}\n{percent(share)}" for name, share in zip(bins, shares, strict=True)],
    )
    axes.set(xlim=(-0.5, max(len(bins), 1) - 0.5), ylim=(0, None))
    axes.tick_params(axis="x", length=0)
    plain_axes(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, fontsize=11)


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


def reference_of(rows: Sequence[Row]) -> str:
    """What the rows are scored against."""
    return ", ".join(dict.fromkeys(str(row["against"]) for row in rows)) or "nothing"
