"""Average the scores of every system over all seasons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from daymelt.core.atomic import write_text
from daymelt.products.tables import scores_csv, scores_text
from daymelt.science.distributions import DistributionSums
from daymelt.science.scores import PooledScores, mean_scores
from daymelt.steps.benchmark.daily_table import (
    HELD_OUT,
    TRUTH,
    TRUTH_EVERY_DAY,
    beside,
    read_tables,
)

MEANS = (
    *("mae", "mse", "rmse", "accuracy", "precision", "recall", "f1", "bias"),
    *("r2_clipped", "ssim"),
)
POOLED = ("mae", "bias", "accuracy", "precision", "recall", "f1", "r2")
# further columns of a daily table that the pooled scores are made from
COUNTS = (
    *("valid_cells", "target_mean", "target_square"),
    *("wet_predicted", "wet_target", "wet_both"),
)
# of the predicted distribution over all its cells, and their names in the tables of scores
DISTRIBUTION = {
    "crps": "crps",
    "crps_ratio": "crps_ratio",
    "interval_score": "interval_score",
    "below": "interval_below",
    "above": "interval_above",
    "covered": "interval_covered",
    "width": "interval_width",
    "cells": "interval_cells",
}
Row = Mapping[str, str]


def score(daily: list[Path], out: Path, text: Path) -> None:
    """Average the daily scores of every season by system and reference.

    Parameters
    ----------
    daily : daily tables of the step `evaluate`, with those of the distribution beside them
    out, text : the table as csv, and as text for the terminal
    """
    rows = read_tables(daily)
    distributions = read_tables([beside(path, "distribution") for path in daily])
    systems = list(dict.fromkeys(row["system"] for row in rows))  # in the order of the files
    table = [
        summary(*(of(system, against, table) for table in (rows, distributions)))
        for against in (HELD_OUT, TRUTH, TRUTH_EVERY_DAY)
        for system in systems
    ]
    table = [row for row in table if row]
    scores_csv(out, table)
    write_text(text, scores_text(table))


def of(system: str, against: str, rows: Sequence[Row]) -> list[Row]:
    """The rows of one system and reference."""
    return [row for row in rows if (row["system"], row["against"]) == (system, against)]


def summary(rows: Sequence[Row], distribution: Sequence[Row] = ()) -> dict[str, object]:
    """Scores of one system against one reference.

    They are means over the days, as published, and pooled over all cells; of the predicted
    distribution, where there is one, pooled over the cells that have one.
    """
    if not rows:
        return {}
    images = [{name: float(row[name]) for name in (*MEANS, *COUNTS)} for row in rows]
    sums = PooledScores()
    for image in images:
        sums.add_scored(image)
    pooled = {f"pooled_{name}": value for name, value in sums.result().items() if name in POOLED}
    means = mean_scores(
        [{name: image[name] for name in (*MEANS, "valid_cells")} for image in images]
    )
    return {
        "system": rows[0]["system"],
        "against": rows[0]["against"],
        "days": len(rows),
        **means,
        **pooled,
        **distribution_scores(distribution),
    }


def distribution_scores(rows: Sequence[Row]) -> dict[str, object]:
    """Scores of the predicted distribution over all its cells; empty without any."""
    sums = DistributionSums()
    sums.add_rows(row for row in rows if row["kind"] == "all")
    return {name: row[column] for row in sums.rows() for column, name in DISTRIBUTION.items()}
