"""The split: what it promises about every set of days."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core.errors import ConfigError
from daymelt.science.split import (
    blocked,
    check_split,
    check_training_days,
    distance_to_training,
    hindcast,
    leave_one_year_out,
    split_days,
)

DAYS = [dt.date(2018, 5, 1) + dt.timedelta(n) for n in range(0, 900, 5)]
some_days = st.lists(st.dates(dt.date(2017, 4, 1), dt.date(2020, 9, 30)), max_size=60, unique=True)
seeds = st.integers(0, 10**6)


def in_month(split, year, month, name):
    return [
        day for day, chosen in split.items() if (day.year, day.month, chosen) == (year, month, name)
    ]


@given(some_days, seeds, st.integers(0, 3), st.integers(0, 3))
def test_every_month_gives_its_days_to_test_then_validation_then_training(
    days, seed, test, validation
):
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
    assert {day: split[day] for day in days if day.year != 2018} == split_days(
        [day for day in days if day.year != 2018], seed
    )


def test_another_seed_draws_other_days():
    assert split_days(DAYS, 1) != split_days(DAYS, 2)


def test_no_day_of_the_month_is_favoured():
    month = [dt.date(2019, 7, 1) + dt.timedelta(n) for n in range(10)]
    drawn = Counter(
        day
        for seed in range(2000)
        for day, name in split_days(month, seed).items()
        if name == "test"
    )
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
        (
            [(DAYS[0], "train"), (DAYS[1], "validation")],
            "'validation'; expected one of train, val, test",
        ),
        (
            [(DAYS[0], "train"), (DAYS[1], "val"), (DAYS[0], "test")],
            "2018-05-01 listed more than once",
        ),
        ([(DAYS[0], "train"), (DAYS[1], "val"), (DAYS[2], "val")], "no acquisition on 2018-05-11"),
        ([(DAYS[0], "train")], "acquisitions of 2018-05-06 are in no split"),
    ],
)
def test_a_list_that_does_not_fit_the_acquisitions_is_refused(rows, message):
    with pytest.raises(ConfigError, match=message) as refused:
        check_split(rows, DAYS[:2], source="mine.csv")
    assert str(refused.value).startswith("mine.csv: ")


# --- protocols

several_years = st.lists(
    st.dates(dt.date(2017, 4, 1), dt.date(2020, 9, 30)), min_size=2, max_size=80, unique=True
).filter(lambda days: len({day.year for day in days}) > 1)


def days_of(split, name):
    return [day for day, chosen in split.items() if chosen == name]


@given(several_years, seeds, st.data())
def test_the_year_left_out_is_the_test_and_the_others_are_drawn_as_ever(days, seed, data):
    year = data.draw(st.sampled_from(sorted({day.year for day in days})))
    split = leave_one_year_out(data.draw(st.permutations(days)), year, seed)
    assert list(split) == sorted(days)
    assert set(days_of(split, "test")) == {day for day in days if day.year == year}
    others = [day for day in days if day.year != year]
    assert {day: split[day] for day in sorted(others)} == split_days(others, seed, test_per_month=0)


@given(some_days, seeds, st.integers(1, 40), st.integers(0, 10), st.randoms())
def test_no_day_near_a_held_out_block_trains_and_blocks_stay_whole(
    days, seed, length, guard, random
):
    shuffled = random.sample(days, len(days))
    split = blocked(shuffled, seed, length, 0.3, 0.3, guard)
    assert list(split) == sorted(days) and split == blocked(days, seed, length, 0.3, 0.3, guard)
    tested = days_of(split, "test")
    for day, name in split.items():
        near = any(abs((day - other).days) <= guard for other in tested)
        assert name == "test" or (name == "none") == near
    whole = blocked(days, seed, length, 0.3, 0.3, 0)
    assert days_of(whole, "test") == tested and not days_of(whole, "none")
    assert all(
        chosen in (name, "none")
        for (_, name), (_, chosen) in zip(whole.items(), split.items(), strict=True)
    )
    fates = {}
    for day, name in whole.items():
        fates.setdefault((day.year, (day.timetuple().tm_yday - 1) // length), set()).add(name)
    assert all(len(names) == 1 for names in fates.values())
    for year in {day.year for day in days}:
        of_year = [names for (block_year, _), names in fates.items() if block_year == year]
        assert sum(names == {"test"} for names in of_year) == round(0.3 * len(of_year))


@given(some_days, some_days, seeds)
def test_the_blocks_of_a_year_do_not_depend_on_other_years(days, others, seed):
    others = [day for day in others if day.year not in {day.year for day in days}]
    together = blocked([*days, *others], seed)
    assert {day: together[day] for day in sorted(days)} == blocked(days, seed)


def test_the_blocks_of_a_training_only_year_train_and_another_seed_draws_others():
    split = blocked(DAYS, 1, training_only_years=[2019])
    assert {split[day] for day in DAYS if day.year == 2019} == {"train"}
    assert blocked(DAYS, 1) != blocked(DAYS, 2)


@given(several_years)
def test_a_hindcast_learns_from_whole_years_and_tests_on_the_rest(days):
    split = hindcast(days, [2019], [2018])
    names = {2018: "val", 2019: "train"}
    assert split == {day: names.get(day.year, "test") for day in sorted(days)} and list(
        split
    ) == sorted(days)


def test_a_year_that_both_trains_and_validates_is_refused():
    with pytest.raises(ConfigError, match=r"found \[2018\], which are among"):
        hindcast(DAYS, [2019, 2018], [2018])


@given(
    st.dictionaries(
        st.sampled_from(DAYS), st.sampled_from(["train", "val", "test", "none"]), max_size=40
    )
)
def test_the_distance_is_to_the_nearest_training_day(split):
    trained = days_of(split, "train")
    if not trained and days_of(split, "test"):
        with pytest.raises(ConfigError, match="no training day"):
            distance_to_training(split)
        return
    expected = {
        day: min(abs((day - other).days) for other in trained)
        for day in sorted(days_of(split, "test"))
    }
    assert distance_to_training(split) == expected


@pytest.mark.parametrize("days", [[15], [3, 15]])
def test_months_with_a_day_or_two_are_told_nothing_that_cannot_help(one_line, days):
    acquired = [dt.date(2019, month, day) for month in range(4, 10) for day in days]
    with pytest.raises(ConfigError) as raised:
        check_training_days(split_days(acquired, 42, 1, 1))
    one_line(raised, f"at most {len(days)} in a month); name years in split.training_only_years")


def test_a_season_without_an_acquisition_is_told_as_such(one_line):
    with pytest.raises(ConfigError) as raised:
        check_training_days({})
    one_line(raised, "split: no training day, as there is no acquisition")


def test_one_track_and_the_default_split_leave_no_training_day_and_the_line_says_what_would(
    one_line,
):
    acquired = [dt.date(2019, 4, 1) + dt.timedelta(12 * n) for n in range(15)]
    split = split_days(acquired, 42, 2, 2)
    with pytest.raises(ConfigError) as raised:
        check_training_days(split)
    one_line(
        raised,
        "split: no training day among 15 acquisition days (12 test, 3 val; at most 3 in a month)",
        "set split.test_days_per_month and split.validation_days_per_month to less than 3 together",
        "split.training_only_years",
    )
    check_training_days(split_days(acquired, 42, 1, 1))  # as the line says
    check_training_days(split_days(acquired, 42, 2, 2, [2019]))
