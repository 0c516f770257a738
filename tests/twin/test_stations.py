import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from daymelt.core.errors import GridError
from daymelt.twin import stations
from daymelt.twin.nature import air_temperature, exposure, true_melt, weather
from daymelt.twin.terrain import terrain

CELL = (25, 30)  # on ice, half way up


def place_of(area, row, column):
    lon, lat = area.lonlat()
    return float(lat[row, column]), float(lon[row, column])


@pytest.fixture(scope="module")
def record(area, seed):
    return stations.observe(area, [2019, 2020], "A", *place_of(area, *CELL), seed)


def test_the_same_station_records_the_same_whatever_other_years_are_asked_for(area, seed, record):
    alone = stations.observe(area, [2020], "A", *place_of(area, *CELL), seed)
    part = record.hours >= alone.hours[0]
    np.testing.assert_array_equal(record.hours[part], alone.hours)
    np.testing.assert_array_equal(record.surface[part], alone.surface)
    other = stations.observe(area, [2020], "B", *place_of(area, *CELL), seed)
    # each station has noise and gaps of its own
    assert not np.array_equal(other.surface, alone.surface, equal_nan=True)
    assert np.nanmean(np.abs(other.air - alone.air)) < 0.3


@pytest.mark.parametrize("cell", [CELL, (0, 0), (63, 1), (25, 0)])
def test_a_station_lives_under_the_weather_of_its_cell(area, seed, cell):
    found = stations.observe(area, [2019], "A", *place_of(area, *cell), seed)
    land = terrain(area, area, seed)
    assert found.height == pytest.approx(float(land.height[cell]), abs=1e-3)
    place, sky = exposure(land, area, area, seed), weather(2019, seed)
    expected = np.array(
        [air_temperature(place, sky, index)[cell] for index in range(len(sky.days))]
    )
    by_day = found.air[: 24 * len(sky.days)].reshape(-1, 24)
    whole = np.isfinite(by_day).all(axis=1)
    daily = by_day.mean(axis=1)[whole]
    # between the middles of the days the mean is carried linearly, which smooths a day by an eighth
    # of its neighbours' difference
    smooth = np.convolve(expected, [1 / 8, 6 / 8, 1 / 8], "same")[whole]
    np.testing.assert_allclose(daily[1:-1], smooth[1:-1], atol=0.15)


def test_the_surface_is_never_above_the_melting_point_and_never_colder_than_the_air(record):
    known = np.isfinite(record.surface)
    assert record.surface[known].max() == 0
    cold = known & (record.air < -1)
    assert (record.surface - record.air)[cold].min() > -2  # noise of both instruments


def test_the_months_that_the_world_does_not_know_have_no_record(record):
    month = record.hours.astype("datetime64[M]").astype(int) % 12 + 1
    assert np.isnan(record.surface[month > 9]).all() and np.isnan(record.air[month > 9]).all()
    assert 0.9 < np.isfinite(record.surface[month <= 9]).mean() < 1
    assert (np.diff(record.hours).astype(int) == 1).all()


def test_the_station_melts_when_its_cell_does(area, seed, record):
    truth = {day: field[CELL] for day, field in true_melt(area, 2019, seed)}
    days = np.array(list(truth), "datetime64[D]")
    wet = np.array(list(truth.values())) > 0.1
    by_day = record.surface[: 24 * days.size].reshape(-1, 24)
    warm = np.where(np.isnan(by_day).any(axis=1), np.nan, by_day.max(axis=1) > -1)
    known = ~np.isnan(warm)
    agreement = (wet == (warm > 0))[known].mean()
    never = max(wet[known].mean(), 1 - wet[known].mean())
    assert 0.05 < wet.mean() < 0.95
    assert agreement > never  # better than the best constant answer


@given(air=arrays(np.float64, st.integers(1, 80), elements=st.floats(-20, 15)))
def test_water_of_the_surface_refreezes_before_it_cools(air):
    surface = stations.surface_temperature(air)
    held, expected = 0.0, []
    for temperature in air.tolist():
        expected.append(0.0 if temperature > 0 or held > 0 else temperature)
        held = (
            min(held + 4.0 * temperature / 24, 1.0)
            if temperature > 0
            else max(held + 2.2 * temperature / 24, 0.0)
        )
    np.testing.assert_array_equal(surface, expected)


@given(
    daily=arrays(np.float64, st.integers(1, 10), elements=st.floats(-30, 10)),
    lon=st.floats(-180, 180),
)
def test_the_warmest_hour_is_that_of_the_afternoon(daily, lon):
    steady = stations.hourly_temperature(np.full(daily.size, -5.0), lon)
    solar = (np.arange(24 * daily.size) + 0.5 + lon / 15) % 24
    assert np.abs((solar[steady == steady.max()] - 14 + 12) % 24 - 12).max() <= 0.5 + 1e-6
    assert steady.mean() == pytest.approx(-5) and np.ptp(steady) < 5.01
    assert np.isfinite(stations.hourly_temperature(daily, lon)).all()


def test_a_station_beyond_the_area_is_refused(area, seed):
    with pytest.raises(GridError, match="station X at 10"):
        stations.observe(area, [2019], "X", 10.0, 10.0, seed)
