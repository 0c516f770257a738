"""Microwave thresholds: the exact edge, and missing is not dry."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.science.microwave import (
    melt_flag,
    melt_flag_above_winter,
    melt_flag_fixed,
    melt_threshold,
    winter_mean,
)

winter = st.floats(150, 240, width=32)


def field(*values):
    return np.float32([values])


@given(winter)
def test_the_threshold_is_equation_three_of_colosio(value):
    assert melt_threshold(field(value))[0, 0] == pytest.approx(0.48 * value + 128, rel=1e-6)


@given(winter, st.floats(2**-6, 50, width=32))
def test_a_cell_melts_exactly_above_its_own_threshold(value, above):
    threshold = melt_threshold(field(value))
    assert melt_flag(threshold[None] + np.float32(above), field(value)) == 1
    assert melt_flag(threshold[None], field(value)) == 0


@pytest.mark.parametrize(("brightness", "flag"), [(245.0, 0), (245.01, 1), (150.0, 0)])
def test_the_fixed_threshold_is_the_same_for_every_cell(brightness, flag):
    assert (
        melt_flag_fixed(np.full((2, 1, 3), brightness, np.float32)).tolist() == [[[flag] * 3]] * 2
    )


@given(winter, st.sampled_from([0.0, 0.5, 10.0]))
def test_the_tedesco_flag_needs_more_than_the_rise(value, above):
    cell = field(value)
    assert melt_flag_above_winter(cell + np.float32(30) + np.float32(above), cell)[0, 0] == (
        above > 0
    )


@pytest.mark.parametrize("flag", [melt_flag, melt_flag_above_winter])
def test_a_missing_day_or_winter_stays_missing(flag):
    flags = flag(np.float32([[[np.nan, 280, 280]], [[280, np.nan, 280]]]), field(200, 200, np.nan))
    np.testing.assert_array_equal(flags, np.float32([[[np.nan, 1, np.nan]], [[1, np.nan, np.nan]]]))
    assert flags.dtype == np.float32


def test_a_missing_day_stays_missing_under_the_fixed_threshold():
    assert np.isnan(melt_flag_fixed(np.full((1, 1, 1), np.nan, np.float32))).all()


@given(st.lists(st.one_of(st.just(math.nan), winter), min_size=1, max_size=8))
def test_the_winter_mean_is_that_of_the_days_with_data(days):
    known = [day for day in days if not math.isnan(day)]
    expected = sum(known) / len(known) if known else math.nan
    mean = winter_mean(np.float32(days)[:, None, None])
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, [[expected]], rtol=1e-6)
