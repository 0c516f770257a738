"""Gaps in the last lines of a step's log."""

import datetime as dt
import logging

import pytest

from daymelt.core.dates import season_days
from daymelt.steps.prepare.gaps import warn_of_filled, warn_of_gaps

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
