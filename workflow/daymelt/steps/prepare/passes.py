"""Sentinel-1 passes, read, masked and smoothed in the same way for the winter and for the season.

A grid of 10 m over a whole region does not fit in memory: it is read in stripes and bands, see
`daymelt.science.bands`.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.grid import Grid
from daymelt.core.manifest import manifest_files
from daymelt.core.memory import keep_memory
from daymelt.science.backscatter import CellShares, valid_backscatter
from daymelt.science.bands import SIZES, Band, Sizes, SmoothedBands, bands, whole_cells
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.sources.sentinel1.bursts import (
    Burst,
    find_bursts,
    has_tiles_of,
    misplaced,
    passes,
    read_pass,
)
from daymelt.sources.sentinel1.windows import find_scenes

log = logging.getLogger(__name__)


class Track(NamedTuple):
    """What shares a winter reference: the passes of a relative orbit, or those of one satellite on
    it where `platform` names one (`S1A`).
    """

    relative_orbit: int
    platform: str = ""

    def __str__(self) -> str:
        return f"T{self.relative_orbit:03d} {self.platform}".rstrip()


PassKey = tuple[dt.date, Track]  # day (UTC) and track of a pass
ReadPass = Callable[[Sequence[Burst], Grid], tuple[NDArray[np.float32], NDArray[np.uint8]]]


class Passes:
    """Passes on the fine grid of an area, or on some of its columns.

    Parameters
    ----------
    bursts : the bursts of each pass
    land : (y, x) on `area`, False on the ocean
    area : the study grid
    fine : the backscatter grid
    sar : noise floor and smoothing
    sizes : of stripes and bands
    read : backscatter and mask of the bursts of a pass on a grid
    """

    def __init__(
        self,
        bursts: Mapping[PassKey, Sequence[Burst]],
        land: NDArray[np.bool_],
        area: Grid,
        fine: Grid,
        sar: Sar,
        sizes: Sizes = SIZES,
        read: ReadPass = read_pass,
    ) -> None:
        self.bursts, self.fine = bursts, fine
        self.columns = slice(0, fine.columns)  # of the whole fine grid
        self._area, self._land, self._sar, self._read = area, land, sar, read
        self._sizes = sizes
        self._whole = sizes.whole(fine.rows * fine.columns, self._have_tiles)

    def stripes(self) -> list[tuple[slice, "Passes"]]:
        """Columns of the fine grid from left to right, and the passes on the columns that have to
        be read for them.
        """
        columns = [slice(first, last) for first, last in pairwise(self._edges())]
        return [(some, self._on(self._reached(some))) for some in columns]

    def stripes_of_cells(self, shares: CellShares) -> list[tuple[slice, CellShares, "Passes"]]:
        """Columns of the study grid from left to right, their shares of the fine columns that have
        to be read for them, and the passes on these.
        """
        last_pixels = [
            shares.columns_of(column, column + 1).stop for column in range(self._area.columns)
        ]
        cells = whole_cells(last_pixels, self._edges()[1:])
        read = [self._reached(shares.columns_of(some.start, some.stop)) for some in cells]
        return [
            (some, shares.of_columns(some, pixels), self._on(pixels))
            for some, pixels in zip(cells, read, strict=True)
        ]

    def smoothed(self, bursts: Sequence[Burst], bands: Sequence[Band]) -> SmoothedBands:
        """One pass, to be read band by band."""
        return SmoothedBands(
            lambda first, last: self._read_rows(bursts, first, last),
            bands,
            self._sar.smoothing_window,
        )

    def bands(self) -> list[Band]:
        """Consecutive bands of rows."""
        return bands(self._read_ends(), self._reach)

    def bands_of_cells(self, shares: CellShares) -> list[tuple[slice, Band]]:
        """Consecutive bands of whole cells: the rows of the study grid, and the fine rows; two
        bands may share a fine row.
        """
        ends = self._read_ends()
        last_pixels = [shares.rows_of(row, row + 1).stop for row in range(self._area.rows)]
        cells = whole_cells(last_pixels, [end - self._reach for end in ends])
        pixels = [shares.rows_of(some.start, some.stop) for some in cells]
        return [
            (some, Band(rows.start, rows.stop, end))
            for some, rows, end in zip(cells, pixels, ends, strict=True)
        ]

    def of_track(self, track: Track) -> Iterator[Sequence[Burst]]:
        """The bursts of each pass of one track, in order of time."""
        return (self.bursts[key] for key in sorted(self.bursts) if key[1] == track)

    @property
    def tracks(self) -> list[Track]:
        """Tracks of the passes."""
        return sorted({track for _, track in self.bursts})

    @property
    def satellites(self) -> dict[str, dict[str, int]]:
        """Number of passes of each satellite on each relative orbit, such as
        `{"T039": {"S1A": 4, "S1C": 3}}`.
        """
        found: dict[str, Counter[str]] = {}
        for (_, track), bursts in sorted(self.bursts.items()):
            counted = found.setdefault(f"T{track.relative_orbit:03d}", Counter())
            counted.update({burst.platform for burst in bursts})
        return {orbit: dict(sorted(counted.items())) for orbit, counted in found.items()}

    @property
    def days(self) -> list[dt.date]:
        """Days with a pass."""
        return sorted({day for day, _ in self.bursts})

    @property
    def _reach(self) -> int:
        return self._sar.smoothing_window // 2

    def _have_tiles(self) -> bool:
        """Whether the tiles of every file lie on the fine grid."""
        tile = self._sizes.tile
        return all(
            has_tiles_of(burst, self.fine, tile)
            for bursts in self.bursts.values()
            for burst in bursts
        )

    def _on(self, columns: slice) -> "Passes":
        """The same passes on some columns of the fine grid alone."""
        part = copy(self)
        part.columns, part.fine = columns, columns_of_grid(self.fine, columns.start, columns.stop)
        return part

    def _reached(self, columns: slice) -> slice:
        """Columns of the fine grid that the smoothing of some columns needs."""
        return slice(
            max(0, columns.start - self._reach), min(self.fine.columns, columns.stop + self._reach)
        )

    def _edges(self) -> list[int]:
        columns = self.fine.columns
        return [0, columns] if self._whole else self._sizes.stripe_edges(columns)

    def _read_ends(self) -> list[int]:
        rows, columns = self.fine.shape
        return [rows] if self._whole else self._sizes.read_ends(rows, columns)

    def _read_rows(
        self, bursts: Sequence[Burst], first: int, last: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Backscatter of some rows and where it is valid: unmasked, above the noise, on land."""
        part = rows_of_grid(self.fine, first, last)
        gamma0, mask = self._read(bursts, part)
        valid = valid_backscatter(gamma0, mask, self._sar.noise_floor_db)
        rows, columns = (index.ravel() for index in self._area.cells_of(part))
        for row in range(rows[0], rows[-1] + 1):  # all pixels of a row of cells at once
            valid[slice(*np.searchsorted(rows, (row, row + 1)))] &= self._land[row, columns]
        return gamma0, valid


def open_passes(
    manifests: Sequence[Path],
    terrain: Path,
    area: Area,
    sentinel1: Sentinel1,
    sar: Sar,
    sizes: Sizes = SIZES,
) -> Passes:
    """The passes that the files of some manifests make up."""
    keep_memory()
    paths = [path for manifest in manifests for path in manifest_files(manifest, ".tif")]
    find = find_scenes if sentinel1.provider == "planetary-computer" else find_bursts
    found = find(paths, sentinel1.polarisation)
    warn_of_misplaced(found)
    bursts = by_track(passes(found), sar.pool_satellites)
    land = land_cells(terrain, area.grid)
    return Passes(bursts, land, area.grid, area.grid.refine(sentinel1.spacing_m), sar, sizes)


def by_track(
    bursts: Mapping[tuple[dt.date, int], Sequence[Burst]], pool_satellites: bool
) -> dict[PassKey, list[Burst]]:
    """Bursts of each day and relative orbit by day and track: of all satellites, or of each
    apart.
    """
    found: dict[PassKey, list[Burst]] = {}
    for (day, orbit), some in bursts.items():
        for burst in some:
            track = Track(orbit, "" if pool_satellites else burst.platform)
            found.setdefault((day, track), []).append(burst)
    return found


def warn_of_misplaced(bursts: Sequence[Burst]) -> None:
    """Warn of each burst that lies elsewhere than the other passes of its burst id."""
    for burst, distance_m in misplaced(bursts):
        log.warning(
            "burst %s: lies %.1f km from the other passes of %s; its pixels may be misplaced, "
            "retrieve it again or leave it out",
            burst.path,
            distance_m / 1000,
            burst.burst_id,
        )


def rows_of_grid(grid: Grid, first: int, last: int) -> Grid:
    """The rows `first` to before `last` of a grid."""
    return replace(grid, top=grid.top - first * grid.spacing_m, rows=last - first)


def columns_of_grid(grid: Grid, first: int, last: int) -> Grid:
    """The columns `first` to before `last` of a grid."""
    return replace(grid, left=grid.left + first * grid.spacing_m, columns=last - first)


def land_cells(terrain: Path, area: Grid) -> NDArray[np.bool_]:
    """Cells of the study grid that are not ocean, (y, x)."""
    with cube.open_layers(terrain) as layers:
        cube.check_same_grid(layers.grid, area, terrain)
        return np.asarray(layers.read("ocean", slice(0, area.rows), slice(0, area.columns)) == 0)


def layer_names(track: Track) -> tuple[str, str]:
    """Names of a track's winter reference and of its count of passes in a layer file."""
    name = f"{track.relative_orbit:03d}_{track.platform}".rstrip("_")
    return f"gamma0_{name}", f"scene_count_{name}"
