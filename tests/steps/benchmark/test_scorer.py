"""The scores of a season are added up day by day: memory does not grow with the days."""

import datetime as dt
import tracemalloc

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.dates import span
from daymelt.core.encoding import PERCENT, decode, encode
from daymelt.core.grid import Grid
from daymelt.steps.benchmark.scorer import Ground, Scorer
from daymelt.systems.streams import open_series

GRID = Grid("EPSG:3413", 100, 294_900, -2_566_500, 300, 320)
FIELD = 4 * GRID.rows * GRID.columns  # bytes


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Function of a number of days that gives them and a file of fields."""
    folder, random = tmp_path_factory.mktemp("series"), np.random.default_rng(0)
    field = random.random(GRID.shape).astype(np.float32)

    def written(count):
        days = span(dt.date(2019, 4, 1), dt.date(2019, 4, 1) + dt.timedelta(count - 1))
        fields = ((day, np.roll(field, number)) for number, day in enumerate(days))
        cube.write_stream(
            folder / f"{count}.nc",
            fields,
            grid=GRID,
            encoding=PERCENT,
            attributes={"inputs": "none"},
        )
        return days, folder / f"{count}.nc"

    return written


def scored(days, path):
    """Score every day of a file against its neighbour; the tables, and the peak of memory beyond
    the start, bytes.
    """
    ground = Ground(
        np.zeros(GRID.shape, np.float32), np.ones(GRID.shape, bool), np.full(GRID.shape, 0.01)
    )
    age = np.zeros(GRID.shape, np.uint8)
    with open_series([path]) as fields:
        scorer = Scorer("some", ground, {})
        tracemalloc.start()
        for day in days:
            target = fields.read(day)
            melt = decode(encode(np.roll(target, 1), PERCENT), PERCENT)
            scorer.score(day, "truth, every day", melt, target, age)
            scorer.add_season_day(day, melt, None, target)
            del melt, target
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return scorer.tables(), peak


def test_memory_of_an_evaluation_does_not_grow_with_the_days(series):
    few, peak_of_few = scored(*series(6))
    many, peak_of_many = scored(*series(48))
    assert (len(few.daily), len(many.daily)) == (6, 48)
    assert peak_of_many - peak_of_few < FIELD


def test_steps_at_the_edge_of_the_swath_and_errors_at_the_border_are_scored():
    """Two fields of one day, of which the left half was seen: the map has a step at its edge."""
    shape = (40, 44)
    ground = Ground(np.zeros(shape, np.float32), np.ones(shape, bool), np.full(shape, 0.01))
    truth = np.full(shape, 0.5, np.float32)
    seen = np.full(shape, np.nan, np.float32)
    seen[:, :22] = 0.5
    melt = np.where(np.isfinite(seen), seen, np.float32(0.7))
    day = dt.date(2019, 7, 31)
    scorer = Scorer("some", ground, {})
    scorer.score(day, "truth", melt, truth, np.zeros(shape, np.uint8))
    scorer.add_season_day(day, melt, seen, truth)
    scorer.add_season_day(day + dt.timedelta(1), melt, None, truth)
    tables = scorer.tables()
    steps = {row["place"]: row for row in tables.edges}
    assert steps["edge"]["pairs"] == shape[0]
    assert steps["edge"]["map"] == pytest.approx(0.2) and steps["edge"]["truth"] == 0
    assert steps["elsewhere"]["map"] == 0
    border = {row["bin"]: row for row in tables.strata if row["kind"] == "border"}
    assert border["inside"]["cells"] == (shape[0] - 32) * (shape[1] - 32)
    assert border["outer 16 cells"]["absolute"] + border["inside"]["absolute"] == pytest.approx(
        0.2 * shape[0] * 22, rel=1e-5
    )
