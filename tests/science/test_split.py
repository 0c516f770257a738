"""The split: what it promises about every set of days."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.errors import ConfigError
from daymelt.science.split import check_split, split_days

DAYS = [dt.date(2018, 5, 1) + dt.timedelta(n) for n in range(0, 900, 5)]
some_days = st.lists(st.dates(dt.date(2017, 4, 1), dt.date(2020, 9, 30)), max_size=60, unique=True)
seeds = st.integers(0, 10**6)


def in_month(split, year, month, name):
    return [day for day, chosen in split.items() if (day.year, day.month, chosen) == (year, month, name)]


@given(some_days, seeds, st.integers(0, 3), st.integers(0, 3))
def test_every_month_gives_its_days_to_test_then_validation_then_training(days, seed, test, validation):
    split = split_days(days, seed, test, validation)
    assert list(split) == sorted(days)
    for year, month in {(day.year, day.month) for day in days}:
        count = sum((day.year, day.month) == (year, month) for day in days)
        tested, validated = min(test, count), min(validation, count - min(test, count))
        assert len(in_month(split, year, month, "test")) == tested
        assert len(in_month(split, year, month, "val")) == validated
        assert len(in_month(split, year, month, "train")) == count - tested - validated


@given(st.permutations(DAYS[:40]), seeds)
def test_the_order_of_the_days_does_not_matter(days, seed):
    assert split_days(days, seed) == split_days(DAYS[:40], seed)


@given(some_days, some_days, seeds)
def test_a_month_does_not_depend_on_other_months(days, others, seed):
    months = {(day.year, day.month) for day in days}
    others = [day for day in others if (day.year, day.month) not in months]
    together = split_days([*days, *others], seed)
    assert {day: together[day] for day in sorted(days)} == split_days(days, seed)


@given(some_days, seeds)
def test_a_training_only_year_only_trains(days, seed):
    split = split_days(days, seed, training_only_years=[2018])
    assert all(split[day] == "train" for day in days if day.year == 2018)
    assert {day: split[day] for day in days if day.year != 2018} == split_days([day for day in days if day.year != 2018], seed)


def test_another_seed_draws_other_days():
    assert split_days(DAYS, 1) != split_days(DAYS, 2)


def test_no_day_of_the_month_is_favoured():
    month = [dt.date(2019, 7, 1) + dt.timedelta(n) for n in range(10)]
    drawn = Counter(day for seed in range(2000) for day, name in split_days(month, seed).items() if name == "test")
    # 2000 draws of 2 in 10: 400 each, standard deviation 18
    assert all(abs(drawn[day] - 400) < 5 * 18 for day in month)


def test_the_split_of_a_seed_never_changes():
    # the order of what sha256sum prints for "42 2019-07-03" and so on: 03, 15, 27, 09, 21
    month = [dt.date(2019, 7, n) for n in (3, 9, 15, 21, 27)]
    assert list(split_days(month, 42).values()) == ["test", "val", "test", "train", "val"]


@given(some_days, seeds)
def test_a_drawn_split_passes_its_own_check(days, seed):
    split = split_days(days, seed)
    assert list(check_split(reversed(list(split.items())), days).items()) == list(split.items())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(DAYS[0], "train"), (DAYS[1], "validation")], "'validation'; expected one of train, val, test"),
        ([(DAYS[0], "train"), (DAYS[1], "val"), (DAYS[0], "test")], "2018-05-01 listed more than once"),
        ([(DAYS[0], "train"), (DAYS[1], "val"), (DAYS[2], "val")], "no acquisition on 2018-05-11"),
        ([(DAYS[0], "train")], "acquisitions of 2018-05-06 are in no split"),
    ],
)
def test_a_list_that_does_not_fit_the_acquisitions_is_refused(rows, message):
    with pytest.raises(ConfigError, match=message) as refused:
        check_split(rows, DAYS[:2], source="mine.csv")
    assert str(refused.value).startswith("mine.csv: ")
