"""Draw the figures of the report."""

import csv
import datetime as dt
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from daymelt.core.dates import season_days
from daymelt.core.encoding import SAR_AGE, decode
from daymelt.products import cog, figures
from daymelt.products.map_files import AGE
from daymelt.products.panel import Panel, day_panel
from daymelt.settings.comparison import Report
from daymelt.settings.inputs import Area, Seasons, Stations
from daymelt.steps.benchmark.available import of_stations, write_availability
from daymelt.steps.benchmark.daily_table import read_tables
from daymelt.steps.benchmark.written_maps import read_melt, season_folders
from daymelt.steps.station_records import read_places
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.streams import StreamSeries, open_series

LOSSES = "loss.csv"  # beside the card of a network


def report(
    scores: Path,
    extent: list[Path],
    maps: list[Path],
    sar: list[Path],
    interpolated: list[Path],
    mar: list[Path],
    microwave: list[Path],
    terrain: Path,
    model_card: Path,
    panel: Path,
    curves: Path,
    loss_figure: Path,
    score_figure: Path,
    availability: Path,
    availability_figure: Path,
    area: Area,
    seasons: Seasons,
    report: Report,
    stations: Stations,
    worlds: list[Path] = [],  # noqa: B006 - empty: no ground truth (only the twin has one)
    records: Path | None = None,
) -> None:
    """Draw one day's maps, the melt extent of the seasons, the training loss, the scores and the
    availability of the inputs, which is a table too.

    `records` is the manifest of the weather stations where they were retrieved.
    """
    days = [day for year in seasons.years for day in season_days(year, seasons.months)]
    with ExitStack() as stack:
        aligned = stack.enter_context(open_aligned(terrain, interpolated, mar, microwave))
        observed = stack.enter_context(open_series(sar))
        truth = stack.enter_context(open_series(worlds)) if worlds else None
        folder = season_folders(maps)[report.day.year]
        draw_day(panel, report.day, aligned, observed, truth, folder, area)
        places = read_places(records, stations, area) if records else []
        known = of_stations(places, stations, days)
        write_availability(availability, availability_figure, aligned, observed, days, known)
    draw_extent(curves, extent, days)
    draw_loss(loss_figure, model_card.parent / LOSSES)
    figures.score_bars(score_figure, read_tables([scores]))


def draw_day(
    path: Path,
    day: dt.date,
    aligned: Aligned,
    observed: StreamSeries,
    truth: StreamSeries | None,
    folder: Path,
    area: Area,
) -> None:
    """Inputs, map, observation and truth of one day, side by side."""
    posting = aligned.coarse["microwave"].grid
    seen = (
        observed.read(day) if day in observed.days else np.full(area.grid.shape, np.nan, np.float32)
    )
    melt = read_melt(folder, day, area.grid)
    age = decode(cog.read_day(folder / AGE.format(day=day), area.grid, SAR_AGE), SAR_AGE)
    panels = [
        Panel(
            "Passive microwave, 37 GHz H", aligned.coarse["microwave"].read(day), "kelvin", posting
        ),
        Panel(
            "MAR, liquid water", aligned.coarse["liquid_water"].read(day), "liquid_water", posting
        ),
        Panel("Time-interpolated SAR", aligned.sar.read(day), "fraction"),
        Panel("Height", aligned.terrain["height"], "height"),
        Panel("Map", melt, "fraction"),
        Panel(
            "Sentinel-1 that day" if day in observed.days else "Sentinel-1: no pass that day",
            seen,
            "fraction",
        ),
        *([Panel("Truth", truth.read(day), "fraction")] if truth else []),
        Panel("Quality: age of the nearest SAR", age, "age"),
    ]
    day_panel(
        path,
        date=day,
        grid=area.grid,
        height=aligned.terrain["height"],
        panels=panels,
        ocean=aligned.ocean,
    )


def draw_extent(path: Path, extent: Sequence[Path], days: Sequence[dt.date]) -> None:
    """Melt extent of every system and day."""
    rows = read_tables(extent)
    found = {
        (row["system"], dt.date.fromisoformat(row["date"])): float(row["extent_km2"])
        for row in rows
    }
    systems = list(dict.fromkeys(row["system"] for row in rows))
    figures.extent_curves(
        path,
        days,
        {system: [found.get((system, day), math.nan) for day in days] for system in systems},
    )


def draw_loss(path: Path, loss: Path) -> None:
    """Loss of every epoch."""
    with open(loss, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    train, validation = (
        [float(row[name] or "nan") for row in rows] for name in ("train_loss", "validation_loss")
    )
    figures.loss_curve(path, [float(row["epoch"]) for row in rows], train, validation)
