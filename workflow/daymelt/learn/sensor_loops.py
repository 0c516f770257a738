"""The loops that lay the planes of the multi-sensor network into a crop on a CPU, compiled."""

import numpy as np
from numpy.typing import NDArray

from daymelt.core.compiled import compiled

Bytes = NDArray[np.uint8]
Fields = NDArray[np.float32]


@compiled
def lay_observations(
    crop: Fields, first: int, percent: Bytes, away: Bytes, scale: np.float32, decay: Fields
) -> None:
    """Lay value, closeness and validity of each neighbour into the planes (y, x, plane) of a crop.

    `percent` and `away` are (neighbour, y, x), `decay` the closeness of each number of days (256,).
    Where there is no neighbour all three planes are 0.
    """
    for row in range(crop.shape[0]):
        for index in range(percent.shape[0]):
            plane = first + 3 * index
            for column in range(crop.shape[1]):
                code = percent[index, row, column]
                valid = code != 255
                crop[row, column, plane] = np.float32(code) * scale if valid else np.float32(0)
                crop[row, column, plane + 1] = decay[away[index, row, column]]
                crop[row, column, plane + 2] = np.float32(1) if valid else np.float32(0)


@compiled
def lay_between(crop: Fields, plane: int, percent: Bytes, away: Bytes, scale: np.float32) -> None:
    """Lay the mean of all neighbours of a cell, weighted by the inverse of their days, into a
    plane; 0 where there is none. `percent` and `away` are (neighbour, y, x).
    """
    for row in range(crop.shape[0]):
        for column in range(crop.shape[1]):
            total, weights = np.float32(0), np.float32(0)
            for index in range(percent.shape[0]):
                code = percent[index, row, column]
                if code != 255:
                    weight = np.float32(1) / np.float32(away[index, row, column])
                    total += weight * np.float32(code)
                    weights += weight
            crop[row, column, plane] = scale * (total / weights) if weights > 0 else np.float32(0)


@compiled
def lay_same_day(
    crop: Fields, first: int, percent: Bytes, given: NDArray[np.bool_], scale: np.float32
) -> None:
    """Lay value and validity of the day's own observation, where it is given, into two planes."""
    for row in range(crop.shape[0]):
        for column in range(crop.shape[1]):
            code = percent[row, column]
            valid = code != 255 and given[row, column]
            crop[row, column, first] = np.float32(code) * scale if valid else np.float32(0)
            crop[row, column, first + 1] = np.float32(1) if valid else np.float32(0)


@compiled
def lay_coarse(
    crop: Fields,
    first: int,
    fields: Fields,
    flags: Fields,
    first_y: NDArray[np.uint32],
    weights_y: Fields,
    first_x: NDArray[np.uint32],
    weights_x: Fields,
) -> None:
    """Lay coarse fields (field, coarse y, coarse x), interpolated, and their flags into planes.

    `first_y`, `first_x` are the first of the two coarse cells between which each row or column
    lies, `weights` (2, cell) those of both. A field whose flag is 0 is absent: its plane is 0.
    """
    count, last_y, last_x = fields.shape[0], fields.shape[1] - 1, fields.shape[2] - 1
    for row in range(crop.shape[0]):
        upper = int(first_y[row])
        lower = min(upper + 1, last_y)
        for index in range(count):
            flag = flags[index]
            field, plane = fields[index], first + index
            for column in range(crop.shape[1]):
                left = int(first_x[column])
                right = min(left + 1, last_x)
                above = weights_x[0, column] * field[upper, left]
                above += weights_x[1, column] * field[upper, right]
                below = weights_x[0, column] * field[lower, left]
                below += weights_x[1, column] * field[lower, right]
                value = weights_y[0, row] * above + weights_y[1, row] * below
                crop[row, column, plane] = value if flag > 0 else np.float32(0)
                crop[row, column, plane + count] = flag
