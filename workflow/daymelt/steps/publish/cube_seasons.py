"""Write a group of the cube season by season, and only what differs from its source."""

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from daymelt.products import zarr_cube


def record_of(digest: str) -> int:
    """First eight bytes of a digest, never 0, as `Cube.write` records a day."""
    return int(digest[:16], 16) or 1


class Source(Protocol):
    """What a group is written from."""

    def read(self, layer: str, day: dt.date) -> NDArray[np.generic]:
        """Stored numbers of a layer of a day, (y, x)."""

    def digest(self, day: dt.date) -> int:
        """Identity of the content of a day, never 0."""

    def season(self, day: dt.date) -> int:
        """The season of a day."""


def write_seasons(store: zarr_cube.Cube, source: Source, about: Mapping[str, str]) -> None:
    """Write what differs from the maps, and record each season when its last day is written."""
    days = store.layout.days
    wanted = np.array([source.digest(day) for day in days], np.uint64)
    years = np.array([source.season(day) for day in days])
    changed = set(years[store.digests() != wanted].tolist())
    known = [year for year in store.seasons() if year in years and year not in changed]
    if known != store.seasons():
        store.set_seasons(known)
    late = set(years.tolist()) - set(known)
    for block in store.layout.blocks():
        if np.any(store.digests()[block] != wanted[block]):
            store.write(block, wanted[block], source.read)
        ended = [year for year in late if year not in years[block.stop :]]
        if ended:
            late -= set(ended)
            known = sorted([*known, *ended])
            store.consolidate(known, about)
