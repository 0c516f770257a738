"""The score table: every way of mapping, over all seasons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from daymelt.atomic import write_text
from daymelt.products.tables import scores_csv, scores_text
from daymelt.science.scores import mean_scores
from daymelt.steps.daily_table import HELD_OUT, TRUTH, read_tables

MEANS = ("mae", "mse", "rmse", "accuracy", "precision", "recall", "f1", "bias", "r2", "ssim")
Row = Mapping[str, str]


def score(daily: list[Path], out: Path, text: Path) -> None:
    """Average the daily scores of every season by system and reference: `out` as csv, `text` for the terminal."""
    rows = read_tables(daily)
    systems = list(dict.fromkeys(row["system"] for row in rows))
    table = [
        summary([row for row in rows if (row["system"], row["against"]) == (system, against)])
        for against in (HELD_OUT, TRUTH)
        for system in systems
    ]
    table = [row for row in table if row]
    scores_csv(out, table)
    write_text(text, scores_text(table))


def summary(rows: Sequence[Row]) -> dict[str, object]:
    """Scores of one system against one reference: means over the days as published, and pooled over all cells."""
    if not rows:
        return {}
    images = [{name: float(row[name]) for name in (*MEANS, "valid_cells")} for row in rows]
    wet = {name: sum(int(row[name]) for row in rows) for name in ("wet_predicted", "wet_target", "wet_both")}
    pooled = {f"pooled_{name}": value for name, value in mean_scores(images, weighted=True).items() if name in ("mae", "bias", "accuracy")}
    pooled["pooled_precision"] = ratio(wet["wet_both"], wet["wet_predicted"])
    pooled["pooled_recall"] = ratio(wet["wet_both"], wet["wet_target"])
    pooled["pooled_f1"] = ratio(2 * wet["wet_both"], wet["wet_predicted"] + wet["wet_target"])
    return {"system": rows[0]["system"], "against": rows[0]["against"], "days": len(rows), **mean_scores(images), **pooled}


def ratio(part: int, whole: int) -> float:
    """`part / whole`, 1 where both are nothing."""
    return part / whole if whole else 1.0
