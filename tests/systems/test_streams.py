import datetime as dt

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.encoding import PERCENT
from daymelt.core.errors import GridError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.core.memory import make_stack
from daymelt.systems.streams import open_series

GRID = Grid("EPSG:3413", 100, 0, 0, 4, 5)


def write(path, days, grid=GRID, filled=None):
    fields = ((day, np.full(grid.shape, day.day, np.uint8)) for day in days)
    cube.write_stream(
        path, fields, grid=grid, encoding=PERCENT, filled=filled, attributes={"inputs": path.name}
    )
    return path


def test_several_files_read_as_one_by_day(tmp_path):
    april, may = [dt.date(2019, 4, day) for day in (3, 9)], [dt.date(2019, 5, 2)]
    paths = [
        write(tmp_path / "b.nc", may, filled={may[0]: "linear in time"}),
        write(tmp_path / "a.nc", april),
    ]
    with open_series(paths) as series:
        assert series.days == (*april, *may)
        assert series.digests == ("a.nc", "b.nc")
        assert series.filled == {may[0]: "linear in time"}
        assert (series.raw(april[1]) == 9).all()
        np.testing.assert_allclose(series.stack([may[0], april[0]])[:, 0, 0], [0.02, 0.03])
        with pytest.raises(MissingInputError, match="2019-06-01"):
            series.read(dt.date(2019, 6, 1))


def test_a_stack_is_filled_with_the_stored_bytes_of_its_days(tmp_path):
    days = [dt.date(2019, 4, day) for day in (3, 9, 20)]
    with open_series([write(tmp_path / "a.nc", days)]) as series:
        stack = series.fill(make_stack((2, *GRID.shape), tmp_path), [days[2], days[0]])
    assert stack.fields.dtype == np.uint8
    assert [np.unique(field).tolist() for field in stack.fields] == [[20], [3]]


def test_files_of_different_grids_are_refused(tmp_path):
    day = [dt.date(2019, 4, 3)]
    other = write(tmp_path / "other.nc", day, Grid("EPSG:3413", 100, 100, 0, 4, 5))
    with (
        pytest.raises(GridError, match=r"other\.nc"),
        open_series([write(tmp_path / "a.nc", day), other]),
    ):
        pass


def test_no_file_is_refused():
    with pytest.raises(MissingInputError), open_series([]):
        pass
