"""What the maps of the embedded area must reach, and whether they do."""

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from daymelt.commands.found_tables import FoundTables, Row, weighted, where
from daymelt.products.tables import label
from daymelt.science.intervals import WIDTHS
from daymelt.settings.protocols import TRUTH
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH_EVERY_DAY
from daymelt.steps.benchmark.daily_table import TRUTH as UNOBSERVED

SENSES: Mapping[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "≥": operator.ge,
    "<": operator.lt,
}
UNSEEN = ("1", "2-3", "4-6", "above 6", "never")  # classes of the gap but the day itself
UNCERTAIN = WIDTHS[1:-1]  # classes of the width between 0.02 and 0.98
SHOWN_SHARE = 0.002  # of all cells, above which a class of the predicted fraction counts
DASH = "–"
MISSES = {"below": "melt_low", "above": "melt_high"}  # column to the bound that is missed


@dataclass(frozen=True)
class Target:
    """One line of the table of targets.

    Parameters
    ----------
    about : what is measured
    sense, limit : how the value is compared with what
    values : value of each system; NaN where it is not known
    form : how numbers are written
    """

    about: str
    sense: str
    limit: float
    values: Mapping[str, float]
    form: str = ".4f"

    def cells(self, systems: Sequence[str], judged: Sequence[str]) -> list[str]:
        """The line of the table: the values of all systems, and what those judged reach."""
        shown = (number(self.values[name], self.form) for name in systems)
        wanted = f"{self.sense} {self.limit:{self.form}}"
        return [self.about, wanted, self.outcome(judged), *shown]

    def outcome(self, judged: Sequence[str]) -> str:
        """How many of the systems with a value reach the target."""
        known = [value for name in judged if not math.isnan(value := self.values[name])]
        met = sum(SENSES[self.sense](value, self.limit) for value in known)
        return f"{met} of {len(known)}" if known else DASH


def targets(found: FoundTables) -> Iterator[Target]:
    """The targets with the values of every network."""

    def target(
        about: str,
        wanted: tuple[str, float],
        value: Callable[[str], float],
        form: str = ".4f",
    ) -> Target:
        return Target(about, *wanted, {name: value(name) for name in found.networks}, form)

    yield target(
        "MAE, held-out SAR, inputs of training days alone",
        ("≤", 0.044),
        lambda name: found.score("mae", name, HELD_OUT),
    )
    yield target(
        "MAE, truth, days without acquisition",
        ("≤", 0.056),
        lambda name: found.score("mae", name, UNOBSERVED),
    )
    yield target(
        "MAE, truth, cells never seen in the season",
        ("≤", 0.125),
        lambda name: found.error_in(name, "gap", ["never"]),
    )
    yield target(
        "MAE, truth, cells seen that day",
        ("≤", 0.029),
        lambda name: found.error_in(name, "gap", ["0"]),
    )
    yield from of_subsets(found)
    yield from of_misses(found)
    yield target(
        "truth within the interval, left-out years",
        ("≥", 0.88),
        lambda name: weighted(all_years(found, name, "all"), "covered", "cells"),
        ".3f",
    )
    yield target(
        "CRPS over the MAE of the median, truth, cells not seen that day",
        ("≤", 0.75),
        lambda name: found.of_distribution("crps_ratio", name, "all", "all"),
        ".3f",
    )
    yield target(
        "reliability, largest deviation of a class with over 0.2 % of the cells",
        ("≤", 0.06),
        lambda name: largest_deviation(found, name),
        ".3f",
    )
    yield target(
        "melt extent, mean error over all days, km²",
        ("≤", 15),
        lambda name: found.of_seasons("extent_mae_km2", name),
        ".1f",
    )
    yield target(
        "melt onset, mean error on the cells that all systems have, days",
        ("≤", 8.8),
        lambda name: found.of_seasons("onset_common_mae_days", name),
        ".1f",
    )
    yield target(
        "step across the swath's edge of the day over the step elsewhere (truth: "
        f"{number(found.step_ratio(found.model, 'truth'), '.2f')})",
        ("≤", 1.1),
        lambda name: found.step_ratio(name, "map"),
        ".2f",
    )
    yield target(
        "MAE, truth, outer 16 cells over inside",
        ("≤", 0.9),
        lambda name: border_ratio(found, name),
        ".2f",
    )


def of_subsets(found: FoundTables) -> Iterator[Target]:
    """Each subset of the model's sensors below every single-sensor way on the same cells."""
    ways = [unseen_error(found, name) for name in found.single_sensor_ways]
    known = [error for error in ways if not math.isnan(error)]
    for subset in found.config.subsets:
        values = dict.fromkeys(found.networks, math.nan)
        values[found.model] = unseen_error(found, subset)
        yield Target(
            f"MAE, truth, cells not seen that day: {label(subset)}; target: least error of a "
            "single-sensor way",
            "<",
            min(known, default=math.nan),
            values,
        )


def of_misses(found: FoundTables) -> Iterator[Target]:
    """Smallest and largest share of the truth outside the interval, among left-out years and
    classes of the width between 0.02 and 0.98.
    """
    for column, bound in MISSES.items():
        for name, sense, limit, choose in (
            ("smallest", "≥", 0.02, min),
            ("largest", "≤", 0.07, max),
        ):
            values = {
                system: choose(
                    (float(row[column]) for row in uncertain_years(found, system)),
                    default=math.nan,
                )
                for system in found.networks
            }
            yield Target(
                f"truth {column} `{bound}`, {name} share of a left-out year and class of width",
                sense,
                limit,
                values,
                ".3f",
            )


def uncertain_years(found: FoundTables, system: str) -> list[Row]:
    """The classes of uncertain cells of each left-out year."""
    return [row for row in all_years(found, system, "width") if row["class"] in UNCERTAIN]


def all_years(found: FoundTables, system: str, kind: str) -> list[Row]:
    """The classes of a kind of all left-out years."""
    return [row for rows in found.left_out(system, kind).values() for row in rows]


def unseen_error(found: FoundTables, system: str) -> float:
    """Mean absolute error against the truth over the cells that were not seen that day."""
    return found.error_in(system, "gap", UNSEEN)


def border_ratio(found: FoundTables, system: str) -> float:
    """Mean absolute error at the border of the area over that inside."""
    rows = where(
        found.strata, protocol=TRUTH, system=system, against=TRUTH_EVERY_DAY, kind="border"
    )
    errors = {row["bin"]: float(row["mae"]) for row in rows}
    outer = [error for name, error in errors.items() if name != "inside"]
    return outer[0] / errors["inside"] if len(errors) == 2 else math.nan


def largest_deviation(found: FoundTables, system: str) -> float:
    """Largest distance of the mean truth of a class of the predicted fraction from what was
    predicted, among the classes with many cells.
    """
    rows = where(found.reliability, protocol=TRUTH, system=system, against=TRUTH_EVERY_DAY)
    cells = sum(int(row["cells"]) for row in rows)
    return max(
        (
            abs(float(row["mean_target"]) - float(row["mean_prediction"]))
            for row in rows
            if int(row["cells"]) > SHOWN_SHARE * cells
        ),
        default=math.nan,
    )


def number(value: float, form: str) -> str:
    """A number, or a dash for NaN."""
    return DASH if math.isnan(value) else f"{value:{form}}"
