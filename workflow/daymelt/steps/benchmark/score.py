"""Average the scores of every system over all seasons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from daymelt.core.atomic import write_text
from daymelt.products.tables import scores_csv, scores_text
from daymelt.science.scores import PooledScores, mean_scores
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH, TRUTH_EVERY_DAY, read_tables

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
Row = Mapping[str, str]


def score(daily: list[Path], out: Path, text: Path) -> None:
    """Average the daily scores of every season by system and reference.

    Parameters
    ----------
    daily : daily tables of the step `evaluate`
    out, text : the table as csv, and as text for the terminal
    """
    rows = read_tables(daily)
    systems = list(dict.fromkeys(row["system"] for row in rows))  # in the order of the files
    table = [
        summary([row for row in rows if (row["system"], row["against"]) == (system, against)])
        for against in (HELD_OUT, TRUTH, TRUTH_EVERY_DAY)
        for system in systems
    ]
    table = [row for row in table if row]
    scores_csv(out, table)
    write_text(text, scores_text(table))


def summary(rows: Sequence[Row]) -> dict[str, object]:
    """Scores of one system against one reference.

    They are means over the days, as published, and pooled over all cells.
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
    }
