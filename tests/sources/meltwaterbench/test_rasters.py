import datetime as dt

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio import Affine

from daymelt.core.errors import FormatError, GridError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.sources.meltwaterbench import layout
from daymelt.sources.meltwaterbench.rasters import (
    FRACTION,
    check_grid,
    find_days,
    read_field,
    read_grid,
    read_ocean,
)

ALBERS = "+proj=aea +lat_1=60 +lat_2=85 +lat_0=0 +lon_0=-40 +datum=WGS84 +units=m +type=crs"
GRID = Grid(ALBERS, 100, 300, 7_200_000, 4, 6)


def write(path, values, transform=None, crs=ALBERS, **profile):
    values = np.asarray(values)
    transform = transform or Affine.from_gdal(*GRID.geotransform)
    about = {
        "driver": "GTiff",
        "count": 1,
        "dtype": values.dtype,
        "crs": crs,
        "transform": transform,
        **profile,
    }
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], **about) as file:
        file.write(values, 1)
    return path


@given(st.dates(dt.date(1979, 1, 1), dt.date(2100, 1, 1)))
def test_a_day_is_found_again_in_its_name(day):
    assert layout.day_of(layout.day_name(day)) == day


@pytest.mark.parametrize(
    "name",
    [
        "2019_02_30.tif",
        "2019-07-01.tif",
        "2019_07_01.tiff",
        "2019_7_1.tif",
        "x2019_07_01.tif",
        "2019_07_01.tif.aux.xml",
    ],
)
def test_other_names_are_no_days(name):
    assert layout.day_of(name) is None


def test_days_are_listed_in_order_and_hidden_files_left_alone(tmp_path):
    for name in ("2020_01_01.tif", "2019_07_02.tif", ".2019_07_03.tif", "2019_07_02.tif.aux.xml"):
        (tmp_path / name).touch()
    assert list(find_days(tmp_path)) == [dt.date(2019, 7, 2), dt.date(2020, 1, 1)]
    with pytest.raises(MissingInputError, match="no such folder"):
        find_days(tmp_path / "absent")


def test_the_grid_of_a_raster_is_read_from_it(tmp_path):
    grid = read_grid(write(tmp_path / "a.tif", np.zeros((4, 6), np.float32)))
    assert (grid.shape, grid.geotransform) == (GRID.shape, GRID.geotransform)
    check_grid(tmp_path / "a.tif", GRID)
    assert (
        read_grid(write(tmp_path / "b.tif", np.zeros((4, 6), np.float32), crs="EPSG:3413")).crs
        == "EPSG:3413"
    )


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(100, 0, 0, 0, -50, 0), ALBERS),
        (Affine(100, 5, 0, 5, -100, 0), ALBERS),
        (Affine(100, 0, 0, 0, 100, 0), ALBERS),
        (Affine(0.1, 0, -40, 0, -0.1, 67), "EPSG:4326"),
    ],
)
def test_a_raster_without_square_metres_north_up_gives_no_grid(tmp_path, transform, crs):
    with pytest.raises(GridError):
        read_grid(write(tmp_path / "a.tif", np.zeros((4, 6), np.float32), transform, crs))


def test_values_are_what_gdal_reads_and_what_is_not_finite_is_no_data(tmp_path):
    values = np.random.default_rng(1).random((4, 6))
    values[0, :3] = np.nan, np.inf, -9999
    read = read_field(
        write(tmp_path / "a.tif", values, nodata=-9999), GRID, "melt fraction", FRACTION
    )
    assert read.dtype == np.float32
    assert np.isnan(read[0, :3]).all()
    np.testing.assert_array_equal(read[1:], values[1:].astype(np.float32))


@pytest.mark.parametrize("shift", [1.0, -30.0])
def test_a_raster_that_lies_elsewhere_is_refused_with_both_grids(tmp_path, shift):
    a, b, c, d, e, f = Affine.from_gdal(*GRID.geotransform)[:6]
    path = write(tmp_path / "a.tif", np.zeros((4, 6), np.float32), Affine(a, b, c + shift, d, e, f))
    with pytest.raises(
        GridError, match=r"a\.tif: 4 x 6 cells .* the area has 4 x 6 cells"
    ) as refusal:
        read_field(path, GRID, "melt fraction", FRACTION)
    assert "\n" not in str(refusal.value)


def test_the_mask_is_minus_one_on_water_and_one_on_land(tmp_path):
    mask = np.where(np.arange(24).reshape(4, 6) % 5 == 0, -1, 1)
    np.testing.assert_array_equal(
        read_ocean(write(tmp_path / "a.tif", mask.astype(np.int16)), GRID), mask == -1
    )
    with pytest.raises(FormatError, match="holds 0"):
        read_ocean(write(tmp_path / "b.tif", (mask == 1).astype(np.uint8)), GRID)
