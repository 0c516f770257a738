"""The table of the benchmark, the comparison of all systems: csv for programs, Markdown and HTML
for people, each with the published rows below.

The published rows were measured on the real data: on synthetic inputs no number compares with them.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.atomic import write_text
from daymelt.products.tables import (
    HEADING,
    PUBLISHED_HEADING,
    is_missing,
    label,
    published_rows,
    scores_csv,
)

Row = Mapping[str, Any]

COLUMNS = {  # name in the rows, heading, how a number is written
    "system": ("system", ""),
    "against": ("against", ""),
    "days": ("days", "d"),
    "mae": ("MAE", ".4f"),
    "mse": ("MSE", ".4f"),
    "accuracy": ("accuracy", ".3f"),
    "f1": ("F1", ".3f"),
    "ssim": ("SSIM", ".3f"),
    "pooled_precision": ("pooled precision", ".3f"),
    "pooled_recall": ("pooled recall", ".3f"),
    "pooled_f1": ("pooled F1", ".3f"),
    "bias": ("bias", "+.4f"),
    "r2_clipped": ("R², clipped at -1", ".3f"),
    "pooled_r2": ("pooled R²", ".3f"),
    "extent_mae_km2": ("extent error, km²", ".1f"),
    "onset_mae_days": ("onset error, days", ".1f"),
    "onset_cells": ("cells with an onset", ",d"),
    "onset_common_mae_days": ("onset error on common cells, days", ".1f"),
    "onset_common_cells": ("common cells", ",d"),
    "crps": ("CRPS", ".4f"),
    "crps_ratio": ("CRPS / MAE of the median", ".3f"),
    "interval_score": ("interval score", ".3f"),
    "interval_below": ("below interval", ".3f"),
    "interval_above": ("above interval", ".3f"),
    "interval_covered": ("covered", ".3f"),
    "interval_width": ("interval width", ".3f"),
    "parameters": ("parameters", ",d"),
    "training_s": ("training, s", ".0f"),
    "days_per_s": ("days mapped per s", ".3g"),
    "peak_mb": ("peak memory, MB", ".0f"),
}
PUBLISHED_PARAMETERS = {
    "UNet SMP, Xception71": "49.6 M",
    "time-interpolated SAR": "1",
    "interpolated MAR": "4",
    "thresholded PMW": "0",
}
STYLE = (
    "body{font:15px/1.5 "
    "system-ui,sans-serif;margin:2rem;color:#1b2733}table{border-collapse:collapse;margin-bottom:2rem}"
    "th,td{padding:.3rem .7rem;text-align:right;border-bottom:1px solid #d8dee4;white-space:nowrap}"
    "th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}"
    "thead th{position:sticky;top:0;background:#fff;border-bottom:2px solid "
    "#1b2733}td.best{font-weight:700}caption{text-align:left;"
    "font-weight:600;padding:.5rem 0}"
)
BEST = {
    "mae": min,
    "mse": min,
    "accuracy": max,
    "f1": max,
    "ssim": max,
    "pooled_f1": max,
    "extent_mae_km2": min,
    "onset_common_mae_days": min,
}


def benchmark_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write every column of the rows."""
    scores_csv(path, rows)


def benchmark_markdown(path: Path, rows: Sequence[Row]) -> None:
    """Write one table for each protocol, and the published rows below."""
    parts = ["# Benchmark", "", f"{HEADING}. Bold: best of its reference.", ""]
    for title, group in tables(rows):
        parts += [f"## {title}", "", *_markdown_lines(group), ""]
    write_text(path, "\n".join(parts))


def benchmark_html(path: Path, rows: Sequence[Row]) -> None:
    """Write the tables of `benchmark_markdown` as one self-contained page."""
    body = [f"<h1>Benchmark</h1><p>{html.escape(HEADING)}. Bold: best of its reference.</p>"]
    body += [_html_table(title, group) for title, group in tables(rows)]
    page = (
        '<!doctype html><html lang="en"><meta '
        f'charset="utf-8"><title>Benchmark</title><style>{STYLE}</style>{"".join(body)}</html>\n'
    )
    write_text(path, page)


def tables(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Title and rows of each table: protocols in the order given, the published rows last."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row["protocol"]), []).append(row)
    published: list[Row] = [
        {**row, "parameters": PUBLISHED_PARAMETERS[str(row["system"])]} for row in published_rows()
    ]
    return [
        *((f"Protocol {name}", group) for name, group in groups.items()),
        (PUBLISHED_HEADING, published),
    ]


def cells(row: Row, columns: Iterable[str]) -> list[str]:
    """The row as text; a dash where a value is missing."""
    return [_shown(name, row.get(name)) for name in columns]


def best(group: Sequence[Row]) -> set[tuple[int, str]]:
    """(row, column) of the best score of each reference in a table."""
    found = set()
    for against in {row["against"] for row in group}:
        for name, choose in BEST.items():
            known = {
                index: float(row[name])
                for index, row in enumerate(group)
                if row["against"] == against and not is_missing(row.get(name))
            }
            if known:
                found |= {
                    (index, name)
                    for index, value in known.items()
                    if value == choose(known.values())
                }
    return found


def _columns(group: Sequence[Row]) -> list[str]:
    """Columns with a value in at least one row."""
    return [name for name in COLUMNS if any(not is_missing(row.get(name)) for row in group)]


def _shown(name: str, value: Any) -> str:
    if is_missing(value):
        return "–"
    if name == "system":
        return label(str(value))
    return value if isinstance(value, str) else format(value, COLUMNS[name][1])


def _markdown_lines(group: Sequence[Row]) -> list[str]:
    columns, bold = _columns(group), best(group)
    lines = ["| " + " | ".join(COLUMNS[name][0] for name in columns) + " |"]
    lines.append(
        "|" + "|".join("---" if name in ("system", "against") else "---:" for name in columns) + "|"
    )
    for index, row in enumerate(group):
        marked = [
            f"**{text}**" if (index, name) in bold else text
            for name, text in zip(columns, cells(row, columns), strict=True)
        ]
        lines.append("| " + " | ".join(marked) + " |")
    return lines


def _html_table(title: str, group: Sequence[Row]) -> str:
    columns, bold = _columns(group), best(group)
    head = "".join(f'<th scope="col">{html.escape(COLUMNS[name][0])}</th>' for name in columns)
    lines = []
    for index, row in enumerate(group):
        shown = zip(columns, cells(row, columns), strict=True)
        marks = (
            f"<td{' class=best' if (index, name) in bold else ''}>{html.escape(text)}</td>"
            for name, text in shown
        )
        lines.append(f"<tr>{''.join(marks)}</tr>")
    return (
        f"<table><caption>{html.escape(title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
