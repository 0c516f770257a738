import datetime as dt

import pytest

from daymelt.twin import schedule

PUBLISHED = {2017: 14, 2018: 90, 2019: 72, 2020: 92, 2021: 131, 2022: 72, 2023: 58}


def summer(season, seed):
    return [item for item in schedule.passes(season, seed) if item.acquired_at.month >= 4]


@pytest.mark.parametrize(("season", "days"), PUBLISHED.items())
def test_each_season_has_the_published_number_of_days(season, days, seed):
    assert len({item.acquired_at.date() for item in summer(season, seed)}) == days


def test_the_first_and_the_last_day_are_the_published_ones(seed):
    assert summer(2017, seed)[0].acquired_at.date() == dt.date(2017, 4, 5)
    assert summer(2023, seed)[-1].acquired_at.date() == dt.date(2023, 8, 29)


@pytest.mark.parametrize("season", PUBLISHED)
def test_a_satellite_returns_to_an_orbit_every_twelve_days(season, seed):
    last = {}
    for item in schedule.passes(season, seed):
        key = item.platform, item.orbit.number
        if key in last:
            assert (item.acquired_at.date() - last[key]).days % 12 == 0
        last[key] = item.acquired_at.date()


def test_satellite_b_is_silent_after_december_2021(seed):
    assert any(item.platform == "S1B" for item in schedule.passes(2021, seed))
    assert all(
        item.platform == "S1A" for season in (2022, 2023) for item in schedule.passes(season, seed)
    )


def test_the_sparse_first_year_has_one_orbit_and_the_densest_all_five(seed):
    assert {item.orbit.number for item in schedule.passes(2017, seed)} == {10}
    assert {item.orbit.number for item in schedule.passes(2021, seed)} == {10, 39, 68, 112, 141}


@pytest.mark.parametrize("season", PUBLISHED)
def test_every_orbit_of_the_summer_has_winter_scenes_to_compare_with(season, seed):
    winter = [
        item.orbit.number for item in schedule.passes(season, seed) if item.acquired_at.month <= 3
    ]
    assert all(winter.count(item.orbit.number) >= 4 for item in summer(season, seed))


def test_a_month_is_its_part_of_the_year(seed):
    whole = [item for item in schedule.passes(2021, seed) if item.acquired_at.month == 7]
    assert schedule.month_passes(2021, 7, seed) == whole
    assert all(item.acquired_at.tzinfo is dt.UTC for item in whole)


def test_a_year_after_the_published_ones_goes_on_with_one_satellite(seed):
    assert {item.platform for item in schedule.passes(2024, seed)} == {"S1A"}
