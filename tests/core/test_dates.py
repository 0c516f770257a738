"""Days, months and seasons: against numpy's calendar."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core.dates import (
    describe,
    month_days,
    month_name,
    parse_date,
    parse_month,
    season_days,
    span,
    winter_days,
    winter_months,
    winter_to_season,
)
from daymelt.core.errors import ConfigError

days = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
years, months = st.integers(1900, 2200), st.integers(1, 12)


@given(days)
def test_a_date_comes_back_from_its_text(day):
    assert parse_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2019",
        "2019-02-29",
        "2019-13-01",
        "2019-7-1",
        "20190731",
        "2019-W31-3",
        "2019_07_31",
        "2019-07-31T00",
    ],
)
def test_anything_but_a_day_of_the_calendar_is_refused(text):
    with pytest.raises(ConfigError, match="expected YYYY-MM-DD"):
        parse_date(text)


@given(years, months)
def test_a_month_comes_back_from_its_name(year, month):
    assert parse_month(month_name(year, month)) == (year, month)


@pytest.mark.parametrize("text", ["2019-13", "2019", "201907", "2019-07-31", "2019-W31"])
def test_anything_but_a_month_is_refused(text):
    with pytest.raises(ConfigError):
        parse_month(text)


@given(years, months)
def test_a_month_has_the_days_that_numpy_gives_it(year, month):
    first = np.datetime64(month_name(year, month))
    expected = np.arange(first.astype("M8[D]"), (first + 1).astype("M8[D]"))
    assert month_days(year, month) == expected.tolist()


@pytest.mark.parametrize(("year", "count"), [(2019, 183), (2020, 183)])
def test_a_melt_season_has_every_day_from_april_to_september(year, count):
    season = season_days(year, range(4, 10))
    assert season == span(dt.date(year, 4, 1), dt.date(year, 9, 30))
    assert len(season) == count
    assert sum(day.day == 31 for day in season) == 3


def test_a_winter_of_a_leap_year_has_one_day_more():
    assert len(season_days(2020, (1, 2))) == len(season_days(2019, (1, 2))) + 1


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ((1, 2, 3), [(2019, 1), (2019, 2), (2019, 3)]),
        ((12, 1, 2), [(2018, 12), (2019, 1), (2019, 2)]),
        ((11, 12), [(2018, 11), (2018, 12)]),
        ((6, 7), [(2018, 7), (2019, 6)]),
    ],
)
def test_a_winter_over_new_year_begins_in_the_year_before(months, expected):
    assert winter_months(2019, months) == expected
    found = winter_days(2019, months)
    assert found == sorted(found)
    assert {(day.year, day.month) for day in found} == set(expected)
    assert len(found) == sum(len(month_days(*place)) for place in expected)


@pytest.mark.parametrize(("winter", "first"), [((1, 2), (2019, 1)), ((12, 1), (2018, 12))])
def test_from_a_winter_to_its_season_no_day_is_left_out(winter, first):
    found = winter_to_season(2019, winter, (7, 8))
    assert found == span(dt.date(*first, 1), dt.date(2019, 8, 31))


@given(days, st.integers(0, 400))
def test_a_span_holds_both_ends_and_every_day_between(first, length):
    found = span(first, first + dt.timedelta(length))
    assert found[0] == first and len(found) == length + 1
    assert all((later - earlier).days == 1 for earlier, later in pairwise(found))


def test_few_days_are_named_in_order_and_many_are_counted():
    some = span(dt.date(2019, 7, 1), dt.date(2019, 7, 9))
    assert describe(reversed(some[:2])) == "2019-07-01, 2019-07-02"
    assert describe(some).endswith("2019-07-06 and 3 more")
    assert describe(iter(some), most=9).endswith("2019-07-09")
