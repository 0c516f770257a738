"""The block bootstrap, against sums over days written out and against known distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from daymelt.science.bootstrap import block_interval, circular_blocks

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


def test_with_blocks_of_a_day_it_is_scipys_bootstrap():
    errors = np.random.default_rng(1).gamma(2, 1, 300)
    expected = stats.bootstrap(
        (errors,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    spread = expected.high - expected.low
    low, high = block_interval([season(errors)], block=1)[:, 0]
    assert low == pytest.approx(expected.low, abs=0.1 * spread)
    assert high == pytest.approx(expected.high, abs=0.1 * spread)


def test_it_is_the_spread_of_the_means_of_all_choices_of_blocks():
    """Few enough to enumerate: 8 days in blocks of 4 are two draws of eight blocks."""
    errors = np.array([0.0, 1, 3, 2, 5, 8, 7, 4])
    blocks = [np.take(errors, range(first, first + 4), mode="wrap").mean() for first in range(8)]
    every = {(one + other) / 2 for one in blocks for other in blocks}
    low, high = block_interval([season(errors)], block=4)[:, 0]
    assert min(every) <= low < np.quantile(sorted(every), 0.2)
    assert np.quantile(sorted(every), 0.8) < high <= max(every)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    random, held = np.random.default_rng(4), []
    for _ in range(200):
        lasting = np.repeat(random.standard_normal(60), 3)
        low, high = block_interval([season(lasting)])[:, 0]
        held.append(low <= 0 <= high)
    assert 0.85 <= np.mean(held) <= 0.99
