"""The loops over the pixels of a radar scene, compiled: numpy would go over the memory of each many
times.

Arguments are checked and shaped by `backscatter`. Fields are in C order; a loop over pixels without
rows takes a flattened field.
"""

import numpy as np
from numpy.typing import NDArray

from daymelt.core.compiled import compiled

STRIP = 2048  # columns worked on at once over many rows: their sums stay in the cache
MOST_SCENES = 254  # of one reference: counts are stored in a byte whose 255 means no data


@compiled
def find_valid(
    gamma0: NDArray[np.float32],
    mask: NDArray[np.uint8],
    floor: np.float32,
    valid: NDArray[np.bool_],
) -> None:
    for pixel in range(len(valid)):  # false for NaN, 0 and negative power
        valid[pixel] = (gamma0[pixel] > floor) & (gamma0[pixel] < np.inf) & (mask[pixel] == 0)


@compiled
def box_mean(
    above: NDArray[np.float32],
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
    reach: int,
    smoothed: NDArray[np.float32],
) -> None:
    """Mean over a box: sums down its columns, then along the row, nearest first, in strips of
    columns that stay in the cache.
    """
    rows, columns = valid.shape
    # a count in float32 is exact up to 2²⁴
    power = np.empty(STRIP + 2 * reach, np.float32)
    count = np.empty(STRIP + 2 * reach, np.float32)
    for start in range(0, columns, STRIP):
        width = min(STRIP, columns - start)
        left, right = max(0, start - reach), min(columns, start + width + reach)
        strip, first = slice(left, right), left - start + reach
        power[:], count[:] = 0, 0  # beyond the edges it stays so
        for row in range(rows):
            _put(
                power[first:], count[first:], _row_of(above, gamma0, row)[strip], valid[row, strip]
            )
            for distance in range(1, reach + 1):
                if distance <= row:
                    _add(
                        power[first:],
                        count[first:],
                        _row_of(above, gamma0, row - distance)[strip],
                        valid[row - distance, strip],
                    )
                if distance < rows - row:
                    _add(
                        power[first:],
                        count[first:],
                        _row_of(above, gamma0, row + distance)[strip],
                        valid[row + distance, strip],
                    )
            _mean_of_row(
                power,
                count,
                reach,
                valid[row, start : start + width],
                smoothed[row, start : start + width],
            )


@compiled
def _row_of(
    above: NDArray[np.float32], field: NDArray[np.float32], row: int
) -> NDArray[np.float32]:
    found: NDArray[np.float32] = above[row] if row < len(above) else field[row - len(above)]
    return found


@compiled
def _put(
    power: NDArray[np.float32],
    count: NDArray[np.float32],
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
) -> None:
    for column in range(len(gamma0)):
        power[column] = gamma0[column] if valid[column] else np.float32(0)
        count[column] = np.float32(valid[column])


@compiled
def _add(
    power: NDArray[np.float32],
    count: NDArray[np.float32],
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
) -> None:
    for column in range(len(gamma0)):
        power[column] += gamma0[column] if valid[column] else np.float32(0)
        count[column] += np.float32(valid[column])


@compiled
def _mean_of_row(
    power: NDArray[np.float32],
    count: NDArray[np.float32],
    reach: int,
    valid: NDArray[np.bool_],
    mean: NDArray[np.float32],
) -> None:
    """Mean over the boxes of a row from the sums of their columns, which extend `reach` columns
    beyond both ends of the row.
    """
    total, seen = power[reach:], count[reach:]
    if reach == 0:
        _divide(total, seen, valid, mean)
        return
    if reach > 1:
        total, seen = total[: len(mean)].copy(), seen[: len(mean)].copy()
    for distance in range(1, reach):
        _add_ends(total, power[reach - distance :], power[reach + distance :])
        _add_ends(seen, count[reach - distance :], count[reach + distance :])
    left, right, left_seen, right_seen = power, power[2 * reach :], count, count[2 * reach :]
    # the outermost columns are added together with the division: of a box of 3 x 3 they are all
    for column in range(len(mean)):
        whole = (total[column] + left[column]) + right[column]
        mean[column] = (
            whole / ((seen[column] + left_seen[column]) + right_seen[column])
            if valid[column]
            else np.float32(np.nan)
        )


@compiled
def _add_ends(
    total: NDArray[np.float32], one: NDArray[np.float32], other: NDArray[np.float32]
) -> None:
    for column in range(len(total)):
        total[column] = (total[column] + one[column]) + other[column]


@compiled
def _divide(
    total: NDArray[np.float32],
    seen: NDArray[np.float32],
    valid: NDArray[np.bool_],
    mean: NDArray[np.float32],
) -> None:
    for column in range(len(mean)):
        mean[column] = total[column] / seen[column] if valid[column] else np.float32(np.nan)


@compiled
def stands_alone(own: NDArray[np.float32], count: NDArray[np.uint8], min_scenes: int) -> bool:
    lacking = False
    for pixel in range(len(own)):
        lacking |= np.isnan(own[pixel]) | (count[pixel] < min_scenes)
    return not lacking


@compiled
def add_winter(
    power: NDArray[np.float32],
    scenes: NDArray[np.float32],
    year: NDArray[np.float32],
    count: NDArray[np.uint8],
) -> None:
    """Add a winter's mean, weighted by its count, and the count, which is exact up to 2²⁴."""
    for pixel in range(len(year)):
        known = np.float32(0) if np.isnan(year[pixel]) else np.float32(count[pixel])
        power[pixel] += known * year[pixel] if known > 0 else np.float32(0)
        scenes[pixel] += known


@compiled
def choose(
    own: NDArray[np.float32],
    own_count: NDArray[np.uint8],
    power: NDArray[np.float32],
    scenes: NDArray[np.float32],
    min_scenes: int,
    mean: NDArray[np.float32],
    count: NDArray[np.uint8],
) -> None:
    """Mean and count of the own winter where its scenes suffice; elsewhere those of all winters,
    the count at most what a byte holds.
    """
    for pixel in range(len(own)):
        alone = (not np.isnan(own[pixel])) & (own_count[pixel] >= min_scenes)
        together = (
            power[pixel] / scenes[pixel]
            if scenes[pixel] >= max(min_scenes, 1)
            else np.float32(np.nan)
        )
        mean[pixel] = own[pixel] if alone else together
        count[pixel] = (
            own_count[pixel] if alone else np.uint8(min(scenes[pixel], np.float32(MOST_SCENES)))
        )


@compiled
def areas_of_cells(
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
    above: NDArray[np.float32],
    reference: NDArray[np.float32],
    ratio: np.float32,
    lengths_y: NDArray[np.float32],
    rows: NDArray[np.int64],
    begins_y: NDArray[np.int64],
    lengths_x: NDArray[np.float32],
    columns: NDArray[np.int64],
    begins_x: NDArray[np.int64],
    valid_area: NDArray[np.float32],
    area_below: NDArray[np.float32],
) -> None:
    """Areas within each coarse cell: lengths of the fine cells of each column within a row of
    coarse cells, then their sums along it; `above` are rows of the reference.
    """
    seen, below = np.empty(gamma0.shape[1], np.float32), np.empty(gamma0.shape[1], np.float32)
    for coarse_row in range(valid_area.shape[0]):
        seen[:], below[:] = 0, 0
        for entry in range(begins_y[coarse_row], begins_y[coarse_row + 1]):
            row = rows[entry]
            _add_lengths(
                gamma0[row],
                valid[row],
                _row_of(above, reference, row),
                ratio,
                lengths_y[entry],
                seen,
                below,
            )
        for column in range(valid_area.shape[1]):
            total, total_below = np.float32(0), np.float32(0)
            for entry in range(begins_x[column], begins_x[column + 1]):
                total += lengths_x[entry] * seen[columns[entry]]
                total_below += lengths_x[entry] * below[columns[entry]]
            valid_area[coarse_row, column], area_below[coarse_row, column] = total, total_below


@compiled
def _add_lengths(
    gamma0: NDArray[np.float32],
    valid: NDArray[np.bool_],
    reference: NDArray[np.float32],
    ratio: np.float32,
    length: np.float32,
    seen: NDArray[np.float32],
    below: NDArray[np.float32],
) -> None:
    for column in range(len(gamma0)):
        # neither comparison is true of NaN
        usable = valid[column] & (reference[column] > -np.inf) & (reference[column] < np.inf)
        melts = usable & (gamma0[column] < reference[column] * ratio)
        seen[column] += length if usable else np.float32(0)
        below[column] += length if melts else np.float32(0)
