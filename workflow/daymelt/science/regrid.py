"""Regridding of smooth coarse fields: linear interpolation between source cell centres.

Weights are computed once, and every day is one sparse product. Scattered centres have barycentric
weights on their Delaunay triangles in the target's crs. The triangles of a regular grid are not
unique: which diagonal halves a cell hangs on the rounding of its corners. Where the rows and
columns of the source are known, the interpolation is therefore bilinear along them, in any
projection. Between two grids of one crs the weights separate along y and x.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid

if TYPE_CHECKING:  # SciPy takes a fifth of a second, which a dry run of the workflow would wait for
    from scipy.sparse import csr_array
    from scipy.spatial import Delaunay

LEAST_WEIGHT = 0.5  # of the sources of a cell that must have data
ROUNDING = 1e-6  # of a sum of weights
DECIMALS = 6  # of a target cell, to which source centres are placed


def linear_weights(x: NDArray[np.floating], y: NDArray[np.floating], target: Grid) -> "csr_array":
    """Barycentric weights of scattered source centres at the cell centres of a grid.

    Parameters
    ----------
    x, y : (source,), m
        Centres in the target's crs; a centre that is not finite (beyond the projection) takes no
        part.
    target : the grid to interpolate to

    Returns
    -------
    sparse (cell, source), float32, cells in row-major order; each row sums to 1, those of cells
    outside the hull of the sources are empty.

    Raises
    ------
    GridError
        Fewer than three centres, or all on one line.
    """
    from scipy.sparse import csr_array

    cell, source, weight = _triangle_weights(x, y, target)
    return csr_array(
        (weight.astype(np.float32), (cell, source)), shape=(target.rows * target.columns, x.size)
    )


def bilinear_weights(x: NDArray[np.floating], y: NDArray[np.floating], target: Grid) -> "csr_array":
    """Bilinear weights of the cells of a source grid, in any projection, at the cell centres of a
    grid.

    The place of a target cell among the rows and columns of the source is interpolated between its
    centres; on a grid of parallelograms it does not depend on how they are triangulated.

    Parameters
    ----------
    x, y : (source y, source x), m
        Centres in the target's crs; centres that are not finite take no part.
    target : the grid to interpolate to

    Returns
    -------
    sparse (cell, source), float32, cells and sources in row-major order; each row sums to 1, those
    of cells outside the hull of the sources are empty.

    Raises
    ------
    GridError
        As `linear_weights`.
    """
    from scipy.sparse import csr_array

    cell, source, weight = _triangle_weights(x.ravel(), y.ravel(), target)
    inside = np.unique(cell)
    rows, columns = (
        _between(np.asarray(np.bincount(cell, weight * place)[inside], np.float64), length)
        for place, length in zip(np.unravel_index(source, x.shape), x.shape, strict=True)
    )
    corners = [
        (np.ravel_multi_index((row, column), x.shape), down * across)
        for row, down in rows
        for column, across in columns
    ]
    sources, weights = (np.concatenate(part) for part in zip(*corners, strict=True))
    kept = weights > 0
    index = np.tile(inside, len(corners))[kept], sources[kept]
    shape = target.rows * target.columns, x.size
    return csr_array((weights[kept].astype(np.float32), index), shape=shape)


def _between(
    place: NDArray[np.float64], length: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]:
    """The two positions of an axis of so many that fractional positions lie between, each with its
    weight.
    """
    place = place.round(DECIMALS)
    lower = np.minimum(place.astype(np.int64), length - 2)
    return (lower, 1 - (place - lower)), (lower + 1, place - lower)


def _triangle_weights(
    x: NDArray[np.floating], y: NDArray[np.floating], target: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(cell, source, weight) on the triangles of some centres, (source,) each; GridError as
    `linear_weights`.
    """
    from scipy.spatial import Delaunay, QhullError

    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    # in cells of the target: coordinates of millions of metres would cost the triangulation half of
    # its digits; rounded, as rounding errors of a projection leave slivers along a straight edge,
    # in which a cell counts as outside
    centres = np.column_stack(
        [(x[known] - target.left) / target.spacing_m, (target.top - y[known]) / target.spacing_m]
    ).round(DECIMALS)
    columns, rows = np.meshgrid(np.arange(target.columns) + 0.5, np.arange(target.rows) + 0.5)
    try:
        triangles = Delaunay(centres)
    except (QhullError, ValueError):
        raise GridError(
            f"source of {known.size} cell centres: cannot be triangulated; expected at least 3, "
            "not on one line"
        ) from None
    cells = np.column_stack([columns.ravel(), rows.ravel()])
    cell, corner, weight = _barycentric(triangles, cells)
    return cell, known[corner], weight


def _barycentric(
    triangles: "Delaunay", cells: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(cell, corner, weight) of every cell within the hull; weights of 0 are left out."""
    simplex = triangles.find_simplex(cells)
    inside = np.flatnonzero(simplex >= 0)
    transform = triangles.transform[simplex[inside]]
    two = np.einsum("nij,nj->ni", transform[:, :2], cells[inside] - transform[:, 2])
    weights = np.column_stack([two, 1 - two.sum(axis=1)])
    weights[~(weights > 0)] = 0  # rounding on an edge, and the NaN of a degenerate triangle
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=weights, where=total > 0)
    kept = weights > 0
    cell, corner = np.repeat(inside, 3).reshape(-1, 3), triangles.simplices[simplex[inside]]
    return cell[kept], corner[kept].astype(np.int64), weights[kept]


def apply_weights(
    weights: "csr_array", field: NDArray[np.floating], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Interpolate one field.

    Parameters
    ----------
    weights : sparse (cell, source) from `bilinear_weights` or `linear_weights`
    field : source values, of any shape, in the order of the centres; NaN = no data
    shape : (rows, columns) of the target

    Returns
    -------
    (y, x); NaN outside the hull, and where sources with data carry less than half of the weight.
    Where they carry more, the weights are scaled up to 1 over them.
    """
    values = np.asarray(field, np.float32).ravel()
    known = np.isfinite(values)
    total = weights @ np.where(known, values, np.float32(0))
    if known.all():
        total[np.diff(weights.indptr) == 0] = np.nan
        return np.asarray(total, np.float32).reshape(shape)
    return _renormalise(total, weights @ known.astype(np.float32)).reshape(shape)


def _renormalise(total: NDArray[np.float32], carried: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted sum over the weight that carried data, NaN where that is below half."""
    enough = carried >= LEAST_WEIGHT - ROUNDING
    return np.where(enough, total / np.where(enough, carried, 1), np.float32(np.nan)).astype(
        np.float32
    )


def axis_weights(
    source_centres: NDArray[np.floating], target_centres: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Weights (target, source) of linear interpolation along one axis, the nearest value beyond its
    ends.

    Parameters
    ----------
    source_centres : (source,), strictly rising or falling
    target_centres : (target,), any order, same unit

    Raises
    ------
    ValueError
        The source centres neither rise nor fall.
    """
    centres = np.asarray(source_centres, np.float64)
    steps = np.diff(centres)
    if centres.size == 0 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ValueError(f"axis of {centres.size} source centres: must rise or fall strictly")
    falling = centres.size > 1 and steps[0] < 0
    place = np.interp(
        target_centres,
        centres[::-1] if falling else centres,
        np.arange(centres.size, dtype=np.float64),
    )
    place = centres.size - 1 - place if falling else place
    weights = np.zeros((place.size, centres.size), np.float32)
    lower = np.minimum(place.astype(np.int64), max(centres.size - 2, 0))
    rows = np.arange(place.size)
    weights[rows, lower] = 1 - (place - lower)
    if centres.size > 1:
        weights[rows, lower + 1] = place - lower
    return weights


def cell_means(field: NDArray[np.floating], grid: Grid, coarse: Grid) -> NDArray[np.float32]:
    """Mean of a field over the cells of a coarser grid of the same crs.

    Parameters
    ----------
    field : (y, x) on `grid`, NaN = no data
    coarse : with a spacing of at least that of `grid`; a cell of `grid` counts where its centre
        lies

    Returns
    -------
    (coarse y, coarse x); NaN where less than half of the cells have data. A coarse cell without any
    cell, as in the margin of a posting grid, has the value of the nearest that has one.
    """
    rows, columns = (index.ravel() for index in coarse.cells_of(grid))
    known = np.isfinite(field)
    total, count, size = (
        _sum_runs(part, rows, columns)
        for part in (np.where(known, field, 0), known, np.ones(field.shape, np.uint8))
    )
    means = np.where(2 * count >= size, total / np.maximum(count, 1), np.nan).astype(np.float32)
    nearest_row, nearest_column = (
        np.clip(np.arange(length), index[0], index[-1]) - index[0]
        for length, index in zip(coarse.shape, (rows, columns), strict=True)
    )
    return np.asarray(means[np.ix_(nearest_row, nearest_column)])


def _sum_runs(
    values: NDArray[np.generic], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Sums over runs of equal indices, in float64: the mean of equal float32 values is exactly that
    value.
    """
    first_rows = np.unique(rows, return_index=True)[1]
    first_columns = np.unique(columns, return_index=True)[1]
    by_row = np.add.reduceat(values, first_rows, axis=0, dtype=np.float64)
    summed: NDArray[np.float64] = np.add.reduceat(by_row, first_columns, axis=1)
    return summed


def upsample(
    field: NDArray[np.float32], weights_y: NDArray[np.float32], weights_x: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Bilinear interpolation to a finer grid of the same crs: `weights_y @ field @ weights_x.T`.

    Parameters
    ----------
    field : (y, x), NaN = no data
    weights_y, weights_x : (fine, coarse) from `axis_weights`

    Returns
    -------
    (fine y, fine x), float32; missing values are handled as in `apply_weights`.
    """
    known = np.isfinite(field)
    total = weights_y @ np.where(known, field, np.float32(0)) @ weights_x.T
    if known.all():
        return total
    return _renormalise(total, weights_y @ known.astype(np.float32) @ weights_x.T)
