"""Compiled loops that fill crops on a CPU: each row of a crop is written once, with all its
channels.
"""

import numpy as np
from numpy.typing import NDArray

from daymelt.core.compiled import compiled


@compiled
def fill_inputs(
    crop: NDArray[np.float32],
    coarse: NDArray[np.float32],
    coarse_channels: NDArray[np.int64],
    first_y: NDArray[np.uint32],
    weights_y: NDArray[np.float32],
    first_x: NDArray[np.uint32],
    weights_x: NDArray[np.float32],
    stored: NDArray[np.uint8],
    stored_channel: int,
    scale: np.float32,
    nodata: int,
    field: NDArray[np.float32],
    field_channel: int,
) -> None:
    """Fill the channels of a crop (y, x, channel).

    Coarse fields (field, coarse y, coarse x) are interpolated: for each row or column of the crop
    `first` is the first of the two coarse cells between which it lies, `weights` (2, cell) are the
    weights of both; `first` is unsigned, so that numba does not test for negative indices. `stored`
    (y, x) is scaled, 0 where no data; `field` (y, x) is copied. A channel below 0 is not filled.
    """
    channels = np.empty((crop.shape[2], crop.shape[1]), np.float32)
    start, stop = int(first_y.min()), min(int(first_y.max()) + 2, coarse.shape[1])
    # along x first: there are few coarse rows
    wide = np.empty((coarse.shape[0], stop - start, crop.shape[1]), np.float32)
    for index in range(coarse.shape[0]):
        for row in range(start, stop):
            _spread(
                coarse[index, row], first_x, weights_x[0], weights_x[1], wide[index, row - start]
            )
    for row in range(crop.shape[0]):
        upper = int(first_y[row]) - start
        lower = min(upper + 1, stop - start - 1)
        for index in range(coarse.shape[0]):
            above, below = wide[index, upper], wide[index, lower]
            _blend(
                above, below, weights_y[0, row], weights_y[1, row], channels[coarse_channels[index]]
            )
        if stored_channel >= 0:
            _scale(stored[row], scale, nodata, channels[stored_channel])
        if field_channel >= 0:
            _copy(field[row], channels[field_channel])
        _interleave(channels, crop[row].reshape(-1))


@compiled
def _blend(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    weight: np.float32,
    other_weight: np.float32,
    out: NDArray[np.float32],
) -> None:
    for column in range(len(out)):
        out[column] = weight * one[column] + other_weight * other[column]


@compiled
def _spread(
    field: NDArray[np.float32],
    first: NDArray[np.uint32],
    weights: NDArray[np.float32],
    other_weights: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    last = np.uint32(len(field) - 1)
    for column in range(len(out)):
        left = first[column]
        out[column] = (
            weights[column] * field[left]
            + other_weights[column] * field[min(left + np.uint32(1), last)]
        )


@compiled
def _scale(
    stored: NDArray[np.uint8], scale: np.float32, nodata: int, out: NDArray[np.float32]
) -> None:
    for column in range(len(out)):
        code = stored[column]
        out[column] = np.float32(0) if code == nodata else np.float32(code) * scale


@compiled
def _copy(values: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    for column in range(len(out)):
        out[column] = values[column]


@compiled
def _interleave(channels: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Channels adjacent in memory; four, the usual number, in one loop."""
    if len(channels) == 4:
        one, two, three, four = channels[0], channels[1], channels[2], channels[3]
        for column in range(len(one)):
            out[4 * column] = one[column]
            out[4 * column + 1] = two[column]
            out[4 * column + 2] = three[column]
            out[4 * column + 3] = four[column]
    else:
        for index in range(len(channels)):
            for column in range(channels.shape[1]):
                out[len(channels) * column + index] = channels[index, column]


@compiled
def fill_target(
    target: NDArray[np.float32],
    valid: NDArray[np.bool_],
    stored: NDArray[np.uint8],
    ocean: NDArray[np.bool_],
    scale: np.float32,
    nodata: int,
) -> None:
    """Scale stored codes (y, x), 0 where no data; `valid` is True where there are data and no
    ocean.
    """
    for row in range(target.shape[0]):
        _scale(stored[row], scale, nodata, target[row])
        _seen(stored[row], ocean[row], nodata, valid[row])


@compiled
def _seen(
    stored: NDArray[np.uint8], ocean: NDArray[np.bool_], nodata: int, valid: NDArray[np.bool_]
) -> None:
    for column in range(len(valid)):
        valid[column] = (stored[column] != np.uint8(nodata)) & (not ocean[column])
