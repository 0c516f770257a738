"""Grids too large to be held in memory, cut into stripes of columns and bands of rows.

A stripe is read in bands of rows, each file once from top to bottom. The rows that two bands need
(the reach of the smoothing, the rest of a coarse cell) are kept from one to the next. The columns
that two stripes need are read twice: one tile in the width of a stripe. Every pixel has the value
that it has when the grid is worked on in one piece.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.science.backscatter import smooth

Read = Callable[[int, int], tuple[NDArray[Any], ...]]


@dataclass(frozen=True)
class Sizes:
    """Sizes in which a grid is worked on.

    Parameters
    ----------
    tile : pixels a side of a tile in the files; readings end with a row of tiles, so that no tile
        is decoded twice
    band_pixels : pixels of a band, and of a grid that is always read in one piece; one row of tiles
        of a stripe has no more
    whole_pixels : pixels of the largest grid that is read in one piece where the tiles of its files
        do not lie on it: a warp in blocks differs in the last digits from a warp of the whole
    """

    tile: int = 512
    band_pixels: int = 2**23
    whole_pixels: int = 2**26

    def whole(self, pixels: int, tiles_on_grid: Callable[[], bool]) -> bool:
        """Whether a grid is read in one piece; `tiles_on_grid` is asked for middle sizes only."""
        if not self.band_pixels < pixels <= self.whole_pixels:
            return pixels <= self.band_pixels
        return not tiles_on_grid()

    def stripe_edges(self, columns: int) -> list[int]:
        """Columns at which stripes begin and end: within the grid the middle of a tile, the only
        one that two stripes read.
        """
        count = -(-columns // max(self.band_pixels // self.tile, self.tile))
        tiles = (stripe * columns // count // self.tile for stripe in range(1, count))
        return [0, *(tile * self.tile + self.tile // 2 for tile in tiles), columns]

    def read_ends(self, rows: int, columns: int) -> list[int]:
        """Rows before which one reading of the files ends and the next begins: whole tiles."""
        step = max(self.band_pixels // columns // self.tile, 1) * self.tile
        return [*range(step, rows, step), rows]


SIZES = Sizes()


@dataclass(frozen=True)
class Band:
    """Rows of the fine grid that are worked on at once: `first` to before `last`; files are read
    to before `read_to`.
    """

    first: int
    last: int
    read_to: int


def bands(read_ends: Sequence[int], reach: int) -> list[Band]:
    """Consecutive bands of rows whose smoothing reaches `reach` rows beyond them, one a reading."""
    edges = [0, *(end - reach for end in read_ends[:-1]), read_ends[-1]]
    return [
        Band(first, last, end)
        for (first, last), end in zip(pairwise(edges), read_ends, strict=True)
    ]


def whole_cells(last_pixels: Sequence[int], ends: Sequence[int]) -> list[slice]:
    """Consecutive coarse cells along an axis, up to each of some ends in pixels.

    Parameters
    ----------
    last_pixels : (cell,), the pixel before which each cell ends, rising
    ends : pixels before which a piece ends, rising; the last piece takes all cells that remain
    """
    inner = (int(np.searchsorted(last_pixels, end, "right")) for end in ends[:-1])
    return [slice(first, last) for first, last in pairwise([0, *inner, len(last_pixels)])]


class RollingRows:
    """Fields read once from top to bottom in spans of rows that overlap.

    Parameters
    ----------
    read : the fields of the rows from one number to before another, (y, x) each
    starts, ends : first row of each span, and the row before which it ends
    """

    def __init__(self, read: Read, starts: Sequence[int], ends: Sequence[int]) -> None:
        self._read = read
        self._spans = iter(list(zip(starts, ends, [*starts[1:], ends[-1]], strict=True)))
        self._held, self._end = tuple[NDArray[Any], ...](), 0

    def parts(self) -> tuple[int, tuple[tuple[NDArray[Any], NDArray[Any]], ...]]:
        """First row and fields of the next span, each as the rows kept from the span before and
        the rows newly read.
        """
        start, end, following = next(self._spans)
        fields = self._read(self._end, end)
        parts = tuple(zip(self._held or [field[:0] for field in fields], fields, strict=True))
        self._held, self._end = tuple(below(*both, following - start).copy() for both in parts), end
        return start, parts


class SmoothedBands:
    """Smoothed backscatter of one pass, band by band; only the rows that two bands need are kept.

    Parameters
    ----------
    read : backscatter in linear power and where it is valid, (y, x) each, of some rows
    bands : in order, from the first row on
    window : side of the box mean, pixels
    """

    def __init__(self, read: Read, bands: Sequence[Band], window: int) -> None:
        self._bands, self._rows, self._window = iter(bands), bands[-1].read_to, window
        starts = [max(0, band.first - window // 2) for band in bands]
        self._rolling = RollingRows(read, starts, [band.read_to for band in bands])

    def next(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Smoothed backscatter of the next band, linear power, (y, x), and where it is valid."""
        band, reach = next(self._bands), self._window // 2
        start, ((above, gamma0), seen) = self._rolling.parts()
        valid = joined(*seen)
        stop = min(band.last + reach, self._rows) - start
        inner = slice(band.first - start, band.last - start)
        smoothed = smooth(gamma0[: max(stop - len(above), 0)], valid[:stop], self._window, above)
        return smoothed[inner], valid[inner]


def below(above: NDArray[Any], field: NDArray[Any], first: int) -> NDArray[Any]:
    """The rows from `first` on of a field (y, x) that lies below other rows."""
    return field[first - len(above) :] if first >= len(above) else joined(above, field)[first:]


def joined(above: NDArray[Any], field: NDArray[Any]) -> NDArray[Any]:
    """A field (y, x) with the rows above it."""
    return np.concatenate([above, field]) if len(above) else field
