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
from daymelt.products.panel import COLUMNS, WIDTH_PX, Panel, day_panel
from daymelt.settings.comparison import Report
from daymelt.settings.inputs import Area, Seasons, Stations
from daymelt.steps.benchmark.available import of_stations, write_availability
from daymelt.steps.benchmark.daily_table import read_tables
from daymelt.steps.station_records import read_places
from daymelt.steps.written_maps import (
    has_interval,
    read_layer,
    read_melt,
    season_folders,
)
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.streams import StreamSeries, open_series

LOSSES = "loss.csv"  # beside the card of a network
INTERVAL_COLUMNS, INTERVAL_WIDTH_PX = 3, 1200  # of the day with an interval


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
    """Inputs, map, observation and truth of one day, side by side; of a system with an interval its
    bounds and its width too.
    """
    with_interval = has_interval(folder, day)
    arrange = interval_panels if with_interval else plain_panels
    day_panel(
        path,
        date=day,
        grid=area.grid,
        height=aligned.terrain["height"],
        panels=arrange(day, aligned, observed, truth, folder, area),
        ocean=aligned.ocean,
        columns=INTERVAL_COLUMNS if with_interval else COLUMNS,
        width_px=INTERVAL_WIDTH_PX if with_interval else WIDTH_PX,
    )


def plain_panels(
    day: dt.date,
    aligned: Aligned,
    observed: StreamSeries,
    truth: StreamSeries | None,
    folder: Path,
    area: Area,
) -> list[Panel]:
    """Of a system that gives the melt fraction alone: the inputs above, the map below."""
    return [
        *coarse_panels(day, aligned),
        Panel("Time-interpolated SAR", aligned.sar.read(day), "fraction"),
        Panel("Height", aligned.terrain["height"], "height"),
        Panel("Map", read_melt(folder, day, area.grid), "fraction"),
        acquisition_panel(day, observed, area),
        *([Panel("Truth", truth.read(day), "fraction")] if truth else []),
        age_panel(day, folder, area),
    ]


def interval_panels(
    day: dt.date,
    aligned: Aligned,
    observed: StreamSeries,
    truth: StreamSeries | None,
    folder: Path,
    area: Area,
) -> list[Panel]:
    """Of a system with an interval: what the sensors saw above, the median between its bounds in
    the middle, and below what to judge them by.
    """
    melt, low, high = (
        read_layer(folder, layer, day, area.grid) for layer in ("melt", "melt_low", "melt_high")
    )
    judge = (
        Panel("Truth", truth.read(day), "fraction")
        if truth
        else Panel("Height", aligned.terrain["height"], "height")
    )
    return [
        *coarse_panels(day, aligned),
        acquisition_panel(day, observed, area),
        Panel("Lower bound", low, "fraction"),
        Panel("Map (median)", melt, "fraction"),
        Panel("Upper bound", high, "fraction"),
        Panel("Width of the 90 % interval", high - low, "width"),
        judge,
        age_panel(day, folder, area),
    ]


def coarse_panels(day: dt.date, aligned: Aligned) -> list[Panel]:
    """Passive microwave and MAR."""
    microwave, water = aligned.coarse["microwave"], aligned.coarse["liquid_water"]
    return [
        Panel("Passive microwave, 37 GHz H", microwave.read(day), "kelvin", microwave.grid),
        Panel("MAR, liquid water", water.read(day), "liquid_water", microwave.grid),
    ]


def acquisition_panel(day: dt.date, observed: StreamSeries, area: Area) -> Panel:
    """What Sentinel-1 observed on the very day."""
    if day not in observed.days:
        nothing = np.full(area.grid.shape, np.nan, np.float32)
        return Panel("Sentinel-1: no pass that day", nothing, "fraction")
    return Panel("Sentinel-1 that day", observed.read(day), "fraction")


def age_panel(day: dt.date, folder: Path, area: Area) -> Panel:
    """Days to the nearest acquisition of each cell."""
    age = decode(cog.read_day(folder / AGE.format(day=day), area.grid, SAR_AGE), SAR_AGE)
    return Panel("Quality: age of the nearest SAR", age, "age")


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
