"""Score tables: all columns as csv for programs, the published columns as aligned text for people.

The published rows below are for orientation. They were measured on the real data of all seven
seasons: on another area, or on synthetic inputs, no number compares with them.

Source: Lütjens et al. (2025), MeltwaterBench, arXiv 2512.12142, Table 1 (test split, 70 days).
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from daymelt.core.atomic import write_text

Row = Mapping[str, Any]

COLUMNS = {
    "system": "system",
    "against": "against",
    "days": "days",
    "mae": "MAE",
    "mse": "MSE",
    "accuracy": "accuracy",
    "f1": "F1",
    "pooled_f1": "pooled F1",
    "ssim": "SSIM",
}
WORDS = ("system", "against")  # columns of text, aligned to the left

SUBSET = "."  # between the name of a system and that of a subset of its sensors
LABELS = {
    "unet-smp": "UNet SMP",
    "unet": "UNet, vanilla",
    "deeplabv3plus": "DeepLabv3+",
    "linear-dem": "linear DEM",
    "random-forest": "random forest",
    "time-interpolated-sar": "time-interpolated SAR",
    "interpolate-mar": "interpolated MAR",
    "threshold-pmw": "thresholded PMW",
    "threshold-pmw-fixed": "PMW above 245 K",
    "threshold-pmw-winter": "PMW above winter + 30 K",
    "sar": "Sentinel-1",
    "mar": "MAR",
    "pmw": "PMW",
}

REAL = "real held-out SAR"
PUBLISHED_SCORES = ("mae", "mse", "accuracy", "f1", "ssim")
PUBLISHED = {  # rows of the paper as printed, so that no digit is added
    "UNet SMP, Xception71": "0.0474 0.0250 0.946 0.848 0.762",
    "time-interpolated SAR": "0.0778 0.0389 0.899 0.812 0.711",
    "interpolated MAR": "0.167 0.149 0.826 0.664 0.493",
    "thresholded PMW": "0.272 0.254 0.724 0.557 0.423",
}
DECIMALS = 4

HEADING = (
    "Scores of melt fraction (0-1), means over days; a cell is wet above 0.1; pooled F1 "
    "counts the cells of all days at once"
)
PUBLISHED_HEADING = "Published, on the real data (MeltwaterBench, arXiv 2512.12142, Table 1)"


def label(system: str) -> str:
    """Display name of a system; that of a subset of its sensors says what it maps with."""
    model, _, subset = system.partition(SUBSET)
    name = LABELS.get(model, model)
    words = subset.replace("past", "with past", 1).replace("-", " ")
    return f"{name}, mapped {words}" if subset else name


def scores_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write every column of the rows, in the order in which they first appear; a missing score is
    an empty field.
    """
    rows_csv(path, list(dict.fromkeys(name for row in rows for name in row)), rows)


def rows_csv(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write some columns of the rows, the header also where there is no row; what is missing or NaN
    is an empty field.
    """
    _write_csv(path, columns, ([_field(row.get(name)) for name in columns] for row in rows))


def scores_text(rows: Sequence[Row]) -> str:
    """The published columns of the rows, aligned, a blank line between references, and the
    published rows below.

    Parameters
    ----------
    rows : each with `system`, `against`, `days` and scores; what is missing or NaN shows as a dash
    """
    groups = [
        [row for row in rows if row["against"] == against]
        for against in dict.fromkeys(row["against"] for row in rows)
    ]
    shown = [[_cells(row) for row in group] for group in (*groups, published_rows())]
    widths = [
        max(map(len, column))
        for column in zip(
            list(COLUMNS.values()), *(cells for group in shown for cells in group), strict=True
        )
    ]
    ours, published = shown[:-1], shown[-1]
    lines = [
        HEADING,
        "",
        _line(list(COLUMNS.values()), widths),
        _line(["-" * width for width in widths], widths),
    ]
    for group in ours:
        lines += [*(_line(cells, widths) for cells in group), ""]
    lines += [PUBLISHED_HEADING, *(_line(cells, widths) for cells in published)]
    return "\n".join(lines) + "\n"


def published_rows() -> list[Row]:
    """Table 1 of the paper, scores as text."""
    return [
        {
            "system": system,
            "against": REAL,
            "days": 70,
            **dict(zip(PUBLISHED_SCORES, scores.split(), strict=True)),
        }
        for system, scores in PUBLISHED.items()
    ]


def _cells(row: Row) -> list[str]:
    return [_shown(name, row.get(name)) for name in COLUMNS]


def _shown(name: str, value: Any) -> str:
    if name == "system":
        return label(str(value))
    if name in PUBLISHED_SCORES and isinstance(value, str):
        return value.ljust(len("0.") + DECIMALS)
    if is_missing(value):
        return "-"
    return f"{value:.{DECIMALS}f}" if isinstance(value, float | np.floating) else str(value)


def is_missing(value: Any) -> bool:
    """True for None and NaN."""
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.ljust(width) if name in WORDS else cell.rjust(width)
        for name, cell, width in zip(COLUMNS, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _field(value: Any) -> str:
    """A csv field; six significant digits hold every score."""
    if is_missing(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _write_csv(path: Path, columns: Sequence[str], rows: Any) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())
