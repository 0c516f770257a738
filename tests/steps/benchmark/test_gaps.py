"""The error of each day by gap, from the scorer to the table of the comparison."""

import datetime as dt

import numpy as np
import pytest

from daymelt.science.distributions import Distribution
from daymelt.science.strata import GAPS, gap_bins
from daymelt.steps.benchmark.compare import gap_sums, pooled_gaps, pooled_reliability
from daymelt.steps.benchmark.scorer import Ground, Scorer

SHAPE = (8, 9)
LEVELS = (0.05, 0.5, 0.95)
DAYS = [dt.date(2019, 7, 1), dt.date(2019, 7, 4), dt.date(2020, 6, 30)]
AGAINST = "truth, every day"


def day_of(number):
    random = np.random.default_rng(number)
    melt, target = random.random((2, *SHAPE)).astype(np.float32)
    target[random.random(SHAPE) < 0.1] = np.nan
    return melt, target, random.choice([0, 1, 3, 5, 40, 254, 255], SHAPE).astype(np.uint8)


def distribution(melt):
    bounds = np.maximum(melt - 0.1, 0), np.minimum(melt + 0.1, 1)
    levels = np.stack([bounds[0], melt, bounds[1]])
    return Distribution(LEVELS, (0.3, 0.4, 0.3), levels, *bounds, mean=0.5 * melt)


@pytest.fixture
def tables():
    scorer = Scorer(
        "some", Ground(np.zeros(SHAPE, np.float32), np.ones(SHAPE, bool), np.full(SHAPE, 0.01)), {}
    )
    for number, day in enumerate(DAYS):
        melt, target, age = day_of(number)
        scorer.score(day, AGAINST, melt, target, age, distribution(melt))
    return scorer.tables()


def as_text(rows):
    """Rows as they are read from a table."""
    return [{name: str(value) for name, value in row.items()} for row in rows]


def expected_sums():
    """Cells and absolute error of each day and class, cell by cell."""
    found = {}
    for number, day in enumerate(DAYS):
        melt, target, age = day_of(number)
        bins, _ = gap_bins(age)
        for cell in np.ndindex(SHAPE):
            if bins[cell] >= 0 and np.isfinite(target[cell]):
                cells, error = found.get((day, GAPS[bins[cell]]), (0, 0.0))
                miss = abs(float(melt[cell]) - float(target[cell]))
                found[day, GAPS[bins[cell]]] = cells + 1, error + miss
    return found


def test_the_table_of_gaps_holds_the_sums_of_every_day(tables):
    found = {(row["date"], row["gap"]): (row["cells"], row["absolute"]) for row in tables.gaps}
    expected = expected_sums()
    assert set(found) == set(expected)
    for key, (cells, error) in expected.items():
        assert found[key] == (cells, pytest.approx(error))
    for gap in GAPS:
        of_gap = [cells for (_, name), (cells, _) in found.items() if name == gap]
        (stratum,) = (row for row in tables.strata if (row["kind"], row["bin"]) == ("gap", gap))
        assert stratum["cells"] == sum(of_gap)


def test_days_keep_their_distance_within_a_season(tables):
    sums = gap_sums(as_text(tables.gaps))
    assert {year: days.shape for year, days in sums.items()} == {
        2019: (2, 4, len(GAPS)),
        2020: (2, 1, len(GAPS)),
    }
    assert not sums[2019][:, 1:3].any()
    cells, error = expected_sums()[DAYS[1], "never"]
    np.testing.assert_allclose(sums[2019][:, 3, GAPS.index("never")], [error, cells])


def test_the_error_of_each_gap_is_pooled_over_all_days_and_lies_in_its_interval(tables):
    rows = list(pooled_gaps("truth", "some", as_text(tables.gaps)))
    assert [row["gap"] for row in rows] == list(GAPS)
    expected = expected_sums()
    for row in rows:
        own = [value for (_, gap), value in expected.items() if gap == row["gap"]]
        cells, error = np.sum(own, axis=0)
        assert row["cells"] == cells and row["mae"] == pytest.approx(error / cells)
        assert row["mae_low"] <= row["mae"] <= row["mae_high"]
        assert row["mae_low"] < row["mae_high"]


def test_the_mean_of_the_distribution_has_a_reliability_of_its_own(tables):
    rows = list(pooled_reliability("truth", "some", as_text(tables.reliability)))
    assert {row["layer"] for row in rows} == {"melt", "melt_mean"}
    means = {}
    for layer in ("melt", "melt_mean"):
        own = [row for row in rows if row["layer"] == layer]
        cells = np.array([row["cells"] for row in own])
        assert cells.sum() == sum(
            cells for cells in (np.isfinite(day_of(n)[1]).sum() for n in range(len(DAYS)))
        )
        means[layer] = np.average([row["mean_prediction"] for row in own], weights=cells)
    assert means["melt_mean"] == pytest.approx(0.5 * means["melt"])
