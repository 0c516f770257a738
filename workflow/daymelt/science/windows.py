"""Weighted means over a square window: a separable kernel as products of small matrices.

A correlation over rows is a product with a banded matrix. In blocks of rows that matrix is small
and dense, and the matrix product is several times as fast as a loop over the kernel, although it
also multiplies the zeros outside the band.
"""

import numpy as np
from numpy.typing import NDArray

BLOCK = 128  # rows of a block: the band's zeros and its weights then cost about the same


def gaussian_kernel(sigma: float, reach: int) -> NDArray[np.float64]:
    """Weights of a Gaussian at whole pixels from -`reach` to `reach`, adding up to 1; `sigma` in
    pixels.
    """
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(kernel / kernel.sum())


def inner_mean(field: NDArray[np.floating], kernel: NDArray[np.float64]) -> NDArray[np.floating]:
    """Mean over the window at every pixel whose whole window lies within the field.

    Parameters
    ----------
    field : (y, x); its precision is that of the result
    kernel : (2 reach + 1,), the weights along either axis

    Returns
    -------
    (y - 2 reach, x - 2 reach)
    """
    return _along_rows(_along_rows(field, kernel).T, kernel).T


def _along_rows(field: NDArray[np.floating], kernel: NDArray[np.float64]) -> NDArray[np.floating]:
    rows = field.shape[0] - len(kernel) + 1
    means = np.empty((rows, field.shape[1]), field.dtype)
    band = np.zeros((BLOCK, BLOCK + len(kernel) - 1), field.dtype)
    for row in range(BLOCK):
        band[row, row : row + len(kernel)] = kernel
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        reached = count + len(kernel) - 1
        means[start : start + count] = band[:count, :reached] @ field[start : start + reached]
    return means
