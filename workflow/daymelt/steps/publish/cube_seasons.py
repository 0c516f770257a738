"""Write a group of the cube season by season, and only what differs from its source."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from daymelt.core.digests import combine
from daymelt.products import zarr_cube

CONTENTS = "contents"  # attribute of a group: digest of all that it is written from


def record_of(digest: str) -> int:
    """First eight bytes of a digest, never 0, as `Cube.write` records a day."""
    return int(digest[:16], 16) or 1


class Source(Protocol):
    """What a group is written from; a key is what stands at a place on its axis."""

    layout: zarr_cube.Layout

    def read(self, layer: str, key: Any) -> NDArray[np.generic]:
        """Stored numbers of a layer, (y, x); of a fixed one at None."""

    def digest(self, key: Any) -> int:
        """Identity of the content at a key, never 0."""

    def season(self, key: Any) -> int:
        """The season of a key."""


def write_group(
    root: zarr_cube.Cube, folder: Path, source: Source, about: Mapping[str, str]
) -> None:
    """Write a group below the root of a cube.

    It is hidden from readers of the root while it changes.
    """
    layout = source.layout
    digests = [f"{source.digest(key)}" for key in layout.axis.keys]
    names = [repr((name, layer)) for name, layer in (layout.layers | layout.fixed).items()]
    contents = combine([*names, *map(str, layout.axis.numbers), *digests])
    linked = root.head.groups().get(folder.name, {})
    if linked.get(CONTENTS) == contents and folder.exists():
        return
    root.head.unlink(folder.name)
    about = {**about, CONTENTS: contents}
    write_seasons(zarr_cube.open_cube(folder, layout, about), source, about)
    root.head.link(folder.name)


def remove_groups(root: zarr_cube.Cube, folder: Path, kept: set[str]) -> None:
    """Remove the groups of a cube that are not among those."""
    names = {path.parent.name for path in folder.glob("[!.]*/zarr.json")}
    for name in sorted(names - kept):
        if zarr_cube.is_group(folder / name):
            root.head.unlink(name)
            zarr_cube.remove_cube(folder / name)


def write_seasons(store: zarr_cube.Cube, source: Source, about: Mapping[str, str]) -> None:
    """Write what differs from the source, and record each season when its last part is written."""
    axis = store.layout.axis
    wanted = np.array([source.digest(key) for key in axis.keys], np.uint64)
    years = np.array([source.season(key) for key in axis.keys])
    changed = set(years[store.digests() != wanted].tolist())
    if changed and store.layout.fixed:  # these are of all seasons
        changed = set(years.tolist())
    known = [year for year in store.seasons() if year in years and year not in changed]
    if known != store.seasons():
        store.set_seasons(known)
    if changed and store.layout.fixed:
        store.write_fixed(source.read)
    late = set(years.tolist()) - set(known)
    for block in axis.blocks():
        if np.any(store.digests()[block] != wanted[block]):
            store.write(block, wanted[block], source.read)
        ended = [year for year in late if year not in years[block.stop :]]
        if ended:
            late -= set(ended)
            known = sorted([*known, *ended])
            store.consolidate(known, about, int(np.flatnonzero(years == known[-1])[-1]) + 1)
