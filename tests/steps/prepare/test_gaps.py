"""Gaps in the last lines of a step's log."""

import datetime as dt
import logging

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT
from daymelt.core.grid import Grid
from daymelt.steps.prepare.gaps import warn_if_empty, warn_of_filled, warn_of_gaps

DAYS = season_days(2019, [6, 7, 8])


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO)
    return lambda: caplog.messages


def test_sentinel1_that_stops_is_named_with_the_days(told):
    acquired = [day for day in DAYS[::6] if day <= dt.date(2019, 8, 5)]
    warn_of_gaps(2019, DAYS, acquired)
    (line,) = told()
    assert "no acquisition from 2019-07-" not in line
    assert f"from {acquired[-1] + dt.timedelta(1)} to 2019-08-31" in line


def test_the_usual_revisit_is_no_gap(told):
    warn_of_gaps(2019, DAYS, DAYS[::12])
    assert not told()


def test_filled_days_are_named(told):
    warn_of_filled("MAR 2019", {dt.date(2019, 7, 3): "linear"})
    warn_of_filled("MAR 2019", {})
    assert told() == ["MAR 2019: 1 days filled: 2019-07-03"]


@pytest.mark.parametrize("days", [0, 1])
def test_a_month_without_an_acquisition_is_named(told, tmp_path, days):
    grid = Grid("EPSG:3413", 100, 0, 0, 2, 2)
    fields = [(day, np.zeros((2, 2), np.float32)) for day in DAYS[:days]]
    cube.write_stream(tmp_path / "a.nc", fields, grid=grid, encoding=PERCENT)
    warn_if_empty(tmp_path / "a.nc", "2019-06")
    assert [("2019-06" in line) for line in told()] == [True] * (1 - days)
