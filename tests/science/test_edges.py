"""Steps at the edge of a swath, against every pair of neighbouring cells in turn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daymelt.science.edges import EdgeSums

SHAPE = (7, 9)


def day_of(seed):
    random = np.random.default_rng(seed)
    fields = {name: random.random(SHAPE).astype(np.float32) for name in ("map", "truth")}
    seen = np.zeros(SHAPE, bool)
    seen[:, : random.integers(0, SHAPE[1] + 1)] = True
    return fields, seen, random.random(SHAPE) < 0.8


def pairs(seen, valid):
    """Both cells of every pair of valid neighbours, and whether one of the two alone is seen."""
    for y, x in np.ndindex(SHAPE):
        for other in ((y + 1, x), (y, x + 1)):
            if other[0] < SHAPE[0] and other[1] < SHAPE[1] and valid[y, x] and valid[other]:
                yield (y, x), other, seen[y, x] != seen[other]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
@settings(max_examples=40)
def test_mean_steps_are_those_over_the_pairs_of_days_with_an_edge(seeds):
    sums, steps = EdgeSums(("map", "truth")), {"edge": [], "elsewhere": []}
    for seed in seeds:
        fields, seen, valid = day_of(seed)
        sums.add(fields, seen, valid)
        found = list(pairs(seen, valid))
        if any(across for *_, across in found):
            for one, other, across in found:
                step = [abs(float(field[one]) - float(field[other])) for field in fields.values()]
                steps["edge" if across else "elsewhere"].append(step)
    rows = {row["place"]: row for row in sums.rows()}
    assert set(rows) == {place for place, own in steps.items() if own}
    for place, row in rows.items():
        assert row["pairs"] == len(steps[place])
        expected = np.mean(steps[place], axis=0)
        assert [row["map"], row["truth"]] == pytest.approx(expected.tolist(), rel=1e-9)


def test_sums_of_seasons_add_up():
    whole, parts = EdgeSums(("map", "truth")), EdgeSums(("map", "truth"))
    for seed in (1, 5, 9):
        own = EdgeSums(("map", "truth"))
        for sums in (whole, own):
            sums.add(*day_of(seed))
        parts.add_rows([{name: str(value) for name, value in row.items()} for row in own.rows()])
    for one, other in zip(whole.rows(), parts.rows(), strict=True):
        assert one.pop("place") == other.pop("place")
        assert one == pytest.approx(other, rel=1e-12)


def test_cells_that_do_not_count_may_have_no_data():
    fields, seen, valid = day_of(3)
    expected = EdgeSums(("map", "truth"))
    expected.add(fields, seen, valid)
    for field in fields.values():
        field[~valid] = np.nan
    sums = EdgeSums(("map", "truth"))
    sums.add(fields, seen, valid)
    assert list(sums.rows()) == list(expected.rows())
