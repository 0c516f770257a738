"""Charts that compare the systems of the benchmark: reliability, error by gap, height and month, and how near tests lie to training."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from daymelt.products.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from daymelt.products.drawing import headline, picture, plain_axes
from daymelt.products.tables import Row, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# colour and line of each system, told apart without colour too; what is not named here takes the next of the rest
LOOKS: Mapping[str, tuple[str, str]] = {
    "unet-smp": (BLUE, "-"),
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
KIND_TITLES = {"gap": "days to the nearest observation", "height": "height", "month": "month"}
LEAST_SHARE = 1e-4  # of all cells: a class with less says nothing
NEAR_DAYS = 2


def reliability_diagram(path: Path, rows: Sequence[Row]) -> None:
    """Draw the observed against the predicted melt fraction; on the diagonal a system says what is.

    Parameters
    ----------
    rows : one for each system and class, with `system`, `cells`, `mean_prediction` and `mean_target`, all against one reference
    """
    looks = looks_of(row["system"] for row in rows)
    with picture(path, 1200, 900) as figure:
        headline(
            figure,
            "Reliability of the predicted melt fraction",
            f"mean of what is, where a system predicts so much; against {_reference(rows)}",
        )
        axes = figure.add_axes((0.08, 0.09, 0.56, 0.78))
        axes.plot([0, 100], [0, 100], color="#9aa3aa", linewidth=1, label="perfect")
        for system, (colour, line) in looks.items():
            own = [row for row in rows if row["system"] == system]
            least = LEAST_SHARE * sum(float(row["cells"]) for row in own)
            points = [(float(row["mean_prediction"]), float(row["mean_target"])) for row in own if float(row["cells"]) > least]
            along, up = 100 * np.array(points, float).reshape(-1, 2).T
            axes.plot(along, up, line, color=colour, marker="o", markersize=4, linewidth=1.6, label=label(system))
        axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="predicted melt fraction (%)", ylabel="mean melt fraction of those cells (%)")
        _finish(axes)


def error_by(path: Path, rows: Sequence[Row], kinds: Collection[str] = ("gap", "height", "month")) -> None:
    """Draw the mean absolute error of every system in each class of the gap, of height and of the month.

    Parameters
    ----------
    rows : one for each system and stratum, with `system`, `kind`, `bin`, `mae` and `valid_cells`, all against one reference
    """
    looks = looks_of(row["system"] for row in rows)
    shown = [kind for kind in kinds if any(row["kind"] == kind for row in rows)]
    with picture(path, 1600, 640) as figure:
        headline(
            figure, "Where each system errs", f"mean absolute error of melt fraction over all cells of a class; against {_reference(rows)}"
        )
        frames = figure.subplots(1, max(len(shown), 1), squeeze=False, sharey=True)[0]
        figure.subplots_adjust(left=0.055, right=0.83, top=0.83, bottom=0.17, wspace=0.06)
        for axes, kind in zip(frames, shown, strict=False):
            bins = list(dict.fromkeys(str(row["bin"]) for row in rows if row["kind"] == kind and float(row["valid_cells"]) > 0))
            bins = sorted(bins, key=_order(kind))
            for system, (colour, line) in looks.items():
                found = {str(row["bin"]): float(row["mae"]) for row in rows if (row["system"], row["kind"]) == (system, kind)}
                values = [found.get(name, np.nan) for name in bins]
                axes.plot(range(len(bins)), values, line, color=colour, marker="o", markersize=4, linewidth=1.6, label=label(system))
            axes.set_xticks(range(len(bins)), bins, rotation=30 if kind == "height" else 0, ha="right" if kind == "height" else "center")
            axes.set_xlabel(KIND_TITLES.get(kind, kind))
            plain_axes(axes)
        frames[0].set(ylabel="mean absolute error (0-1)", ylim=(0, None))
        handles, names = frames[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="upper left", bbox_to_anchor=(0.84, 0.84), frameon=False, fontsize=11)


def leakage_chart(path: Path, distances: Mapping[str, Sequence[int]]) -> None:
    """Draw how many days each test day is from the nearest training day, one row of bars a split.

    Parameters
    ----------
    distances : name of a split to the distance of each of its test days, days
    """
    most = max((distance for own in distances.values() for distance in own), default=1)
    count = max(len(distances), 1)
    with picture(path, 1200, 190 + 210 * count) as figure:
        headline(
            figure,
            "How far a test day is from the nearest training day",
            "a day beside a training day is nearly known: such a test flatters",
        )
        frames = figure.subplots(count, 1, squeeze=False, sharex=True)[:, 0]
        figure.subplots_adjust(left=0.08, right=0.97, top=1 - 100 / (190 + 210 * count), bottom=65 / (190 + 210 * count), hspace=0.35)
        for axes, (name, own) in zip(frames, distances.items(), strict=False):
            counted = Counter(min(distance, 31) for distance in own)
            places = sorted(counted)
            colours = [VERMILION if place <= NEAR_DAYS else BLUE for place in places]
            axes.bar(places, [counted[place] for place in places], 0.8, color=colours)
            near = sum(distance <= NEAR_DAYS for distance in own)
            axes.text(
                0.99,
                0.92,
                f"{name}: {near} of {len(own)} within {NEAR_DAYS} days",
                transform=axes.transAxes,
                ha="right",
                va="top",
                fontweight="bold",
            )
            axes.set(ylabel="test days", xlim=(0, min(most, 31) + 1))
            plain_axes(axes)
        frames[-1].set_xlabel("days to the nearest training day" + (" (31: a month and more)" if most > 31 else ""))


def looks_of(systems: Any) -> dict[str, tuple[str, str]]:
    """Colour and line of each system, in the order in which they first appear."""
    free = iter(OTHER_LOOKS * 20)
    return {system: LOOKS.get(system) or next(free) for system in dict.fromkeys(map(str, systems))}


def _order(kind: str) -> Any:
    """How the classes of a kind are put in order."""
    calendar = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    if kind == "month":
        return calendar.index
    gaps = ("0", "1", "2-3", "4-6", "above 6", "never")
    if kind == "gap":
        return gaps.index
    return lambda name: -1.0 if name.startswith("below") else float(name.split("-")[0])


def _reference(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(str(row["against"]) for row in rows)) or "nothing"


def _finish(axes: "Axes") -> None:
    plain_axes(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1.03, 1.0), frameon=False, fontsize=11.5)
