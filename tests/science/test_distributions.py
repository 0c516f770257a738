"""Scores of predicted quantiles: against scoringrules, closed forms and loops over cells."""

import importlib
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from daymelt.science.distributions import (
    PIT,
    PIT_BINS,
    Distribution,
    DistributionSums,
    crps,
    distribution_function,
    pit_bounds,
    randomised_pit,
    with_ends,
)
from daymelt.science.intervals import ALPHA

SHAPE = (6, 7)
LEVELS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
ENDS = [0, *((one + other) / 2 for one, other in pairwise(LEVELS)), 1]
WEIGHTS = tuple(end - start for start, end in pairwise(ENDS))
seeds = st.integers(0, 2**16)


@pytest.fixture(scope="module")
def scoringrules():
    """The library, whose import takes seconds: only where these tests run, not to collect them."""
    return importlib.import_module("scoringrules")


def draws():
    return np.random.default_rng(0)


def cells_of(seed, count=40):
    """Quantiles with ties and targets at both ends, as melt maps have."""
    random = np.random.default_rng(seed)
    quantiles = np.sort(np.clip(random.normal(0.3, 0.5, (len(LEVELS), count)), 0, 1), axis=0)
    target = np.rint(100 * np.clip(random.normal(0.3, 0.5, count), 0, 1)) / 100
    return quantiles.astype(np.float32), target.astype(np.float32)


def day_of(seed):
    quantiles, target = cells_of(seed, SHAPE[0] * SHAPE[1])
    random = np.random.default_rng(seed)
    quantiles = quantiles.reshape(-1, *SHAPE)
    quantiles[:, random.random(SHAPE) < 0.2] = np.nan
    low, high = quantiles[0] * np.float32(0.9), quantiles[-1]
    predicted = Distribution(LEVELS, WEIGHTS, quantiles, low, high)
    return predicted, target.reshape(SHAPE), random.random(SHAPE) < 0.8


def rows_of(*days, strata=None):
    sums = DistributionSums()
    for one in days:
        sums.add(*one, strata or {}, draws())
    return {(row["kind"], row["class"]): row for row in sums.rows()}


# --- CRPS


@given(seeds)
def test_the_crps_is_the_weighted_sum_of_the_quantile_scores_of_scoringrules(scoringrules, seed):
    quantiles, target = cells_of(seed)
    expected = sum(
        2 * weight * scoringrules.quantile_score(target, quantile, np.float64(level))
        for quantile, level, weight in zip(quantiles, LEVELS, WEIGHTS, strict=True)
    )
    np.testing.assert_allclose(crps(quantiles, target, LEVELS, WEIGHTS), expected, atol=1e-6)


@given(seeds, st.integers(1, 12))
def test_of_even_levels_the_crps_is_that_of_scoringrules(scoringrules, seed, count):
    levels = (np.arange(count) + 0.5) / count
    random = np.random.default_rng(seed)
    quantiles, target = np.sort(random.random((count, 30)), axis=0), random.random(30)
    expected = scoringrules.crps_quantile(target, quantiles.T, levels)
    found = crps(quantiles, target, levels, [1 / count] * count)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(2.0, 5.0), (0.5, 0.5), (8.0, 2.0)])
def test_nine_levels_give_the_crps_of_a_beta_distribution_to_a_few_percent(scoringrules, a, b):
    target = np.random.default_rng(3).beta(a, b, 2000)
    quantiles = np.repeat(stats.beta.ppf(LEVELS, a, b)[:, None], target.size, axis=1)
    exact = scoringrules.crps_beta(target, a, b).mean()
    assert crps(quantiles, target, LEVELS, WEIGHTS).mean() == pytest.approx(exact, rel=0.03)
    uneven_taken_for_even = crps(quantiles, target, LEVELS, [1 / 9] * 9).mean()
    assert abs(uneven_taken_for_even / exact - 1) > 0.05


@given(seeds)
def test_the_crps_of_a_certain_prediction_is_its_absolute_error(seed):
    random = np.random.default_rng(seed)
    value, target = random.random((2, 20))
    found = crps(np.repeat(value[None], len(LEVELS), axis=0), target, LEVELS, WEIGHTS)
    np.testing.assert_allclose(found, np.abs(value - target), atol=1e-12)


# --- PIT


def points_of(quantiles):
    """Points (value, level) of the distribution function of one cell, tails included."""
    first, last = quantiles[1] - quantiles[0], quantiles[-1] - quantiles[-2]
    lowest = max(0.0, quantiles[0] - first * 0.05 / 0.05)
    highest = min(1.0, quantiles[-1] + last * 0.05 / 0.05)
    values = [lowest, *quantiles, highest]
    return list(zip(values, (0.0, *LEVELS, 1.0), strict=True))


def function_slowly(points, value, left):
    """Distribution function of one cell by a walk along its points."""
    passed = [index for index, (q, _) in enumerate(points) if (q < value if left else q <= value)]
    if not passed:
        return 0.0
    if passed[-1] == len(points) - 1:
        return 1.0
    (start, level), (end, higher) = points[passed[-1]], points[passed[-1] + 1]
    return level + (value - start) / (end - start) * (higher - level)


@given(seeds)
def test_the_jump_of_a_target_is_that_of_a_walk_along_the_points(seed):
    quantiles, target = cells_of(seed)
    lower, upper = pit_bounds(quantiles, target, LEVELS)
    for cell, value in enumerate(target.astype(float)):
        points = points_of([float(q) for q in quantiles[:, cell]])
        assert lower[cell] == pytest.approx(function_slowly(points, value - 0.005, True), abs=1e-6)
        assert upper[cell] == pytest.approx(function_slowly(points, value + 0.005, False), abs=1e-6)


@given(seeds, st.booleans())
def test_on_a_quantile_the_function_has_all_of_its_jump_and_left_of_it_none(seed, left):
    quantiles, _ = cells_of(seed)
    ends = with_ends(quantiles, LEVELS)
    found = distribution_function(ends, ends[5].copy(), (0.0, *LEVELS, 1.0), left)
    for cell in range(ends.shape[1]):
        equal = np.flatnonzero(ends[:, cell] == ends[5, cell])
        expected = (0.0, *LEVELS, 1.0)[equal[0] if left else equal[-1]]
        assert found[cell] == pytest.approx(expected, abs=1e-12)


@given(seeds)
def test_the_pit_lies_within_the_jump_and_follows_from_its_seed(seed):
    quantiles, target = cells_of(seed)
    lower, upper = pit_bounds(quantiles, target, LEVELS)
    pit = randomised_pit(quantiles, target, LEVELS, draws())
    assert ((lower >= 0) & (lower <= pit) & (pit <= upper) & (upper <= 1)).all()
    np.testing.assert_array_equal(pit, randomised_pit(quantiles, target, LEVELS, draws()))


def melt_of(random, count):
    """Quantiles of melt fractions with atoms at both ends, and one draw of each distribution."""
    centre = random.normal(0.3, 0.6, count)
    quantiles = np.clip(stats.norm.ppf(LEVELS)[:, None] * 0.3 + centre, 0, 1)
    drawn = [
        np.interp(level, levels, values)
        for level, cell in zip(random.random(count), quantiles.T, strict=True)
        for values, levels in [zip(*points_of(cell.tolist()), strict=True)]
    ]
    return quantiles.astype(np.float32), np.float32(np.rint(100 * np.array(drawn)) / 100)


def test_the_pit_of_a_calibrated_prediction_with_atoms_is_uniform():
    quantiles, target = melt_of(np.random.default_rng(5), 40_000)
    assert np.mean((target == 0) | (target == 1)) > 0.4
    pit = randomised_pit(quantiles, target, LEVELS, draws())
    shares = np.histogram(pit, PIT_BINS, (0, 1))[0] / pit.size
    np.testing.assert_allclose(shares, 1 / PIT_BINS, rtol=0.08)  # 3.7 standard deviations


def test_the_pit_of_a_prediction_that_is_too_low_lies_high():
    quantiles, target = melt_of(np.random.default_rng(5), 20_000)
    pit = randomised_pit(quantiles * np.float32(0.7), target, LEVELS, draws())
    assert np.mean(pit > 0.9) > 0.15


def test_of_many_cells_the_randomised_pit_has_the_shares_of_the_pit_without_draws():
    quantiles, target = cells_of(1, 50_000)
    lower, upper = pit_bounds(quantiles, target, LEVELS)
    ends = np.linspace(0, 1, PIT_BINS + 1)
    passed = np.clip((ends[:, None] - lower) / np.maximum(upper - lower, 1e-12), 0, 1)
    passed[-1] = 1
    spread = passed.mean(axis=1)
    pit = randomised_pit(quantiles, target, LEVELS, draws())
    shares = np.histogram(pit, PIT_BINS, (0, 1))[0] / pit.size
    np.testing.assert_allclose(shares, np.diff(spread), atol=0.005)


# --- sums


@given(st.lists(seeds, min_size=1, max_size=3))
def test_the_scores_are_those_of_a_loop_over_cells(scoringrules, several):
    days = [day_of(seed) for seed in several]
    found = rows_of(*days).get(("all", "all"))
    numbers = []
    for predicted, target, valid in days:
        for cell in np.argwhere(valid & np.isfinite(predicted.quantiles[0])):
            place = tuple(cell)
            low, high, value = (
                float(field[place]) for field in (predicted.low, predicted.high, target)
            )
            quantiles = [float(q) for q in predicted.quantiles[(slice(None), *place)]]
            pinball = [
                2 * weight * max(level * (value - q), (level - 1) * (value - q))
                for q, level, weight in zip(quantiles, LEVELS, WEIGHTS, strict=True)
            ]
            numbers.append(
                {
                    "below": value < low - 0.005,
                    "above": value > high + 0.005,
                    "width": high - low,
                    "interval_score": float(scoringrules.interval_score(value, low, high, ALPHA)),
                    "crps": sum(pinball),
                    "mae": abs(quantiles[4] - value),
                }
            )
    if found is None:
        assert not numbers
        return
    means = {name: np.mean([cell[name] for cell in numbers]) for name in numbers[0]}
    assert found["cells"] == len(numbers)
    assert {name: found[name] for name in means} == pytest.approx(means, abs=1e-7)
    assert found["covered"] == pytest.approx(1 - means["below"] - means["above"])
    assert found["crps_ratio"] == pytest.approx(means["crps"] / means["mae"])
    assert sum(found[name] for name in PIT) == pytest.approx(1)


def test_the_pit_of_the_sums_is_counted_in_the_order_of_the_cells():
    predicted, target, valid = day_of(2)
    cells = valid & np.isfinite(predicted.quantiles[0])
    pit = randomised_pit(predicted.quantiles[:, cells], target[cells], LEVELS, draws())
    expected = np.histogram(pit, PIT_BINS, (0, 1))[0] / pit.size
    row = rows_of((predicted, target, valid))["all", "all"]
    np.testing.assert_allclose([row[name] for name in PIT], expected, atol=1e-12)


def test_cells_are_counted_in_parts_as_at_once(monkeypatch):
    one = rows_of(day_of(4))
    monkeypatch.setattr("daymelt.science.distributions.AT_ONCE", 5)
    other = rows_of(day_of(4))
    assert one.keys() == other.keys()
    for stratum, row in one.items():
        assert row == pytest.approx(other[stratum], nan_ok=True)


def test_cells_count_in_the_class_that_is_given_and_none_where_it_is_minus_one():
    predicted, target, valid = day_of(1)
    valid[:] = True
    bins = np.full(SHAPE, -1)
    bins[0], bins[1:3] = 0, 1
    found = rows_of(
        (predicted, target, valid), strata={"gap": (bins, ("0", "1")), "season": (0, ("2019",))}
    )
    there = np.isfinite(predicted.quantiles[0])
    assert found["gap", "0"]["cells"] == there[0].sum()
    assert found["gap", "1"]["cells"] == there[1:3].sum()
    assert found["season", "2019"]["cells"] == found["all", "all"]["cells"] == there.sum()
    assert sum(row["cells"] for (kind, _), row in found.items() if kind == "width") == there.sum()


@given(seeds, seeds)
def test_seasons_add_up_even_after_a_trip_through_text(one, other):
    together, merged = rows_of(day_of(one), day_of(other)), DistributionSums()
    for seed in (one, other):
        part = rows_of(day_of(seed)).values()
        merged.add_rows([{name: str(value) for name, value in row.items()} for row in part])
    for row in merged.rows():
        assert row == pytest.approx(together[row["kind"], row["class"]], nan_ok=True)


def test_a_median_without_error_has_no_ratio():
    quantiles = np.zeros((len(LEVELS), *SHAPE), np.float32)
    zero = np.zeros(SHAPE, np.float32)
    predicted = Distribution(LEVELS, WEIGHTS, quantiles, zero, zero)
    row = rows_of((predicted, zero, np.ones(SHAPE, bool)))["all", "all"]
    assert math.isnan(row["crps_ratio"]) and row["crps"] == 0
