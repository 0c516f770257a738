import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score

from daymelt.science import stations

DAYS = np.arange("2019-04-01", "2019-04-08", dtype="datetime64[D]")
SERIES = st.lists(st.sampled_from([0.0, 1.0, math.nan]), max_size=40)


def slowly(series):
    """Onset, end and length by the rule as it is worded."""
    windows = [range(first, first + 5) for first in range(len(series) - 4)]
    lasting = [[day for day in window if series[day] == 1] for window in windows]
    lasting = [days for days in lasting if len(days) >= 3]
    if not lasting:
        return [math.nan] * 3
    return [lasting[0][0], lasting[-1][-1], lasting[-1][-1] - lasting[0][0] + 1]


@given(series=SERIES)
def test_the_season_is_that_of_the_rule_in_words(series):
    series = np.nan_to_num(series)
    found = stations.melt_season(series)
    np.testing.assert_array_equal([found.onset, found.end, found.length], slowly(series))
    assert found.onset_gap is found.end_gap is None


@given(series=st.lists(st.sampled_from([0.0, 1.0]), max_size=25), data=st.data())
def test_a_day_is_told_where_it_is_the_same_whatever_the_missing_days_were(series, data):
    places = st.lists(st.integers(0, max(len(series) - 1, 0)), max_size=6, unique=True)
    gone = data.draw(places) if series else []
    holed = np.array(series, float)
    holed[gone] = np.nan
    seasons = []
    for filling in itertools.product([0.0, 1.0], repeat=len(gone)):
        filled = holed.copy()
        filled[gone] = filling
        seasons.append(slowly(filled))
    found = stations.melt_season(holed)
    for index, (day, gap) in enumerate(
        ((found.onset, found.onset_gap), (found.end, found.end_gap))
    ):
        possible = {str(season[index]) for season in seasons}
        if len(possible) == 1:
            assert str(float(day)) == str(float(possible.pop())) and gap is None
        else:
            assert math.isnan(day)
            assert np.isnan(holed[gap[0] : gap[1] + 1]).all()  # and it is the whole gap
            assert gap[0] == 0 or not math.isnan(holed[gap[0] - 1])
            assert gap[1] == len(holed) - 1 or not math.isnan(holed[gap[1] + 1])
    both = math.isnan(found.onset) or math.isnan(found.end)
    assert math.isnan(found.length) == both


def test_an_onset_in_a_hole_of_july_is_unknown_and_its_end_is_told():
    """Melt from 13 July to 20 August; the record has a hole from 1 to 25 July."""
    series = np.zeros(92)  # 1 June to 31 August
    series[42:81], series[30:55] = 1, np.nan
    found = stations.melt_season(series)
    assert math.isnan(found.onset) and found.onset_gap == (30, 54)
    assert (found.end, found.end_gap) == (80, None)


def test_a_short_outage_in_the_cold_or_within_the_season_hides_nothing():
    series = np.zeros(92)
    series[42:81] = 1
    series[[5, 20, 21, 50, 88]] = np.nan
    found = stations.melt_season(series)
    assert (found.onset, found.end, found.length) == (42, 80, 39)


@given(
    pairs=st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, math.nan])] * 2), min_size=1, max_size=60)
)
def test_counts_and_rates_are_those_of_sklearn_over_the_days_that_both_know(pairs):
    mapped, station = np.array(pairs).T
    found = stations.contingency(mapped, station)
    both = [(one, other) for one, other in pairs if not (math.isnan(one) or math.isnan(other))]
    assert found.days == len(both)
    if not both:
        assert (
            math.isnan(found.accuracy)
            and math.isnan(found.hit_rate)
            and math.isnan(found.false_alarm_ratio)
        )
        return
    one, other = zip(*both, strict=True)
    expected = confusion_matrix(other, one, labels=[0, 1])
    assert [
        [found.correct_negatives, found.false_alarms],
        [found.misses, found.hits],
    ] == expected.tolist()
    assert found.accuracy == pytest.approx(accuracy_score(other, one))
    assert found.hit_rate == pytest.approx(
        recall_score(other, one, zero_division=np.nan), nan_ok=True
    )
    assert found.false_alarm_ratio == pytest.approx(
        1 - precision_score(other, one, zero_division=np.nan), nan_ok=True
    )


@given(
    record=st.dictionaries(st.integers(-30, 200), st.floats(-40, 20) | st.just(math.nan)),
    hour=st.integers(0, 23),
)
def test_days_take_their_value_from_their_own_hours(record, hour):
    start = np.datetime64("2019-04-01T00", "h")
    hours = start + np.array(sorted(record), dtype="timedelta64[h]")
    values = np.array([record[offset] for offset in sorted(record)])
    at_hour = stations.value_at_hour(hours, values, DAYS, hour)
    highest = stations.daily_maximum(hours, values, DAYS)
    for index in range(len(DAYS)):
        assert at_hour[index] == pytest.approx(record.get(24 * index + hour, math.nan), nan_ok=True)
        known = [
            record[offset]
            for offset in range(24 * index, 24 * index + 24)
            if not math.isnan(record.get(offset, math.nan))
        ]
        assert highest[index] == pytest.approx(
            max(known) if len(known) >= 20 else math.nan, nan_ok=True
        )


@given(
    missing=st.sets(st.integers(0, 23), max_size=6),
    values=st.lists(st.floats(-40, 20), min_size=24, max_size=24),
)
def test_a_day_with_a_few_hours_missing_has_its_highest_value(missing, values):
    hours = np.datetime64("2019-04-01T00", "h") + np.arange(24)
    record = np.array([math.nan if hour in missing else value for hour, value in enumerate(values)])
    found = stations.daily_maximum(hours, record, DAYS[:1])[0]
    kept = [value for hour, value in enumerate(values) if hour not in missing]
    assert found == pytest.approx(max(kept) if len(missing) <= 4 else math.nan, nan_ok=True)


def test_a_day_melts_above_the_threshold_and_not_at_it():
    np.testing.assert_array_equal(
        stations.melting(np.array([-1.0, -0.99, -5.0, math.nan]), -1), [0, 1, 0, math.nan]
    )


def test_a_gap_of_one_series_hides_the_day_in_both():
    one, other = stations.in_common(
        np.array([1, math.nan, 1, 0.0]), np.array([0, 1, math.nan, 1.0])
    )
    np.testing.assert_array_equal(one, [1, math.nan, math.nan, 0])
    np.testing.assert_array_equal(other, [0, math.nan, math.nan, 1])
