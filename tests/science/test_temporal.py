"""Interpolation in time: against plain loops over days and pixels."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daymelt.core.dates import month_days, season_days, span
from daymelt.core.encoding import NEVER_SEEN
from daymelt.core.errors import GapError
from daymelt.science.temporal import (
    acquisition_gaps,
    describe_gaps,
    fill_linear,
    observation_age,
    window_mean,
)

SEASON = season_days(2019, range(4, 10))
acquisitions = st.lists(st.sampled_from(SEASON), max_size=40, unique=True).map(sorted)


def stack_of(acquired, seed, missing=0.4, shape=(3, 4)):
    rng = np.random.default_rng(seed)
    percent = rng.integers(0, 101, (len(acquired), *shape), np.uint8)
    percent[rng.random(percent.shape) < missing] = 255
    return percent


# --- time-interpolated SAR


def window_mean_slowly(stack, acquired, day, before, after):
    past = [index for index, seen in enumerate(acquired) if seen < day]
    later = [index for index, seen in enumerate(acquired) if seen > day]
    window = past[len(past) - min(before, len(past)) :] + later[:after]
    result = np.full(stack.shape[1:], np.nan)
    for row in range(stack.shape[1]):
        for column in range(stack.shape[2]):
            valid = [
                int(stack[index, row, column])
                for index in window
                if stack[index, row, column] != 255
            ]
            if valid:
                result[row, column] = sum(valid) / len(valid) / 100
    return result


@given(acquisitions, st.integers(0, 4), st.integers(0, 4), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_the_running_sums_are_the_mean_of_each_window(acquired, before, after, seed):
    stack, days = stack_of(acquired, seed), SEASON[::3]
    results = list(window_mean(stack, acquired, days, before, after))
    assert [day for day, _ in results] == days
    for day, field in results:
        assert field.dtype == np.float32
        np.testing.assert_allclose(
            field, window_mean_slowly(stack, acquired, day, before, after), rtol=1e-7
        )


def test_the_day_itself_is_left_out():
    acquired = [dt.date(2019, 7, day) for day in (1, 3, 5)]
    stack = np.uint8([10, 100, 20])[:, None, None]
    means = {
        day: float(field[0, 0])
        for day, field in window_mean(stack, acquired, span(acquired[0], acquired[2]))
    }
    assert means[acquired[1]] == pytest.approx(0.15)
    assert means[dt.date(2019, 7, 2)] == pytest.approx(1.3 / 3)


def test_an_invalid_acquisition_still_takes_a_place_in_the_window():
    acquired = [dt.date(2019, 7, day) for day in range(1, 6)]
    stack = np.uint8([90, 255, 255, 255, 30])[:, None, None]
    ((_, field),) = window_mean(stack, acquired, [dt.date(2019, 7, 6)], before=3)
    assert field[0, 0] == pytest.approx(0.3)
    ((_, field),) = window_mean(stack[:4], acquired[:4], [dt.date(2019, 7, 6)], before=3)
    assert math.isnan(field[0, 0])


def test_days_may_come_in_any_order():
    acquired = SEASON[::5]
    stack = stack_of(acquired, 1)
    forward = dict(window_mean(stack, acquired, SEASON))
    for day, field in window_mean(stack, acquired, SEASON[::-1]):
        np.testing.assert_array_equal(field, forward[day])


def test_what_was_given_out_does_not_change_afterwards():
    acquired = SEASON[::5]
    stack = stack_of(acquired, 1)
    kept = [(field, field.copy()) for _, field in window_mean(stack, acquired, SEASON)]
    for field, copy in kept:
        np.testing.assert_array_equal(field, copy)
        assert not field.flags.writeable


def test_the_widest_window_does_not_overflow():
    acquired = SEASON
    stack = np.full((len(acquired), 1, 1), 100, np.uint8)
    ((_, field),) = window_mean(stack, acquired, [dt.date(2019, 10, 1)], before=len(acquired))
    assert field[0, 0] == 1


@pytest.mark.parametrize("kernel", [window_mean, observation_age])
@pytest.mark.parametrize("acquired", [[SEASON[0]], [SEASON[1], SEASON[0]], [SEASON[0], SEASON[0]]])
def test_a_stack_whose_dates_do_not_rise_or_fit_is_refused(kernel, acquired):
    with pytest.raises(ValueError, match="dates"):
        list(kernel(np.zeros((2, 1, 1), np.uint8), acquired, SEASON))


# --- age of the nearest observation


def age_slowly(stack, acquired, day):
    result = np.full(stack.shape[1:], NEVER_SEEN)
    for row in range(stack.shape[1]):
        for column in range(stack.shape[2]):
            away = [
                abs((day - seen).days)
                for index, seen in enumerate(acquired)
                if stack[index, row, column] != 255
            ]
            if away:
                result[row, column] = min(*away, 253)
    return result


@given(acquisitions, st.integers(0, 100), st.sampled_from([0.0, 0.4, 0.95]))
@settings(max_examples=30, deadline=None)
def test_the_age_is_the_distance_to_the_nearest_valid_acquisition(acquired, seed, missing):
    stack = stack_of(acquired, seed, missing)
    results = list(observation_age(stack, acquired, SEASON))
    assert [day for day, _ in results] == SEASON
    for day, age in results:
        assert age.dtype == np.uint8
        np.testing.assert_array_equal(age, age_slowly(stack, acquired, day))


@pytest.mark.parametrize("count", [15, 16, 17, 32, 33, 61])
def test_the_age_holds_over_seasons_of_any_number_of_acquisitions(count):
    acquired = SEASON[: 3 * count : 3]
    stack = stack_of(acquired, count, missing=0.95, shape=(5, 6))
    for day, age in observation_age(stack, acquired, SEASON):
        np.testing.assert_array_equal(age, age_slowly(stack, acquired, day))


@pytest.mark.parametrize("days", [SEASON[:1], SEASON[-1:], SEASON[40:44], SEASON[10:150:7]])
def test_the_age_of_some_days_is_that_of_the_season(days):
    acquired = SEASON[5::4]
    stack = stack_of(acquired, 2)
    whole = dict(observation_age(stack, acquired, SEASON))
    for day, age in observation_age(stack, acquired, days):
        np.testing.assert_array_equal(age, whole[day])


def test_an_age_beyond_what_a_byte_tells_is_not_taken_for_never():
    acquired = [dt.date(2019, 1, 1)]
    days = [dt.date(2019, 9, 10), dt.date(2019, 9, 12), dt.date(2021, 1, 1)]
    ages = [
        int(age[0, 0]) for _, age in observation_age(np.zeros((1, 1, 1), np.uint8), acquired, days)
    ]
    assert ages == [252, 253, 253]


def test_a_season_without_acquisitions_was_never_seen():
    ages = observation_age(np.zeros((0, 2, 2), np.uint8), [], SEASON[:2])
    assert all(np.all(age == NEVER_SEEN) for _, age in ages)


def test_no_days_give_nothing():
    assert list(observation_age(np.zeros((1, 2, 2), np.uint8), SEASON[:1], [])) == []


# --- gaps


def series(text):
    """One cell through time: a number a character, `.` = missing."""
    return np.float32([np.nan if mark == "." else float(mark) for mark in text])[:, None, None]


@pytest.mark.parametrize(
    ("given_series", "expected"),
    [
        ("1.3", [1, 2, 3]),
        ("1...5", [1, 2, 3, 4, 5]),
        ("..3..5..", [3, 3, 3, 11 / 3, 13 / 3, 5, 5, 5]),
        ("123", [1, 2, 3]),
        (".....6", [6, 6, 6, 6, 6, 6]),
    ],
)
def test_a_gap_is_filled_in_a_straight_line_and_an_end_with_the_nearest_day(given_series, expected):
    days = SEASON[: len(given_series)]
    whole, filled = fill_linear(series(given_series), days, 5, "microwave")
    np.testing.assert_allclose(whole[:, 0, 0], expected, rtol=1e-6)
    assert list(filled) == [
        day for day, mark in zip(days, given_series, strict=True) if mark == "."
    ]


@given(
    st.lists(st.one_of(st.none(), st.floats(150, 280, width=32)), min_size=1, max_size=30),
    st.integers(0, 6),
)
def test_filling_is_numpy_s_interpolation_or_an_error(values, longest):
    days = SEASON[: len(values)]
    fields = np.float32([np.nan if value is None else value for value in values])[:, None, None]
    known = [index for index, value in enumerate(values) if value is not None]
    runs = np.diff([-1, *known, len(values)]) - 1
    if not known or max(runs) > longest:
        with pytest.raises(GapError):
            fill_linear(fields, days, longest, "microwave")
        return
    whole, filled = fill_linear(fields, days, longest, "microwave")
    expected = np.interp(range(len(values)), known, [values[index] for index in known])
    np.testing.assert_allclose(whole[:, 0, 0], expected, rtol=1e-6)
    assert set(filled) == {days[index] for index, value in enumerate(values) if value is None}


def test_cells_are_filled_each_from_their_own_neighbours():
    fields = np.concatenate([series("1.3.5"), series("1...5")], axis=1)
    whole, filled = fill_linear(fields, SEASON[:5], 3, "microwave")
    np.testing.assert_array_equal(whole[:, 0, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(whole[:, 1, 0], [1, 2, 3, 4, 5])
    assert filled == dict.fromkeys(SEASON[1:4], "linear in time")


def test_the_rule_of_a_day_tells_the_ends_from_the_middle():
    _, filled = fill_linear(series(".2.4."), SEASON[:5], 1, "microwave")
    assert filled == {
        SEASON[0]: "nearest day",
        SEASON[2]: "linear in time",
        SEASON[4]: "nearest day",
    }


def test_days_absent_from_the_list_count_as_time():
    days = [SEASON[0], SEASON[1], SEASON[4]]
    whole, _ = fill_linear(series("0.4"), days, 3, "microwave")
    assert whole[1, 0, 0] == 1
    with pytest.raises(GapError, match="3 days in a row"):
        fill_linear(series("0.4"), days, 2, "microwave")


def test_a_cell_without_data_all_season_stays_missing():
    fields = np.concatenate([series("..."), series("1.3")], axis=1)
    whole, filled = fill_linear(fields, SEASON[:3], 1, "microwave")
    assert np.isnan(whole[:, 0]).all() and whole[1, 1, 0] == 2
    assert list(filled) == [SEASON[1]]


def test_a_gap_beyond_the_rule_names_its_days_and_no_others():
    with pytest.raises(
        GapError,
        match=r"microwave: 3 days in a row .* at most 2 .*\(2019-04-04, 2019-04-05, 2019-04-06\)",
    ):
        fill_linear(series("1.3...7"), SEASON[:7], 2, "microwave")


def test_a_season_without_any_data_is_refused():
    with pytest.raises(GapError, match="no data on any day"):
        fill_linear(series("..."), SEASON[:3], 5, "microwave")


def test_the_fields_given_are_unchanged():
    fields = series("1.3")
    fill_linear(fields, SEASON[:3], 5, "microwave")
    assert math.isnan(fields[1, 0, 0])


# --- gaps between acquisitions


@given(acquired=acquisitions, longest=st.integers(0, 60))
def test_a_gap_is_a_run_of_more_days_without_an_acquisition_than_allowed(acquired, longest):
    found = acquisition_gaps(acquired, SEASON, longest)
    missing = [day for day in SEASON if day not in acquired]
    runs: list[list[dt.date]] = []
    for day in missing:
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    assert found == [(run[0], run[-1]) for run in runs if len(run) > longest]


def test_a_sensor_that_stops_in_august_leaves_a_gap_to_the_end_of_the_season():
    acquired = span(dt.date(2019, 4, 1), dt.date(2019, 8, 5))[::6]
    (gap,) = acquisition_gaps(acquired, SEASON)
    assert gap == (dt.date(2019, 8, 6), dt.date(2019, 9, 30))
    assert describe_gaps([gap]) == "2019-08-06 to 2019-09-30 (56 days)"


def test_one_satellite_with_a_missed_pass_leaves_no_gap():
    acquired = SEASON[::12]
    assert acquisition_gaps(acquired, SEASON) == []
    assert acquisition_gaps(acquired[:5] + acquired[6:], SEASON) == []
    assert len(acquisition_gaps(acquired[:5] + acquired[7:], SEASON)) == 1


@pytest.mark.parametrize(
    ("observed", "longer_than", "expected"),
    [
        ([], 0, [(1, 31)]),
        (range(1, 32), 0, []),
        ([4, 5, 20], 0, [(1, 3), (6, 19), (21, 31)]),
        ([4, 5, 20], 3, [(6, 19), (21, 31)]),
        ([4, 5, 20], 11, [(6, 19)]),
    ],
)
def test_gaps_are_runs_of_days_also_at_the_ends(observed, longer_than, expected):
    july = month_days(2019, 7)
    found = acquisition_gaps([dt.date(2019, 7, number) for number in observed], july, longer_than)
    assert [(first.day, last.day) for first, last in found] == expected
