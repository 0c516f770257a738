"""Melt onset: against a search through the whole season of each cell."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core.dates import season_days
from daymelt.science.onset import LastingMelt, Onset, onset_error, pooled_onset_error

SEASON = season_days(2020, [4, 5])
FIRST = 92  # 1 April of a leap year


def onsets(series, days=SEASON, valid=None):
    onset = Onset(series.shape[1:])
    for index, field in enumerate(series):
        onset.add(days[index], field, np.ones(field.shape, bool) if valid is None else valid[index])
    return onset.result()


def onset_slowly(melting, days):
    """First melting day of the first five calendar days with three melting ones."""
    wet = {day for day, melts in zip(days, melting, strict=True) if melts}
    for first in sorted(wet):
        if len(wet & {first + dt.timedelta(n) for n in range(5)}) >= 3:
            return first.timetuple().tm_yday
    return np.nan


@given(st.integers(0, 10**6), st.floats(0.05, 0.6), st.sets(st.sampled_from(SEASON), min_size=1))
def test_the_onset_is_the_first_melting_day_of_the_first_lasting_melt(seed, share, chosen):
    rng, days = np.random.default_rng(seed), sorted(chosen)
    series = np.where(rng.random((len(days), 3, 4)) < share, 0.5, 0.1).astype(np.float32)
    valid = rng.random(series.shape) < 0.9
    series[~valid] = np.nan
    melting = valid & (np.nan_to_num(series) > 0.1)
    expected = [
        [onset_slowly(melting[:, row, column], days) for column in range(4)] for row in range(3)
    ]
    result = onsets(series, days, valid)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, expected)


@given(st.integers(0, 10**6), st.floats(0.05, 0.6), st.sets(st.sampled_from(SEASON), min_size=1))
def test_end_and_longest_gap_are_those_of_the_days_from_the_onset_on(seed, share, chosen):
    days, melt = sorted(chosen), LastingMelt((2, 3))
    wet = np.random.default_rng(seed).random((len(days), 2, 3)) < share
    for day, melting in zip(days, wet, strict=True):
        melt.add(day, melting)
    for row, column in np.ndindex(2, 3):
        melting = [day for day, melts in zip(days, wet[:, row, column], strict=True) if melts]
        lasting = [
            day for day in melting if sum(0 <= (day - other).days < 5 for other in melting) >= 3
        ]
        onset = onset_slowly(wet[:, row, column], days)
        found = [float(field[row, column]) for field in (melt.onset(), melt.end(), melt.gap())]
        if not lasting:
            assert np.isnan(found).all()
            continue
        end = lasting[-1].timetuple().tm_yday
        numbers = [day.timetuple().tm_yday for day in melting]
        within = [number for number in numbers if onset <= number <= end]
        gaps = [after - before - 1 for before, after in itertools.pairwise(within)]
        assert found == [onset, end, max(gaps)]


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ("111", 0),
        ("11...", None),
        ("1.1.1", 0),
        ("1..11", 0),
        ("1...11", None),
        ("1...11.1", 4),
        ("..1.....111", 8),
        ("1111111", 0),
    ],
)
def test_three_melting_days_within_five_begin_the_season(course, expected):
    series = np.float32([mark == "1" for mark in course])[:, None, None]
    (found,) = onsets(series).ravel()
    assert np.isnan(found) if expected is None else found == FIRST + expected


def test_melt_that_counts_as_an_invalid_cell_is_none():
    series = np.ones((4, 1, 1), np.float32)
    assert np.isnan(onsets(series, valid=np.zeros((4, 1, 1), bool))).all()


@pytest.mark.parametrize(
    "days",
    [[SEASON[1], SEASON[0]], [SEASON[0], SEASON[0]], [dt.date(2019, 5, 1), dt.date(2020, 4, 1)]],
)
def test_days_that_do_not_rise_within_a_year_are_refused(days):
    with pytest.raises(ValueError, match="expected rising days of one year"):
        onsets(np.zeros((2, 1, 1), np.float32), days)


def test_the_error_counts_cells_with_both_and_the_share_counts_the_others():
    predicted, reference = (
        np.float32([100, 110, np.nan, 120, np.nan]),
        np.float32([103, 109, 111, np.nan, np.nan]),
    )
    assert onset_error(predicted, reference) == {
        "onset_mae_days": 2,
        "onset_bias_days": -1,
        "onset_cells": 2,
        "onset_one_sided_cells": 2,
        "onset_one_sided_share": 0.5,
    }


def test_no_onset_anywhere_is_no_error():
    none = np.full((2, 2), np.nan, np.float32)
    found = onset_error(none, none)
    assert found["onset_cells"] == 0 and all(
        np.isnan(found[name]) for name in ("onset_mae_days", "onset_one_sided_share")
    )


maybe = st.one_of(st.just(np.nan), st.integers(91, 273).map(float))


@given(st.lists(st.tuples(maybe, maybe), min_size=1, max_size=20), st.integers(0, 20))
def test_seasons_pool_like_their_cells(cells, cut):
    predicted, reference = np.float32(cells).T
    parts = [
        onset_error(predicted[part], reference[part]) for part in (slice(cut), slice(cut, None))
    ]
    as_text = [{name: str(value) for name, value in part.items()} for part in parts]
    assert pooled_onset_error(as_text) == pytest.approx(
        onset_error(predicted, reference), nan_ok=True
    )
