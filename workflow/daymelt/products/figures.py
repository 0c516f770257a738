"""The charts of the report: melt extent through the seasons, the losses of a training, the score of
every system.
"""

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from daymelt.products.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from daymelt.products.drawing import DPI, headline, picture, plain_axes
from daymelt.products.tables import PUBLISHED, Row, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_PX = 1600
COLUMNS = 2
ROW_PX, HEAD_PX, FOOT_PX = 235, 120, 50
SERIES_COLOURS = {
    "truth": BLACK,
    "sar": VERMILION,
    "mar": GREEN,
    "interpolate-mar": GREEN,
    "pmw": PURPLE,
    "threshold-pmw": PURPLE,
}
OTHER_COLOURS = (BLUE, SKY, ORANGE)
SERIES_LABELS = {"truth": "truth", "interpolate-mar": "MAR", "threshold-pmw": "PMW"}


def extent_curves(
    path: Path,
    days: Sequence[dt.date],
    series: Mapping[str, Sequence[float]],
    points: Collection[str] = ("sar",),
) -> None:
    """Draw the melt extent through each season, one frame a year, all with one scale.

    Parameters
    ----------
    days : every day of every season, in rising order
    series : name of a system to its melt extent, km², of each day; NaN where it has none
    points : systems with values on single days only, drawn as points
    """
    years = sorted({day.year for day in days})
    rows = math.ceil(len(years) / COLUMNS)
    with picture(path, WIDTH_PX, HEAD_PX + rows * ROW_PX + FOOT_PX) as figure:
        headline(figure, "Melt extent through each season")
        frames = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
        colours = series_colours(series)
        for axes, year in zip(frames, years, strict=False):
            chosen = [index for index, day in enumerate(days) if day.year == year]
            for name, values in series.items():
                _curve(
                    axes,
                    [days[index] for index in chosen],
                    [values[index] for index in chosen],
                    name,
                    colours[name],
                    name in points,
                )
            _season_axes(axes, year, [days[index] for index in chosen])
        for axes in frames[len(years) :]:
            axes.remove()
        highest = max(
            (value for values in series.values() for value in values if math.isfinite(value)),
            default=1.0,
        )
        frames[0].set_ylim(0, 1.06 * highest if highest > 0 else 1.0)
        _arrange(figure, rows)
        handles, names = frames[0].get_legend_handles_labels()
        height = figure.get_size_inches()[1] * DPI
        figure.legend(
            handles,
            names,
            loc="upper left",
            bbox_to_anchor=(0.008, 1 - 44 / height),
            ncols=len(names),
            frameon=False,
        )
        figure.supylabel("melt extent (km²)", x=0.008, fontsize=13)


def loss_curve(
    path: Path, epochs: Sequence[float], train: Sequence[float], validation: Sequence[float]
) -> None:
    """Draw the loss of training and validation over the epochs; NaN where it was not measured."""
    seen = np.isfinite(np.asarray(validation, float))
    with picture(path, 1200, 700) as figure:
        axes = _single_axes(figure, "Course of the training")
        axes.plot(epochs, train, color=SKY, linewidth=1.6, label="training crops")
        if seen.any():
            measured, values = np.asarray(epochs)[seen], np.asarray(validation, float)[seen]
            axes.plot(
                measured,
                values,
                color=BLUE,
                linewidth=1.8,
                marker="o",
                markersize=4,
                label="validation days",
            )
            best = int(values.argmin())
            axes.plot(
                measured[best],
                values[best],
                "o",
                markersize=13,
                markerfacecolor="none",
                markeredgecolor=VERMILION,
                markeredgewidth=2,
            )
            text = f"lowest: {values[best]:.4f} in epoch {measured[best]:g}"
            left = best > len(values) / 2
            place: dict[str, Any] = {
                "xytext": (-14 if left else 14, 22),
                "textcoords": "offset points",
                "ha": "right" if left else "left",
            }
            axes.annotate(text, (measured[best], values[best]), color=VERMILION, **place)
        highest = max([*_finite(train), *_finite(validation)], default=1.0)
        axes.set(
            xlabel="epoch",
            ylabel="loss of melt fraction (0-1)",
            ylim=(0, 1.05 * highest),
        )
        axes.legend(frameon=False, loc="upper right")
        plain_axes(axes)


def score_bars(path: Path, rows: Sequence[Row]) -> None:
    """Draw the mean absolute error of every system, one bar a reference, and the published figure
    of the real data where there is one.

    Parameters
    ----------
    rows : each with `system`, `against`, `mae` and `days`; systems and references are drawn in the
        order of the rows
    """
    systems, references = (
        list(dict.fromkeys(str(row[name]) for row in rows)) for name in ("system", "against")
    )
    found = {(str(row["system"]), str(row["against"])): float(row["mae"]) for row in rows}
    thickness = 0.8 / max(len(references), 1)
    with picture(path, 1200, 190 + 46 * max(len(systems), 1) * max(len(references), 1)) as figure:
        axes = _single_axes(
            figure,
            "Error of every way of mapping",
            "mean over days of the mean absolute error of melt fraction; shorter is better",
        )
        for index, against in enumerate(references):
            at = np.arange(len(systems)) + (index - (len(references) - 1) / 2) * thickness
            values = [found.get((system, against), math.nan) for system in systems]
            days = {str(row["days"]) for row in rows if row["against"] == against}
            name = f"against {against} ({'/'.join(sorted(days))} days)"
            axes.barh(
                at, values, 0.92 * thickness, color=(BLUE, ORANGE, GREEN)[index % 3], label=name
            )
            for place, value in zip(at, values, strict=True):
                if math.isfinite(value):
                    axes.annotate(
                        f"{value:.3f}",
                        (value, place),
                        (5, 0),
                        textcoords="offset points",
                        va="center",
                    )
        _published_marks(axes, systems)
        axes.set_yticks(range(len(systems)), [label(system) for system in systems])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
        axes.set_xlabel("mean absolute error of melt fraction (0-1)")
        axes.legend(frameon=False, loc="lower right" if _longest_first(systems, found) else "best")
        axes.tick_params(axis="y", length=0)
        plain_axes(axes, "x")


def series_colours(names: Collection[str]) -> dict[str, str]:
    """Colour of each system: fixed for those in `SERIES_COLOURS`, in turn for the others."""
    free = iter(OTHER_COLOURS * len(names))
    return {name: SERIES_COLOURS[name] if name in SERIES_COLOURS else next(free) for name in names}


def published_mae(system: str) -> float | None:
    """Published error of a system on the real data, None without one; that of the published UNet
    SMP for any encoder.
    """
    scores = {name: float(text.split()[0]) for name, text in PUBLISHED.items()}
    return scores.get(
        label(system), scores["UNet SMP, Xception71"] if system == "unet-smp" else None
    )


def _curve(
    axes: "Axes",
    days: Sequence[dt.date],
    values: Sequence[float],
    name: str,
    colour: str,
    as_points: bool,
) -> None:
    shown = SERIES_LABELS.get(name, label(name))
    if as_points:
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": "o",
            "markersize": 5,
            "markeredgecolor": "white",
            "markeredgewidth": 0.6,
            "zorder": 5,
        }
    elif name == "truth":
        # broad and pale, so that a map on top of it stays visible
        look = {"linewidth": 3.2, "alpha": 0.35, "zorder": 2}
    else:
        thick = name not in SERIES_COLOURS
        look = {"linewidth": 2.0 if thick else 1.3, "zorder": 4 if thick else 3}
    axes.plot(np.asarray(days, "datetime64[D]"), values, color=colour, label=shown, **look)


def _season_axes(axes: "Axes", year: int, days: Sequence[dt.date]) -> None:
    from matplotlib import dates

    calendar: Any = dates  # matplotlib leaves this module untyped

    plain_axes(axes)
    axes.xaxis.set_major_locator(calendar.MonthLocator())
    axes.xaxis.set_major_formatter(calendar.DateFormatter("1 %b"))
    axes.set(xlim=(np.datetime64(days[0]), np.datetime64(max(days[-1], days[0] + dt.timedelta(1)))))
    axes.text(
        0.012, 0.95, str(year), transform=axes.transAxes, fontsize=15, fontweight="bold", va="top"
    )
    axes.tick_params(labelsize=11)


def _arrange(figure: "Figure", rows: int) -> None:
    height = figure.get_size_inches()[1] * DPI
    figure.subplots_adjust(
        left=0.062,
        right=0.988,
        top=1 - (HEAD_PX - 24) / height,
        bottom=FOOT_PX / height,
        wspace=0.06,
        hspace=0.24,
    )


def _single_axes(figure: "Figure", title: str, below: str = "") -> "Axes":
    headline(figure, title, below)
    width, height = figure.get_size_inches() * DPI
    return figure.add_axes(
        (
            230 / width if below else 100 / width,
            70 / height,
            1 - (270 if below else 130) / width,
            1 - 160 / height,
        )
    )


def _published_marks(axes: "Axes", systems: Sequence[str]) -> None:
    """Mark the published errors just above the first bar of each group, which has the same
    reference.
    """
    marks = [(published_mae(system), place) for place, system in enumerate(systems)]
    known = [(mae, place - 0.48) for mae, place in marks if mae is not None]
    if known:
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": "D",
            "markersize": 9,
            "markerfacecolor": "white",
            "markeredgecolor": BLACK,
            "zorder": 6,
        }
        axes.plot(
            *zip(*known, strict=True), label="published, real data (Lütjens et al. 2025)", **look
        )


def _longest_first(systems: Sequence[str], found: Mapping[tuple[str, str], float]) -> bool:
    """True where the bars get shorter downwards, so that the lower right is free."""
    means = [
        np.nanmean([value for (name, _), value in found.items() if name == system])
        for system in systems
    ]
    return len(means) > 1 and bool(means[0] > means[-1])


def _finite(values: ArrayLike) -> list[float]:
    numbers = np.asarray(values, float)
    return [float(value) for value in numbers[np.isfinite(numbers)]]
