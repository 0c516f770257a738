import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.learn.channels import Statistics
from daymelt.learn.linear_height import LinearHeight, fit, nearest_month, predict, shelf

SHAPE = (40, 50)
HEIGHT = np.random.default_rng(5).uniform(0, 3000, SHAPE).astype(np.float32)
KNOWN = LinearHeight(
    Statistics(float(HEIGHT.mean()), float(HEIGHT.std())),
    tuple(np.linspace(1, 12, 12).tolist()),
    tuple(np.linspace(-2, 9, 12).tolist()),
    (1,) * 12,
)


def day(month, number=1):
    return dt.date(2020, month, number)


def squared_error(model, month, melt):
    return float(np.nanmean((predict(model, HEIGHT, month).astype(float) - melt) ** 2))


def test_the_shelf_is_1_in_the_middle_half_at_4_and_0_far_away():
    assert shelf(np.float64(0)) == pytest.approx(np.tanh(4))
    np.testing.assert_allclose(shelf(np.array([-4.0, 4.0])), np.tanh(8) / 2)
    np.testing.assert_allclose(shelf(np.array([-30.0, 30.0])), 0, atol=1e-12)


def test_maps_that_made_the_melt_are_found_again():
    found = fit(((day(month), predict(KNOWN, HEIGHT, month)) for month in range(1, 13)), HEIGHT)
    for month in range(1, 13):
        np.testing.assert_allclose(
            predict(found, HEIGHT, month), predict(KNOWN, HEIGHT, month), atol=2e-3
        )


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9), st.floats(0, 1))
def test_no_other_map_has_a_smaller_square_error(seed, level, noise):
    """Against scipy's simplex over every cell, from many starts."""
    random = np.random.default_rng(seed)
    melt = np.clip(
        level * (random.uniform(0, 3000) > HEIGHT) + noise * random.normal(0, 0.3, SHAPE), 0, 1
    )
    melt[random.random(SHAPE) < 0.3] = np.nan
    model = fit([(day(7), melt)], HEIGHT)

    def error(numbers):
        return squared_error(
            replace(model, weights=(numbers[0],) * 12, biases=(numbers[1],) * 12), 7, melt
        )

    starts = [(weight, bias) for weight in (0.5, 5) for bias in (-6, 0, 6)]
    best = min(
        minimize(error, start, method="Nelder-Mead", options={"maxiter": 150}).fun
        for start in starts
    )
    assert squared_error(model, 7, melt) <= best + 1e-4


def test_every_day_counts_by_its_valid_cells():
    """Two days that differ: the constant that is best lies at the mean over the cells, not over the
    days.
    """
    one, other = np.full(SHAPE, 0.2), np.full(SHAPE, 0.8)
    other[: SHAPE[0] // 2] = np.nan
    model = fit([(day(6, 1), one), (day(6, 2), other)], np.full(SHAPE, 700.0))
    np.testing.assert_allclose(
        predict(model, np.full(SHAPE, 700.0), 6), (0.2 * 2 + 0.8) / 3, atol=1e-6
    )
    assert model.days == (0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0)


def test_a_month_without_training_days_has_the_map_of_the_nearest_that_has_some():
    model = fit([(day(month), predict(KNOWN, HEIGHT, month)) for month in (5, 8)], HEIGHT)
    assert [model.weights.index(weight) + 1 for weight in model.weights] == [
        1,
        1,
        1,
        1,
        1,
        1,
        7,
        7,
        7,
        7,
        7,
        7,
    ]
    assert model.weights[5 - 1] == model.weights[1 - 1]
    assert model.weights[8 - 1] == model.weights[7 - 1] != model.weights[5 - 1]


@given(st.integers(1, 12), st.sets(st.integers(1, 12), min_size=1))
def test_the_nearest_month_goes_round_the_year_and_is_the_earlier_of_two(month, months):
    ways = [(month - 1 + step * sign) % 12 + 1 for step in range(7) for sign in (-1, 1)]
    assert nearest_month(month, months) == next(way for way in ways if way in months)


def test_the_order_of_the_days_does_not_matter_and_days_are_taken_one_by_one():
    random = np.random.default_rng(1)
    days = [(day(6, number), random.random(SHAPE).round(2)) for number in range(1, 8)]
    assert fit(days, HEIGHT).weights == pytest.approx(fit(iter(days[::-1]), HEIGHT).weights)
    assert fit(days, HEIGHT) == fit(days, HEIGHT)


def test_cells_without_a_height_are_left_out_and_have_no_melt():
    height, melt = HEIGHT.copy(), predict(KNOWN, HEIGHT, 7)
    height[:20] = np.nan
    wrong = melt.copy()
    wrong[:20] = 1 - wrong[:20]
    model = fit([(day(7), wrong)], height)
    found = predict(model, height, 7)
    np.testing.assert_allclose(found[20:], melt[20:], atol=2e-3)
    assert np.isnan(found[:20]).all()
    assert found.dtype == np.float32


@pytest.mark.parametrize("melt", [np.zeros(SHAPE), np.ones(SHAPE)])
def test_a_month_that_is_all_dry_or_all_wet_is_fitted_too(melt):
    np.testing.assert_allclose(predict(fit([(day(7), melt)], HEIGHT), HEIGHT, 7), melt, atol=2e-3)


@pytest.mark.parametrize(
    ("height", "melt"),
    [(HEIGHT, np.full(SHAPE, np.nan)), (np.full(SHAPE, np.nan), np.zeros(SHAPE))],
)
def test_nothing_to_learn_from_is_an_error(height, melt):
    with pytest.raises(MissingInputError, match="no valid cell"):
        fit([(day(7), melt)], height)
    with pytest.raises(MissingInputError, match="no valid cell"):
        fit([], height)


def test_it_is_kept_as_text_without_loss():
    assert LinearHeight.from_json(KNOWN.to_json()) == KNOWN
    assert KNOWN.parameters == 24


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({**json.loads(KNOWN.to_json()), "weights": [1.0]})]
)
def test_text_that_is_none_is_refused_in_one_line(text):
    with pytest.raises(FormatError, match=r"model\.json: not a linear map of height") as caught:
        LinearHeight.from_json(text, "model.json")
    assert "\n" not in str(caught.value)
