"""Which days were observed, filled and absent."""

import datetime as dt

import pytest

from daymelt.core.dates import month_days
from daymelt.science.availability import gaps, states

DAYS = month_days(2019, 7)


def day(number):
    return dt.date(2019, 7, number)


def test_every_day_has_one_state_and_a_filled_one_is_not_observed():
    found = states(DAYS, [day(1), day(2), dt.date(2018, 7, 3)], [day(2)])
    assert found[:3] == ["observed", "filled", "absent"]
    assert set(found[3:]) == {"absent"}


@pytest.mark.parametrize(
    ("observed", "longer_than", "expected"),
    [
        ([], 0, [(1, 31)]),
        (range(1, 32), 0, []),
        ([4, 5, 20], 0, [(1, 3), (6, 19), (21, 31)]),
        ([4, 5, 20], 3, [(6, 19), (21, 31)]),
        ([4, 5, 20], 11, [(6, 19)]),
    ],
)
def test_gaps_are_runs_of_days_also_at_the_ends(observed, longer_than, expected):
    found = gaps(DAYS, [day(number) for number in observed], longer_than)
    assert [(first.day, last.day) for first, last in found] == expected
