"""The block bootstrap, against scipy's bootstrap and against series whose spread is known."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from daymelt.core.dates import span
from daymelt.science.bootstrap import block_mean, blocks_of


def days_of(count, year=2019):
    first = dt.date(year, 1, 1)
    return span(first, first + dt.timedelta(count - 1))


def test_with_blocks_of_a_day_it_is_scipys_bootstrap():
    values = np.random.default_rng(1).gamma(2, 1, 300)
    found = block_mean(days_of(300), values, block_days=1, resamples=20_000)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.mean == pytest.approx(values.mean())
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.high, abs=0.03 * width)


def test_it_is_the_spread_of_the_means_of_all_choices_of_blocks():
    """Few enough to enumerate: 8 days in blocks of 4 are two draws from five blocks."""
    values = np.array([0.0, 1, 3, 2, 5, 8, 7, 4])
    blocks = [values[first : first + 4].mean() for first in range(5)]
    every = [(one + other) / 2 for one in blocks for other in blocks]
    found = block_mean(days_of(8), values, block_days=4, resamples=50_000, level=0.5)
    assert found.low == pytest.approx(np.quantile(every, 0.25))
    assert found.high == pytest.approx(np.quantile(every, 0.75))


def series_of_runs(seed, years=40, length=10):
    """Independent normal numbers, each for ten days in a row."""
    days = [day for year in range(1981, 1981 + years) for day in days_of(12 * length, year)]
    random = np.random.default_rng(seed)
    return days, np.repeat(random.standard_normal(len(days) // length), length)


def test_of_days_alike_blocks_give_the_wider_interval_that_is_right():
    """Numbers repeated on ten days: the mean of n days has the standard error of n / 10 numbers.

    A block of 60 days holds at most seven of them, the outer two in part, so that the spread of its
    mean is close to that; days drawn one by one give the square root of ten less.
    """
    days, values = series_of_runs(3)
    true = 2 * 1.96 * values.std() / np.sqrt(len(values) / 10)
    blocks, single = (block_mean(days, values, length) for length in (60, 1))
    assert blocks.high - blocks.low == pytest.approx(true, rel=0.2)
    assert single.high - single.low == pytest.approx(true / np.sqrt(10), rel=0.1)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    held = []
    for seed in range(200):
        days, values = series_of_runs(seed, years=10)
        found = block_mean(days, values, block_days=30, resamples=300)
        held.append(found.low <= 0 <= found.high)
    assert 0.85 <= np.mean(held) <= 0.99


@given(
    st.lists(st.dates(dt.date(2018, 4, 1), dt.date(2020, 9, 30)), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_a_block_holds_the_days_of_its_length_within_a_season(drawn, length):
    days = sorted(set(drawn))
    blocks = blocks_of(days, length)
    for first, end in blocks:
        own = days[first:end]
        assert len({day.year for day in own}) == 1
        assert (own[-1] - own[0]).days < length
        after = days[end : end + 1]
        assert not after or after[0].year > own[0].year or (after[0] - own[0]).days >= length
    assert {days[first].year for first, _ in blocks} == {day.year for day in days}


@given(st.floats(-1, 1), st.integers(1, 100))
def test_a_constant_series_has_no_spread(value, count):
    found = block_mean(days_of(count), np.full(count, value), resamples=50)
    assert found == pytest.approx((value, value, value), abs=1e-12)


def test_the_same_seed_gives_the_same_interval_and_a_shift_moves_it():
    values = np.random.default_rng(0).random(100)
    found = block_mean(days_of(100), values)
    assert block_mean(days_of(100), values) == found
    assert block_mean(days_of(100), values + 2) == pytest.approx(tuple(2 + x for x in found))


@pytest.mark.parametrize("days", [[], days_of(3)[::-1], [dt.date(2019, 1, 1)] * 2])
def test_days_that_do_not_rise_are_refused(days):
    with pytest.raises(ValueError, match="rising"):
        block_mean(days, np.zeros(len(days)))
