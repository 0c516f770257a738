"""Melt from radar backscatter: a winter reference, a threshold, and the melting share of a coarser
cell.

Liquid water absorbs C-band radar: backscatter of wet snow falls by several decibels below that of
the same snow when dry. A pixel melts where it lies more than a threshold below its own winter mean,
seen from the same relative orbit so that the geometry cancels. Every mean is one of linear power;
decibels serve the threshold only.

Sources: Nagler and Rott (2000), IEEE Trans. Geosci. Remote Sens. 38, 754 (3 dB below a dry
reference); Nagler et al. (2016), Remote Sens. 8, 348 (reference of the same track); Liang et al.
(2021), Remote Sens. Environ. 256, 112318 (normalisation per orbit).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from daymelt.core.errors import ConfigError, GridError
from daymelt.core.grid import Grid, same_crs
from daymelt.science import backscatter_loops
from daymelt.science.backscatter_loops import MOST_SCENES

POOL_ROWS = 64  # rows pooled at once: they fit the cache, and memory is that of the result


def valid_backscatter(
    gamma0: NDArray[np.float32], mask: NDArray[np.uint8], noise_floor_db: float
) -> NDArray[np.bool_]:
    """Pixels whose backscatter can be used, (y, x): finite, unmasked and above the noise floor,
    hence above 0.

    Parameters
    ----------
    gamma0 : (y, x), linear power; NaN where never seen
    mask : (y, x), 0 = good; anything else is layover, shadow or fill
    noise_floor_db : power at or below it is noise, dB
    """
    valid = np.empty(gamma0.shape, np.bool_)
    backscatter_loops.find_valid(
        gamma0.ravel(), mask.ravel(), np.float32(10 ** (noise_floor_db / 10)), valid.ravel()
    )
    return valid


def smooth(
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
    window: int,
    above: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Mean of linear power over the valid pixels of a box of `window` x `window` pixels, against
    speckle.

    Parameters
    ----------
    gamma0, valid : (y, x); invalid pixels, and everything beyond the edges, do not enter the mean
    window : side of the box, odd; 1 leaves the field as it is
    above : (rows above, x), rows of gamma0 above those of `gamma0`, which has that many rows fewer
        than `valid`

    Returns
    -------
    (y, x) as `valid`, linear power; NaN where the centre is invalid.

    Raises
    ------
    ConfigError
        The window is even or below 1.
    """
    if window < 1 or window % 2 == 0:
        raise ConfigError(f"smoothing window {window} pixels: must be odd and at least 1")
    smoothed = np.empty(valid.shape, np.float32)
    before = np.ascontiguousarray(gamma0[:0] if above is None else above)
    backscatter_loops.box_mean(
        before, np.ascontiguousarray(gamma0), np.ascontiguousarray(valid), window // 2, smoothed
    )
    return smoothed


class WinterReference:
    """Mean dry-snow backscatter of one relative orbit, built one scene at a time.

    Memory is one sum and one count a pixel, however many scenes there are.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._power = np.zeros(shape, np.float32)
        self._count = np.zeros(shape, np.uint8)
        self._scenes = 0

    def add(self, gamma0: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Take in one scene, (y, x), linear power, at its valid pixels; ValueError beyond 254
        scenes.
        """
        if self._scenes == MOST_SCENES:
            raise ValueError(
                f"winter reference: more than {MOST_SCENES} scenes do not fit its count"
            )
        self._scenes += 1
        self._power += np.where(valid, gamma0, np.float32(0))
        self._count += valid

    @property
    def count(self) -> NDArray[np.uint8]:
        """Valid scenes of each pixel so far, (y, x)."""
        return self._count

    def mean(self, min_scenes: int = 1) -> NDArray[np.float32]:
        """Mean linear power, (y, x); NaN where fewer than `min_scenes` scenes were valid."""
        mean: NDArray[np.float32] = np.divide(
            self._power, np.maximum(self._count, 1), dtype=np.float32
        )
        mean[self._count < max(min_scenes, 1)] = np.nan
        return mean


def pool(
    means: Sequence[tuple[NDArray[np.float32], NDArray[np.uint8]]], min_scenes: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Winter reference of a year, pooled with other years where its own scenes are too few.

    Parameters
    ----------
    means : (mean, count) of each winter, (y, x) each, the year's own first. Means should be those
        of `WinterReference.mean(1)`: a pixel that is NaN adds no scenes
    min_scenes : scenes that the own year needs to be used alone, and that all years together need

    Returns
    -------
    (mean, count): the own mean where its scenes suffice, elsewhere the mean over all years weighted
    by their counts; NaN, and the count found, where all years together have too few scenes. The own
    arrays themselves where no pixel lacks scenes.
    """
    own, own_count = means[0]
    if backscatter_loops.stands_alone(own.ravel(), own_count.ravel(), min_scenes):
        return own, own_count
    mean, count = np.empty(own.shape, np.float32), np.empty(own.shape, np.uint8)
    power = np.empty(POOL_ROWS * own.shape[1], np.float32)
    scenes = np.empty_like(power)
    for start in range(0, len(mean), POOL_ROWS):
        winters = [
            (year[start : start + POOL_ROWS].ravel(), scenes_of[start : start + POOL_ROWS].ravel())
            for year, scenes_of in means
        ]
        power[:], scenes[:] = 0, 0
        for year, scenes_of in winters:
            backscatter_loops.add_winter(power, scenes, year, scenes_of)
        found = (
            mean[start : start + POOL_ROWS].reshape(-1),
            count[start : start + POOL_ROWS].reshape(-1),
        )
        backscatter_loops.choose(*winters[0], power, scenes, min_scenes, *found)
    return mean, count


@dataclass(frozen=True)
class CellShares:
    """How much of each fine cell lies in each coarse cell.

    The overlap of two rectangles is a product of two lengths, so two small sparse matrices hold it:
    `along_y` (coarse rows, fine rows) and `along_x` (coarse columns, fine columns), in metres.
    Whole metres keep areas exact in float32.
    """

    along_y: csr_array
    along_x: csr_array
    cell_area: float  # m², of a coarse cell

    def areas(
        self,
        gamma0: NDArray[np.float32],
        valid: NDArray[np.bool_],
        reference: NDArray[np.float32],
        ratio: float,
        above: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Area within each coarse cell of the fine cells that are valid and have a reference, and
        of those of them that lie below it by a ratio.

        Parameters
        ----------
        gamma0, valid, reference : (fine y, fine x); a reference that is not finite is missing
        ratio : of gamma0 to the reference, below which a fine cell counts
        above : (rows above, fine x), rows of the reference above those of `reference`, which has
            that many rows fewer than `gamma0`

        Returns
        -------
        (valid, below), m², (coarse y, coarse x) each
        """
        shape = self.along_y.shape[0], self.along_x.shape[0]
        seen, below = np.empty(shape, np.float32), np.empty(shape, np.float32)
        gamma0, valid = np.ascontiguousarray(gamma0), np.ascontiguousarray(valid)
        reference = np.ascontiguousarray(reference)
        along = *_parts(self.along_y), *_parts(self.along_x)
        before = np.ascontiguousarray(reference[:0] if above is None else above)
        backscatter_loops.areas_of_cells(
            gamma0, valid, before, reference, np.float32(ratio), *along, seen, below
        )
        return seen, below

    def rows_of(self, first: int, last: int) -> slice:
        """The fine rows that lie in the coarse rows from `first` to before `last`."""
        return _span(self.along_y, first, last)

    def columns_of(self, first: int, last: int) -> slice:
        """The fine columns that lie in the coarse columns from `first` to before `last`."""
        return _span(self.along_x, first, last)

    def part(self, first: int, last: int) -> "CellShares":
        """The shares of some coarse rows in the fine rows that `rows_of` gives for them."""
        return CellShares(
            self.along_y[first:last, self.rows_of(first, last)], self.along_x, self.cell_area
        )

    def of_columns(self, cells: slice, fine: slice) -> "CellShares":
        """The shares of some coarse columns in some fine columns."""
        return CellShares(self.along_y, self.along_x[cells, fine], self.cell_area)


def _span(lengths: csr_array, first: int, last: int) -> slice:
    """The fine cells that lie in the coarse ones from `first` to before `last`, along one axis."""
    indices = lengths.indices[lengths.indptr[first] : lengths.indptr[last]]
    return slice(int(indices.min()), int(indices.max()) + 1)


def _parts(lengths: csr_array) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Entries of a sparse matrix, their columns, and where each row begins among them."""
    return lengths.data, lengths.indices.astype(np.int64), lengths.indptr.astype(np.int64)


def cell_shares(fine: Grid, coarse: Grid) -> CellShares:
    """Overlap of two grids of one crs; they need not nest (30 m in 100 m) nor cover each other.

    Raises
    ------
    GridError
        The grids have different crs.
    """
    if not same_crs(fine.crs, coarse.crs):
        raise GridError(
            f"fine grid in {fine.crs}, coarse grid in {coarse.crs}; melt is aggregated within "
            "one crs: warp the fine one first"
        )
    along_y = _overlap(
        coarse.top - fine.top, fine.spacing_m, fine.rows, coarse.spacing_m, coarse.rows
    )
    along_x = _overlap(
        fine.left - coarse.left, fine.spacing_m, fine.columns, coarse.spacing_m, coarse.columns
    )
    return CellShares(along_y, along_x, coarse.spacing_m**2)


def _overlap(
    offset: float, fine_side: float, fine_cells: int, coarse_side: float, coarse_cells: int
) -> csr_array:
    """Lengths (coarse, fine) along one axis; `offset` is the distance from the first edge of the
    coarse cells to that of the fine ones.
    """
    starts = offset + np.arange(fine_cells) * fine_side
    ends = starts + fine_side
    tolerance = 1e-9 * fine_side  # keeps cells that only touch from counting as overlapping
    first = np.floor((starts + tolerance) / coarse_side).astype(np.int64)
    last = np.ceil((ends - tolerance) / coarse_side).astype(np.int64) - 1
    coarse, fine, length = [], [], []
    for step in range(int((last - first).max()) + 1):
        cell = first + step
        touched = (cell <= last) & (cell >= 0) & (cell < coarse_cells)
        low = np.maximum(starts, cell * coarse_side)
        high = np.minimum(ends, (cell + 1) * coarse_side)
        coarse.append(cell[touched])
        fine.append(np.flatnonzero(touched))
        length.append((high - low)[touched])
    entries = (
        np.concatenate(length).astype(np.float32),
        (np.concatenate(coarse), np.concatenate(fine)),
    )
    return csr_array(entries, shape=(coarse_cells, fine_cells))


def melt_fraction(
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
    reference: NDArray[np.float32],
    threshold_db: float,
    shares: CellShares,
    min_valid_share: float,
    above: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Melting share of the valid area of each coarse cell.

    A pixel melts where it lies more than `threshold_db` below its winter reference: 10 log10(gamma0
    / reference) < -threshold_db.

    Parameters
    ----------
    gamma0, valid : (fine y, fine x), linear power and where it can be used
    reference : (fine y, fine x), mean linear power of dry snow from the same relative orbit; a
        pixel where it is NaN is not valid
    threshold_db : dB, above 0
    shares : overlap of the two grids
    min_valid_share : share of the coarse cell that must be valid, 0-1
    above : rows of the reference above those of `reference`, as for `CellShares.areas`

    Returns
    -------
    (fraction, valid_share), (coarse y, coarse x) each, 0-1; the fraction is NaN where too little of
    the cell is valid.

    Raises
    ------
    ConfigError
        The threshold is not above 0.
    """
    if not threshold_db > 0:
        raise ConfigError(
            f"melt threshold {threshold_db} dB: must be above 0; it is the drop below the winter "
            "reference"
        )
    ratio = 10 ** (-threshold_db / 10)  # avoids two logarithms a pixel
    valid_area, melting_area = shares.areas(gamma0, valid, reference, ratio, above)
    valid_share: NDArray[np.float32] = np.divide(valid_area, shares.cell_area, dtype=np.float32)
    fraction: NDArray[np.float32] = np.divide(
        melting_area, np.where(valid_area > 0, valid_area, 1), dtype=np.float32
    )
    fraction[(valid_area == 0) | (valid_share < np.float32(min_valid_share))] = np.nan
    return fraction, valid_share


def merge_passes(
    passes: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One melt fraction of a day from its passes: their mean weighted by valid area.

    Parameters
    ----------
    passes : (fraction, valid_share) of each pass, (y, x) each; a fraction of NaN does not enter

    Returns
    -------
    (fraction, valid_share); the share is the largest of the passes, a lower bound of what they
    cover together.
    """
    melting_share = np.zeros(passes[0][0].shape, np.float32)
    weight = np.zeros_like(melting_share)
    for fraction, share in passes:
        seen = ~np.isnan(fraction)
        melting_share += np.where(seen, fraction, np.float32(0)) * share
        weight += np.where(seen, share, np.float32(0))
    merged = np.where(
        weight > 0, melting_share / np.where(weight > 0, weight, 1), np.float32(np.nan)
    )
    share_seen: NDArray[np.float32] = np.maximum.reduce([share for _, share in passes])
    return merged.astype(np.float32, copy=False), share_seen
