"""Sentinel-1 passes ready for thresholding: read, masked and smoothed the same way for the winter
and for the season.

A grid of 10 m over a whole region is too large to be held: it is cut into stripes of columns, few
of them and wide, and a stripe is read in bands of rows, each file once from top to bottom. What a
band needs of the one before (the reach of the smoothing, the rest of a cell) is carried on; what a
stripe needs of its neighbours is read again, one tile in the width of a stripe. Every pixel is what
it is in one piece.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.grid import Grid
from daymelt.core.manifest import manifest_files
from daymelt.core.memory import keep_memory
from daymelt.science import backscatter
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.sources.sentinel1 import bursts as reader
from daymelt.sources.sentinel1.windows import find_scenes

Read = Callable[[int, int], tuple[NDArray[Any], ...]]
Passes = dict[tuple[dt.date, int], list[reader.Burst]]

# pixels a side of a tile in the files: readings end with a row of them, so that none is decoded
# twice
TILE = 512
WHOLE_PIXELS = (
    2**26
    # up to so many, bursts that lie otherwise are read in one piece: blocks of a warp would differ
    # in the last digits
)
BAND_PIXELS = 2**23  # of a band of a larger grid; one row of tiles of a stripe has no more


@dataclass(frozen=True)
class Band:
    """Rows of the fine grid that are worked on at once: `first` to before `last`; `read_to` is how
    far the files are read for them.
    """

    first: int
    last: int
    read_to: int


class Scenes:
    """The passes of some retrievals on the fine grid of an area, or on some of its columns."""

    def __init__(
        self, manifests: Sequence[Path], terrain: Path, area: Area, sentinel1: Sentinel1, sar: Sar
    ) -> None:
        keep_memory()
        self.fine = area.grid.refine(sentinel1.spacing_m)
        self.passes = find_passes(manifests, sentinel1)
        self.columns = slice(0, self.fine.columns)  # of the whole fine grid
        self._area, self._sar = area.grid, sar
        self._land = land_cells(terrain, area.grid)
        self._whole = self._fits_whole()

    def stripes(self) -> list[tuple[slice, "Scenes"]]:
        """Columns of the fine grid from left to right, and the passes on what has to be read for
        them.
        """
        columns = [slice(first, last) for first, last in pairwise(self._edges())]
        return [(some, self._on(self._reached(some))) for some in columns]

    def stripes_of_cells(
        self, shares: backscatter.CellShares
    ) -> list[tuple[slice, backscatter.CellShares, "Scenes"]]:
        """Columns of the study grid from left to right, the passes on what has to be read for them,
        and their shares of its pixels.
        """
        last_pixel = [
            shares.columns_of(column, column + 1).stop for column in range(self._area.columns)
        ]
        edges = [
            0,
            *(int(np.searchsorted(last_pixel, edge, "right")) for edge in self._edges()[1:-1]),
            self._area.columns,
        ]
        cells = [slice(first, last) for first, last in pairwise(edges)]
        read = [self._reached(shares.columns_of(some.start, some.stop)) for some in cells]
        return [
            (some, shares.of_columns(some, pixels), self._on(pixels))
            for some, pixels in zip(cells, read, strict=True)
        ]

    def reading(self, bursts: Sequence[reader.Burst], bands: Sequence[Band]) -> "Reading":
        """One pass, to be read band by band."""
        return Reading(
            lambda first, last: self._read_rows(bursts, first, last),
            bands,
            self._sar.smoothing_window,
        )

    def bands(self) -> list[Band]:
        """Bands that follow each other."""
        reach = self._sar.smoothing_window // 2
        ends = self._read_ends()
        edges = [0, *(end - reach for end in ends[:-1]), self.fine.rows]
        return [
            Band(first, last, end)
            for first, last, end in zip(edges[:-1], edges[1:], ends, strict=True)
        ]

    def bands_of_cells(self, shares: backscatter.CellShares) -> list[tuple[slice, Band]]:
        """Bands of whole cells of the study grid, and which rows of it they are; two may share a
        row of pixels.
        """
        reach, last_pixel = (
            self._sar.smoothing_window // 2,
            [shares.rows_of(row, row + 1).stop for row in range(self._area.rows)],
        )
        ends = self._read_ends()
        edges = [
            0,
            *(int(np.searchsorted(last_pixel, end - reach, "right")) for end in ends[:-1]),
            self._area.rows,
        ]
        cells = [slice(first, last) for first, last in pairwise(edges)]
        pixels = [shares.rows_of(some.start, some.stop) for some in cells]
        return [
            (some, Band(rows.start, rows.stop, end))
            for some, rows, end in zip(cells, pixels, ends, strict=True)
        ]

    def of_orbit(self, relative_orbit: int) -> Iterator[list[reader.Burst]]:
        """The passes of one orbit, in order of time."""
        return (self.passes[key] for key in sorted(self.passes) if key[1] == relative_orbit)

    @property
    def orbits(self) -> list[int]:
        """Relative orbits that passed."""
        return sorted({orbit for _, orbit in self.passes})

    @property
    def days(self) -> list[dt.date]:
        """Days with a pass."""
        return sorted({day for day, _ in self.passes})

    def _fits_whole(self) -> bool:
        """Whether the grid is read in one piece: a small one, or one of middle size where parts
        would cost digits or decoding.
        """
        pixels, bursts = (
            self.fine.rows * self.fine.columns,
            (burst for bursts in self.passes.values() for burst in bursts),
        )
        if not BAND_PIXELS < pixels <= WHOLE_PIXELS:
            return pixels <= BAND_PIXELS
        return not all(reader.has_tiles_of(burst, self.fine, TILE) for burst in bursts)

    def _on(self, columns: slice) -> "Scenes":
        """The same passes on some columns of the fine grid alone."""
        part = copy(self)
        part.columns, part.fine = columns, columns_of_grid(self.fine, columns.start, columns.stop)
        return part

    def _reached(self, columns: slice) -> slice:
        """Columns of the fine grid that the smoothing of some needs."""
        reach = self._sar.smoothing_window // 2
        return slice(max(0, columns.start - reach), min(self.fine.columns, columns.stop + reach))

    def _edges(self) -> list[int]:
        """Columns at which stripes begin and end: within the grid the middle of a tile, which is
        then all that two of them read.
        """
        count = 1 if self._whole else -(-self.fine.columns // max(BAND_PIXELS // TILE, TILE))
        tiles = (stripe * self.fine.columns // count // TILE for stripe in range(1, count))
        return [0, *(tile * TILE + TILE // 2 for tile in tiles), self.fine.columns]

    def _read_ends(self) -> list[int]:
        """Rows before which one reading of the files ends and the next begins: all of them, or
        whole tiles of a grid that is too large.
        """
        step = (
            self.fine.rows
            if self._whole
            else max(BAND_PIXELS // self.fine.columns // TILE, 1) * TILE
        )
        return [*range(step, self.fine.rows, step), self.fine.rows]

    def _read_rows(
        self, bursts: Sequence[reader.Burst], first: int, last: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Backscatter of some rows and where it is valid: unmasked, above the noise, on land."""
        part = rows_of_grid(self.fine, first, last)
        gamma0, mask = reader.read_pass(bursts, part)
        valid = backscatter.valid_backscatter(gamma0, mask, self._sar.noise_floor_db)
        rows, columns = (index.ravel() for index in self._area.cells_of(part))
        for row in range(rows[0], rows[-1] + 1):  # all pixels of a row of cells at once
            valid[slice(*np.searchsorted(rows, (row, row + 1)))] &= self._land[row, columns]
        return gamma0, valid


class Reading:
    """One pass read from top to bottom; between two bands it holds no more than the rows that both
    need.
    """

    def __init__(self, read: Read, bands: Sequence[Band], window: int) -> None:
        self._bands, self._rows, self._window = iter(bands), bands[-1].read_to, window
        starts = [max(0, band.first - window // 2) for band in bands]
        self._rolling = Rolling(read, starts, [band.read_to for band in bands])

    def band(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Smoothed backscatter of the next band, linear power, (y, x), and where it is valid."""
        band, reach = next(self._bands), self._window // 2
        start, ((above, gamma0), seen) = self._rolling.parts()
        valid = joined(*seen)
        stop, inner = (
            min(band.last + reach, self._rows) - start,
            slice(band.first - start, band.last - start),
        )
        smoothed = backscatter.smooth(
            gamma0[: max(stop - len(above), 0)], valid[:stop], self._window, above
        )
        return smoothed[inner], valid[inner]


class Rolling:
    """Fields read once from top to bottom in spans that overlap: the rows from each of `starts` to
    before each of `ends`.
    """

    def __init__(self, read: Read, starts: Sequence[int], ends: Sequence[int]) -> None:
        self._read = read
        self._spans = iter(list(zip(starts, ends, [*starts[1:], ends[-1]], strict=True)))
        self._held, self._end = tuple[NDArray[Any], ...](), 0

    def parts(self) -> tuple[int, tuple[tuple[NDArray[Any], NDArray[Any]], ...]]:
        """First row and fields of the next span, each as the rows that were held and those that are
        new.
        """
        start, end, following = next(self._spans)
        fields = self._read(self._end, end)
        parts = tuple(zip(self._held or [field[:0] for field in fields], fields, strict=True))
        self._held, self._end = tuple(below(*both, following - start).copy() for both in parts), end
        return start, parts


def below(above: NDArray[Any], field: NDArray[Any], first: int) -> NDArray[Any]:
    """The rows from `first` on of rows below others."""
    return field[first - len(above) :] if first >= len(above) else joined(above, field)[first:]


def joined(above: NDArray[Any], field: NDArray[Any]) -> NDArray[Any]:
    """Rows below others, (y, x)."""
    return np.concatenate([above, field]) if len(above) else field


def rows_of_grid(grid: Grid, first: int, last: int) -> Grid:
    """The rows `first` to before `last` of a grid."""
    return replace(grid, top=grid.top - first * grid.spacing_m, rows=last - first)


def columns_of_grid(grid: Grid, first: int, last: int) -> Grid:
    """The columns `first` to before `last` of a grid."""
    return replace(grid, left=grid.left + first * grid.spacing_m, columns=last - first)


def find_passes(manifests: Sequence[Path], sentinel1: Sentinel1) -> Passes:
    """The passes that the files of some manifests make up."""
    paths = [path for manifest in manifests for path in manifest_files(manifest, ".tif")]
    if sentinel1.provider == "planetary-computer":
        return reader.passes(find_scenes(paths, sentinel1.polarisation))
    return reader.passes(reader.find_bursts(paths, sentinel1.polarisation))


def land_cells(terrain: Path, area: Grid) -> NDArray[np.bool_]:
    """Cells of the study grid that are not ocean, (y, x)."""
    with cube.open_layers(terrain) as layers:
        cube.check_same_grid(layers.grid, area, terrain)
        return np.asarray(layers.read("ocean", slice(0, area.rows), slice(0, area.columns)) == 0)


def layer_names(relative_orbit: int) -> tuple[str, str]:
    """Names of an orbit's winter reference and of its count of scenes in a layer file."""
    return f"gamma0_{relative_orbit:03d}", f"scene_count_{relative_orbit:03d}"
