"""Draw the figures of the benchmark.

Maps of every system with their errors, reliability, error by stratum, and leakage of the splits.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.products.comparison import error_by, gap_chart, leakage_chart, reliability_diagram
from daymelt.products.panel import Panel, day_panel, with_errors
from daymelt.products.tables import label
from daymelt.science.split import distance_to_training
from daymelt.settings.comparison import Report
from daymelt.settings.inputs import Area
from daymelt.settings.learning import Map, System
from daymelt.steps.benchmark.daily_table import of_best_reference, read_tables
from daymelt.steps.running import load_system, running
from daymelt.steps.splits import read_splits
from daymelt.steps.written_maps import read_land
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.streams import open_series

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Streams:
    """The aligned streams of all seasons.

    Parameters
    ----------
    sar : melt fractions of the acquisitions
    interpolated, mar, microwave, winters, terrain : inputs of the maps
    worlds : the twin's true melt; empty: no ground truth (only the twin has one)
    """

    sar: list[Path]
    interpolated: list[Path]
    mar: list[Path]
    microwave: list[Path]
    winters: list[Path]
    terrain: Path
    worlds: list[Path] = field(default_factory=list)


def draw_benchmark(
    strata: Path,
    reliability: Path,
    gaps: Path,
    splits: list[Path],
    split_names: list[str],
    models: list[Path],
    systems: str,
    streams: Streams,
    maps_figure: Path,
    reliability_figure: Path,
    error_figure: Path,
    gap_figure: Path,
    leakage_figure: Path,
    area: Area,
    map: Map,
    report: Report,
    maps: list[Path] = [],  # noqa: B006 - empty: every map is predicted
    mapped: list[str] = [],  # noqa: B006
) -> None:
    """Draw what the benchmark found.

    Parameters
    ----------
    strata, reliability, gaps : pooled tables of the step `compare`
    splits : split files of every split and season
    split_names : of which split each of them is
    models : cards of the systems
    systems : settings of the systems by name, as JSON, in the order of `models`
    streams : inputs and references
    maps_figure, reliability_figure, error_figure, gap_figure, leakage_figure : the figures
    maps : lists of written maps of the season of the day that is shown
    mapped : of which system each of them is
    """
    settings = json.loads(systems)
    fields = Fields(
        {name: System(**values) for name, values in settings.items()},
        dict(zip(settings, models, strict=True)),
        {name: index.parent for name, index in zip(mapped, maps, strict=True)},
        area,
        map,
    )
    draw_maps(maps_figure, report.day, fields, streams)
    classes = of_best_reference(read_tables([reliability]))
    reliability_diagram(reliability_figure, [row for row in classes if row["layer"] == "melt"])
    error_by(error_figure, of_best_reference(read_tables([strata])))
    gap_chart(gap_figure, of_best_reference(read_tables([gaps])))
    leakage_chart(leakage_figure, distances(split_names, splits))


def distances(names: Sequence[str], paths: Sequence[Path]) -> dict[str, list[int]]:
    """Days from each test day to the nearest training day, by the name of the split."""
    files = {name: [p for n, p in zip(names, paths, strict=True) if n == name] for name in names}
    splits = {name: read_splits(own) for name, own in files.items()}
    return {name: list(distance_to_training(split).values()) for name, split in splits.items()}


@dataclass(frozen=True)
class Fields:
    """The maps of one day by every system: as written where there is a folder, else predicted."""

    systems: Mapping[str, System]
    cards: Mapping[str, Path]
    written: Mapping[str, Path]
    area: Area
    options: Map

    def of(self, day: dt.date, aligned: Aligned) -> Iterator[tuple[str, Field]]:
        """Name of each system and its map, (y, x), 0 on the ocean."""
        how = running(self.options, 0, batch=1)
        for name, card in self.cards.items():
            if name in self.written:
                yield name, read_land(self.written[name], day, self.area.grid)
            else:
                ready = load_system(self.systems[name], card.parent, aligned, how)
                yield from ((name, melt) for _, melt in ready.predict([day]))


def draw_maps(path: Path, day: dt.date, fields: Fields, streams: Streams) -> None:
    """One day by every system, and below each its error against the truth or the acquisition."""
    coarse = streams.mar, streams.microwave, streams.winters
    grid = fields.area.grid
    with ExitStack() as stack:
        aligned = stack.enter_context(open_aligned(streams.terrain, streams.interpolated, *coarse))
        known = stack.enter_context(open_series(streams.worlds or streams.sar))
        target = known.read(day) if day in known.days else np.full(grid.shape, np.nan, np.float32)
        maps = dict(fields.of(day, aligned))
    reference = Panel(reference_title(bool(streams.worlds), target), target, "fraction")
    shown = [
        (Panel(label(name), melt, "fraction"), Panel("its error", melt - target, "error"))
        for name, melt in maps.items()
    ]
    panels, columns = with_errors(reference, shown)
    if not np.isfinite(target).any():
        panels = [reference, *(panel for panel, _ in shown)]
    day_panel(
        path,
        date=day,
        grid=grid,
        height=aligned.terrain["height"],
        panels=panels,
        ocean=aligned.ocean,
        ice=np.asarray(aligned.terrain["ice"] == 1),
        columns=columns,
    )


def reference_title(is_truth: bool, target: Field) -> str:
    """What the maps are compared with."""
    if is_truth:
        return "Truth"
    seen = np.isfinite(target).any()
    return "Sentinel-1 that day" if seen else "Sentinel-1: no pass that day"
