"""The acquisitions of a season, read one by one: the same as the months held whole, few in memory,
none decoded often.
"""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import Grid
from daymelt.science.temporal import observation_age, window_mean
from daymelt.steps.prepare.acquisitions import open_acquisitions

GRID = Grid("EPSG:3413", 100.0, 0.0, 900.0, 9, 7)
SEASON = season_days(2019, range(4, 10))


@pytest.fixture
def months(tmp_path):
    """Two acquisitions of three days, a month a file, and all of them as one array."""
    random = np.random.default_rng(0)
    acquired = [day for index, day in enumerate(SEASON) if index % 3]
    stack = random.integers(0, 101, (len(acquired), *GRID.shape), np.uint8)
    stack[random.random(stack.shape) < 0.5] = 255
    paths = []
    for month in range(4, 10):
        paths.append(tmp_path / f"{month:02d}.nc")
        days = [
            (day, field) for day, field in zip(acquired, stack, strict=True) if day.month == month
        ]
        cube.write_stream(
            paths[-1], days, grid=GRID, encoding=PERCENT, attributes={"inputs": str(month)}
        )
    return paths, acquired, stack


@pytest.fixture
def decoded(monkeypatch):
    """The days that were decoded, in their order."""
    days, raw = [], cube.Stream.raw

    def counted(stream: cube.Stream, day: dt.date | None = None):
        days.append(day)
        return raw(stream, day)

    monkeypatch.setattr(cube.Stream, "raw", counted)
    return days


def test_months_in_any_order_give_the_season(months):
    paths, acquired, stack = months
    with open_acquisitions(2019, paths[::-1]) as stored:
        assert (stored.days, stored.grid, stored.fields.shape) == (acquired, GRID, stack.shape)
        assert all(one < other for one, other in pairwise(stored.days))
        for index in (0, 40, len(stack) - 1):
            np.testing.assert_array_equal(stored.fields[index], stack[index])
        some = stored.fields.chosen([3, 5, 90])
        assert len(some) == 3
        np.testing.assert_array_equal(some[2], stack[90])


@pytest.mark.parametrize(("before", "after"), [(3, 3), (0, 1), (12, 15)])
def test_each_acquisition_is_decoded_once_for_the_mean(months, decoded, before, after):
    paths, acquired, stack = months
    with open_acquisitions(2019, paths, before + after) as stored:
        for (day, field), (_, whole) in zip(
            window_mean(stored.fields, stored.days, SEASON, before, after),
            window_mean(stack, acquired, SEASON, before, after),
            strict=True,
        ):
            np.testing.assert_array_equal(field, whole, err_msg=str(day))
    assert sorted(decoded) == acquired


def held(fields):
    """Number of acquisitions in memory."""
    return fields._read.cache_info().currsize


def test_each_acquisition_is_decoded_twice_for_the_age_and_few_are_held(months, decoded):
    paths, acquired, stack = months
    with open_acquisitions(2019, paths) as stored:
        ages = observation_age(stored.fields, stored.days, SEASON)
        for (_, age), (_, whole) in zip(
            ages, observation_age(stack, acquired, SEASON), strict=True
        ):
            np.testing.assert_array_equal(age, whole)
            assert held(stored.fields) <= 20
    assert max(decoded.count(day) for day in acquired) <= 2


def test_a_season_without_acquisitions_is_named(tmp_path):
    cube.write_stream(
        tmp_path / "04.nc", [], grid=GRID, encoding=PERCENT, attributes={"inputs": ""}
    )
    with (
        pytest.raises(
            MissingInputError, match="season 2019: no Sentinel-1 acquisition in 1 months"
        ),
        open_acquisitions(2019, [tmp_path / "04.nc"]),
    ):
        pass
