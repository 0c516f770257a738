"""Compare the speed of every stage with a common implementation: one command, one table.

    python benchmarks/run.py                     # production size, 2863 x 1633 cells
    python benchmarks/run.py --quick             # small: only that it runs and that both agree
    python benchmarks/run.py --only cog crops    # some stages
    python benchmarks/run.py --write --growth    # with growth; writes RESULTS.md and the figure

Timings depend on the machine and its other load; ratios of ways timed in turn do much less.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import harness
from harness import FULL_COLUMNS, FULL_DAYS, FULL_ROWS, Setting

QUICK = {"rows": 256, "columns": 224, "days": 10}
# what the table needs to know of the stages before it starts them stands in the modules; it is read
# in a process of its own
FACTORS = (1 / 16, 1 / 4, 1.0)  # of a stage's largest area in the study of growth
DAYS_FACTORS = (1 / 4, 1.0, 4.0)
HEAD = (
    "stage",
    "ours, s",
    "compared with",
    "s",
    "ratio",
    "target",
    "floor",
    "s",
    "peak, MB",
    "check",
)


def main() -> None:
    """Print the table; write it where that is asked for."""
    arguments = _arguments()
    if arguments.task:
        print(json.dumps(harness.child(json.loads(arguments.task))))
        return
    stages = _described(arguments.only)
    rows = []
    with tempfile.TemporaryDirectory(prefix="daymelt-benchmark-", dir=arguments.folder) as scratch:
        for name, stage in stages.items():
            rows.append(_row(name, stage, _setting(stage, arguments, scratch)))
            print(_told(rows[-1]), flush=True)
        print("\n" + table(rows))
        growth = list(_growth(stages, arguments, scratch)) if arguments.growth else []
    if growth:
        print("\n" + growth_table(growth))
    if arguments.write:
        import report

        report.write(rows, growth, table(rows), growth_table, vars(arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small grid, one repeat")
    parser.add_argument("--only", nargs="+", metavar="STAGE", help="these stages alone")
    parser.add_argument(
        "--growth",
        action="store_true",
        help="also time and memory at several areas and numbers of days",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="write benchmarks/RESULTS.md, and with --growth docs/images/growth.png",
    )
    parser.add_argument("--model", help="folder of a trained network; random weights without it")
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda"), help="where the network runs"
    )
    parser.add_argument(
        "--folder",
        help="where the temporary files go, up to 20 GB with --growth; the system's own place "
        "without it",
    )
    parser.add_argument("--task", help=argparse.SUPPRESS)
    return parser.parse_args()


def _described(only: list[str] | None) -> dict[str, dict[str, Any]]:
    """What each stage says about itself, read in another process: this one imports nothing
    heavy.
    """
    found = harness.start("stages", Setting(""))
    unknown = set(only or []) - found.keys()
    if unknown:
        sys.exit(f"--only: no stage {', '.join(sorted(unknown))}; expected {', '.join(found)}")
    return {name: stage for name, stage in found.items() if only is None or name in only}


def _setting(stage: dict[str, Any], arguments: argparse.Namespace, scratch: str) -> Setting:
    model = str(Path(arguments.model).resolve()) if arguments.model else None
    how: dict[str, Any] = {"device": arguments.device, "model": model, "quick": arguments.quick}
    if arguments.quick:
        days = min(stage["days"] or QUICK["days"], QUICK["days"])
        return Setting(scratch, **{**how, **QUICK, "days": days})
    return Setting(scratch, FULL_ROWS, FULL_COLUMNS, stage["days"] or FULL_DAYS, **how).area(
        stage["scale"]
    )


def _row(name: str, stage: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """One stage measured: memory in one process, times in another."""
    row = {
        "name": name,
        **stage,
        "rows": setting.rows,
        "columns": setting.columns,
        "days_run": setting.days,
    }
    if stage["cuda"] and setting.device != "cuda":
        return {
            **row,
            "absent": "no CUDA device" if not _has_cuda() else "--device cuda was not given",
        }
    if setting.quick:
        return {**row, **_measured(["quick"], name, stage, setting)[0], "quick": True}
    alone, pair = _measured(["ours", "pair"], name, stage, setting)
    return {**row, **pair, "peak": alone["peak"]}


def _measured(
    modes: list[str], name: str, stage: dict[str, Any], setting: Setting
) -> list[dict[str, Any]]:
    """What some processes find in a new folder that holds the inputs of the stage."""
    own = replace(setting, folder=tempfile.mkdtemp(dir=setting.folder, prefix=f"{name}-"))
    try:
        found = [
            harness.start(mode, own, name, stage["module"])
            for mode in (*(() if setting.quick else ("prepare",)), *modes)
        ]
    finally:
        shutil.rmtree(own.folder, ignore_errors=True)
    return found[-len(modes) :]


def _has_cuda() -> bool:
    return Path("/dev/nvidia0").exists()


def _growth(
    stages: dict[str, dict[str, Any]], arguments: argparse.Namespace, scratch: str
) -> Iterator[dict[str, Any]]:
    """Time and memory of our way at three areas, and at three numbers of days."""
    for name, stage in stages.items():
        if stage["cuda"] or not stage["growth"]:
            continue
        whole = replace(_setting({**stage, "scale": 1.0}, arguments, scratch))
        sizes = [("area", factor, whole.area(factor * stage["growth"])) for factor in FACTORS]
        if stage["days_growth"]:
            small = whole.area(stage["growth"] * FACTORS[0])
            days = [max(2, round(small.days * factor)) for factor in DAYS_FACTORS]
            sizes += [("days", count, replace(small, days=count)) for count in days]
        for kind, _, setting in sizes:
            (found,) = _measured(["ours"], name, stage, replace(setting, quick=False))
            size = (
                setting.rows * setting.columns / (FULL_ROWS * FULL_COLUMNS)
                if kind == "area"
                else setting.days
            )
            yield {"name": name, "title": stage["title"], "kind": kind, "size": size, **found}
            print(
                f"growth of {name} with {kind} {size:g}: {found['seconds']:.2f} s, "
                f"{found['peak']:.0f} MB",
                flush=True,
            )


def _told(row: dict[str, Any]) -> str:
    return " | ".join(_cells(row))


def _cells(row: dict[str, Any]) -> list[str]:
    target = "" if row["target"] is None else f"≤ {row['target']:.3g}"
    if "absent" in row:
        return [
            row["title"],
            row["absent"],
            row["common"],
            "",
            "",
            target,
            row["floor"],
            "",
            "",
            "",
        ]
    met = (
        ""
        if row["target"] is None or row["ratio"] is None or "quick" in row
        else (" ✓" if row["ratio"] <= row["target"] else " missed")
    )
    return [
        row["title"],
        _number(row["ours"]),
        row["common"],
        _number(row["common_seconds"]),
        _number(row["ratio"]) + met,
        target,
        row["floor"],
        _number(row["floor_seconds"]),
        f"{row['peak']:.0f}",
        row["check"],
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    return _markdown(HEAD, [_cells(row) for row in rows])


def growth_table(points: Sequence[Mapping[str, Any]]) -> str:
    """Time and memory at each size, and the exponents with which they grow between the last two: 1
    is linear, 0 not at all.
    """
    lines = []
    for name, kind in dict.fromkeys((point["name"], point["kind"]) for point in points):
        chosen = [point for point in points if (point["name"], point["kind"]) == (name, kind)]
        sizes = " / ".join(f"{point['size']:.3g}" for point in chosen)
        times = " / ".join(f"{point['seconds']:.3g}" for point in chosen)
        peaks = " / ".join(f"{point['peak']:.0f}" for point in chosen)
        grows = [
            harness.growth_line([(point["size"], point[what]) for point in chosen[1:]])
            for what in ("seconds", "peak")
        ]
        lines.append([name, kind, sizes, times, f"{grows[0]:.2f}", peaks, f"{grows[1]:.2f}"])
    head = (
        "stage",
        "grows with",
        "full areas, or days",
        "seconds",
        "exponent",
        "peak, MB",
        "exponent",
    )
    return _markdown(head, lines)


def _markdown(head: tuple[str, ...], lines: list[list[str]]) -> str:
    return "\n".join(
        ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines)]
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    os.environ.setdefault("GDAL_CACHEMAX", "256")  # MB: else it depends on the machine's memory
    main()
