"""Score one system through one season, against held-out SAR and, on the twin, the truth.

Of a system with an interval the predicted distribution is scored too, wherever its maps are
predicted here and not read as written, on the cells that the day's own acquisition did not see:
where it did, the map holds the observation and there is no distribution.
"""

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from daymelt.core import cube
from daymelt.core.dates import describe, season_days
from daymelt.core.encoding import ONSET
from daymelt.core.grid import Grid
from daymelt.science.distributions import Distribution
from daymelt.settings.comparison import Scores
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.learning import Map, System
from daymelt.steps.benchmark.daily_table import (
    HELD_OUT,
    TABLES,
    TRUTH,
    TRUTH_EVERY_DAY,
    beside,
    onset_maps,
    write_table,
)
from daymelt.steps.benchmark.scorer import Field, Ground, Scorer, Tables
from daymelt.steps.running import load_system, running, with_observations
from daymelt.steps.splits import days_of, read_split
from daymelt.steps.written_maps import read_land
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.interface import Quantiles, Ready
from daymelt.systems.streams import StreamSeries, open_series

Maps = Iterator[tuple[dt.date, Field, Distribution | None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Streams:
    """The aligned streams of a season that is scored.

    Parameters
    ----------
    sar : melt fractions of the acquisitions, a file a month
    pool, pool_age : time-interpolated SAR on held-out days, and days to the nearest acquisition
    everything, everything_age : the same on days without an acquisition, from all acquisitions
    mar, microwave, winter, terrain : the other inputs
    world : the twin's true melt; empty: no ground truth (only the twin has one)
    """

    sar: list[Path]
    pool: Path
    pool_age: Path
    everything: Path
    everything_age: Path
    mar: Path
    microwave: Path
    winter: Path
    terrain: Path
    world: list[Path] = field(default_factory=list)


def evaluate(
    season: int,
    name: str,
    model_card: Path,
    streams: Streams,
    split: Path,
    out: Path,
    area: Area,
    seasons: Seasons,
    system: System,
    map: Map,
    scores: Scores,
    maps: Path | None = None,
    acquisitions: str = "all",
    every_day: bool = False,
    threads: int = 0,
) -> None:
    """Score the season's days of a system, one day in memory at a time.

    Parameters
    ----------
    season : year
    name : of the system
    model_card : its `model.json`
    streams : the season's inputs and references
    split : which days are held out
    out : table of one row a day and reference; the tables of extent, gaps, strata, reliability,
        onset and distribution, and the onset of every cell, are written beside it
    maps : list of the written maps of the season; without it they are predicted
    acquisitions : which may be inputs of held-out days to a system that uses them one by one: those
        that `train` the split or `all`; never that of the day itself
    every_day : score all days, against the truth alone
    """
    how = running(map, threads, batch=1)
    events = {event: (days.first, days.last) for event, days in scores.events.items()}
    with opened(streams, days_of(split, acquisitions)) as inputs:
        scorer = Scorer(name, ground(inputs.held_out, area), events)
        if not every_day:
            ready = load_system(system, model_card.parent, inputs.held_out, how)
            score_held_out(scorer, predicted(ready, held_out_days(split)), inputs)
        ready = load_system(system, model_card.parent, inputs.others, how)
        every = every_map(season_days(season, seasons.months), ready, maps, area)
        score_season(scorer, every, inputs, every_day)
    write_onsets(onset_maps(out), season, scorer, area.grid)
    write_tables(out, scorer.tables())


@dataclass(frozen=True)
class Inputs:
    """The open streams: inputs and ages of held-out and of other days, and the references."""

    held_out: Aligned
    held_out_age: StreamSeries
    others: Aligned
    others_age: StreamSeries
    observed: StreamSeries
    truth: StreamSeries | None


@contextmanager
def opened(streams: Streams, usable: list[dt.date] | None) -> Iterator[Inputs]:
    """Open the streams of a season; `usable` are days whose acquisition held-out days may use."""
    coarse = [streams.mar], [streams.microwave], [streams.winter]
    with ExitStack() as stack:
        held_out, others = (
            stack.enter_context(open_aligned(streams.terrain, [path], *coarse))
            for path in (streams.pool, streams.everything)
        )
        held_out = stack.enter_context(with_observations(held_out, streams.sar, usable, False))
        # where both pools are one, the trial takes the same acquisitions on all days
        others = stack.enter_context(
            with_observations(
                others, streams.sar, usable if streams.everything == streams.pool else None
            )
        )
        held_out_age, others_age, observed = (
            stack.enter_context(open_series(paths))
            for paths in ([streams.pool_age], [streams.everything_age], streams.sar)
        )
        truth = stack.enter_context(open_series(streams.world)) if streams.world else None
        yield Inputs(held_out, held_out_age, others, others_age, observed, truth)


def score_held_out(scorer: Scorer, maps: Maps, inputs: Inputs) -> None:
    """Score the maps of held-out days against their acquisitions; a day without a valid cell has no
    score, which is told.
    """
    empty = [
        day
        for day, melt, distribution in maps
        if not scorer.score(
            day,
            HELD_OUT,
            melt,
            inputs.observed.read(day),
            inputs.held_out_age.raw(day),
            distribution,
        )
    ]
    if empty:
        log.warning(
            "held-out days: %d without a valid cell, not scored: %s", len(empty), describe(empty)
        )


def score_season(scorer: Scorer, maps: Maps, inputs: Inputs, every_day: bool) -> None:
    """Add every map to extent and onset of the season, and score it against the truth.

    Scored are the days without an acquisition or, with `every_day`, all.
    """
    for day, melt, distribution in maps:
        target = inputs.truth.read(day) if inputs.truth is not None else None
        seen = inputs.observed.read(day) if day in inputs.observed.days else None
        scorer.add_season_day(day, melt, seen, target)
        if target is not None and (every_day or seen is None):
            against = TRUTH_EVERY_DAY if every_day else TRUTH
            scorer.score(day, against, melt, target, inputs.others_age.raw(day), distribution)


def held_out_days(split: Path) -> list[dt.date]:
    """The held-out days of a split, in order."""
    return [day for day, part in sorted(read_split(split).items()) if part == "test"]


def ground(aligned: Aligned, area: Area) -> Ground:
    """Height, land and cell areas of an area."""
    return Ground(aligned.terrain["height"], ~aligned.ocean, area.grid.true_area_km2())


def every_map(days: list[dt.date], ready: Ready, maps: Path | None, area: Area) -> Maps:
    """The map of every day, 0 on the ocean: as written where there is a list, else predicted."""
    if maps is None:
        return predicted(ready, days)
    folder = maps.parent
    return ((day, read_land(folder, day, area.grid), None) for day in days)


def predicted(ready: Ready, days: list[dt.date]) -> Maps:
    """The predicted map of every day, 0 on the ocean, with its distribution if it has one."""
    if ready.quantiles is not None:
        return with_distributions(ready.quantiles, days)
    return ((day, melt, None) for day, melt in ready.predict(days))


def with_distributions(quantiles: Quantiles, days: list[dt.date]) -> Maps:
    """The map of every day with its distribution."""
    levels, weights = quantiles.levels, quantiles.weights
    for day, layers, found in quantiles.predict(days):
        bounds = layers["melt_low"], layers["melt_high"]
        melt, mean = (np.nan_to_num(layers[name]) for name in ("melt", "melt_mean"))
        yield day, melt, Distribution(levels, weights, found, *bounds, mean)


def write_onsets(path: Path, season: int, scorer: Scorer, grid: Grid) -> None:
    """Write the onset of every cell in the maps and in the truth."""
    layers = zip(("onset", "truth"), scorer.onsets(), strict=True)
    cube.write_layers(
        path,
        {name: (onset, ONSET) for name, onset in layers},
        grid=grid,
        attributes={"season": season},
    )


def write_tables(out: Path, tables: Tables) -> None:
    """Write the daily table, and the other tables beside it."""
    for table in TABLES:
        write_table(beside(out, table), getattr(tables, table))
    write_table(out, tables.daily)
