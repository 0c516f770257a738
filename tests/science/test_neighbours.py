"""The nearest valid acquisitions of each cell, against a search cell by cell."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.science.neighbours import NODATA, NONE, nearest, sides

FIRST = dt.date(2019, 6, 1)
SHAPE = (3, 4)


@st.composite
def seasons(draw):
    """Acquisition days, what was seen on them (a third of it nothing), and a day to look from."""
    offsets = sorted(draw(st.sets(st.integers(0, 40), max_size=9)))
    seed = draw(st.integers(0, 2**16))
    random = np.random.default_rng(seed)
    stack = random.integers(0, 101, (len(offsets), *SHAPE)).astype(np.uint8)
    stack[random.random(stack.shape) < 0.3] = NODATA
    days = [FIRST + dt.timedelta(offset) for offset in offsets]
    return stack, days, FIRST + dt.timedelta(draw(st.integers(-3, 44)))


def slowly(stack, days, day, count, later):
    """One cell at a time: every valid acquisition on a side, sorted by its distance."""
    percent = np.full((count, *SHAPE), NODATA, np.uint8)
    away = np.full((count, *SHAPE), NONE, np.uint8)
    for cell in np.ndindex(*SHAPE):
        found = [
            (abs((other - day).days), int(stack[(place, *cell)]))
            for place, other in enumerate(days)
            if (other > day if later else other < day) and stack[(place, *cell)] != NODATA
        ]
        for place, (gap, value) in enumerate(sorted(found)[:count]):
            percent[(place, *cell)], away[(place, *cell)] = value, gap
    return percent, away


def ordinals(days):
    return np.array([day.toordinal() for day in days], np.int64)


@given(seasons(), st.integers(1, 4))
def test_each_cell_has_its_own_nearest_acquisitions(season, count):
    stack, days, day = season
    for side, later in zip(sides(day, ordinals(days)), (False, True), strict=True):
        for found, expected in zip(
            nearest(stack, side, count), slowly(stack, days, day, count, later), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


@given(seasons())
def test_the_day_itself_is_on_neither_side(season):
    _, days, day = season
    before, after = sides(day, ordinals(days))
    used = [days[place] for side in (before, after) for place in side.places]
    assert sorted(used) == [other for other in days if other != day]


@given(seasons(), st.data())
def test_an_unusable_acquisition_is_as_if_it_had_not_been_made(season, data):
    stack, days, day = season
    usable = np.array(data.draw(st.tuples(*[st.booleans()] * len(days))), bool)
    fewer = [other for other, kept in zip(days, usable, strict=True) if kept]
    of_all, of_fewer = sides(day, ordinals(days), usable), sides(day, ordinals(fewer))
    for one, other in zip(of_all, of_fewer, strict=True):
        pairs = zip(nearest(stack, one, 2), nearest(stack[usable], other, 2), strict=True)
        for found, expected in pairs:
            np.testing.assert_array_equal(found, expected)


def test_acquisitions_of_another_year_are_not_neighbours():
    days = [dt.date(2018, 12, 31), dt.date(2019, 4, 2), dt.date(2020, 1, 1)]
    before, after = sides(dt.date(2019, 4, 1), ordinals(days))
    assert before.places.size == 0
    assert after.places.tolist() == [1]


@pytest.mark.parametrize("most", [0, 1, 2])
def test_no_more_acquisitions_are_looked_at_than_asked_for(most):
    days = [FIRST + dt.timedelta(offset) for offset in range(0, 10, 2)]
    before, after = sides(FIRST + dt.timedelta(5), ordinals(days), most=most)
    assert before.away.tolist() == [1, 3][:most]
    assert after.away.tolist() == [1, 3][:most]
