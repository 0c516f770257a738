"""Scores of an interval, against a loop over cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.science.intervals import ALPHA, WIDTHS, IntervalSums, crossed

SHAPE = (6, 7)


def day(seed):
    random = np.random.default_rng(seed)
    bounds = np.sort(random.random((2, *SHAPE)), axis=0).astype(np.float32)
    target = random.random(SHAPE).astype(np.float32)
    return bounds[0], bounds[1], target, random.random(SHAPE) < 0.8


def rows_of(*days, strata=None):
    sums = IntervalSums()
    for one in days:
        sums.add(*one, strata or {})
    return {(row["kind"], row["class"]): row for row in sums.rows()}


@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=3))
def test_shares_width_and_score_are_those_of_a_loop_over_cells(seeds):
    days = [day(seed) for seed in seeds]
    found = rows_of(*days).get(("all", "all"))
    below, above, widths, scores = [], [], [], []
    for low, high, target, valid in days:
        for cell in np.argwhere(valid):
            lower, upper, value = (float(field[tuple(cell)]) for field in (low, high, target))
            below.append(value < lower - 0.005)
            above.append(value > upper + 0.005)
            widths.append(upper - lower)
            miss = max(lower - value, 0) + max(value - upper, 0)
            scores.append(upper - lower + 2 / ALPHA * miss)
    if found is None:
        assert not widths
        return
    assert found["cells"] == len(widths)
    assert found["below"] == pytest.approx(np.mean(below))
    assert found["above"] == pytest.approx(np.mean(above))
    assert found["covered"] == pytest.approx(1 - np.mean(below) - np.mean(above))
    assert found["width"] == pytest.approx(np.mean(widths))
    assert found["score"] == pytest.approx(np.mean(scores))


@given(st.integers(0, 2**16))
def test_every_cell_is_in_one_class_of_width(seed):
    found = rows_of(day(seed))
    widths = [row["cells"] for (kind, _), row in found.items() if kind == "width"]
    assert sum(widths) == found["all", "all"]["cells"]
    assert {name for kind, name in found if kind == "width"} <= set(WIDTHS)


def test_cells_count_in_the_class_that_is_given_and_none_where_it_is_minus_one():
    low, high, target, _ = day(1)
    bins = np.full(SHAPE, -1)
    bins[0], bins[1:3] = 0, 1
    found = rows_of(
        (low, high, target, np.ones(SHAPE, bool)),
        strata={"gap": (bins, ("0", "1")), "season": (0, ("2019",))},
    )
    assert found["gap", "0"]["cells"] == SHAPE[1]
    assert found["gap", "1"]["cells"] == 2 * SHAPE[1]
    assert found["season", "2019"]["cells"] == SHAPE[0] * SHAPE[1]


def test_a_target_on_a_bound_is_covered():
    edge = np.full(SHAPE, 0.3, np.float32)
    found = rows_of((edge, edge, edge, np.ones(SHAPE, bool)))["all", "all"]
    assert (found["covered"], found["width"], found["score"]) == (1, 0, 0)


def test_each_class_of_width_in_each_season_holds_the_cells_of_both():
    seasons, found = ("2018", "2019"), IntervalSums()
    for index, year in enumerate((0, 1, 1)):
        found.add(*day(index), {"season": (year, seasons)})
    rows = {(row["kind"], row["class"]): row for row in found.rows()}
    for name in WIDTHS:
        both = [rows.get(("season and width", f"{year}, {name}")) for year in seasons]
        parts = [row for row in both if row]
        for column in ("below", "above", "width"):
            total = sum(row["cells"] * row[column] for row in parts)
            whole = rows.get(("width", name), {"cells": 0, column: 0})
            assert total == pytest.approx(whole["cells"] * whole[column])
    for year in seasons:
        parts = [
            row
            for (kind, name), row in rows.items()
            if kind == "season and width" and name.startswith(f"{year}, ")
        ]
        assert sum(row["cells"] for row in parts) == rows["season", year]["cells"]


def test_a_cell_that_is_in_none_of_one_kind_is_in_none_of_both():
    bins, names = crossed((np.array([0, -1, 1]), ("a", "b")), (np.array([1, 1, -1]), ("x", "y")))
    assert bins.tolist() == [1, -1, -1]
    assert names == ["a, x", "a, y", "b, x", "b, y"]
