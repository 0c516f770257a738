"""Compare every system on every trial, over all seasons."""

import csv
import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.cube import open_layers, read_layers
from daymelt.products.benchmark_table import benchmark_csv, benchmark_html, benchmark_markdown
from daymelt.science.bootstrap import block_interval
from daymelt.science.distributions import DistributionSums
from daymelt.science.edges import EdgeSums
from daymelt.science.onset import onset_error, pooled_onset_error
from daymelt.science.reliability import Reliability
from daymelt.science.scores import extent_errors, scores_of
from daymelt.science.strata import GAPS, StrataSums
from daymelt.steps.benchmark.daily_table import beside, onset_maps, read_tables, write_table
from daymelt.steps.benchmark.score import summary

Row = dict[str, Any]


def compare(
    daily: list[Path],
    trials: list[str],
    systems: list[str],
    speeds: list[Path],
    trainings: list[Path],
    measured: list[str],
    out: Path,
    markdown: Path,
    html: Path,
    strata: Path,
    reliability: Path,
    distribution: Path,
    gaps: Path,
    edges: Path,
) -> None:
    """Average and pool what the evaluations wrote.

    Parameters
    ----------
    daily : the daily tables, with the tables of strata and so on beside them
    trials, systems : of which trial and system each daily table is
    speeds : what the step `measure` wrote
    trainings : Snakemake's records of the trainings; one that is missing is passed over
    measured : of which system each of `speeds` and `trainings` is
    out, markdown, html : the table in three formats
    strata, reliability, distribution : tables of the pooled scores of every stratum, of every
        class of the predicted fraction, and of the predicted distribution in every stratum
    gaps : table of the error by days to the nearest acquisition, with its interval over days
    edges : table of the step at the edge of the swath and elsewhere
    """
    extras: dict[str, Row] = {
        system: json.loads(speed.read_text(encoding="utf-8")) | training_time(training)
        for system, speed, training in zip(measured, speeds, trainings, strict=True)
    }
    rows: list[Row] = []
    strata_rows: list[Row] = []
    classes: list[Row] = []
    distributions: list[Row] = []
    gap_rows: list[Row] = []
    steps: list[Row] = []
    groups = grouped(daily, trials, systems)
    common = {
        trial: onsets_in_common(
            {system: paths for (other, system), paths in groups.items() if other == trial}
        )
        for trial in dict.fromkeys(trials)
    }
    for (trial, system), paths in groups.items():
        # extent and onset do not depend on the reference and stand in the first row alone
        of_season = season_scores(paths, system)
        if "onset_cells" in of_season:
            of_season |= common[trial][system]
        predicted = by_reference(read_table_of(paths, "distribution"))
        for against, of_reference in by_reference(read_tables(paths)).items():
            row = {"protocol": trial, **summary(of_reference, predicted.get(against, ()))}
            rows.append(row | extras.get(system, {}) | of_season)
            of_season = {}
        strata_rows += pooled_strata(trial, system, read_table_of(paths, "strata"))
        classes += pooled_reliability(trial, system, read_table_of(paths, "reliability"))
        distributions += pooled_distribution(trial, system, predicted)
        gap_rows += pooled_gaps(trial, system, read_table_of(paths, "gaps"))
        steps += pooled_edges(trial, system, read_table_of(paths, "edges"))
    benchmark_csv(out, rows)
    benchmark_markdown(markdown, rows)
    benchmark_html(html, rows)
    write_table(strata, strata_rows)
    write_table(reliability, classes)
    write_table(distribution, distributions)
    write_table(gaps, gap_rows)
    write_table(edges, steps)


def training_time(path: Path) -> Row:
    """Wall-clock seconds of a training, from Snakemake's record; empty without a record."""
    if not path.is_file():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file, delimiter="\t"))
    return {"training_s": float(records[-1]["s"])} if records else {}


def grouped(
    daily: Sequence[Path], trials: Sequence[str], systems: Sequence[str]
) -> dict[tuple[str, str], list[Path]]:
    """The daily tables of each trial and system, in the order given."""
    groups: dict[tuple[str, str], list[Path]] = {}
    for path, trial, system in zip(daily, trials, systems, strict=True):
        groups.setdefault((trial, system), []).append(path)
    return groups


def by_reference(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """The rows of each reference, in the order in which it first appears."""
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["against"], []).append(row)
    return groups


def season_scores(paths: Sequence[Path], system: str) -> Row:
    """Errors of the melt extent and of the onset over all seasons, as far as there are any."""
    found: Row = {}
    extents: dict[str, dict[str, float]] = {}
    for row in read_table_of(paths, "extent"):
        extents.setdefault(row["system"], {})[row["date"]] = float(row["extent_km2"])
    reference = extents.get("truth", extents.get("sar", {}))
    if system in extents and reference:
        days = sorted(extents[system])
        error = extent_errors(
            [extents[system][day] for day in days], [reference.get(day, math.nan) for day in days]
        )
        found |= {
            "extent_mae_km2": error["extent_mae_km2"],
            "extent_bias_km2": error["extent_bias_km2"],
        }
    onsets = read_table_of(paths, "onset")
    if onsets:
        error = pooled_onset_error(onsets)
        found |= {
            "onset_mae_days": error["onset_mae_days"],
            "onset_bias_days": error["onset_bias_days"],
            "onset_cells": error["onset_cells"],
        }
    return found


def onsets_in_common(daily: Mapping[str, Sequence[Path]]) -> dict[str, Row]:
    """Error of the onset of each system, over all seasons, on the cells in which every system of
    the trial and the truth have one.

    `daily` are the daily tables of each system, with the onsets of every cell beside them.
    """
    seasons: dict[int, dict[str, Path]] = {}
    for system, paths in daily.items():
        for path in map(onset_maps, paths):
            seasons.setdefault(season_of(path), {})[system] = path
    errors: dict[str, list[Row]] = {system: [] for system in daily}
    for files in seasons.values():
        shared = np.logical_and.reduce([has_onset(path) for path in files.values()])
        for system, path in files.items():
            layers = read_layers(path)
            errors[system].append(onset_error(layers["onset"][shared], layers["truth"][shared]))
    return {system: common_columns(pooled_onset_error(rows)) for system, rows in errors.items()}


def season_of(onsets: Path) -> int:
    """Year of a file of onsets."""
    with open_layers(onsets) as file:
        return int(file.attributes["season"])


def has_onset(onsets: Path) -> NDArray[np.bool_]:
    """Where the maps and the truth have an onset, (y, x)."""
    layers = read_layers(onsets)
    return np.isfinite(layers["onset"]) & np.isfinite(layers["truth"])


def common_columns(error: Mapping[str, float]) -> Row:
    """The columns of the error on common cells."""
    return {
        f"onset_common_{name}": error[f"onset_{name}"]
        for name in ("mae_days", "bias_days", "cells")
    }


def pooled_strata(trial: str, system: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """Scores of every stratum over all seasons."""
    for against, of_reference in by_reference(rows).items():
        sums = StrataSums()
        sums.add_rows(of_reference)
        for row in sums.rows():
            yield {
                "protocol": trial,
                "system": system,
                "against": against,
                "kind": row["kind"],
                "bin": row["bin"],
                **scores_of(row),
            }


def pooled_reliability(trial: str, system: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """Every class of the predicted fraction over all seasons, of each layer."""
    for against, of_reference in by_reference(rows).items():
        for layer in dict.fromkeys(row["layer"] for row in of_reference):
            classes = Reliability()
            classes.add_rows(row for row in of_reference if row["layer"] == layer)
            named = {"protocol": trial, "system": system, "against": against, "layer": layer}
            yield from ({**named, **row} for row in classes.rows())


def pooled_edges(trial: str, system: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """Mean step of map and truth at the edge of the swath and elsewhere, over all seasons."""
    sums = EdgeSums(("map", "truth"))
    sums.add_rows(rows)
    for row in sums.rows():
        yield {"protocol": trial, "system": system, **row}


def pooled_distribution(
    trial: str, system: str, rows: Mapping[str, Sequence[Mapping[str, str]]]
) -> Iterator[Row]:
    """Scores of the predicted distribution in every stratum over all seasons, of the rows of each
    reference.
    """
    for against, of_reference in rows.items():
        sums = DistributionSums()
        sums.add_rows(of_reference)
        for row in sums.rows():
            yield {"protocol": trial, "system": system, "against": against, **row}


def pooled_gaps(trial: str, system: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """Mean absolute error in each class of the days to the nearest acquisition over all seasons,
    and its 95 % interval by a block bootstrap over days.
    """
    for against, of_reference in by_reference(rows).items():
        seasons = [season for _, season in sorted(gap_sums(of_reference).items())]
        bounds = block_interval(seasons)
        absolute, cells = np.sum([season.sum(axis=1) for season in seasons], axis=0)
        for gap, error, count, low, high in zip(GAPS, absolute, cells, *bounds, strict=True):
            if count:
                named = {"protocol": trial, "system": system, "against": against, "gap": gap}
                mae = {"mae": error / count, "mae_low": low, "mae_high": high}
                yield {**named, "cells": round(count), **mae}


def gap_sums(rows: Sequence[Mapping[str, str]]) -> dict[int, NDArray[np.float64]]:
    """Of each year the sums of absolute error and of cells, (2, day, class), on every day from the
    first to the last that has any.
    """
    dates = [dt.date.fromisoformat(row["date"]) for row in rows]
    sums = {}
    for year in {day.year for day in dates}:
        own = [day for day in dates if day.year == year]
        sums[year] = np.zeros((2, (max(own) - min(own)).days + 1, len(GAPS)))
    first = {year: min(day for day in dates if day.year == year) for year in sums}
    for day, row in zip(dates, rows, strict=True):
        place = (day - first[day.year]).days, GAPS.index(row["gap"])
        sums[day.year][:, *place] += float(row["absolute"]), float(row["cells"])
    return sums


def read_table_of(daily: Sequence[Path], table: str) -> list[dict[str, str]]:
    """The rows of another table of the evaluations whose daily tables are given."""
    return read_tables([beside(path, table) for path in daily])
