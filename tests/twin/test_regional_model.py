import numpy as np
import pytest

from daymelt.twin import nature, regional_model


@pytest.fixture(scope="module")
def year(area, seed):
    return regional_model.simulate(area, 2019, seed)


def test_cells_of_five_kilometres_surround_the_area(year, area):
    assert year.grid.spacing_m == 5000
    left, bottom, right, top = year.grid.bounds
    assert (
        left < area.left - 10_000
        and right > area.right + 10_000
        and bottom < area.bottom - 10_000
        and top > area.top + 10_000
    )
    assert year.liquid_water.shape == (len(nature.nature_days(2019)), *year.grid.shape)


def test_liquid_water_is_a_share_in_the_published_range(year):
    assert year.liquid_water.min() >= 0
    assert 0.005 < year.liquid_water.max() <= 0.09


def test_averages_are_those_of_a_plain_loop():
    field = np.random.default_rng(0).random((10, 15)).astype(np.float32)
    expected = [
        [field[5 * i : 5 * i + 5, 5 * j : 5 * j + 5].mean() for j in range(3)] for i in range(2)
    ]
    np.testing.assert_allclose(regional_model._average(field), expected, rtol=1e-6)


def test_the_model_is_too_warm_in_spring_on_average(seed):
    spring = []
    for season in range(2000, 2040):
        model, air = regional_model.model_weather(season, seed), nature.weather(season, seed)
        spring.append(
            np.mean(
                [
                    m - t
                    for m, t, day in zip(model.temperature, air.temperature, air.days, strict=True)
                    if day.month == 5
                ]
            )
        )
    assert np.mean(spring) > 1


def test_the_model_follows_the_truth_and_errs(seed):
    model, air = regional_model.model_weather(2019, seed), nature.weather(2019, seed)
    assert 0.7 < np.corrcoef(model.temperature, air.temperature)[0, 1] < 0.995
