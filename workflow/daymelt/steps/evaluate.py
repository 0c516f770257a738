"""Every way of mapping, day by day through one season: against held-out SAR and, on the twin, against the truth."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.config import Area, Map, Seasons
from daymelt.dates import season_days
from daymelt.encoding import PERCENT, decode
from daymelt.learn.networks import load_model
from daymelt.products import cog
from daymelt.science import scores
from daymelt.steps.aligned import open_aligned
from daymelt.steps.baselines import Baselines
from daymelt.steps.daily_table import HELD_OUT, SAR, TRUTH, write_table
from daymelt.steps.map import predict_season
from daymelt.steps.map_files import MELT
from daymelt.steps.splits import read_split
from daymelt.steps.streams import Series, open_series

COMPARABLE_SHARE = 0.5  # of the land that an acquisition must have seen for its melt extent to be drawn
Fields = Mapping[str, NDArray[np.float32]]


def evaluate(
    season: int,
    model_card: Path,
    sar: list[Path],
    interpolated_train: Path,
    interpolated_all: Path,
    maps: Path,
    mar: Path,
    microwave: Path,
    winter: Path,
    terrain: Path,
    split: Path,
    curve: Path,
    out: Path,
    extent: Path,
    area: Area,
    seasons: Seasons,
    map: Map,
    world: list[Path] = [],  # noqa: B006 - an empty list means that nobody knows the truth
    threads: int = 0,
) -> None:
    """Score the season's days.

    `out` has one row for each day, system and reference; `extent` the melt extent, km², of every day and system.
    """
    splits = read_split(split)
    fitted = json.loads(curve.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        aligned = stack.enter_context(open_aligned(terrain, [interpolated_train], [mar], [microwave]))
        everything, observed = stack.enter_context(open_series([interpolated_all])), stack.enter_context(open_series(sar))
        truth = stack.enter_context(open_series(world)) if world else None
        baselines = Baselines(aligned, winter, (fitted["brightness"], fitted["gamma"]))
        land = ~aligned.ocean
        held_out = [day for day in observed.days if splits[day] == "test"]
        network, card = load_model(model_card.parent)
        name = model_card.parent.name
        rows, extents = [], []
        for day, fraction in predict_season(network, card, aligned, held_out, map, threads):
            target = observed.read(day)
            fields = {name: fraction, **baselines.predict(day, aligned.sar)}
            rows += list(_scored(day, HELD_OUT, fields, target, land & np.isfinite(target)))
        cell_km2 = area.grid.true_area_km2()
        for day in season_days(season, seasons.months):
            fields = {name: _mapped(maps.parent / MELT.format(day=day), area), **baselines.predict(day, everything)}
            extents += list(_extents(day, fields, observed, truth, land, cell_km2))
            if truth is not None and day not in observed.days:
                target = truth.read(day)
                rows += list(_scored(day, TRUTH, fields, target, land & np.isfinite(target)))
    write_table(out, rows)
    write_table(extent, extents)


def _mapped(path: Path, area: Area) -> NDArray[np.float32]:
    """A written map as fractions, 0 on the water."""
    return np.nan_to_num(decode(cog.read_day(path, area.grid, PERCENT), PERCENT))


def _scored(
    day: dt.date, against: str, fields: Fields, target: NDArray[np.float32], valid: NDArray[np.bool_]
) -> Iterator[dict[str, object]]:
    """One row for each system."""
    if not valid.any():
        return
    for name, field in fields.items():
        values = scores.image_scores(field, target, valid)
        counts = scores.wet_counts(field, target, valid)
        yield {"date": day, "against": against, "system": name, **values, **counts, "ssim": scores.ssim(field, target, valid)}


def _extents(
    day: dt.date, fields: Fields, observed: Series, truth: Series | None, land: NDArray[np.bool_], cell_km2: NDArray[np.float64]
) -> Iterator[dict[str, object]]:
    """Melt extent of a day by every system; that of an acquisition is scaled from what it saw to all land."""
    for name, field in fields.items():
        if name != SAR:  # an average over a fortnight has no extent of its own
            yield {"date": day, "system": name, "extent_km2": scores.melt_extent_km2(np.where(land, field, 0), cell_km2)}
    if truth is not None:
        yield {"date": day, "system": "truth", "extent_km2": scores.melt_extent_km2(np.where(land, truth.read(day), 0), cell_km2)}
    if day in observed.days:
        target = observed.read(day)
        seen = np.isfinite(target) & land
        share = cell_km2[seen].sum() / cell_km2[land].sum()
        if share >= COMPARABLE_SHARE:
            extent = scores.melt_extent_km2(np.where(seen, target, np.float32(np.nan)), cell_km2) / share
            yield {"date": day, "system": "sar", "extent_km2": extent}
