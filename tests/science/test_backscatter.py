"""Backscatter: every kernel against plain loops, aggregation against GDAL's warper."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rasterio.warp import Resampling

from daymelt.core.errors import ConfigError, GridError
from daymelt.core.grid import Grid
from daymelt.science.backscatter import (
    POOL_ROWS,
    WinterReference,
    cell_shares,
    melt_fraction,
    merge_passes,
    pool,
    smooth,
    valid_backscatter,
)
from daymelt.science.backscatter_loops import STRIP

CRS = "EPSG:3413"
power = st.floats(2**-13, 10, width=32)


def speckled(seed, shape, missing=0.2):
    """Speckled power, (y, x), with pixels missing, and where it is valid."""
    rng = np.random.default_rng(seed)
    gamma0 = rng.gamma(4, 0.05, shape).astype(np.float32) + np.float32(1e-4)
    valid = rng.random(shape) >= missing
    return np.where(valid, gamma0, np.float32(np.nan)), valid


# --- validity


@pytest.mark.parametrize("gamma0", [np.nan, np.inf, -np.inf, 0.0, -0.5, 10 ** (-25 / 10)])
def test_a_pixel_without_power_above_the_noise_floor_is_invalid(gamma0):
    assert not valid_backscatter(np.float32([[gamma0]]), np.zeros((1, 1), np.uint8), -25.0).any()


@pytest.mark.parametrize("code", [1, 2, 3, 255])
def test_every_mask_code_but_zero_is_invalid(code):
    gamma0 = np.float32([[0.1, 0.1]])
    assert valid_backscatter(gamma0, np.uint8([[0, code]]), -25.0).tolist() == [[True, False]]


@given(db=st.floats(-40, 5), floor=st.floats(-35, -5))
def test_the_noise_floor_is_one_of_decibels(db, floor):
    if abs(db - floor) < 1e-3:
        return
    assert valid_backscatter(np.float32([[10 ** (db / 10)]]), np.zeros((1, 1), np.uint8), floor)[
        0, 0
    ] == (db > floor)


# --- smoothing


def smooth_slowly(gamma0, valid, window):
    reach = window // 2
    result = np.full(gamma0.shape, np.nan)
    for row, column in zip(*np.nonzero(valid), strict=True):
        rows = slice(max(0, row - reach), row + reach + 1)
        columns = slice(max(0, column - reach), column + reach + 1)
        result[row, column] = gamma0[rows, columns][valid[rows, columns]].astype(np.float64).mean()
    return result


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 9), (POOL_ROWS - 1, 5), (POOL_ROWS, 4), (2 * POOL_ROWS + 3, 11)]
)
@pytest.mark.parametrize("window", [1, 3, 5, 9])
def test_smoothing_is_the_mean_over_the_valid_pixels_of_the_box(shape, window):
    gamma0, valid = speckled(7, shape)
    np.testing.assert_allclose(
        smooth(gamma0, valid, window), smooth_slowly(gamma0, valid, window), rtol=1e-6
    )


def box_sum(field, reach):
    """Sum over a box by whole fields shifted against each other, in the order in which the compiled
    loops add.
    """
    columns = field.copy()
    for shift in range(1, reach + 1):
        columns[shift:] += field[:-shift]
        columns[:-shift] += field[shift:]
    total = columns.copy()
    for shift in range(1, reach + 1):
        total[:, shift:] += columns[:, :-shift]
        total[:, :-shift] += columns[:, shift:]
    return total


@pytest.mark.parametrize("columns", [1, 2, 17, STRIP - 1, STRIP, STRIP + 1, 2 * STRIP + 3])
@pytest.mark.parametrize("window", [1, 3, 5, 17])
@pytest.mark.parametrize("above", [0, 1, 4, 12])
def test_smoothing_is_that_of_numpy_bit_for_bit_however_the_rows_are_given(columns, window, above):
    gamma0, valid = speckled(window, (12, columns))
    power, count = (
        box_sum(np.where(valid, gamma0, np.float32(0)), window // 2),
        box_sum(valid.astype(np.uint16), window // 2),
    )
    expected = np.where(valid, power / np.maximum(count, 1), np.float32(np.nan))
    found = smooth(gamma0[above:], valid, window, gamma0[:above])
    assert found.tobytes() == expected.tobytes()


def test_a_window_of_one_leaves_the_field_as_it_is():
    gamma0, valid = speckled(1, (70, 9))
    np.testing.assert_array_equal(smooth(gamma0, valid, 1), gamma0)


def test_power_at_an_invalid_pixel_reaches_no_neighbour():
    gamma0 = np.float32([[1, 1e6, 1], [1, np.inf, 1], [1, np.nan, 1]])
    valid = gamma0 == 1
    np.testing.assert_array_equal(
        smooth(gamma0, valid, 3), np.where(valid, 1, np.nan).astype(np.float32)
    )


def test_a_box_of_more_pixels_than_a_byte_counts_is_still_a_mean():
    field = np.full((40, 40), 0.25, np.float32)
    np.testing.assert_allclose(smooth(field, np.ones(field.shape, bool), 17), field, rtol=1e-6)


@pytest.mark.parametrize("window", [0, -1, 2, 4])
def test_a_box_without_a_centre_is_refused(window):
    with pytest.raises(ConfigError, match=f"window {window} pixels"):
        smooth(np.ones((2, 2), np.float32), np.ones((2, 2), bool), window)


# --- winter reference


@given(st.integers(0, 6), st.integers(1, 5), st.integers(0, 1000))
def test_the_reference_is_the_mean_of_the_valid_scenes(scenes, min_scenes, seed):
    reference = WinterReference((3, 4))
    stack = [speckled(seed + n, (3, 4), missing=0.5) for n in range(scenes)]
    for gamma0, valid in stack:
        reference.add(gamma0, valid)
    for row in range(3):
        for column in range(4):
            seen = [float(gamma0[row, column]) for gamma0, valid in stack if valid[row, column]]
            expected = sum(seen) / len(seen) if len(seen) >= min_scenes else math.nan
            assert reference.count[row, column] == len(seen)
            np.testing.assert_allclose(reference.mean(min_scenes)[row, column], expected, rtol=1e-6)


def test_an_infinite_or_missing_value_that_is_invalid_does_not_spoil_the_reference():
    reference = WinterReference((1, 2))
    reference.add(np.float32([[np.nan, np.inf]]), np.zeros((1, 2), bool))
    reference.add(np.float32([[0.1, 0.2]]), np.ones((1, 2), bool))
    np.testing.assert_array_equal(reference.mean(1), np.float32([[0.1, 0.2]]))


def test_asking_for_the_mean_does_not_end_the_reference():
    reference = WinterReference((1, 1))
    for value in (0.1, 0.3):
        reference.add(np.float32([[value]]), np.ones((1, 1), bool))
        reference.mean(1)
    assert reference.mean(2) == pytest.approx(0.2)


def test_more_scenes_than_the_count_holds_are_refused():
    reference = WinterReference((1, 1))
    for _ in range(254):
        reference.add(np.ones((1, 1), np.float32), np.ones((1, 1), bool))
    assert reference.count[0, 0] == 254
    with pytest.raises(ValueError, match="254"):
        reference.add(np.ones((1, 1), np.float32), np.ones((1, 1), bool))


# --- pooling of winters

winters = st.lists(st.tuples(power, st.integers(0, 6)), min_size=1, max_size=4)


@given(winters, st.integers(1, 8))
def test_pooling_helps_a_pixel_only_where_its_own_winter_is_too_short(years, min_scenes):
    means = [
        (np.float32([[mean if count else np.nan]]), np.uint8([[count]])) for mean, count in years
    ]
    mean, count = pool(means, min_scenes)
    own_mean, own_count = years[0]
    if own_count >= min_scenes:
        assert (mean[0, 0], count[0, 0]) == (np.float32(own_mean), own_count)
        return
    scenes = sum(n for _, n in years)
    expected = sum(value * n for value, n in years) / scenes if scenes >= min_scenes else math.nan
    assert count[0, 0] == scenes
    np.testing.assert_allclose(mean[0, 0], expected, rtol=1e-6)


def test_pooling_equals_one_reference_over_all_winters():
    together, winters = WinterReference((8, 9)), []
    for winter in range(3):
        alone = WinterReference((8, 9))
        for scene in range(2):
            gamma0, valid = speckled(10 * winter + scene, (8, 9), missing=0.3)
            alone.add(gamma0, valid)
            together.add(gamma0, valid)
        winters.append((alone.mean(1), alone.count))
    mean, count = pool(winters, 4)
    np.testing.assert_allclose(mean, together.mean(4), rtol=1e-6)
    np.testing.assert_array_equal(count, together.count)


def test_a_winter_whose_mean_is_missing_brings_no_scenes():
    unseen, seen = (np.float32([[np.nan]]), np.uint8([[5]])), (np.float32([[0.2]]), np.uint8([[4]]))
    mean, count = pool([unseen, seen], 4)
    assert (mean[0, 0], count[0, 0]) == (np.float32(0.2), 4)
    mean, count = pool([(np.float32([[0.2]]), np.uint8([[2]])), unseen], 4)
    assert np.isnan(mean[0, 0]) and count[0, 0] == 2


def test_the_count_of_many_winters_stops_where_a_byte_does():
    winters = [(np.float32([[0.1]]), np.uint8([[200]])), (np.float32([[0.3]]), np.uint8([[200]]))]
    mean, count = pool(winters, 201)
    assert mean[0, 0] == pytest.approx(0.2) and count[0, 0] == 254


def test_pooling_does_not_change_the_winters_it_is_given():
    own, other = (np.float32([[0.1]]), np.uint8([[1]])), (np.float32([[0.3]]), np.uint8([[3]]))
    pool([own, other], 4)
    assert (own[0][0, 0], own[1][0, 0]) == (np.float32(0.1), 1)


# --- threshold


def melts(gamma0, reference, threshold=3.0):
    """Melt fraction of a cell of one pixel; NaN where it is not valid."""
    shares, valid = (
        cell_shares(Grid(CRS, 100, 0, 0, 1, 1), Grid(CRS, 100, 0, 0, 1, 1)),
        np.ones((1, 1), bool),
    )
    return melt_fraction(
        np.float32([[gamma0]]), valid, np.float32([[reference]]), threshold, shares, 0.0
    )[0][0, 0]


@given(power, power, st.floats(0.5, 6))
def test_a_pixel_melts_where_its_decibels_fell_by_more_than_the_threshold(
    gamma0, reference, threshold
):
    fall = 10 * math.log10(gamma0 / reference)
    if abs(fall + threshold) < 1e-4:
        return
    assert melts(gamma0, reference, threshold) == (fall < -threshold)


@pytest.mark.parametrize("reference", [math.nan, math.inf])
def test_a_pixel_without_a_reference_is_not_valid(reference):
    assert math.isnan(melts(1.0, reference))


@pytest.mark.parametrize("threshold", [0, -3, math.nan])
def test_a_threshold_that_is_no_drop_is_refused(threshold):
    with pytest.raises(ConfigError, match="above 0"):
        melts(1.0, 1.0, threshold)


# --- aggregation


def overlap(low, high, other_low, other_high):
    return max(0.0, min(high, other_high) - max(low, other_low))


def fraction_of(wet, valid, fine, coarse, least=0.0):
    """Melt fraction and valid share of pixels of which some are wet: 10 dB below their
    reference.
    """
    reference = np.ones(fine.shape, np.float32)
    return melt_fraction(
        np.where(wet, np.float32(0.1), reference),
        valid,
        reference,
        3.0,
        cell_shares(fine, coarse),
        least,
    )


def area(flag, fine, coarse):
    """Area of some pixels within each cell."""
    ones = np.ones(fine.shape, np.float32)
    return cell_shares(fine, coarse).areas(ones, flag, ones, 0.5)[0]


def shares_slowly(fine, coarse, flag):
    """Area of True fine cells in each coarse cell, cell by cell."""
    area = np.zeros(coarse.shape)
    for row, column in zip(*np.nonzero(flag), strict=True):
        top, left = fine.top - row * fine.spacing_m, fine.left + column * fine.spacing_m
        for y in range(coarse.rows):
            for x in range(coarse.columns):
                ceiling, wall = (
                    coarse.top - y * coarse.spacing_m,
                    coarse.left + x * coarse.spacing_m,
                )
                high = overlap(top - fine.spacing_m, top, ceiling - coarse.spacing_m, ceiling)
                area[y, x] += high * overlap(
                    left, left + fine.spacing_m, wall, wall + coarse.spacing_m
                )
    return area


@given(
    st.sampled_from([10, 30, 40, 100, 250]),
    st.sampled_from([100, 70, 30]),
    st.integers(-150, 150),
    st.integers(-150, 150),
    st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_the_shares_of_any_two_grids_are_their_overlapping_areas(
    fine_side, coarse_side, east, south, seed
):
    fine = Grid(CRS, fine_side, 294900 + east, -2566500 - south, 9, 7)
    coarse = Grid(CRS, coarse_side, 294900, -2566500, 4, 5)
    flag = np.random.default_rng(seed).random(fine.shape) < 0.6
    np.testing.assert_array_equal(area(flag, fine, coarse), shares_slowly(fine, coarse, flag))


@pytest.mark.parametrize(("spacing", "rows"), [(30, 200), (10, 600), (40, 150), (25, 240)])
def test_the_melt_fraction_is_the_warper_s_area_average(spacing, rows, warp):
    fine, coarse = (
        Grid(CRS, spacing, 294900, -2566500, rows, rows),
        Grid(CRS, 100, 294900, -2566500, 60, 60),
    )
    rng = np.random.default_rng(spacing)
    wet, valid = rng.random(fine.shape) < 0.4, rng.random(fine.shape) < 0.8
    fraction, valid_share = fraction_of(wet, valid, fine, coarse, 0.0)
    np.testing.assert_allclose(
        valid_share, warp(valid, fine, coarse, Resampling.average), atol=2e-7
    )
    expected = warp(np.where(valid, wet, np.nan), fine, coarse, Resampling.average)
    np.testing.assert_allclose(fraction, expected, atol=2e-7)


@pytest.mark.parametrize("spacing", [30, 10, 40])
def test_the_valid_area_is_the_warper_s_sum(spacing, warp):
    fine, coarse = (
        Grid(CRS, spacing, 294900, -2566500, 120, 90),
        Grid(CRS, 100, 294900, -2566500, 12, 9),
    )
    valid = np.random.default_rng(3).random(fine.shape) < 0.7
    expected = warp(valid, fine, coarse, Resampling.sum) * spacing**2
    np.testing.assert_allclose(area(valid, fine, coarse), expected, rtol=1e-6)


@pytest.mark.parametrize("spacing", [30, 10, 40])
def test_the_melt_fraction_is_what_the_gdalwarp_command_averages(spacing, gdalwarp):
    fine, coarse = (
        Grid(CRS, spacing, 294900, -2566500, 120, 90),
        Grid(CRS, 100, 294900, -2566500, 12, 9),
    )
    rng = np.random.default_rng(spacing)
    wet, valid = rng.random(fine.shape) < 0.4, rng.random(fine.shape) < 0.5
    fraction, valid_share = fraction_of(wet, valid, fine, coarse, 0.0)
    np.testing.assert_allclose(
        fraction, gdalwarp(np.where(valid, wet, np.nan), fine, coarse, "average"), atol=2e-7
    )
    np.testing.assert_allclose(
        valid_share * 100**2, gdalwarp(valid, fine, coarse, "sum") * spacing**2, rtol=1e-6
    )


@pytest.mark.parametrize("side", [1000 / 3, 0.1, 0.7])
def test_cells_that_only_touch_share_nothing(side):
    shares = cell_shares(
        Grid(CRS, side, 294900, -2566500, 30, 27), Grid(CRS, 3 * side, 294900, -2566500, 10, 9)
    )
    for along, cells in ((shares.along_y, 10), (shares.along_x, 9)):
        assert np.diff(along.indptr).tolist() == [3] * cells
        np.testing.assert_allclose(along.data, side, rtol=1e-6)


def test_grids_of_two_crs_are_refused():
    with pytest.raises(GridError, match="EPSG:32624"):
        cell_shares(
            Grid("EPSG:32624", 30, 500000, 7300000, 10, 10), Grid(CRS, 100, 294900, -2566500, 3, 3)
        )


def test_grids_that_do_not_meet_share_nothing():
    far = Grid(CRS, 30, 594900, -1566500, 10, 10)
    assert area(np.ones(far.shape, bool), far, Grid(CRS, 100, 294900, -2566500, 3, 3)).sum() == 0


def test_a_cell_valid_in_exactly_the_least_share_has_data():
    fine, coarse = Grid(CRS, 50, 294900, -2566500, 2, 4), Grid(CRS, 100, 294900, -2566500, 1, 2)
    valid = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], bool)
    fraction, share = fraction_of(valid, valid, fine, coarse, 0.5)
    assert share.tolist() == [[0.5, 0.25]]
    assert fraction[0, 0] == 1 and np.isnan(fraction[0, 1])


def test_melt_at_an_invalid_pixel_does_not_count():
    fine, coarse = Grid(CRS, 50, 294900, -2566500, 2, 2), Grid(CRS, 100, 294900, -2566500, 1, 1)
    wet, valid = np.ones((2, 2), bool), np.array([[1, 1], [1, 0]], bool)
    wet[0, 0] = False
    fraction, _ = fraction_of(wet, valid, fine, coarse, 0.5)
    assert fraction[0, 0] == np.float32(2 / 3)


@pytest.mark.parametrize("above", [1, 3, 6])
def test_a_reference_in_two_parts_is_the_reference(above):
    fine, coarse = Grid(CRS, 30, 0, 0, 6, 9), Grid(CRS, 90, 0, 0, 2, 3)
    rng = np.random.default_rng(above)
    gamma0, reference = rng.random((2, *fine.shape), np.float32)
    valid, shares = rng.random(fine.shape) < 0.8, cell_shares(fine, coarse)
    whole = melt_fraction(gamma0, valid, reference, 3.0, shares, 0.0)
    parts = melt_fraction(gamma0, valid, reference[above:], 3.0, shares, 0.0, reference[:above])
    np.testing.assert_array_equal(parts, whole)


# --- passes of a day

seen = st.tuples(st.floats(0, 1, width=32), st.floats(2**-7, 1, width=32), st.booleans())


@given(st.lists(seen, min_size=1, max_size=4))
def test_passes_merge_by_valid_area(passes):
    stack = [
        (np.float32([[fraction if usable else np.nan]]), np.float32([[share]]))
        for fraction, share, usable in passes
    ]
    fraction, share = merge_passes(stack)
    known = [(float(f), float(s)) for f, s, usable in passes if usable]
    expected = sum(f * s for f, s in known) / sum(s for _, s in known) if known else math.nan
    np.testing.assert_allclose(fraction[0, 0], expected, rtol=1e-5, atol=1e-7)
    assert share[0, 0] == max(np.float32(s) for _, s, _ in passes)
    assert not fraction[0, 0] > 1


@given(arrays.arrays(np.float32, (3, 3), elements=st.floats(0, 1, width=32)))
def test_one_pass_alone_is_itself(fraction):
    share = np.full((3, 3), 0.7, np.float32)
    np.testing.assert_allclose(
        merge_passes([(fraction, share)])[0], fraction, rtol=1e-6, atol=1e-30
    )
