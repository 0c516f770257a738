import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import Affine

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.sources.formats.raster import (
    aligned_offset,
    lay,
    open_raster,
    pixels_of,
    power_resampling,
    shifted,
)

POLAR = CRS.from_epsg(3413)
FINE = Grid("EPSG:3413", 30, 300_000, -2_580_000, 12, 15)


def from_origin(left, top, across, down):
    return Affine(across, 0, left, 0, -down, top)


@settings(max_examples=200, deadline=None)
@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 30), st.integers(1, 30))
def test_an_aligned_window_lands_cell_by_cell_where_its_coordinates_say(row, column, height, width):
    values = np.arange(1, height * width + 1, dtype=np.float32).reshape(height, width)
    transform = from_origin(FINE.left + 30 * column, FINE.top - 30 * row, 30, 30)
    expected = {
        (row + i, column + j): values[i, j]
        for i in range(height)
        for j in range(width)
        if 0 <= row + i < FINE.rows and 0 <= column + j < FINE.columns
    }
    piece = lay(values, transform, POLAR, FINE, Resampling.nearest, np.nan)
    found = {}
    if piece is not None:
        for i, inner in enumerate(piece.values):
            found |= {
                (piece.rows.start + i, piece.columns.start + j): value
                for j, value in enumerate(inner)
            }
    assert found == expected


def test_a_grid_shifted_by_a_third_of_a_cell_is_not_aligned():
    assert aligned_offset(from_origin(FINE.left, FINE.top, 30, 30), POLAR, FINE) == (0, 0)
    assert aligned_offset(from_origin(FINE.left + 10, FINE.top, 30, 30), POLAR, FINE) is None
    assert aligned_offset(from_origin(FINE.left, FINE.top, 10, 10), POLAR, FINE) is None
    assert (
        aligned_offset(from_origin(FINE.left, FINE.top, 30, 30), CRS.from_epsg(32624), FINE) is None
    )


def test_a_spacing_that_drifts_by_a_cell_over_the_grid_is_not_aligned():
    assert aligned_offset(from_origin(FINE.left, FINE.top, 30 + 1 / 15, 30), POLAR, FINE) is None


def test_a_south_up_raster_is_not_taken_for_an_aligned_one_but_turned(tmp_path):
    values = np.arange(12 * 15, dtype=np.float32).reshape(12, 15)
    upside_down = Affine(30, 0, FINE.left, 0, 30, FINE.bottom)
    piece = lay(values[::-1].copy(), upside_down, POLAR, FINE, Resampling.nearest, np.nan)
    np.testing.assert_array_equal(piece.values, values)


def test_pixels_and_windows_of_a_transform_agree():
    transform = Affine(3, 0.5, 100, -0.25, -4, 200)
    window = shifted(transform, row=7, column=5)
    columns, rows = pixels_of(transform, window.c, window.f)
    assert (float(columns), float(rows)) == pytest.approx((5, 7))


@pytest.mark.parametrize(
    ("crs", "transform", "expected"),
    [
        (POLAR, from_origin(300_000, -2_580_000, 10, 10), Resampling.average),
        (POLAR, from_origin(300_000, -2_580_000, 30, 30), Resampling.bilinear),
        (POLAR, from_origin(300_000, -2_580_000, 90, 90), Resampling.bilinear),
        # degrees at 66 N: 10 m and 100 m pixels
        (
            CRS.from_epsg(4326),
            from_origin(-38.5, 66.5, 10 / 44_500, 10 / 111_300),
            Resampling.average,
        ),
        (
            CRS.from_epsg(4326),
            from_origin(-38.5, 66.5, 100 / 44_500, 100 / 111_300),
            Resampling.bilinear,
        ),
    ],
)
def test_a_finer_source_is_averaged_whatever_its_unit(crs, transform, expected):
    assert power_resampling(transform, crs, FINE) == expected


def test_a_missing_raster_and_one_without_crs_are_refused_by_name(tmp_path, one_line):
    with pytest.raises(MissingInputError) as raised, open_raster(tmp_path / "gone.tif", "DEM"):
        pass
    one_line(raised, "DEM", tmp_path / "gone.tif", "not found")
    bare = tmp_path / "bare.tif"
    with rasterio.open(
        bare,
        "w",
        driver="GTiff",
        width=4,
        height=4,
        count=1,
        dtype="uint8",
        transform=from_origin(0, 4, 1, 1),
    ) as raster:
        raster.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(FormatError) as raised, open_raster(bare, "DEM"):
        pass
    one_line(raised, "DEM", bare, "no crs")


@pytest.mark.filterwarnings("error")
def test_a_raster_without_any_georeference_raises_no_warning_of_rasterio(tmp_path):
    bare = tmp_path / "bare.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        raster = rasterio.open(bare, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8")
        raster.write(np.ones((1, 4, 4), np.uint8))
        raster.close()
    with pytest.raises(FormatError, match="no crs"), open_raster(bare, "DEM"):
        pass


def test_an_error_of_the_caller_passes_through_unchanged(tmp_path):
    good = tmp_path / "good.tif"
    profile = {
        "driver": "GTiff",
        "width": 4,
        "height": 4,
        "count": 1,
        "dtype": "uint8",
        "crs": POLAR,
    }
    with rasterio.open(good, "w", transform=from_origin(0, 4, 1, 1), **profile) as raster:
        raster.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(OSError, match="disk full"), open_raster(good, "DEM"):
        raise OSError("disk full")
