"""One system, day by day through one season: against held-out SAR and, on the twin, against the truth."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.config import Area, Map, Seasons, System
from daymelt.dates import season_days
from daymelt.encoding import PERCENT, decode
from daymelt.products import cog
from daymelt.science import scores
from daymelt.steps.daily_table import HELD_OUT, SAR, TRUTH, TRUTH_EVERY_DAY, write_table
from daymelt.steps.map import load_system, running
from daymelt.steps.map_files import MELT
from daymelt.steps.splits import read_split
from daymelt.systems.aligned import open_aligned
from daymelt.systems.interface import Maps, Ready
from daymelt.systems.streams import Series, open_series

COMPARABLE_SHARE = 0.5  # of the land that an acquisition must have seen for its melt extent to be drawn


def evaluate(
    season: int,
    model_card: Path,
    sar: list[Path],
    pool: Path,
    everything: Path,
    mar: Path,
    microwave: Path,
    winter: Path,
    terrain: Path,
    split: Path,
    out: Path,
    extent: Path,
    area: Area,
    seasons: Seasons,
    system: System,
    map: Map,
    world: list[Path] = [],  # noqa: B006 - an empty list means that nobody knows the truth
    maps: list[Path] = [],  # noqa: B006 - an empty list means that its days are predicted here
    every_day: bool = False,
    threads: int = 0,
) -> None:
    """Score the season's days.

    `out` has one row for each day and reference, `extent` the melt extent, km², of every day. Held-out days have time-interpolated
    SAR from `pool`, days without an acquisition from `everything`; with `every_day` all days are scored, against the truth alone.
    """
    name, coarse = model_card.parent.name, ([mar], [microwave], [winter])
    with ExitStack() as stack:
        scene = stack.enter_context(open_aligned(terrain, [pool], *coarse))
        judge = Judge(name, scene.ocean, area)
        observed = stack.enter_context(open_series(sar))
        truth = stack.enter_context(open_series(world)) if world else None
        rows, how = [], running(map, threads, batch=1)  # a day at a time, whatever the grid
        if not every_day:
            held_out = [day for day, part in sorted(read_split(split).items()) if part == "test"]
            ready = load_system(system, model_card.parent, scene, how)
            rows += [judge.row(day, HELD_OUT, field, observed.read(day)) for day, field in ready.predict(held_out)]
        scene = stack.enter_context(open_aligned(terrain, [everything], *coarse))
        ready = load_system(system, model_card.parent, scene, how)
        extents = []
        for day, field in _every_day(season_days(season, seasons.months), ready, maps, area):
            target = truth.read(day) if truth is not None else None
            extents += list(judge.extents(day, field, observed, target))
            if target is not None and (every_day or day not in observed.days):
                rows.append(judge.row(day, TRUTH_EVERY_DAY if every_day else TRUTH, field, target))
    write_table(out, [row for row in rows if row])
    write_table(extent, extents)


class Judge:
    """Scores the maps of one system."""

    def __init__(self, name: str, ocean: NDArray[np.bool_], area: Area) -> None:
        self._name, self._land = name, ~ocean
        self._cell_km2 = area.grid.true_area_km2()

    def row(self, day: dt.date, against: str, field: NDArray[np.float32], target: NDArray[np.float32]) -> dict[str, object]:
        """Scores of one day; nothing where no cell of the target is valid."""
        valid = self._land & np.isfinite(target)
        if not valid.any():
            return {}
        values = scores.image_scores(field, target, valid)
        counts = scores.wet_counts(field, target, valid)
        similar = scores.ssim(field, target, valid)
        return {"date": day, "against": against, "system": self._name, **values, **counts, "ssim": similar}

    def extents(
        self, day: dt.date, field: NDArray[np.float32], observed: Series, truth: NDArray[np.float32] | None
    ) -> Iterator[dict[str, object]]:
        """Melt extent of a day, of the truth and of an acquisition; the last is scaled from what it saw to all land."""
        if self._name != SAR:  # an average over a fortnight has no extent of its own
            yield {"date": day, "system": self._name, "extent_km2": self._extent(field, self._land)}
        if truth is not None:
            yield {"date": day, "system": "truth", "extent_km2": self._extent(truth, self._land)}
        if day in observed.days:
            target = observed.read(day)
            seen = np.isfinite(target) & self._land
            share = self._cell_km2[seen].sum() / self._cell_km2[self._land].sum()
            if share >= COMPARABLE_SHARE:
                yield {"date": day, "system": "sar", "extent_km2": self._extent(target, seen) / share}

    def _extent(self, field: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
        return scores.melt_extent_km2(np.where(where, field, np.float32(0)), self._cell_km2)


def _every_day(days: list[dt.date], ready: Ready, maps: list[Path], area: Area) -> Maps:
    """The map of every day: as written where it is, else predicted."""
    if not maps:
        return ready.predict(days)
    return ((day, _mapped(maps[0].parent / MELT.format(day=day), area)) for day in days)


def _mapped(path: Path, area: Area) -> NDArray[np.float32]:
    """A written map as fractions, 0 on the water."""
    return np.nan_to_num(decode(cog.read_day(path, area.grid, PERCENT), PERCENT))
