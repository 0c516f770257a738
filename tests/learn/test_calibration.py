"""Levels of the interval: found again where they are known, and covering new days as promised."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.learn.calibration import (
    NAMES,
    Coverage,
    Intervals,
    gap_classes,
    level_of,
    quantile_at,
)
from daymelt.learn.quantiles import LEVELS

SHAPE = (300, 300)


def day(seed, spread, gap=2):
    """Quantiles of a uniform distribution between cells' own bounds, and observations of which the
    true distribution is `spread` times as wide.
    """
    random = np.random.default_rng(seed)
    middle, half = random.uniform(0.4, 0.6, SHAPE), random.uniform(0.05, 0.2, SHAPE)
    levels = np.array(LEVELS)[:, None, None]
    quantiles = (middle + (2 * levels - 1) * half).astype(np.float32)
    target = (middle + spread * half * random.uniform(-1, 1, SHAPE)).astype(np.float32)
    return quantiles, np.full(SHAPE, gap, np.uint8), target


def calibrated(spread, gap=2):
    coverage = Coverage()
    for seed in range(3):
        coverage.add(*day(seed, spread, gap), np.ones(SHAPE, bool))
    return coverage.intervals()


@pytest.mark.parametrize("spread", [0.5, 0.8, 1.0])
def test_a_twentieth_of_new_observations_lies_on_either_side(spread):
    quantiles, gap, target = day(7, spread)
    low, high = calibrated(spread).bounds(quantiles, gap)
    assert (target < low - 0.005).mean() == pytest.approx(0.05, abs=0.012)
    assert (target > high + 0.005).mean() == pytest.approx(0.05, abs=0.012)


def test_quantiles_that_are_too_wide_give_a_narrower_interval():
    quantiles, gap, _ = day(3, 1)
    low, high = calibrated(0.5).bounds(quantiles, gap)
    assert (high - low).mean() < 0.6 * (quantiles[-1] - quantiles[0]).mean()


def test_each_class_of_gap_has_its_own_levels():
    coverage = Coverage()
    for gap, spread in ((2, 0.4), (20, 0.9)):
        coverage.add(*day(gap, spread, gap), np.ones(SHAPE, bool))
    levels = coverage.intervals().levels
    assert levels["1-3"][0] > levels["13-60"][0]
    assert levels["1-3"][1] < levels["13-60"][1]


def test_a_class_without_cells_takes_the_levels_of_all():
    levels = calibrated(0.5).levels
    assert levels["none"] == pytest.approx(levels["1-3"], abs=0.02)
    assert "0" not in levels


def test_cells_that_are_certain_do_not_count():
    coverage = Coverage()
    quantiles, gap, target = day(1, 0.5)
    quantiles[:, :150], target[:150] = 0, 0
    coverage.add(quantiles, gap, target, np.ones(SHAPE, bool))
    assert coverage.below.sum() == SHAPE[0] * SHAPE[1] // 2


def test_without_any_cell_the_nominal_levels_hold():
    quantiles, gap, _ = day(1, 1)
    low, high = Coverage().intervals().bounds(quantiles, gap)
    np.testing.assert_array_equal(low, quantiles[0])
    np.testing.assert_array_equal(high, quantiles[-1])
    assert Intervals() == Coverage().intervals()


def test_gaps_fall_into_their_classes():
    gaps = np.array([0, 1, 3, 4, 6, 7, 12, 13, 60, 61, 255], np.uint8)
    found = [NAMES[index] for index in gap_classes(gaps)]
    expected = ["0", "1-3", "1-3", "4-6", "4-6", "7-12", "7-12", "13-60", "13-60", "none", "none"]
    assert found == expected


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
