"""RESULTS.md and the figure of growth."""

import datetime as dt
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Any

from daymelt.core.cores import available_cores

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
TITLE, GROWTH = "# Results of the benchmarks", "## Growth"
PRODUCTION = "## Memory of the production systems on a CPU"
WHAT_IT_SAYS = (
    "Times are medians of ways run in turn. Peak memory is that of our way in a process of its "
    "own, inputs and libraries included. "
    "A ratio is ours over what it is compared with."
)
WHAT_JOBS_ARE = fill(
    "The job `train` on the production grid with 389 labelled days, batch and crop as published, "
    "but for two steps, two days of validation and forests of four trees; the job `calibrate` on "
    "the days of validation; and the maps of as many days at once as the settings say, of one by a "
    "forest. Each is a process of its own.",
    100,
)
LIBRARIES = (
    "numpy",
    "numba",
    "scipy",
    "rasterio",
    "netCDF4",
    "torch",
    "segmentation-models-pytorch",
    "snakemake",
)


def write(
    rows: Sequence[Mapping[str, Any]],
    growth: Sequence[Mapping[str, Any]],
    table: str,
    grown: Callable[[Sequence[Mapping[str, Any]]], str],
    options: Mapping[str, Any],
) -> None:
    """Write benchmarks/RESULTS.md, and docs/images/growth.png where growth was measured; other
    sections stay as they are.

    Of some stages alone, their rows take the places of those that stood there. `grown` makes the
    table of growth.
    """
    words = [
        _about(f"`python benchmarks/run.py {' '.join([*_shown(options), '--write'])}`"),
        WHAT_IT_SAYS,
    ]
    if options["only"] and RESULTS.exists():
        words, table = _replaced(
            sections()[TITLE],
            table,
            f"`{' '.join(['--only', *options['only']])}` again on {dt.date.today()}.",
        )
    write_section(TITLE, [*words, table, _notes(table)])
    if growth:
        points = _with_those_before(growth) if options["only"] else growth
        draw(points, ROOT / "docs" / "images" / "growth.png")
        write_section(
            GROWTH,
            [
                _growth_words(),
                grown(points),
                "![Time and memory against size](../docs/images/growth.png)",
            ],
        )


def _replaced(old: str, table: str, what: str) -> tuple[list[str], str]:
    """The words above the table of a section with a line more, and its table with the rows of
    another in place of those of their titles.
    """
    above, first, rest = old.partition("| stage |")
    rows = {
        line.split(" | ")[0]: line for line in (first + rest).splitlines() if line.startswith("| ")
    }
    fresh = [line for line in table.splitlines() if line.startswith("| ")]
    rows |= {line.split(" | ")[0]: line for line in fresh if " --- " not in line}
    return [above.partition("\n\n")[2].strip(), what], "\n".join(rows.values())


def _with_those_before(growth: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Points of growth, and of the stages that have none now those that the table in RESULTS.md
    shows.
    """
    points: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for point in growth:
        points.setdefault((point["name"], point["kind"]), []).append(point)
    for line in sections().get(GROWTH, "").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and cells[0] not in ("stage", "---"):
            columns = (
                [float(number) for number in cells[index].split(" / ")] for index in (2, 3, 5)
            )
            old: list[Mapping[str, Any]] = [
                {
                    "name": cells[0],
                    "kind": cells[1],
                    **dict(zip(("size", "seconds", "peak"), point, strict=True)),
                }
                for point in zip(*columns, strict=True)
            ]
            points.setdefault((cells[0], cells[1]), old)
    return [point for chosen in points.values() for point in chosen]


def write_season(table: str, cores: int, minutes: float) -> None:
    """Write what a season at full size took into benchmarks/RESULTS.md."""
    words = _about(f"`python benchmarks/full_season.py FOLDER --cores {cores} --write`")
    whole = (
        f"{cores} cores, {minutes:.0f} minutes from the first job's start to the last one's "
        "end; by Snakemake's benchmark files."
    )
    write_section("## A season at full size", [words, whole, table])


def write_production(table: str, systems: Sequence[str] = ()) -> None:
    """Write what systems of the production area take into benchmarks/RESULTS.md; rows of others
    that stand there stay.

    Of some `systems` alone, a line says when they were measured; the date above is of the others.
    """
    old = sections().get(PRODUCTION, "")
    rows = {_first_cells(line): line for line in [*_table_lines(old), *_table_lines(table)]}
    words = [_about("`python benchmarks/production_memory.py --write`"), WHAT_JOBS_ARE]
    if systems and old:
        words = _measured_again(old, systems)
    write_section(PRODUCTION, [*words, "\n".join(rows.values())])


def _measured_again(old: str, systems: Sequence[str]) -> list[str]:
    """The words of the section of production with a line for what was measured again."""
    _, written, machine, _, *again, _ = old.split("\n\n")
    named = f"`{' '.join(systems)}` on "
    others = [line for line in again if not line.startswith(named)]
    line = f"{named}{dt.date.today()}; cores: {available_cores()}."
    return [written, machine, WHAT_JOBS_ARE, *others, line]


def _table_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def _first_cells(line: str) -> tuple[str, ...]:
    """What a row is of: its first two cells."""
    return tuple(cell.strip() for cell in line.strip("|").split("|")[:2])


def write_section(title: str, parts: Sequence[str]) -> None:
    """Write one section of benchmarks/RESULTS.md in the place of the one of that title, or behind
    all others.
    """
    written = sections() | {title: "\n\n".join(part.strip() for part in (title, *parts))}
    RESULTS.write_text("\n\n".join(written.values()) + "\n", encoding="utf-8")


def sections() -> dict[str, str]:
    """The sections of benchmarks/RESULTS.md by their titles."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    return {
        text.splitlines()[0]: text.strip()
        for text in re.split(r"^(?=##? )", old, flags=re.M)
        if text.strip()
    }


def _shown(options: Mapping[str, Any]) -> list[str]:
    return [f"--{name}" for name in ("quick", "growth") if options[name]] + (
        ["--model (trained)"] if options["model"] else []
    )


def _about(command: str) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"Written by {command} on {dt.date.today()}; not edited.\n\n"
        f"Machine: {_processor()}, {available_cores()} cores, {_memory_gb():.0f} GB, "
        f"{platform.system()}; "
        f"Python {platform.python_version()}, {libraries}; {_versions_below()}."
    )


def _notes(table: str) -> str:
    """Which rows missed their target, and which were not measured."""
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:]
    ]
    missed = [row[0] for row in rows if row[4].endswith("missed") or "MISSED" in row[-1]]
    absent = [f"{row[0]} ({row[1]})" for row in rows if row[1].startswith("no ")]
    return (
        f"Targets missed: {'; '.join(missed) or 'none'}.\nNot measured: "
        f"{'; '.join(absent) or 'nothing'}."
    )


def _growth_words() -> str:
    return (
        "Our way alone; the faster of two calls, since the first one fills new memory. "
        "An exponent is that of the last two sizes: 1 is linear, 0 is no growth.\n"
    )


def draw(growth: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Time and memory against size, both axes logarithmic, a line a stage; grey lines rise
    linearly.
    """
    from daymelt.products.colours import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
    from daymelt.products.drawing import headline, picture, plain_axes

    colours = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
    kinds = {"area": "full areas of 2863 x 1633 cells", "days": "days, or passes"}
    names = list(dict.fromkeys(point["name"] for point in growth))
    with picture(path, 1600, 1150) as figure:
        headline(
            figure,
            "Time and memory grow no faster than the work",
            "both axes logarithmic; grey: linear growth",
        )
        frames = figure.subplots(2, 2)
        for column, (kind, words) in enumerate(kinds.items()):
            for row, (what, unit) in enumerate(
                (("seconds", "time (s)"), ("peak", "peak memory (MB)"))
            ):
                axes = frames[row][column]
                for index, name in enumerate(names):
                    chosen = [
                        point for point in growth if (point["name"], point["kind"]) == (name, kind)
                    ]
                    if chosen:
                        sizes, values = (
                            [point["size"] for point in chosen],
                            [point[what] for point in chosen],
                        )
                        style = ("-", "--")[index // len(colours) % 2]
                        axes.plot(
                            sizes,
                            values,
                            style,
                            marker="o",
                            color=colours[index % len(colours)],
                            label=name,
                        )
                axes.set(xscale="log", yscale="log", xlabel=words, ylabel=unit)
                _linear(axes)
                plain_axes(axes)
        handles, labels = frames[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=min(len(labels), 6), frameon=False)
        figure.subplots_adjust(
            left=0.07, right=0.98, top=0.89, bottom=0.12, wspace=0.16, hspace=0.28
        )


def _linear(axes: Any) -> None:
    """Grey lines of slope 1, within the limits that the points have set."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for power in range(-12, 13):
        axes.plot(
            [left, right],
            [left * 10.0**power, right * 10.0**power],
            color="#dddddd",
            linewidth=0.8,
            zorder=0,
        )
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _versions_below() -> str:
    import netCDF4
    import rasterio

    return (
        f"GDAL {rasterio.__gdal_version__}, HDF5 {netCDF4.__hdf5libversion__}, NetCDF "
        f"{netCDF4.__netcdf4libversion__}"
    )
