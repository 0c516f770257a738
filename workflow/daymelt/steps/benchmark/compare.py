"""The table of the benchmark: every system on every trial, over all seasons."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.products.benchmark_table import benchmark_csv, benchmark_html, benchmark_markdown
from daymelt.science.onset import pooled_onset_error
from daymelt.science.reliability import Reliability
from daymelt.science.scores import extent_errors, scores_of
from daymelt.science.strata import StrataSums
from daymelt.steps.benchmark.daily_table import read_tables, write_table
from daymelt.steps.benchmark.score import summary

Row = dict[str, Any]


def compare(
    daily: list[Path],
    speeds: list[Path],
    trainings: list[Path],
    out: Path,
    markdown: Path,
    html: Path,
    strata: Path,
    reliability: Path,
) -> None:
    """Average and pool what the evaluations wrote.

    Parameters
    ----------
    daily : the daily tables, `TRIAL/SYSTEM/SEASON.csv`, with the tables of strata and so on beside
    them
    speeds : `SYSTEM.json` of the step `measure`
    trainings : the records that Snakemake keeps of the trainings, `SYSTEM.tsv`, as far as there are
    any out, markdown, html : receive the table strata, reliability : receive the pooled scores of
    every stratum, and every class of the predicted fraction
    """
    measured: dict[str, Row] = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in speeds
    }
    for path in trainings:
        measured.setdefault(path.stem, {}).update(training_time(path))
    rows: list[Row] = []
    strata_rows: list[Row] = []
    classes: list[Row] = []
    for (trial, system), paths in grouped(daily).items():
        extra = measured.get(system, {}) | season_scores(paths, system)
        for of_reference in by_reference(read_tables(paths)).values():
            rows.append({"protocol": trial, **summary(of_reference), **extra})
            extra = measured.get(
                system, {}
            )  # extent and onset are of the season, whatever the reference: once is enough
        strata_rows += pooled_strata(trial, system, read_tables(beside(paths, "strata")))
        classes += pooled_reliability(trial, system, read_tables(beside(paths, "reliability")))
    benchmark_csv(out, rows)
    benchmark_markdown(markdown, rows)
    benchmark_html(html, rows)
    write_table(strata, strata_rows)
    write_table(reliability, classes)


def training_time(path: Path) -> Row:
    """Wall-clock seconds of a training, from Snakemake's record; empty where that is gone."""
    if not path.is_file():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file, delimiter="\t"))
    return {"training_s": float(records[-1]["s"])} if records else {}


def grouped(daily: Sequence[Path]) -> dict[tuple[str, str], list[Path]]:
    """The daily tables of each trial and system, in the order given."""
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in daily:
        groups.setdefault((path.parent.parent.name, path.parent.name), []).append(path)
    return groups


def by_reference(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """The rows of each reference, in the order in which it first appears."""
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["against"], []).append(row)
    return groups


def season_scores(paths: Sequence[Path], system: str) -> Row:
    """Errors of the melt extent and of the onset over all seasons; empty where neither can be
    had.
    """
    found: Row = {}
    extents: dict[str, dict[str, float]] = {}
    for row in read_tables(beside(paths, "extent")):
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
    onsets = read_tables(beside(paths, "onset"))
    if onsets:
        error = pooled_onset_error(onsets)
        found |= {
            "onset_mae_days": error["onset_mae_days"],
            "onset_bias_days": error["onset_bias_days"],
        }
    return found


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
    """Every class of the predicted fraction over all seasons."""
    for against, of_reference in by_reference(rows).items():
        classes = Reliability()
        classes.add_rows(of_reference)
        for row in classes.rows():
            yield {"protocol": trial, "system": system, "against": against, **row}


def beside(paths: Sequence[Path], name: str) -> list[Path]:
    """The tables called `name` beside the daily ones."""
    return [path.with_stem(f"{path.stem}_{name}") for path in paths]
