"""The tables that `snakemake benchmark` left in an area, as numbers to look up."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import span
from daymelt.plan import places
from daymelt.plan.jobs import Jobs
from daymelt.science.bootstrap import block_interval
from daymelt.settings.base import NETWORKS
from daymelt.settings.config import Config
from daymelt.settings.protocols import LEAVE_OUT, PUBLISHED, TRUTH, Protocol
from daymelt.steps.benchmark.daily_table import TRUTH as UNOBSERVED
from daymelt.steps.benchmark.daily_table import TRUTH_EVERY_DAY, read_tables

MEAN = "melt_mean"
UNET = "unet-smp"  # the network with the published inputs
SINGLE_SENSOR = ("time-interpolated-sar", "interpolate-mar", "threshold-pmw")  # kinds

Row = Mapping[str, str]
Days = dict[dt.date, float]


class Mean(NamedTuple):
    """A mean over days, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FoundTables:
    """The tables of an area; each is read when it is first asked for.

    Parameters
    ----------
    config : settings that the area was run with
    results : folder of the results
    """

    config: Config
    results: Path

    def path(self, place: str, **wildcards: object) -> Path:
        """A place of the area."""
        return places.below(self.results, place, area=self.config.area.name, **wildcards)

    def pooled(self, name: str) -> list[dict[str, str]]:
        """A table of the comparison, see `places.COMPARISON`."""
        return read_tables([self.path(places.COMPARISON[name])])

    @cached_property
    def scores(self) -> list[dict[str, str]]:
        """Mean scores of every system."""
        return self.pooled("table")

    @cached_property
    def strata(self) -> list[dict[str, str]]:
        """Pooled scores of every stratum."""
        return self.pooled("strata")

    @cached_property
    def distribution(self) -> list[dict[str, str]]:
        """Pooled scores of the predicted distributions."""
        return self.pooled("distribution")

    @cached_property
    def reliability(self) -> list[dict[str, str]]:
        """Classes of the fraction in the layer for sums: `melt_mean` of a system that has one, else
        `melt`.
        """
        rows = self.pooled("reliability")
        with_mean = {row["system"] for row in rows if row["layer"] == MEAN}
        return [row for row in rows if (row["layer"] == MEAN) == (row["system"] in with_mean)]

    @cached_property
    def edges(self) -> list[dict[str, str]]:
        """Mean steps at the edge of the swath and elsewhere."""
        return self.pooled("edges")

    # systems

    @property
    def model(self) -> str:
        """The model whose maps are the product."""
        return self.config.model.name

    @property
    def networks(self) -> list[str]:
        """The model and the network with the published inputs, each followed by its repeats with
        other seeds.
        """
        return [
            each
            for name in dict.fromkeys([self.model, UNET])
            if self.is_compared(name)
            for each in (name, *self.config.repeats(name))
        ]

    @property
    def single_sensor_ways(self) -> list[str]:
        """The systems that map from one sensor."""
        entries = self.config.entries
        return [name for name, entry in entries.items() if entry.kind in SINGLE_SENSOR]

    def is_compared(self, name: str) -> bool:
        """True for a system of the settings."""
        return name in self.config.system_names()

    def base(self, name: str) -> str:
        """The network that a system repeats with another seed, or the system itself."""
        bases = [base for base in (self.model, UNET) if self.is_compared(base) and base != name]
        return next((base for base in bases if name in self.config.repeats(base)), name)

    def seed(self, name: str) -> int | None:
        """Seed of a network."""
        system = self.config.resolve(name)
        return int(system.options["training"]["seed"]) if system.kind in NETWORKS else None

    # numbers

    def score(self, column: str, system: str, against: str, protocol: str = PUBLISHED) -> float:
        """A mean score of a system; NaN where there is none."""
        rows = where(self.scores, protocol=protocol, system=system, against=against)
        return first_number(rows, column)

    def of_seasons(self, column: str, system: str) -> float:
        """A score of extent or onset, which stands in one row of a system."""
        return first_number(where(self.scores, protocol=PUBLISHED, system=system), column)

    def error_in(self, system: str, kind: str, bins: Sequence[str]) -> float:
        """Mean absolute error over the cells of some strata, truth of every day; NaN without."""
        rows = where(self.strata, protocol=TRUTH, system=system, against=TRUTH_EVERY_DAY, kind=kind)
        chosen = [row for row in rows if row["bin"] in bins]
        return weighted(chosen, "mae", "valid_cells")

    def of_distribution(self, column: str, system: str, kind: str, name: str) -> float:
        """A score of the predicted distribution in a stratum, truth of every day; NaN without."""
        keys = {"protocol": TRUTH, "system": system, "against": TRUTH_EVERY_DAY}
        rows = where(self.distribution, **keys, kind=kind)
        return first_number([row for row in rows if row["class"] == name], column)

    def left_out(self, system: str, kind: str) -> dict[int, list[Row]]:
        """The predicted distributions of each left-out year in the classes of a kind, by a network
        that never saw that year, against the truth of days without an acquisition.
        """
        rows = where(self.distribution, system=system, against=UNOBSERVED, kind=kind)
        found: dict[int, list[Row]] = {}
        for row in rows:
            if row["protocol"].startswith(LEAVE_OUT):
                found.setdefault(int(row["protocol"].removeprefix(LEAVE_OUT)), []).append(row)
        return dict(sorted(found.items()))

    def step_ratio(self, system: str, column: str) -> float:
        """Mean step of `map` or `truth` across the edge of the swath over that elsewhere."""
        rows = where(self.edges, protocol=TRUTH, system=system)
        edge, elsewhere = (
            first_number(where(rows, place=place), column) for place in ("edge", "elsewhere")
        )
        return edge / elsewhere if elsewhere else math.nan

    # days

    def daily(self, protocol: Protocol, system: str, against: str) -> Days:
        """Mean absolute error of each day of a protocol against a reference; empty where a system
        is no part of it.
        """
        paths = [
            self.path(places.DAILY, trial=trial.name, model=system, season=season)
            for trial in self.config.trials()
            if trial.protocol == protocol and system in Jobs(self.config).systems_of(trial)
            for season in trial.seasons
        ]
        return {
            dt.date.fromisoformat(row["date"]): float(row["mae"])
            for row in where(read_tables(paths), against=against)
        }

    def difference(self, one: Days, other: Days) -> Mean | None:
        """Mean difference of two daily series on their common days, with its bootstrap interval;
        None without a common day.
        """
        values = {day: one[day] - other[day] for day in sorted(one.keys() & other.keys())}
        if not values:
            return None
        low, high = block_interval(by_season(values))[:, 0].tolist()
        return Mean(math.fsum(values.values()) / len(values), low, high)


def by_season(values: Days) -> list[NDArray[np.float64]]:
    """Sums of each season for `block_interval`, (2, day, 1): the value and 1 on a day with one, 0
    on the days between.
    """
    seasons = []
    for year in sorted({day.year for day in values}):
        own = [day for day in values if day.year == year]
        days = span(min(own), max(own))
        held = [[values.get(day, 0.0) for day in days], [float(day in values) for day in days]]
        seasons.append(np.array(held)[..., None])
    return seasons


def where(rows: Iterable[Row], **values: str) -> list[Row]:
    """The rows with these values in their columns."""
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def first_number(rows: Iterable[Row], column: str) -> float:
    """The first number in a column; NaN without."""
    return next((float(row[column]) for row in rows if row.get(column)), math.nan)


def weighted(rows: Sequence[Row], column: str, cells: str) -> float:
    """Mean of a column over the cells of all rows; NaN without a row."""
    total = sum(float(row[cells]) for row in rows)
    return sum(float(row[column]) * float(row[cells]) for row in rows) / total if rows else math.nan
