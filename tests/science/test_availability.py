"""Which days were observed, filled and absent."""

import datetime as dt

from daymelt.core.dates import month_days
from daymelt.science.availability import states

DAYS = month_days(2019, 7)


def day(number):
    return dt.date(2019, 7, number)


def test_every_day_has_one_state_and_a_filled_one_is_not_observed():
    found = states(DAYS, [day(1), day(2), dt.date(2018, 7, 3)], [day(2)])
    assert found[:3] == ["observed", "filled", "absent"]
    assert set(found[3:]) == {"absent"}
