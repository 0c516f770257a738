"""The figures of the benchmark: maps of every system with their errors, reliability, error by
stratum, leakage of the splits.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT, decode
from daymelt.products import cog
from daymelt.products.comparison import error_by, leakage_chart, reliability_diagram
from daymelt.products.map_files import MELT
from daymelt.products.panel import Panel, day_panel, with_errors
from daymelt.products.tables import label
from daymelt.science.split import distance_to_training
from daymelt.settings.comparison import Report
from daymelt.settings.inputs import Area
from daymelt.settings.learning import Map, System
from daymelt.settings.protocols import PUBLISHED, TRUTH
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH_EVERY_DAY, read_tables
from daymelt.steps.running import load_system, running
from daymelt.steps.splits import read_splits
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.streams import open_series

Field = NDArray[np.float32]


def draw_benchmark(
    strata: Path,
    reliability: Path,
    splits: list[Path],
    models: list[Path],
    systems: str,
    sar: list[Path],
    interpolated: list[Path],
    mar: list[Path],
    microwave: list[Path],
    winters: list[Path],
    terrain: Path,
    maps_figure: Path,
    reliability_figure: Path,
    error_figure: Path,
    leakage_figure: Path,
    area: Area,
    map: Map,
    report: Report,
    maps: list[Path] = [],  # noqa: B006 - an empty list means that every map is predicted here
    worlds: list[Path] = [],  # noqa: B006 - an empty list means that nobody knows the truth
) -> None:
    """Draw what the benchmark found.

    `models` are the cards of the systems, `systems` their settings as JSON by name, `maps` the
    lists of those maps that are written, `splits` the split files of every season and split,
    `SPLIT/SEASON.csv`.
    """
    draw_maps(
        maps_figure,
        models,
        json.loads(systems),
        (sar, interpolated, mar, microwave, winters, terrain),
        maps,
        worlds,
        area,
        map,
        report,
    )
    reliability_diagram(reliability_figure, of_best_reference(read_tables([reliability])))
    error_by(error_figure, of_best_reference(read_tables([strata])))
    leakage_chart(
        leakage_figure,
        {
            name: list(distance_to_training(read_splits(paths)).values())
            for name, paths in by_folder(splits).items()
        },
    )


def draw_maps(
    path: Path,
    models: Sequence[Path],
    systems: Mapping[str, Any],
    streams: tuple[list[Path], list[Path], list[Path], list[Path], list[Path], Path],
    maps: Sequence[Path],
    worlds: Sequence[Path],
    area: Area,
    options: Map,
    report: Report,
) -> None:
    """One day by every system, and below each its error against the truth, or else against what
    Sentinel-1 saw.
    """
    sar, interpolated, mar, microwave, winters, terrain = streams
    day = report.day
    with ExitStack() as stack:
        aligned = stack.enter_context(open_aligned(terrain, interpolated, mar, microwave, winters))
        known = stack.enter_context(open_series(worlds or sar))
        target = (
            known.read(day) if day in known.days else np.full(area.grid.shape, np.nan, np.float32)
        )
        fields = dict(fields_of(day, models, systems, aligned, maps, area, options))
    first = (
        "Truth"
        if worlds
        else "Sentinel-1 that day"
        if np.isfinite(target).any()
        else "Sentinel-1: no pass that day"
    )
    reference = Panel(first, target, "fraction")
    shown = [
        (Panel(label(name), field, "fraction"), Panel("its error", field - target, "error"))
        for name, field in fields.items()
    ]
    panels, columns = with_errors(reference, shown)
    if not np.isfinite(target).any():
        panels = [reference, *(panel for panel, _ in shown)]
    layers = aligned.terrain
    ice = np.asarray(layers["ice"] == 1)
    day_panel(
        path,
        date=day,
        grid=area.grid,
        height=layers["height"],
        panels=panels,
        ocean=aligned.ocean,
        ice=ice,
        columns=columns,
    )


def fields_of(
    day: dt.date,
    models: Sequence[Path],
    systems: Mapping[str, Any],
    aligned: Aligned,
    maps: Sequence[Path],
    area: Area,
    options: Map,
) -> Iterator[tuple[str, Field]]:
    """Name and map of every system on a day: as written where it is, else predicted."""
    written = {
        path.parent.parent.name: path.parent for path in maps if path.parent.name == str(day.year)
    }
    for card in models:
        name = card.parent.name
        if name in written:
            yield (
                name,
                np.nan_to_num(
                    decode(
                        cog.read_day(written[name] / MELT.format(day=day), area.grid, PERCENT),
                        PERCENT,
                    )
                ),
            )
        else:
            ready = load_system(
                System(**systems[name]), card.parent, aligned, running(options, 0, batch=1)
            )
            yield from ((name, field) for _, field in ready.predict([day]))


def of_best_reference(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The rows against the truth of every day where there are such, else those against held-out
    Sentinel-1, of the published split.
    """
    truth = [row for row in rows if (row["protocol"], row["against"]) == (TRUTH, TRUTH_EVERY_DAY)]
    return truth or [
        row for row in rows if (row["protocol"], row["against"]) == (PUBLISHED, HELD_OUT)
    ]


def by_folder(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Paths by the name of the folder that they lie in."""
    folders: dict[str, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent.name, []).append(path)
    return folders
