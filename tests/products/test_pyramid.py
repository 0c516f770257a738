from math import ceil

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rasterio.enums import Resampling

from daymelt.products.pyramid import Codes, level_count, pyramid

NODATA, NEVER = 255, 254
layers = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=19),
    elements=st.sampled_from([0, 1, 7, 50, 99, NEVER, NODATA]),
)


def slow_level(stored, level, aside):
    """Every coarse cell by itself, from the cells of the full layer."""
    step = 2**level
    rows, columns = (ceil(n / step) for n in stored.shape)
    out = np.zeros((rows, columns), np.uint8)
    for row in range(rows):
        for column in range(columns):
            square = stored[row * step : (row + 1) * step, column * step : (column + 1) * step]
            values = [int(value) for value in square.flat if value not in (NODATA, aside)]
            left = NEVER if aside is not None and NEVER in square else NODATA
            out[row, column] = round(sum(values) / len(values)) if values else left
    return out


@given(stored=layers, aside=st.sampled_from([None, NEVER]))
def test_a_coarse_cell_is_the_mean_of_all_usable_cells_below_it(stored, aside):
    for level, field in enumerate(pyramid(stored, Codes(NODATA, aside), 3), start=1):
        np.testing.assert_array_equal(field, slow_level(stored, level, aside))


def test_never_seen_takes_no_part_in_a_mean_and_stands_where_nothing_else_does():
    stored = np.array([[2, NEVER, NEVER, NODATA], [4, NODATA, NODATA, NEVER]], np.uint8)
    (field,) = pyramid(stored, Codes(NODATA, NEVER), 1)
    np.testing.assert_array_equal(field, [[3, NEVER]])


def test_the_first_level_agrees_with_gdal_where_a_mean_is_no_tie(melt, tmp_path):
    """GDAL rounds a tie up, `pyramid` to even; everything else is equal."""
    place = {"crs": "EPSG:3413", "transform": rasterio.Affine(100, 0, 0, 0, -100, 0)}
    with rasterio.open(
        tmp_path / "mean.tif",
        "w",
        width=256,
        height=256,
        count=1,
        dtype="uint8",
        nodata=NODATA,
        **place,
    ) as file:
        file.write(melt, 1)
        file.build_overviews([2], Resampling.average)
    with rasterio.open(tmp_path / "mean.tif", overview_level=0) as file:
        theirs = file.read(1)
    (ours,) = pyramid(melt, Codes(NODATA), 1)
    squares = np.where(melt == NODATA, np.nan, melt).reshape(128, 2, 128, 2)
    known = np.isfinite(squares).any(axis=(1, 3))
    twice = 2 * np.nanmean(np.where(known[:, None, :, None], squares, 0), axis=(1, 3))
    tie = known & (twice % 2 == 1)
    assert tie.any() and (known & ~tie).any()
    np.testing.assert_array_equal(ours[~tie], theirs[~tie])
    np.testing.assert_array_equal(theirs[tie], np.ceil(twice[tie] / 2))


def test_means_of_large_squares_neither_overflow_nor_drift():
    stored = np.full((1024, 1024), 200, np.uint8)
    stored[::2] = 201  # the mean is 200.5 at every level: rounded once, to even
    assert [set(field.flat) for field in pyramid(stored, Codes(NODATA), 10)] == [{200}] * 10


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ((1, 1), 0),
        ((1, 900), 0),
        ((2, 2), 1),
        ((256, 256), 1),
        ((512, 512), 1),
        ((1025, 3), 2),
        ((2863, 1633), 3),
    ],
)
def test_levels_go_on_until_one_block_holds_the_layer(shape, count):
    assert level_count(shape, 512) == count
