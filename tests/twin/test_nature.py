import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.twin import nature
from daymelt.twin.terrain import SEA_LEVEL_M, Surface, terrain


@pytest.fixture(scope="module")
def truth(area, seed):
    return dict(nature.true_melt(area, 2019, seed))


def test_the_world_is_known_from_new_year_to_the_end_of_september():
    days = nature.nature_days(2020)
    assert (days[0], days[-1], len(days)) == (dt.date(2020, 1, 1), dt.date(2020, 9, 30), 274)


def test_the_truth_is_a_share_on_land_and_nothing_on_the_sea(truth, area, seed):
    ocean = terrain(area, area, seed).ocean
    for field in truth.values():
        assert np.isnan(field[ocean]).all()
        assert ((field[~ocean] >= 0) & (field[~ocean] <= 1)).all()


def test_the_same_seed_gives_the_same_truth_in_whatever_order_it_is_asked(truth, area, seed):
    dict(nature.true_melt(area, 2021, seed))
    again = dict(nature.true_melt(area, 2019, seed))
    assert all(np.array_equal(again[day], truth[day], equal_nan=True) for day in truth)


@given(store=st.floats(0, 60, width=32), temperature=st.floats(-30, 20, width=32))
def test_the_store_follows_the_degree_days_of_one_cell(store, temperature):
    rate = nature.MELT_MM_PER_K if temperature > 0 else nature.FREEZE_MM_PER_K
    expected = min(max(store * (1 - nature.DRAINAGE) + rate * temperature, 0.0), nature.CAPACITY_MM)
    assert nature.next_store(np.float32([[store]]), np.float32([[temperature]]))[
        0, 0
    ] == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_a_full_store_outlives_a_cold_day_and_an_empty_one_does_not():
    cold = np.float32([[-3.0]])
    assert nature.melt_fraction(nature.next_store(np.float32([[50.0]]), cold)) > 0.9
    assert nature.melt_fraction(nature.next_store(np.float32([[5.0]]), cold)) == 0


def test_it_is_colder_above_and_warmer_on_slopes_that_face_south(area, seed):
    flat = Surface(
        np.full(area.shape, SEA_LEVEL_M, np.float32),
        np.zeros(area.shape, bool),
        np.ones(area.shape, bool),
    )
    high = Surface(flat.height + 1000, flat.ocean, flat.ice)
    ramp = Surface(
        flat.height + np.float32(10) * np.arange(area.rows, 0, -1, dtype=np.float32)[:, None],
        flat.ocean,
        flat.ice,
    )
    level = nature.exposure(flat, area, area, seed).offset
    np.testing.assert_allclose(
        nature.exposure(high, area, area, seed).offset, level - 6.5, atol=1e-4
    )
    lapse = nature.LAPSE_K_PER_M * (ramp.height - SEA_LEVEL_M)
    # the ramp falls towards the south
    assert (nature.exposure(ramp, area, area, seed).offset + lapse - level > 0.1).all()


def test_years_differ_and_summer_is_warmer_than_winter(seed):
    means = []
    for season in range(2017, 2024):
        air = nature.weather(season, seed)
        month = np.array([day.month for day in air.days])
        assert air.temperature[month == 7].mean() > air.temperature[month == 1].mean() + 8
        means.append(air.temperature[month >= 4].mean())
    assert np.std(means) > 0.2


@pytest.mark.parametrize(
    ("season", "last"), [(2019, dt.date(2019, 8, 2)), (2021, dt.date(2021, 8, 17))]
)
def test_the_two_extreme_events_wet_the_land(season, last, area, seed):
    truth = dict(nature.true_melt(area, season, seed))
    before = np.nanmean(
        truth[next(first for first, end, _ in nature.EXTREMES if end == last) - dt.timedelta(1)]
    )
    assert np.nanmean(truth[last]) > before + 0.1


def test_winter_is_dry_but_for_a_rare_thaw_at_the_coast(truth):
    january = np.stack([truth[dt.date(2019, 1, day)] for day in range(1, 32)])
    assert np.nanmean(january) < 0.005
