"""What the maps of one system are worth: every score that the benchmark shows, taken in day by
day.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.science import scores
from daymelt.science.onset import Onset, onset_error
from daymelt.science.reliability import Reliability
from daymelt.science.strata import StrataSums, gap_bins, height_bins, period_of
from daymelt.steps.benchmark.daily_table import SAR

COMPARABLE_SHARE = (
    0.5  # of the land that an acquisition must have seen for its melt extent to be drawn
)
Field = NDArray[np.float32]
Row = dict[str, Any]
Events = Mapping[str, tuple[dt.date, dt.date]]


@dataclass(frozen=True)
class Ground:
    """What the days share: the height, m, where there is land, and the true area of a cell, km²;
    all (y, x).
    """

    height: Field
    land: NDArray[np.bool_]
    cell_km2: NDArray[np.float64]


@dataclass
class Tables:
    """One row a day; one a stratum; one a class of the predicted fraction; one for the onset."""

    daily: list[Row] = field(default_factory=list)
    extent: list[Row] = field(default_factory=list)
    strata: list[Row] = field(default_factory=list)
    reliability: list[Row] = field(default_factory=list)
    onset: list[Row] = field(default_factory=list)


class Judge:
    """Scores the maps of one system through one season; it keeps sums and a few fields, never a
    day.

    Parameters
    ----------
    name : of the system
    ground : of the area
    events : name to first and last day of a time that is scored by itself
    """

    def __init__(self, name: str, ground: Ground, events: Events) -> None:
        self._name, self._ground, self._events = name, ground, events
        self._bands = height_bins(np.where(ground.land, ground.height, np.float32(np.nan)))
        self._strata: dict[str, StrataSums] = {}
        self._reliability: dict[str, Reliability] = {}
        self._onsets = (Onset(ground.land.shape), Onset(ground.land.shape))
        self._tables = Tables()

    def score(
        self, day: dt.date, against: str, melt: Field, target: Field, age: NDArray[np.uint8]
    ) -> None:
        """Score a day against a reference; nothing where no cell of the target is valid.

        `age` is days to the nearest acquisition that could be an input.
        """
        valid = self._ground.land & np.isfinite(target)
        if not valid.any():
            return
        values = {
            **scores.image_scores(melt, target, valid),
            **scores.wet_counts(melt, target, valid),
        }
        values["ssim"] = scores.ssim(melt, target, valid)
        self._tables.daily.append({"date": day, "against": against, "system": self._name, **values})
        strata = self._strata.setdefault(against, StrataSums())
        for kind, (bins, names) in (("gap", gap_bins(age)), ("height", self._bands)):
            strata.add(kind, bins, names, melt, target, valid)
        for kind, name in period_of(day, self._events):
            strata.add(kind, 0, [name], melt, target, valid)
        self._reliability.setdefault(against, Reliability()).add(melt, target, valid)

    def watch(self, day: dt.date, melt: Field, seen: Field | None, truth: Field | None) -> None:
        """Take in a day of the whole season, with what Sentinel-1 saw and what is true, where there
        is such: extent and onset of melt.
        """
        self._tables.extent += [
            {"date": day, "system": name, "extent_km2": km2}
            for name, km2 in self._extents(melt, seen, truth)
        ]
        if truth is not None:
            for onset, fraction in zip(self._onsets, (melt, truth), strict=True):
                onset.add(day, fraction, self._ground.land)

    def tables(self) -> Tables:
        """Everything so far."""
        tables = self._tables
        named = {"system": self._name}
        tables.strata = [
            {**named, "against": against, **row}
            for against, sums in self._strata.items()
            for row in sums.rows()
        ]
        tables.reliability = [
            {**named, "against": against, **row}
            for against, sums in self._reliability.items()
            for row in sums.rows()
        ]
        error = onset_error(*(onset.result() for onset in self._onsets))
        tables.onset = (
            [{**named, **error}] if error["onset_cells"] + error["onset_one_sided_cells"] else []
        )
        return tables

    def _extents(
        self, melt: Field, seen: Field | None, truth: Field | None
    ) -> Iterator[tuple[str, float]]:
        """Melt extents of a day; that of an acquisition is scaled from what it saw to all land."""
        land, cell_km2 = self._ground.land, self._ground.cell_km2
        if self._name != SAR:  # an average over a fortnight has no extent of its own
            yield self._name, self._extent(melt, land)
        if truth is not None:
            yield "truth", self._extent(truth, land)
        if seen is not None:
            valid = np.isfinite(seen) & land
            share = cell_km2[valid].sum() / cell_km2[land].sum()
            if share >= COMPARABLE_SHARE:
                yield "sar", self._extent(seen, valid) / share

    def _extent(self, fraction: Field, where: NDArray[np.bool_]) -> float:
        return scores.melt_extent_km2(
            np.where(where, fraction, np.float32(0)), self._ground.cell_km2
        )
