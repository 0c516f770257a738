"""Random fields that are functions of place: the value at a point does not depend on the grid, the
order of calls or the process.

Each octave is a lattice of hashed numbers, interpolated smoothly between its nodes. As the lattice
is regular and grids are too, the interpolation is two small matrix products. Source: fractal
(multi-octave) value noise, e.g. Ebert et al. (2003), Texturing and Modeling, chapter 2.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daymelt.core.grid import Grid

# multipliers and shifts of the SplitMix64 finaliser (Steele et al. 2014, OOPSLA)
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Generator of the random numbers of a name (instrument, date, burst), independent of what was
    drawn before or elsewhere.
    """
    words = [zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def uniform(grid: Grid, seed: int, name: str) -> NDArray[np.float32]:
    """An independent number in [0, 1) for every cell, (y, x); a function of the cell's centre."""
    rows, columns = np.floor(grid.y / grid.spacing_m), np.floor(grid.x / grid.spacing_m)
    return _hash(rows.astype(np.int64), columns.astype(np.int64), seed, name)


def fractal(
    grid: Grid, seed: int, name: str, wavelengths_m: Sequence[float], roughness: float = 0.5
) -> NDArray[np.float32]:
    """A smooth random field of about zero mean and unit standard deviation, (y, x).

    Parameters
    ----------
    wavelengths_m : node spacing of each octave, longest first; those shorter than two cells are
        left out, as the grid cannot carry them
    roughness : amplitude of an octave relative to the one before
    """
    total = np.zeros(grid.shape, np.float32)
    amplitude = 1.0
    power = 0.0
    for octave, wavelength in enumerate(wavelengths_m):
        power += amplitude**2
        if wavelength >= 2 * grid.spacing_m:
            total += np.float32(amplitude) * _octave(grid, seed, f"{name}/{octave}", wavelength)
        amplitude *= roughness
    # a hashed number in [-1, 1) has variance 1/3; smooth interpolation in two directions keeps 0.55
    # of it
    return total / np.float32(np.sqrt(power * 0.55 / 3))


def _octave(grid: Grid, seed: int, name: str, wavelength: float) -> NDArray[np.float32]:
    rows, weights_y = _axis(grid.y, wavelength)
    columns, weights_x = _axis(grid.x, wavelength)
    nodes = 2 * _hash(rows, columns, seed, name) - 1
    return np.asarray(weights_y @ nodes @ weights_x.T, np.float32)


def _axis(
    centres: NDArray[np.float64], wavelength: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Lattice indices that an axis needs, and the weight (centre, node) of each."""
    place = centres / wavelength
    node = np.floor(place).astype(np.int64)
    nodes = np.arange(node.min(), node.max() + 2)
    within = place - node
    # two continuous derivatives: no creases in slope
    rise = within**3 * (within * (6 * within - 15) + 10)
    weights = np.zeros((len(centres), len(nodes)), np.float32)
    index = np.arange(len(centres))
    weights[index, node - nodes[0]] = 1 - rise
    weights[index, node - nodes[0] + 1] = rise
    return nodes, weights


def _hash(
    rows: NDArray[np.int64], columns: NDArray[np.int64], seed: int, name: str
) -> NDArray[np.float32]:
    """Uniform numbers in [0, 1) of every pair of a row and a column number."""
    key = np.uint64((seed << 32) ^ zlib.crc32(name.encode()))
    with np.errstate(over="ignore"):
        bits = (
            rows.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
            + columns.astype(np.uint64)[None, :]
            + key
        )
        for _ in range(2):
            for shift, factor in _MIX:
                bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((bits >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24))
