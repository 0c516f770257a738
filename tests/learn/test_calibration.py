"""Levels of the interval: found again where they are known, and covering new days as promised."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.learn.calibration import (
    CODES,
    LEAST_PAIRS,
    MISSED,
    Coverage,
    Intervals,
    SecondLooks,
    level_of,
    missed_evenly,
    quantile_at,
)
from daymelt.learn.quantiles import LEVELS

SHAPE = (300, 300)
NOMINAL = LEVELS[0], LEVELS[-1]


def day(seed, spread):
    """Quantiles of a uniform distribution between cells' own bounds, and reports of which the true
    distribution is `spread` times as wide.
    """
    random = np.random.default_rng(seed)
    middle, half = random.uniform(0.4, 0.6, SHAPE), random.uniform(0.05, 0.2, SHAPE)
    levels = np.array(LEVELS)[:, None, None]
    quantiles = (middle + (2 * levels - 1) * half).astype(np.float32)
    report = (middle + spread * half * random.uniform(-1, 1, SHAPE)).astype(np.float32)
    return quantiles, report


def calibrated(spread, every=1):
    coverage = Coverage(every)
    for seed in range(3):
        coverage.add(*day(seed, spread), np.ones(SHAPE, bool))
    return Intervals(coverage.levels())


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("spread", [0.5, 0.8])
def test_new_reports_are_missed_as_often_as_stated(spread, every):
    quantiles, report = day(7, spread)
    low, high = calibrated(spread, every).bounds(quantiles)
    assert (report < low - 0.005).mean() == pytest.approx(MISSED, abs=0.012)
    assert (report > high + 0.005).mean() == pytest.approx(MISSED, abs=0.012)


def test_quantiles_that_are_too_wide_give_a_narrower_interval():
    quantiles, _ = day(3, 1)
    low, high = calibrated(0.5).bounds(quantiles)
    assert (high - low).mean() < 0.6 * (quantiles[-1] - quantiles[0]).mean()


def test_levels_stay_within_those_that_are_predicted():
    low, high = calibrated(3).levels
    assert (low, high) == NOMINAL


def test_cells_whose_interval_becomes_certain_do_not_count():
    quantiles, report = (field.reshape(*field.shape[:-2], -1) for field in day(1, 0.5))
    flat = np.linspace(0.0, 0.03, len(LEVELS), dtype=np.float32)[:, None].repeat(50_000, axis=1)
    both = np.concatenate([quantiles, flat], axis=1)
    reports = np.concatenate([report, np.full(50_000, 0.015, np.float32)])
    found = missed_evenly(both, reports)
    assert found == pytest.approx(missed_evenly(quantiles, report), abs=5e-3)


def test_certain_and_invalid_cells_are_not_kept():
    coverage = Coverage()
    quantiles, report = day(1, 0.5)
    quantiles[:, :150] = 0
    valid = np.ones(SHAPE, bool)
    valid[:, :100] = False
    coverage.add(quantiles, report, valid)
    assert coverage.reports[0].size == 150 * 200


def test_with_too_few_cells_the_nominal_levels_hold():
    quantiles, report = day(1, 0.2)
    coverage = Coverage(every=100)
    coverage.add(quantiles, report, np.ones(SHAPE, bool))
    assert coverage.levels() == NOMINAL == Intervals().levels
    low, high = Intervals().bounds(quantiles)
    np.testing.assert_array_equal(low, quantiles[0])
    np.testing.assert_array_equal(high, quantiles[-1])


def looks(seed=0, spread=12, count=400_000):
    """Pairs of reports of which the second differs from the first by a normal number of percent."""
    random = np.random.default_rng(seed)
    first = random.integers(0, CODES, count)
    second = np.clip(np.rint(first + spread * random.standard_normal(count)), 0, 100)
    return first.astype(np.uint8), second.astype(np.uint8)


def test_bounds_of_a_report_are_quantiles_of_the_second_looks():
    first, second = looks()
    pairs = SecondLooks()
    pairs.add(first, second)
    low, high = pairs.bounds()
    both = np.concatenate([first, second]), np.concatenate([second, first])
    for code in (20, 50, 80):
        own = both[1][both[0] == code] / 100
        assert low[code] == pytest.approx(np.quantile(own, MISSED), abs=0.011)
        assert high[code] == pytest.approx(np.quantile(own, 1 - MISSED), abs=0.011)


@given(st.integers(0, 2**16), st.integers(1, 60))
def test_bounds_hold_the_report(seed, spread):
    pairs = SecondLooks()
    pairs.add(*looks(seed, spread, 200_000))
    low, high = pairs.bounds()
    report = np.arange(CODES, dtype=np.float32) / 100
    assert (low <= report + 1e-6).all()
    assert (high >= report - 1e-6).all()
    assert (low >= 0).all()
    assert (high <= 1).all()


def test_without_second_looks_an_interval_is_widened_to_hold_the_report():
    pairs = SecondLooks()
    pairs.add(np.full(LEAST_PAIRS, 30, np.uint8), np.full(LEAST_PAIRS, 255, np.uint8))
    assert pairs.counts.sum() == 0
    assert pairs.bounds() is None
    low, high = np.float32([0.2, 0.2, 0.2]), np.float32([0.4, 0.4, 0.4])
    report = np.float32([0.1, np.nan, 0.5])
    found = Intervals().with_report(low, high, report)
    np.testing.assert_array_equal(found, np.float32([[0.1, 0.2, 0.2], [0.4, 0.4, 0.5]]))


def test_cells_that_were_seen_have_the_bounds_of_their_report():
    seen = np.stack([np.linspace(0, 0.9, CODES), np.linspace(0.1, 1, CODES)]).astype(np.float32)
    low, high = np.full((1, 3), 0.2, np.float32), np.full((1, 3), 0.4, np.float32)
    report = np.float32([[0.5, np.nan, 1]])
    found = Intervals(seen=seen).with_report(low, high, report)
    np.testing.assert_array_equal(found[0], [[seen[0, 50], np.float32(0.2), seen[0, 100]]])
    np.testing.assert_array_equal(found[1], [[seen[1, 50], np.float32(0.4), seen[1, 100]]])


@given(st.floats(0.06, 0.95), st.integers(0, 1000))
def test_level_and_quantile_are_inverse(level, seed):
    random = np.random.default_rng(seed)
    quantiles = np.cumsum(random.uniform(0.01, 0.1, (len(LEVELS), 5)), axis=0).astype(np.float32)
    value = quantile_at(quantiles, level)
    for cell in range(5):
        assert value[cell] == pytest.approx(np.interp(level, LEVELS, quantiles[:, cell]), rel=1e-4)
    np.testing.assert_allclose(level_of(quantiles, value), level, atol=1e-3)


def test_values_outside_all_quantiles_have_the_levels_0_and_1():
    quantiles = np.linspace(0.2, 0.8, len(LEVELS), dtype=np.float32)[:, None].repeat(2, axis=1)
    assert level_of(quantiles, np.array([0.1, 0.9], np.float32)).tolist() == [0, 1]
