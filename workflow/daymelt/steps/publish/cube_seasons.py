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
    names = [repr((name, layer)) for name, layer in {**layout.layers, **layout.fixed}.items()]
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
    """Write what differs from the source, and show each season to readers when its last part is
    written.
    """
    axis = store.layout.axis
    wanted = np.array([source.digest(key) for key in axis.keys], np.uint64)
    years = np.array([source.season(key) for key in axis.keys])
    same = store.digests() == wanted
    if store.layout.fixed and not same.all():  # these are of all seasons
        same[:] = False
    show(store, [year for year in leading(years, same) if year in store.seasons()], years, about)
    if store.layout.fixed and not same.all():
        store.write_fixed(source.read)
    for block in axis.blocks():
        if np.any(store.digests()[block] != wanted[block]):
            store.write(block, wanted[block], source.read)
        show(store, leading(years, store.digests() == wanted), years, about)


def leading(years: NDArray[np.int_], complete: NDArray[np.bool_]) -> list[int]:
    """The seasons before the first that is not complete.

    Parameters
    ----------
    years, complete : (place,), season of each place on an axis, and whether it is complete
    """
    late = years[~complete]
    return [year for year in np.unique(years).tolist() if not late.size or year < late.min()]


def show(
    store: zarr_cube.Cube, seasons: list[int], years: NDArray[np.int_], about: Mapping[str, str]
) -> None:
    """Let readers see these seasons and no others, where they do not."""
    if seasons != store.seasons():
        store.consolidate(seasons, about, int(np.isin(years, seasons).sum()))
