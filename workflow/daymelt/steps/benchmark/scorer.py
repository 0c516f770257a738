"""Scores of the maps of one system through one season, added up day by day."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.science import scores
from daymelt.science.distributions import Distribution, DistributionSums
from daymelt.science.edges import EdgeSums
from daymelt.science.intervals import Classes
from daymelt.science.onset import Onset, onset_error
from daymelt.science.reliability import Reliability
from daymelt.science.strata import StrataSums, border_bins, gap_bins, height_bins, period_of
from daymelt.steps.benchmark.daily_table import SAR

# of the land that an acquisition must cover for its melt extent to be given
COMPARABLE_SHARE = 0.5
PIT_SEED = 42  # of the draws of the randomised PIT, one stream a day
Field = NDArray[np.float32]
Row = dict[str, Any]
Events = Mapping[str, tuple[dt.date, dt.date]]


@dataclass(frozen=True)
class Ground:
    """What all days share.

    Parameters
    ----------
    height : (y, x), m
    land : (y, x), True on land
    cell_km2 : (y, x), true area of a cell, km²
    """

    height: Field
    land: NDArray[np.bool_]
    cell_km2: NDArray[np.float64]


@dataclass
class Tables:
    """The tables of an evaluation.

    Parameters
    ----------
    daily : one row a day and reference
    extent : one row a day and series
    gaps : one row a day, reference and class of the days to the nearest acquisition, with sums
    strata : one row a stratum
    reliability : one row a layer (`melt`, and `melt_mean` of a system with an interval) and class
        of the predicted fraction
    onset : one row, or none where there is no truth
    distribution : one row a stratum, or none of a system without an interval
    edges : mean step of map and truth at the swath's edge and elsewhere, or none where there is no
        truth
    """

    daily: list[Row] = field(default_factory=list)
    extent: list[Row] = field(default_factory=list)
    gaps: list[Row] = field(default_factory=list)
    strata: list[Row] = field(default_factory=list)
    reliability: list[Row] = field(default_factory=list)
    onset: list[Row] = field(default_factory=list)
    distribution: list[Row] = field(default_factory=list)
    edges: list[Row] = field(default_factory=list)


class Scorer:
    """Scores of the maps of one system through one season.

    Sums and a few fields are held in memory, no daily maps.

    Parameters
    ----------
    name : of the system
    ground : of the area
    events : name to first and last day of a period that is also scored separately
    """

    def __init__(self, name: str, ground: Ground, events: Events) -> None:
        self._name, self._ground, self._events = name, ground, events
        self._bands = height_bins(np.where(ground.land, ground.height, np.float32(np.nan)))
        self._strata: dict[str, StrataSums] = {}
        self._reliability: dict[tuple[str, str], Reliability] = {}
        self._border = border_bins(ground.height.shape)
        self._distributions: dict[str, DistributionSums] = {}
        self._edges = EdgeSums(("map", "truth"))
        self._onsets = (Onset(ground.land.shape), Onset(ground.land.shape))
        self._tables = Tables()

    def score(
        self,
        day: dt.date,
        against: str,
        melt: Field,
        target: Field,
        age: NDArray[np.uint8],
        distribution: Distribution | None = None,
    ) -> bool:
        """Add the scores of a day against a reference; False where no cell of it is valid.

        Parameters
        ----------
        day : of the map
        against : name of the reference
        melt, target : (y, x), melt fraction of map and reference, 0 to 1; NaN: no data
        age : (y, x), days to the nearest acquisition that could be an input
        distribution : predicted of the day, of a system with an interval
        """
        valid = self._ground.land & np.isfinite(target)
        if not valid.any():
            return False
        values = {
            **scores.image_scores(melt, target, valid),
            **scores.wet_counts(melt, target, valid),
        }
        values["ssim"] = scores.ssim(melt, target, valid)
        self._tables.daily.append({"date": day, "against": against, "system": self._name, **values})
        strata = self._strata.setdefault(against, StrataSums())
        strata.add_rows(self._of_gaps(day, against, melt, target, valid, age))
        strata.add("height", *self._bands, melt, target, valid)
        strata.add("border", *self._border, melt, target, valid)
        for kind, name in period_of(day, self._events):
            strata.add(kind, 0, [name], melt, target, valid)
        self._add_reliability(against, "melt", melt, target, valid)
        if distribution is not None:
            if distribution.mean is not None:
                self._add_reliability(against, "melt_mean", distribution.mean, target, valid)
            of_reference = self._distributions.setdefault(against, DistributionSums())
            classes: dict[str, Classes] = {"gap": gap_bins(age), "season": (0, (str(day.year),))}
            draws = np.random.default_rng([PIT_SEED, day.toordinal()])
            of_reference.add(distribution, target, valid, classes, draws)
        return True

    def add_season_day(
        self, day: dt.date, melt: Field, seen: Field | None, truth: Field | None
    ) -> None:
        """Add a day to the melt extent and onset of the season.

        Parameters
        ----------
        day : of the map
        melt : (y, x), melt fraction of the map, 0 to 1
        seen : (y, x), that of the day's acquisition, NaN: no data; None without an acquisition
        truth : (y, x), the true one; None without a truth
        """
        self._tables.extent += [
            {"date": day, "system": name, "extent_km2": km2}
            for name, km2 in self._extents(melt, seen, truth)
        ]
        if truth is not None:
            for onset, fraction in zip(self._onsets, (melt, truth), strict=True):
                onset.add(day, fraction, self._ground.land)
        if truth is not None and seen is not None:
            valid = self._ground.land & np.isfinite(truth)
            self._edges.add({"map": melt, "truth": truth}, np.isfinite(seen), valid)

    def tables(self) -> Tables:
        """The tables of all days added."""
        tables = self._tables
        named = {"system": self._name}
        tables.strata = [
            {**named, "against": against, **row}
            for against, sums in self._strata.items()
            for row in sums.rows()
        ]
        tables.reliability = [
            {**named, "against": against, "layer": layer, **row}
            for (against, layer), sums in self._reliability.items()
            for row in sums.rows()
        ]
        tables.distribution = [
            {**named, "against": against, **row}
            for against, sums in self._distributions.items()
            for row in sums.rows()
        ]
        tables.edges = [{**named, **row} for row in self._edges.rows()]
        error = onset_error(*(onset.result() for onset in self._onsets))
        tables.onset = (
            [{**named, **error}] if error["onset_cells"] + error["onset_one_sided_cells"] else []
        )
        return tables

    def onsets(self) -> tuple[Field, Field]:
        """Day of the year of the onset in the maps and in the truth, (y, x); NaN where none."""
        predicted, truth = (onset.result() for onset in self._onsets)
        return predicted, truth

    def _of_gaps(
        self,
        day: dt.date,
        against: str,
        melt: Field,
        target: Field,
        valid: NDArray[np.bool_],
        age: NDArray[np.uint8],
    ) -> list[Row]:
        """The sums of a day in each class of the days to the nearest acquisition, which are put
        into the table of the gaps too.
        """
        sums = StrataSums()
        sums.add("gap", *gap_bins(age), melt, target, valid)
        named = {"date": day, "against": against, "system": self._name}
        rows = sums.rows()
        self._tables.gaps += [
            {**named, "gap": row["bin"], "cells": round(row["cells"]), "absolute": row["absolute"]}
            for row in rows
        ]
        return rows

    def _add_reliability(
        self, against: str, layer: str, predicted: Field, target: Field, valid: NDArray[np.bool_]
    ) -> None:
        of_layer = self._reliability.setdefault((against, layer), Reliability())
        of_layer.add(predicted, target, valid)

    def _extents(
        self, melt: Field, seen: Field | None, truth: Field | None
    ) -> Iterator[tuple[str, float]]:
        """Melt extents of a day, km²; that of an acquisition is scaled to all land."""
        land, cell_km2 = self._ground.land, self._ground.cell_km2
        if self._name != SAR:  # a mean over acquisitions of several weeks has no daily extent
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
