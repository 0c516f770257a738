"""One system, day by day through one season: against held-out SAR and, on the twin, against the
truth.
"""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT, decode
from daymelt.products import cog
from daymelt.products.map_files import MELT
from daymelt.settings.comparison import Scores
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.learning import Map, System
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH, TRUTH_EVERY_DAY, write_table
from daymelt.steps.benchmark.judge import Ground, Judge, Tables
from daymelt.steps.running import load_system, running
from daymelt.steps.splits import read_split
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.interface import Maps, Ready
from daymelt.systems.streams import open_series


def evaluate(
    season: int,
    model_card: Path,
    sar: list[Path],
    pool: Path,
    pool_age: Path,
    everything: Path,
    everything_age: Path,
    mar: Path,
    microwave: Path,
    winter: Path,
    terrain: Path,
    split: Path,
    out: Path,
    area: Area,
    seasons: Seasons,
    system: System,
    map: Map,
    scores: Scores,
    world: list[Path] = [],  # noqa: B006 - an empty list means that nobody knows the truth
    maps: list[Path] = [],  # noqa: B006 - an empty list means that its days are predicted here
    every_day: bool = False,
    threads: int = 0,
) -> None:
    """Score the season's days.

    `out` has one row for each day and reference; beside it lie the tables of strata, reliability,
    onset, and melt extent. Held-out days have time-interpolated SAR from `pool`, days without an
    acquisition from `everything`, each with the age of its nearest acquisition; with `every_day`
    all days are scored, against the truth alone. One day at a time is held, whatever their number.
    """
    coarse, how = ([mar], [microwave], [winter]), running(map, threads, batch=1)
    with ExitStack() as stack:
        held_out, others = (
            stack.enter_context(open_aligned(terrain, [path], *coarse))
            for path in (pool, everything)
        )
        age_of_pool, age_of_all, observed = (
            stack.enter_context(open_series(paths)) for paths in ([pool_age], [everything_age], sar)
        )
        truth = stack.enter_context(open_series(world)) if world else None
        judge = Judge(
            model_card.parent.name,
            ground(held_out, area),
            {name: (event.first, event.last) for name, event in scores.events.items()},
        )
        if not every_day:
            ready = load_system(system, model_card.parent, held_out, how)
            for day, melt in ready.predict(
                [day for day, part in sorted(read_split(split).items()) if part == "test"]
            ):
                judge.score(day, HELD_OUT, melt, observed.read(day), age_of_pool.raw(day))
        ready = load_system(system, model_card.parent, others, how)
        for day, melt in every_map(season, seasons, ready, maps, area):
            target = truth.read(day) if truth is not None else None
            judge.watch(day, melt, observed.read(day) if day in observed.days else None, target)
            if target is not None and (every_day or day not in observed.days):
                judge.score(
                    day, TRUTH_EVERY_DAY if every_day else TRUTH, melt, target, age_of_all.raw(day)
                )
    write_tables(out, judge.tables())


def ground(aligned: Aligned, area: Area) -> Ground:
    """What the days of an area share."""
    return Ground(aligned.terrain["height"], ~aligned.ocean, area.grid.true_area_km2())


def every_map(season: int, seasons: Seasons, ready: Ready, maps: list[Path], area: Area) -> Maps:
    """The map of every day, 0 on the water: as written where it is, else predicted."""
    days = season_days(season, seasons.months)
    if not maps:
        return ready.predict(days)
    stored = (
        (day, cog.read_day(maps[0].parent / MELT.format(day=day), area.grid, PERCENT))
        for day in days
    )
    return ((day, np.nan_to_num(decode(percent, PERCENT))) for day, percent in stored)


def write_tables(out: Path, tables: Tables) -> None:
    """Write `SEASON.csv` and `SEASON_extent.csv`, `SEASON_strata.csv` and so on beside it."""
    for name in ("extent", "strata", "reliability", "onset"):
        write_table(out.with_stem(f"{out.stem}_{name}"), getattr(tables, name))
    write_table(out, tables.daily)
