"""Melting share of the cells on every acquisition day of a month."""

import datetime as dt
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt import cube
from daymelt.config import Area, Sar, Sentinel1
from daymelt.encoding import PERCENT
from daymelt.manifest import manifest_digest
from daymelt.science import backscatter
from daymelt.sources.sentinel1 import Burst
from daymelt.steps.digests import combine
from daymelt.steps.published_fields import is_published, melt_days
from daymelt.steps.scenes import Scenes, layer_names

log = logging.getLogger(__name__)
Day = tuple[dt.date, NDArray[np.float32]]


def melt_fraction(manifest: Path, winters: list[Path], terrain: Path, out: Path, area: Area, sentinel1: Sentinel1, sar: Sar) -> None:
    """Threshold every pass of a month against the winter reference of its orbit and aggregate it to the study grid.

    `winters` are the references of the season itself and then of earlier ones, which serve pixels with too few scenes. Published melt
    fractions need none; they are taken as they are.
    """
    if is_published(manifest):
        published = melt_days(manifest, cube.read_layers(terrain)["ocean"] == 1, area.grid)
        cube.write_stream(out, published, grid=area.grid, encoding=PERCENT, attributes={"inputs": manifest_digest([manifest])})
        return
    scenes = Scenes([manifest], terrain, area, sentinel1, sar)
    references = References(winters, scenes, sar.min_winter_scenes)
    used: dict[str, list[str]] = {}
    days = _days(scenes, references, area, sar, used)
    attributes = {"inputs": combine([manifest_digest([manifest]), *references.digests]), "scenes": used}
    cube.write_stream(out, days, grid=area.grid, encoding=PERCENT, attributes=attributes)


class References:
    """Winter references by orbit, pooled over years where the season's own has too few scenes."""

    def __init__(self, winters: list[Path], scenes: Scenes, min_scenes: int) -> None:
        notes = [cube.read_layers(path, ()) for path in winters]
        for path, note in zip(winters, notes, strict=True):
            cube.check_same_grid(note.grid, scenes.fine, path)
        self.digests = [note.attributes["inputs"] for note in notes]
        # the winters of one orbit at a time: all orbits of three winters are 6 GB at full size
        self._by_orbit = {
            orbit: pooled([cube.read_layers(path, layer_names(orbit)) for path in winters], orbit, min_scenes) for orbit in scenes.orbits
        }

    def of(self, orbit: int) -> NDArray[np.float32] | None:
        """Reference of an orbit, linear power, (y, x); None where no winter saw it."""
        return self._by_orbit[orbit]


def pooled(winters: list[cube.Layers], orbit: int, min_scenes: int) -> NDArray[np.float32] | None:
    """The reference of one orbit from the winters that saw it, the season's own first."""
    mean, count = layer_names(orbit)
    seen = [(winter[mean], winter[count].astype(np.uint8)) for winter in winters if mean in winter.values]
    return backscatter.pool(seen, min_scenes)[0] if seen else None


def _days(scenes: Scenes, references: References, area: Area, sar: Sar, used: dict[str, list[str]]) -> Iterator[Day]:
    shares = backscatter.cell_shares(scenes.fine, area.grid)
    for day in scenes.days:
        passes = []
        for (acquired, orbit), bursts in sorted(scenes.passes.items()):
            reference = references.of(orbit)
            if acquired != day:
                continue
            if reference is None:
                log.warning("%s orbit %d: no winter reference, the pass is left out", day, orbit)
                continue
            passes.append(_pass(scenes, bursts, reference, shares, sar))
            used.setdefault(day.isoformat(), []).append(f"T{orbit:03d} {bursts[0].platform}")
        fraction = backscatter.merge_passes(passes)[0] if passes else np.full(area.grid.shape, np.nan, np.float32)
        if np.isfinite(fraction).any():
            yield day, fraction
        else:
            log.warning("%s: no valid cell, the day counts as not acquired", day)
            used.pop(day.isoformat(), None)


def _pass(
    scenes: Scenes, bursts: list[Burst], reference: NDArray[np.float32], shares: backscatter.CellShares, sar: Sar
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Melt fraction of one pass and the valid share of its cells, (y, x)."""
    gamma0, valid = scenes.read(bursts)
    valid &= np.isfinite(reference)
    melting = backscatter.melting(gamma0, reference, sar.threshold_db)
    return backscatter.melt_fraction(melting, valid, shares, sar.min_valid_share)
