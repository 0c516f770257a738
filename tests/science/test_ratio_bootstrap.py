"""The block bootstrap, against sums over days written out and against known distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.science.ratio_bootstrap import block_interval, circular_blocks

CELLS = 100.0


def season(errors):
    """Sums of a season in which every day has as many cells."""
    errors = np.asarray(errors, float)
    return np.stack([CELLS * errors, np.full(errors.shape, CELLS)])[..., None]


def width(seasons, **how):
    low, high = block_interval(seasons, **how)[:, 0]
    return high - low


@given(st.integers(1, 40), st.integers(1, 12))
def test_a_block_is_a_run_of_days_on_a_circle(days, block):
    sums = np.random.default_rng(days).random((2, days, 3))
    found = circular_blocks(sums, block)
    for first in range(days):
        run = [(first + ahead) % days for ahead in range(min(block, days))]
        np.testing.assert_allclose(found[:, first], sums[:, run].sum(axis=1))


def test_where_every_day_has_the_same_error_the_interval_has_no_width():
    bounds = block_interval([season(np.full(50, 0.2)), season(np.full(30, 0.2))])
    np.testing.assert_allclose(bounds[:, 0], 0.2)


def test_of_independent_days_the_interval_is_that_of_a_mean():
    errors = np.random.default_rng(1).normal(0.5, 0.1, 900)
    expected = 2 * 1.96 * errors.std() / np.sqrt(errors.size)
    assert width([season(errors)], block=1) == pytest.approx(expected, rel=0.1)
    assert width([season(errors)]) == pytest.approx(expected, rel=0.35)


def test_errors_that_last_for_days_give_a_wider_interval_than_single_days_would():
    lasting = np.repeat(np.random.default_rng(2).normal(0.5, 0.1, 90), 10)
    assert width([season(lasting)]) > 2 * width([season(lasting)], block=1)


def test_days_count_by_their_cells_and_a_class_without_any_has_no_interval():
    sums = np.zeros((2, 40, 2))
    sums[:, :20, 0] = [[0.1 * CELLS], [CELLS]]  # nothing on the other days
    low, high = block_interval([sums])
    assert low[0] == pytest.approx(0.1) == high[0]
    assert np.isnan([low[1], high[1]]).all()


def test_the_interval_holds_the_ratio_of_all_days_and_is_the_same_each_time():
    sums = np.random.default_rng(3).random((2, 120, 4))
    low, high = block_interval([sums[:, :70], sums[:, 70:]])
    numerator, denominator = sums.sum(axis=1)
    assert (low < numerator / denominator).all() and (numerator / denominator < high).all()
    np.testing.assert_array_equal(block_interval([sums[:, :70], sums[:, 70:]]), [low, high])
