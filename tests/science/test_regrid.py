"""Regridding: against scipy's own interpolator, GDAL's warper and gdalwarp."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.warp import Resampling
from scipy.interpolate import LinearNDInterpolator, RegularGridInterpolator
from scipy.sparse import csr_array

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid, transformer
from daymelt.science.regrid import (
    apply_weights,
    axis_weights,
    bilinear_weights,
    cell_means,
    linear_weights,
    upsample,
)

AREA = Grid("EPSG:3413", 100, 294900, -2566500, 256, 256)
POSTING = AREA.posting(1000)


def wavy(x, y):
    """A smooth field of two coordinates in metres."""
    return np.sin(x / 9000) * 20 + np.cos(y / 7000) * 30 + x * y * 1e-9 + 200


def mar_like_centres(target, spacing=5000.0, margin=20_000.0):
    """Centres of a regular grid of another projection around a target, in the target's crs, (y, x)
    each.
    """
    left, bottom, right, top = target.bounds
    there = transformer(target.crs, "+proj=stere +lat_0=70.5 +lon_0=-40 +k=1 +datum=WGS84 +units=m")
    corners_x, corners_y = there.transform([left, left, right, right], [bottom, top, bottom, top])
    x = np.arange(min(corners_x) - margin, max(corners_x) + margin, spacing)
    y = np.arange(min(corners_y) - margin, max(corners_y) + margin, spacing)
    columns, rows = np.meshgrid(x, y)
    return there.transform(columns, rows, direction="INVERSE")


def scattered(seed, count, target):
    """Random centres that surround a target."""
    rng = np.random.default_rng(seed)
    left, bottom, right, top = target.expand(3).bounds
    corners = np.array([[left, bottom], [left, top], [right, bottom], [right, top]])
    points = np.vstack([corners, rng.uniform([left, bottom], [right, top], (count, 2))])
    return points[:, 0], points[:, 1]


# --- barycentric weights


@pytest.mark.parametrize("seed", range(5))
def test_the_weights_interpolate_as_scipy_does(seed):
    x, y = scattered(seed, 60, POSTING)
    values = np.random.default_rng(seed).normal(0, 1, x.size)
    columns, rows = np.meshgrid(POSTING.x, POSTING.y)
    centre = np.array([x.mean(), y.mean()])
    reference = LinearNDInterpolator(np.column_stack([x, y]) - centre, values)(
        columns - centre[0], rows - centre[1]
    )
    ours = apply_weights(linear_weights(x, y, POSTING), values, POSTING.shape)
    np.testing.assert_allclose(ours, reference, atol=2e-5)


def test_a_plane_comes_through_a_change_of_projection_unchanged():
    x, y = (np.asarray(axis) for axis in mar_like_centres(POSTING))
    weights = linear_weights(x.ravel(), y.ravel(), POSTING)
    columns, rows = np.meshgrid(POSTING.x, POSTING.y)
    plane = (x - POSTING.left) / 1000 + 2 * (y - POSTING.top) / 1000
    expected = (columns - POSTING.left) / 1000 + 2 * (rows - POSTING.top) / 1000
    np.testing.assert_allclose(apply_weights(weights, plane, POSTING.shape), expected, atol=1e-4)


def test_every_row_of_the_weights_sums_to_one_and_is_positive():
    x, y = (np.asarray(axis).ravel() for axis in mar_like_centres(POSTING))
    weights = linear_weights(x, y, POSTING)
    assert weights.data.min() > 0 and weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=3e-7)
    assert np.diff(weights.indptr).max() <= 3


def test_a_cell_on_a_source_centre_takes_that_source_alone():
    columns, rows = np.meshgrid(POSTING.x, POSTING.y)
    weights = linear_weights(columns.ravel(), rows.ravel(), POSTING)
    assert weights.nnz == POSTING.rows * POSTING.columns
    field = np.random.default_rng(0).random(POSTING.shape).astype(np.float32)
    np.testing.assert_array_equal(apply_weights(weights, field, POSTING.shape), field)


def test_the_rounding_of_a_projection_neither_opens_the_rim_nor_adds_sources():
    there = transformer(POSTING.crs, "EPSG:4326")
    columns, rows = np.meshgrid(POSTING.x, POSTING.y)
    x, y = there.transform(*there.transform(columns.ravel(), rows.ravel()), direction="INVERSE")
    assert np.any(x != columns.ravel()) or np.any(y != rows.ravel())
    weights = linear_weights(x, y, POSTING)
    assert np.diff(weights.indptr).tolist() == [1] * columns.size


def test_linear_and_bilinear_interpolation_differ_by_no_more_than_the_twist_of_a_cell(warp):
    source = Grid(AREA.crs, 5000, AREA.left - 20_000, AREA.top + 20_000, 14, 14)
    columns, rows = np.meshgrid(source.x, source.y)
    field = wavy(columns, rows)
    ours = apply_weights(
        linear_weights(columns.ravel(), rows.ravel(), POSTING), field, POSTING.shape
    )
    twist = np.abs(field[1:, 1:] + field[:-1, :-1] - field[1:, :-1] - field[:-1, 1:]).max()
    difference = np.abs(ours - warp(field, source, POSTING, Resampling.bilinear)).max()
    assert 0 < difference <= twist / 4 + 1e-4


def test_cells_outside_the_sources_have_no_data():
    x, y = np.meshgrid(AREA.x[:100:10], AREA.y[:100:10])
    weights = linear_weights(x.ravel(), y.ravel(), AREA)
    result = apply_weights(weights, np.ones(x.size), AREA.shape)
    assert np.all(result[:91, :91] == 1)
    assert np.isnan(result[91:]).all() and np.isnan(result[:, 91:]).all()


def test_a_centre_beyond_the_projection_takes_no_part():
    x, y = (np.asarray(axis).ravel() for axis in mar_like_centres(POSTING))
    more_x, more_y = np.insert(x, [0, 9], [np.inf, np.nan]), np.insert(y, [0, 9], [np.inf, 0.0])
    values = wavy(x, y)
    ours = apply_weights(
        linear_weights(more_x, more_y, POSTING), np.insert(values, [0, 9], 1e9), POSTING.shape
    )
    np.testing.assert_array_equal(
        ours, apply_weights(linear_weights(x, y, POSTING), values, POSTING.shape)
    )


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_sources_are_refused(count):
    with pytest.raises(GridError, match=f"source of {count} cell centres"):
        linear_weights(AREA.x[:count], AREA.y[:count], POSTING)


def test_sources_on_one_line_are_refused():
    with pytest.raises(GridError, match="not on one line"):
        linear_weights(AREA.x, np.full(AREA.columns, AREA.y[0]), POSTING)


# --- bilinear weights

MAR_LIKE = Grid(AREA.crs, 5000, AREA.left - 21_300, AREA.top + 18_700, 14, 13)


def by_scipy(source, field, target):
    """Bilinear interpolation along the axes of a source grid of the target's crs."""
    found = RegularGridInterpolator((source.y[::-1], source.x), field[::-1])
    return found(np.stack(np.meshgrid(target.y, target.x, indexing="ij"), axis=-1))


def noise(shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 0.042, shape)


@pytest.mark.parametrize("flip", [(1, 1), (-1, 1), (1, -1)])
def test_on_a_regular_grid_the_weights_are_bilinear_as_scipys(flip):
    columns, rows = (part[:: flip[0], :: flip[1]] for part in np.meshgrid(MAR_LIKE.x, MAR_LIKE.y))
    field = noise(MAR_LIKE.shape)
    weights = bilinear_weights(columns, rows, POSTING)
    found = apply_weights(weights, field[:: flip[0], :: flip[1]], POSTING.shape)
    np.testing.assert_allclose(found, by_scipy(MAR_LIKE, field, POSTING), atol=3e-8)


def test_columns_may_run_along_the_first_dimension():
    columns, rows = np.meshgrid(MAR_LIKE.x, MAR_LIKE.y)
    field = noise(MAR_LIKE.shape)
    found = apply_weights(bilinear_weights(columns.T, rows.T, POSTING), field.T, POSTING.shape)
    np.testing.assert_allclose(found, by_scipy(MAR_LIKE, field, POSTING), atol=3e-8)


@pytest.mark.parametrize("seed", range(3))
def test_positions_moved_by_less_than_a_metre_change_the_field_by_less_than_a_thousandth(seed):
    columns, rows = np.meshgrid(MAR_LIKE.x, MAR_LIKE.y)
    field, random = noise(MAR_LIKE.shape), np.random.default_rng(seed)
    moved = [part + random.uniform(-0.7, 0.7, part.shape) for part in (columns, rows)]
    found = apply_weights(bilinear_weights(*moved, POSTING), field, POSTING.shape)
    np.testing.assert_allclose(found, by_scipy(MAR_LIKE, field, POSTING), atol=1e-3 * 0.042)


def test_longitudes_of_either_convention_in_float32_give_one_field():
    there = transformer("EPSG:4326", POSTING.crs)
    lon, lat = MAR_LIKE.lonlat()
    found = []
    for stored in (lon, np.where(lon < 0, lon + 360, lon)):
        x, y = there.transform(stored.astype(np.float32), lat.astype(np.float32))
        field = noise(MAR_LIKE.shape)
        found.append(apply_weights(bilinear_weights(x, y, POSTING), field, POSTING.shape))
    np.testing.assert_allclose(found[0], found[1], atol=1e-3 * 0.042)
    np.testing.assert_allclose(found[0], by_scipy(MAR_LIKE, field, POSTING), atol=1e-3 * 0.042)


def test_a_grid_of_another_projection_is_interpolated_along_its_own_axes():
    """Against a search of the place along those axes, in that projection."""
    x, y = (np.asarray(part) for part in mar_like_centres(POSTING))
    own = transformer(POSTING.crs, "+proj=stere +lat_0=70.5 +lon_0=-40 +k=1 +datum=WGS84 +units=m")
    (own_x, own_y), (to_x, to_y) = (
        own.transform(*parts) for parts in ((x, y), np.meshgrid(POSTING.x, POSTING.y))
    )
    field = noise(x.shape)
    reference = RegularGridInterpolator((own_y[:, 0], own_x[0]), field)
    found = apply_weights(bilinear_weights(x, y, POSTING), field, POSTING.shape)
    np.testing.assert_allclose(found, reference(np.stack([to_y, to_x], axis=-1)), atol=2e-4 * 0.042)


def test_bilinear_weights_are_positive_and_sum_to_one_within_the_sources():
    x, y = (np.asarray(part) for part in mar_like_centres(AREA, margin=-4000.0))
    weights = bilinear_weights(x, y, AREA)
    empty = np.diff(weights.indptr) == 0
    np.testing.assert_array_equal(
        empty, np.diff(linear_weights(x.ravel(), y.ravel(), AREA).indptr) == 0
    )
    assert empty.any() and not empty.all()
    assert weights.data.min() > 0 and weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1)[~empty], 1, atol=3e-7)


def test_sources_of_one_row_are_refused():
    columns, rows = np.meshgrid(MAR_LIKE.x, MAR_LIKE.y[:1])
    with pytest.raises(GridError, match="not on one line"):
        bilinear_weights(columns, rows, POSTING)


def test_centres_beyond_the_projection_take_no_part_in_bilinear_weights():
    columns, rows = np.meshgrid(MAR_LIKE.x, MAR_LIKE.y)
    columns[0, :3], rows[0, :3] = np.inf, np.nan
    field = noise(MAR_LIKE.shape)
    found = apply_weights(bilinear_weights(columns, rows, POSTING), field, POSTING.shape)
    np.testing.assert_allclose(found, by_scipy(MAR_LIKE, field, POSTING), atol=3e-8)


# --- missing sources


def apply_slowly(weights, field, shape):
    result = np.full(shape, np.nan).ravel()
    for cell in range(result.size):
        entries = range(weights.indptr[cell], weights.indptr[cell + 1])
        known = [
            (float(weights.data[n]), float(field[weights.indices[n]]))
            for n in entries
            if np.isfinite(field[weights.indices[n]])
        ]
        carried = sum(weight for weight, _ in known)
        if carried >= 0.5 - 1e-6:
            result[cell] = sum(weight * value for weight, value in known) / carried
    return result.reshape(shape)


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.5, 1.0])
def test_missing_sources_give_way_to_the_others_while_these_carry_half(missing):
    x, y = scattered(3, 80, POSTING)
    weights = linear_weights(x, y, POSTING)
    rng = np.random.default_rng(1)
    field = np.where(rng.random(x.size) < missing, np.nan, rng.normal(230, 20, x.size)).astype(
        np.float32
    )
    np.testing.assert_allclose(
        apply_weights(weights, field, POSTING.shape),
        apply_slowly(weights, field, POSTING.shape),
        rtol=1e-5,
    )


def test_a_constant_field_with_holes_stays_constant_where_it_has_data():
    x, y = scattered(4, 80, POSTING)
    field = np.where(np.arange(x.size) % 4 == 0, np.nan, 0.25)
    result = apply_weights(linear_weights(x, y, POSTING), field, POSTING.shape)
    assert np.isnan(result).any()
    np.testing.assert_allclose(result[np.isfinite(result)], 0.25, rtol=1e-6)


def test_half_of_the_weight_is_enough_even_where_rounding_took_a_little():
    weights = csr_array(np.float32([[0.49999997, 0.5], [0.4999, 0.5001]]))
    np.testing.assert_array_equal(
        apply_weights(weights, np.float32([3, np.nan]), (1, 2)), np.float32([[3, np.nan]])
    )


# --- weights along one axis

axis = st.lists(st.integers(-1000, 1000), min_size=2, max_size=8, unique=True).map(sorted)


@given(axis, st.lists(st.floats(-1500, 1500), min_size=1, max_size=6), st.booleans())
def test_axis_weights_interpolate_as_numpy_does(centres, targets, falling):
    values = np.sin(np.arange(len(centres)))
    expected = np.interp(targets, centres, values)
    order = slice(None, None, -1) if falling else slice(None)
    weights = axis_weights(np.array(centres)[order], np.array(targets))
    np.testing.assert_allclose(weights @ values[order], expected, atol=2e-7)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=2e-7)


def test_a_single_source_serves_every_target():
    np.testing.assert_array_equal(
        axis_weights(np.array([5.0]), np.array([-9.0, 5.0, 9.0])), np.ones((3, 1))
    )


@pytest.mark.parametrize("centres", [[], [1, 1], [0, 2, 1]])
def test_an_axis_that_turns_or_halts_is_refused(centres):
    with pytest.raises(ValueError, match="rise or fall"):
        axis_weights(np.array(centres, float), np.zeros(1))


# --- upsampling


def weights_between(coarse, fine):
    return axis_weights(coarse.y, fine.y), axis_weights(coarse.x, fine.x)


def test_upsampling_is_the_warper_s_bilinear_interpolation(warp):
    field = np.random.default_rng(0).normal(230, 20, POSTING.shape).astype(np.float32)
    ours = upsample(field, *weights_between(POSTING, AREA))
    np.testing.assert_allclose(ours, warp(field, POSTING, AREA, Resampling.bilinear), rtol=1e-6)


def test_upsampling_is_what_the_gdalwarp_command_writes(gdalwarp):
    field = np.random.default_rng(0).normal(230, 20, POSTING.shape).astype(np.float32)
    ours = upsample(field, *weights_between(POSTING, AREA))
    np.testing.assert_allclose(ours, gdalwarp(field, POSTING, AREA, "bilinear"), rtol=1e-6)


def test_a_hole_in_a_coarse_field_does_not_spread_over_the_fine_one():
    field = np.full((5, 5), 0.3, np.float32)
    field[2, 2] = np.nan
    coarse = Grid(AREA.crs, 1000, 0, 0, 5, 5)
    fine = coarse.refine(100)
    result = upsample(field, *weights_between(coarse, fine))
    missing = np.isnan(result)
    assert missing[25, 25] and not missing[:15].any() and not missing[:, 35:].any()
    np.testing.assert_allclose(result[~missing], 0.3, rtol=1e-6)


def test_upsampling_gives_float32():
    assert (
        upsample(np.ones(POSTING.shape, np.float32), *weights_between(POSTING, AREA)).dtype
        == np.float32
    )


@settings(max_examples=40)
@given(
    rows=st.integers(1, 25),
    columns=st.integers(1, 25),
    posting=st.sampled_from([100, 250, 300, 1000]),
    data=st.data(),
)
def test_cell_means_are_those_of_a_slow_obvious_mean(rows, columns, posting, data):
    grid = Grid("EPSG:3413", 100, 50, 1000, rows, columns)
    coarse = grid.posting(posting)
    field = (
        np.random.default_rng(data.draw(st.integers(0, 99))).random(grid.shape).astype(np.float32)
    )
    field[field < data.draw(st.sampled_from([0, 0.3, 0.6]))] = np.nan
    means = cell_means(field, grid, coarse)
    for row, y in enumerate(coarse.y):
        for column, x in enumerate(coarse.x):
            down = (grid.y > y - posting / 2) & (grid.y <= y + posting / 2)
            across = (grid.x >= x - posting / 2) & (grid.x < x + posting / 2)
            inside = field[np.ix_(down, across)]
            if inside.size and 2 * np.isfinite(inside).sum() >= inside.size:
                np.testing.assert_allclose(
                    means[row, column], np.nanmean(inside.astype(np.float64)), rtol=1e-6
                )
            elif inside.size:
                assert np.isnan(means[row, column])
    np.testing.assert_array_equal(means[0], means[1])  # the margin takes the nearest
    np.testing.assert_array_equal(means[:, 0], means[:, 1])


def test_the_mean_of_a_field_that_repeats_its_postings_is_exactly_that_field():
    grid = Grid("EPSG:3413", 100, 0, 0, 47, 43)
    coarse = grid.posting(1000)
    postings = np.random.default_rng(3).normal(200, 30, coarse.shape).astype(np.float32)
    np.testing.assert_array_equal(
        cell_means(postings[coarse.cells_of(grid)], grid, coarse)[1:-1, 1:-1], postings[1:-1, 1:-1]
    )
