"""Tables of one row for each day and system, as csv, between the steps that score."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from daymelt.core.atomic import write_text
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.settings.protocols import PUBLISHED
from daymelt.settings.protocols import TRUTH as TRUTH_PROTOCOL

# references that maps are scored against
HELD_OUT, TRUTH, TRUTH_EVERY_DAY = (
    "held-out SAR",
    "truth, unobserved days",
    "truth, every day",
)
# systems of few or no parameters
SAR, MAR, PMW = "time-interpolated-sar", "interpolate-mar", "threshold-pmw"
# of an evaluation, beside the daily one
TABLES = ("extent", "gaps", "strata", "reliability", "onset", "distribution", "edges")


def beside(daily: Path, table: str) -> Path:
    """Another table of the evaluation whose daily table is given."""
    return daily.with_stem(f"{daily.stem}_{table}")


def onset_maps(daily: Path) -> Path:
    """The onsets of every cell of the evaluation whose daily table is given."""
    return beside(daily, "onset").with_suffix(".nc")


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of the same columns."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_text(path, text.getvalue())


def read_tables(paths: Sequence[Path]) -> list[dict[str, str]]:
    """The rows of several tables, one after the other in the order given."""
    rows = []
    for path in paths:
        try:
            with open(path, newline="", encoding="utf-8") as file:
                rows += list(csv.DictReader(file))
        except FileNotFoundError:
            raise MissingInputError(
                f"table {path}: not found; run the step that writes it"
            ) from None
        except (csv.Error, UnicodeDecodeError) as error:
            raise FormatError(
                f"table {path}: not readable ({error}); delete it and run its step again"
            ) from None
    return rows


def of_best_reference(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The rows against the truth of every day, or else those against held-out Sentinel-1."""
    truth = of_reference(rows, TRUTH_PROTOCOL, TRUTH_EVERY_DAY)
    return truth or of_reference(rows, PUBLISHED, HELD_OUT)


def of_reference(
    rows: Sequence[dict[str, str]], protocol: str, against: str
) -> list[dict[str, str]]:
    """The rows of a trial against one reference."""
    return [row for row in rows if (row["protocol"], row["against"]) == (protocol, against)]
