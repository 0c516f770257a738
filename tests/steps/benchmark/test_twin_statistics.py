"""The twin beside the published statistics, of the systems that were scored."""

import csv
import datetime as dt

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.encoding import PERCENT
from daymelt.core.grid import Grid
from daymelt.steps.benchmark.daily_table import HELD_OUT, MAR, PMW, SAR, write_table
from daymelt.steps.benchmark.twin_statistics import twin_statistics

GRID = Grid("EPSG:3413", 100.0, 294900.0, -2566500.0, 4, 5)
DAYS = [dt.date(2019, 7, 1), dt.date(2019, 7, 9)]


@pytest.mark.parametrize("scored", [(SAR, MAR, PMW), (PMW,), ()])
def test_a_system_that_was_not_scored_has_no_row(tmp_path, scored):
    sar, scores, out = (tmp_path / name for name in ("2019-07.nc", "scores.csv", "out.csv"))
    fields = [np.full(GRID.shape, percent, np.uint8) for percent in (5, 95)]
    fields[0][0] = PERCENT.nodata
    cube.write_stream(
        sar,
        zip(DAYS, fields, strict=True),
        grid=GRID,
        encoding=PERCENT,
        attributes={"inputs": "some"},
    )
    write_table(scores, [{"system": name, "against": HELD_OUT, "mae": 0.5} for name in scored])
    twin_statistics([sar], scores, out)
    with open(out, newline="") as file:
        found = {row["statistic"]: float(row["twin"]) for row in csv.DictReader(file)}
    assert found == {
        "lowest tenth": pytest.approx(15 / 35, abs=1e-4),
        "highest tenth": pytest.approx(20 / 35, abs=1e-4),
        "masked share of a SAR day": 0.125,
        **{f"MAE {name}": 0.5 for name in scored},
        "SAR days 2019": 2,
    }
