"""Aligned streams: what is written is what is read, by us, by xarray and by GDAL."""

import datetime as dt
import errno
import json
import os
import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise

import netCDF4
import numpy as np
import pytest
import xarray
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from daymelt.core import cube
from daymelt.core.dates import span
from daymelt.core.encoding import BRIGHTNESS, COUNT, HEIGHT, PERCENT
from daymelt.core.errors import FormatError, GridError, MissingInputError, StorageError
from daymelt.core.grid import Grid

GRID = Grid("EPSG:3413", 100, 294900, -2566500, 4, 5)
DAYS = span(dt.date(2019, 7, 1), dt.date(2019, 7, 3))
quick = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def stream_path(tmp_path):
    """A stream of three days of percents: 0, 1 and 2 percent, with one hole."""
    path = tmp_path / "stream.nc"
    stored = [np.full(GRID.shape, percent, np.uint8) for percent in range(3)]
    stored[1][0, 0] = 255
    cube.write_stream(path, zip(DAYS, stored, strict=True), grid=GRID, encoding=PERCENT)
    return path


# --- round trips
# ------------------------------------------------------------------------------------------


@given(
    arrays.arrays(
        np.float32, (3, 4, 5), elements=st.one_of(st.just(np.nan), st.floats(150, 300, width=32))
    )
)
@quick
def test_float_fields_come_back_bit_for_bit(tmp_path, fields):
    path = tmp_path / "tb.nc"
    cube.write_stream(path, zip(DAYS, fields, strict=True), grid=GRID, encoding=BRIGHTNESS)
    with cube.open_stream(path) as stream:
        assert (stream.dates, stream.grid, stream.encoding.units) == (tuple(DAYS), GRID, "K")
        np.testing.assert_array_equal(stream.values(), fields)
        np.testing.assert_array_equal(stream.read(DAYS[1]), fields[1])


@given(arrays.arrays(np.uint8, (3, 4, 5), elements=st.sampled_from([*range(101), 255])))
@quick
def test_stored_percents_come_back_whether_written_stored_or_physical(tmp_path, stored):
    raw, physical = tmp_path / "raw.nc", tmp_path / "physical.nc"
    fractions = np.where(stored == 255, np.nan, stored / np.float32(100)).astype(np.float32)
    cube.write_stream(raw, zip(DAYS, stored, strict=True), grid=GRID, encoding=PERCENT)
    cube.write_stream(physical, zip(DAYS, fractions, strict=True), grid=GRID, encoding=PERCENT)
    for path in (raw, physical):
        with cube.open_stream(path) as stream:
            assert stream.encoding == PERCENT and stream.raw().dtype == np.uint8
            np.testing.assert_array_equal(stream.raw(), stored)
            np.testing.assert_array_equal(stream.raw(DAYS[2]), stored[2])
            np.testing.assert_allclose(stream.values(), fractions, atol=1e-6)


def test_what_is_known_only_at_the_end_is_recorded(tmp_path):
    filled, notes = {}, {"inputs": ["a", "°"]}

    def days():
        for day in DAYS:
            filled[day] = "linear in time"
            notes["days"] = len(filled)
            yield day, np.zeros(GRID.shape, np.float32)

    cube.write_stream(
        tmp_path / "a.nc", days(), grid=GRID, encoding=PERCENT, filled=filled, attributes=notes
    )
    with cube.open_stream(tmp_path / "a.nc") as stream:
        assert stream.filled == filled
        assert stream.attributes["inputs"] == ["a", "°"] and stream.attributes["days"] == 3


def test_layers_come_back_each_in_its_own_encoding(tmp_path):
    height = np.linspace(-50, 3000, 20, dtype=np.float32).reshape(GRID.shape)
    count = np.float32([[0, 1, 2, 3, np.nan]] * 4)
    cube.write_layers(
        tmp_path / "a.nc",
        {"height": (height, HEIGHT), "scenes_083": (count, COUNT)},
        grid=GRID,
        attributes={"orbit": 83},
    )
    layers = cube.read_layers(tmp_path / "a.nc")
    assert layers.grid == GRID and layers.attributes == {"orbit": 83}
    np.testing.assert_array_equal(layers["height"], height)
    np.testing.assert_array_equal(layers["scenes_083"], count)
    with pytest.raises(
        MissingInputError, match=r"a\.nc: no variable ice \(found height, scenes_083\)"
    ):
        layers["ice"]


@pytest.mark.parametrize(
    "crs",
    ["EPSG:32624", "+proj=aea +lat_1=60 +lat_2=85 +lat_0=72 +lon_0=-40 +datum=WGS84 +units=m"],
)
@pytest.mark.parametrize("spacing", [30, 100.5, 1000 / 3])
def test_any_grid_comes_back_exactly(tmp_path, crs, spacing):
    grid = Grid(crs, spacing, 500000.1, 7300000.7, 3, 2)
    cube.write_layers(
        tmp_path / "a.nc", {"height": (np.zeros(grid.shape, np.float32), HEIGHT)}, grid=grid
    )
    assert cube.read_layers(tmp_path / "a.nc").grid == grid


def test_layers_written_in_blocks_come_back_in_any_part(tmp_path):
    grid = replace(GRID, rows=2 * cube.CHUNK + 30, columns=cube.CHUNK + 200)
    mean = np.random.default_rng(0).random(grid.shape, np.float32)
    fields, stripes, bands = (
        {"mean": mean, "count": (9 * mean).astype(np.uint8)},
        (0, 300, grid.columns),
        (0, 511, 1023, grid.rows),
    )
    blocks = (
        (
            rows[0],
            columns[0],
            {name: field[slice(*rows), slice(*columns)] for name, field in fields.items()},
        )
        for columns in pairwise(stripes)
        for rows in pairwise(bands)
    )
    cube.write_layer_blocks(tmp_path / "a.nc", {"mean": HEIGHT, "count": COUNT}, blocks, grid=grid)
    with cube.open_layers(tmp_path / "a.nc") as layers:
        for name, field in fields.items():
            for rows, columns in (
                (slice(0, grid.rows), slice(0, grid.columns)),
                (slice(500, 530), slice(290, 520)),
            ):
                np.testing.assert_array_equal(
                    layers.read(name, rows, columns), field[rows, columns]
                )
        with pytest.raises(
            MissingInputError, match=r"a\.nc: no variable ocean \(found mean, count\)"
        ):
            layers.read("ocean", slice(0, 1), slice(0, 1))


def test_an_empty_stream_has_no_days(tmp_path):
    cube.write_stream(tmp_path / "a.nc", [], grid=GRID, encoding=PERCENT)
    with cube.open_stream(tmp_path / "a.nc") as stream:
        assert stream.dates == () and stream.values().shape == (0, *GRID.shape)


def test_equal_streams_are_equal_bytes(tmp_path, stream_path):
    with cube.open_stream(stream_path) as stream:
        cube.write_stream(
            tmp_path / "again.nc", zip(DAYS, stream.raw(), strict=True), grid=GRID, encoding=PERCENT
        )
    assert (tmp_path / "again.nc").read_bytes() == stream_path.read_bytes()


# --- other readers
# ------------------------------------------------------------------------------------------


def test_xarray_reads_dates_scale_and_nodata(stream_path):
    with xarray.open_dataset(stream_path) as data:
        assert [str(day)[:10] for day in data.date.values] == [day.isoformat() for day in DAYS]
        melt = data["melt_fraction"]
        assert melt.dims == ("date", "y", "x") and melt.attrs["units"] == "1"
        np.testing.assert_allclose(melt.values[2], 0.02, rtol=1e-6)
        assert np.isnan(melt.values[1, 0, 0])
        np.testing.assert_array_equal(data.x.values, GRID.x)
        np.testing.assert_array_equal(data.y.values, GRID.y)


@pytest.mark.skipif(
    shutil.which("gdalinfo") is None, reason="the gdalinfo command is not installed"
)
def test_gdal_finds_the_grid_and_the_crs(stream_path):
    source = f"NETCDF:{stream_path}:melt_fraction"
    run = subprocess.run(["gdalinfo", "-json", source], capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip("gdalinfo here has no netCDF driver")
    found = json.loads(run.stdout)
    assert found["geoTransform"] == list(GRID.geotransform)
    assert found["size"] == [GRID.columns, GRID.rows] and len(found["bands"]) == len(DAYS)
    assert '"EPSG",3413' in found["coordinateSystem"]["wkt"].replace(" ", "")
    assert (found["bands"][0]["noDataValue"], found["bands"][0]["scale"]) == (255, 0.01)


# --- refusals
# ------------------------------------------------------------------------------------------


def test_a_day_that_is_not_there_is_missing_by_name(stream_path):
    with cube.open_stream(stream_path) as stream:
        for read in (stream.read, stream.raw):
            with pytest.raises(
                MissingInputError,
                match=r"no day 2019-07-09; it holds 2019-07-01, 2019-07-02, 2019-07-03",
            ):
                read(dt.date(2019, 7, 9))


@pytest.mark.parametrize("days", [[DAYS[1], DAYS[0]], [DAYS[0], DAYS[0]]])
def test_dates_that_do_not_rise_are_refused_and_nothing_is_left(tmp_path, days):
    fields = ((day, np.zeros(GRID.shape, np.uint8)) for day in days)
    with pytest.raises(ValueError, match="dates must rise"):
        cube.write_stream(tmp_path / "a.nc", fields, grid=GRID, encoding=PERCENT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(5, 4), (1, 1), (3, 4, 5)])
def test_a_field_of_another_shape_is_refused_and_nothing_is_left(tmp_path, shape):
    with pytest.raises(GridError, match="has shape"):
        cube.write_stream(
            tmp_path / "a.nc", [(DAYS[0], np.zeros(shape, np.float32))], grid=GRID, encoding=PERCENT
        )
    with pytest.raises(GridError, match="has shape"):
        cube.write_layers(
            tmp_path / "b.nc", {"height": (np.zeros(shape, np.float32), HEIGHT)}, grid=GRID
        )
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_does_not_fit_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="do not fit"):
        cube.write_stream(
            tmp_path / "a.nc",
            [(DAYS[0], np.full(GRID.shape, 9, np.float32))],
            grid=GRID,
            encoding=PERCENT,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_failing_source_leaves_the_old_stream(stream_path):
    before = stream_path.read_bytes()

    def days():
        yield DAYS[0], np.zeros(GRID.shape, np.float32)
        raise FormatError("truncated")

    with pytest.raises(FormatError, match="truncated"):
        cube.write_stream(stream_path, days(), grid=GRID, encoding=PERCENT)
    assert stream_path.read_bytes() == before
    assert list(stream_path.parent.iterdir()) == [stream_path]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="no space left"):
        cube.write_stream(
            tmp_path / "a.nc",
            [(DAYS[0], np.zeros(GRID.shape, np.uint8))],
            grid=GRID,
            encoding=PERCENT,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "reader", [cube.read_layers, lambda path: cube.open_stream(path).__enter__()]
)
def test_a_file_that_is_absent_or_no_netcdf_is_refused_with_its_path(tmp_path, reader):
    path = tmp_path / "a.nc"
    with pytest.raises(MissingInputError, match=r"a\.nc: not found"):
        reader(path)
    path.write_bytes(b"not a NetCDF file" * 50)
    with pytest.raises(FormatError, match=r"a\.nc: no readable NetCDF-4 file"):
        reader(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_truncated_stream_is_refused(stream_path, share):
    content = stream_path.read_bytes()
    stream_path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FormatError, match="no readable"), cube.open_stream(stream_path):
        pass


def test_a_layer_file_is_no_stream(tmp_path):
    cube.write_layers(
        tmp_path / "a.nc", {"height": (np.zeros(GRID.shape, np.float32), HEIGHT)}, grid=GRID
    )
    with pytest.raises(FormatError, match="0 variables"), cube.open_stream(tmp_path / "a.nc"):
        pass


def test_a_foreign_netcdf_is_no_stream(tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for name in ("date", "y", "x"):
            file.createDimension(name, 1)
        file.createVariable("melt", "f4", ("date", "y", "x"))
    with (
        pytest.raises(FormatError, match=r"a\.nc: .* not one that daymelt wrote"),
        cube.open_stream(tmp_path / "a.nc"),
    ):
        pass
    with pytest.raises(FormatError, match=r"a\.nc: .* not one that daymelt wrote"):
        cube.read_layers(tmp_path / "a.nc")


@pytest.mark.parametrize(
    "other",
    [
        Grid("EPSG:3413", 100, 294900, -2566500, 4, 6),
        Grid("EPSG:3413", 100, 295000, -2566500, 4, 5),
        Grid("EPSG:3413", 100, 294900, -2566510, 4, 5),
        Grid("EPSG:3413", 50, 294900, -2566500, 4, 5),
        Grid("EPSG:3995", 100, 294900, -2566500, 4, 5),
    ],
)
def test_grids_that_differ_are_refused_with_both(tmp_path, other):
    cube.check_same_grid(GRID, GRID, tmp_path)
    with pytest.raises(GridError, match=r"expected \(4, 5\) at 100 m"):
        cube.check_same_grid(other, GRID, tmp_path / "a.nc")


def test_cells_through_time_are_those_of_the_days(stream_path):
    with cube.open_stream(stream_path) as stream:
        cells = [(0, 0), (3, 4), (1, 2)]
        expected = [[field[cell] for cell in cells] for field in stream.values()]
        np.testing.assert_array_equal(stream.cells(cells), np.array(expected, np.float32))
        assert np.isnan(stream.cells(cells)[1, 0])
        assert stream.cells([]).shape == (3, 0)
