import datetime as dt
import itertools

import numpy as np
import pytest

from daymelt.core.grid import transformer
from daymelt.twin import nature, radiometer


@pytest.fixture(scope="module")
def brightness(area, seed):
    return dict(radiometer.observe(area, 2019, seed))


def test_the_window_covers_the_area_with_cells_of_the_ease_grid(area):
    cells = radiometer.window(area)
    assert np.allclose((cells.x + radiometer.CORNER_M) / radiometer.CELL_M % 1, 0.5)
    x, y = transformer(area.crs, radiometer.CRS).transform(*np.meshgrid(area.x, area.y))
    assert (
        cells.x[0] < x.min()
        and cells.x[-1] > x.max()
        and cells.y[-1] < y.min()
        and cells.y[0] > y.max()
    )
    assert (np.diff(cells.x) > 0).all() and (np.diff(cells.y) < 0).all()


def test_temperatures_are_those_of_snow_and_sea(brightness):
    values = np.concatenate([field[np.isfinite(field)] for field in brightness.values()])
    assert values.min() > 120 and values.max() < 280
    assert 180 < values.mean() < 225  # the published mean is 206 K


def test_summer_melt_raises_the_temperature_by_tens_of_kelvin(brightness):
    winter = np.nanmean([np.nanmean(field) for day, field in brightness.items() if day.month <= 2])
    wettest = max(np.nanmean(field) for day, field in brightness.items() if day.month in (7, 8))
    assert wettest > winter + 15


def test_the_same_day_is_the_same_in_a_second_run(brightness, area, seed):
    again = dict(radiometer.observe(area, 2019, seed))
    assert again.keys() == brightness.keys()
    assert all(np.array_equal(again[day], brightness[day], equal_nan=True) for day in again)


def test_some_days_are_missing_but_never_more_than_three_in_a_row(seed):
    missing = []
    for season in range(2017, 2024):
        days = nature.nature_days(season)
        lost = sorted(radiometer.missing_days(season, seed, days))
        missing += lost
        runs = [[lost[0]]]
        for day, following in itertools.pairwise(lost):
            if following - day == dt.timedelta(1):
                runs[-1].append(following)
            else:
                runs.append([following])
        assert max(map(len, runs)) <= 3
    assert 7 < len(missing) < 100


def test_some_days_have_holes(brightness):
    assert any(np.isnan(field).any() and np.isfinite(field).any() for field in brightness.values())
