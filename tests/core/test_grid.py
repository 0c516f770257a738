"""Grids: nesting, bounds, and areas against geodesic polygons."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid, same_crs, transformer

POLAR = "EPSG:3413"
AREA = Grid(POLAR, 100, 294900, -2566500, 256, 256)
HELHEIM = Grid(POLAR, 100, 228900, -2445900, 2863, 1633)
whole_grids = st.builds(
    Grid,
    st.just(POLAR),
    st.sampled_from([10.0, 30.0, 100.0, 250.0]),
    st.integers(-(10**6), 10**6).map(float),
    st.integers(-3 * 10**6, -(10**6)).map(float),
    st.integers(1, 40),
    st.integers(1, 40),
)


@given(whole_grids)
def test_centres_edges_and_transform_describe_one_raster(grid):
    affine = Affine.from_gdal(*grid.geotransform)
    for row in (0, grid.rows - 1):
        for column in (0, grid.columns - 1):
            assert (affine @ (column + 0.5, row + 0.5)) == pytest.approx(
                (grid.x[column], grid.y[row])
            )
    left, bottom, right, top = grid.bounds
    assert (affine @ (0, 0)) == (left, top)
    assert (affine @ (grid.columns, grid.rows)) == pytest.approx((right, bottom))
    assert grid.shape == (grid.y.size, grid.x.size)


@given(whole_grids, st.sampled_from([10.0, 30.0, 100.0, 1000.0]))
def test_a_refined_grid_covers_its_origin_from_the_same_corner_with_no_cell_to_spare(grid, spacing):
    refined = grid.refine(spacing)
    assert (refined.left, refined.top, refined.spacing_m) == (grid.left, grid.top, spacing)
    assert refined.right >= grid.right > refined.right - spacing
    assert refined.bottom <= grid.bottom < refined.bottom + spacing


def test_rounding_of_a_spacing_adds_no_cell():
    assert 3 * 0.1 / 0.3 > 1
    assert Grid(POLAR, 0.1, 0, 0, 3, 6).refine(0.3).shape == (1, 2)


def test_the_production_grid_nests_30_m_in_300_m():
    fine = HELHEIM.refine(30)
    assert fine.shape == (9544, 5444)
    assert fine.refine(300).bounds == HELHEIM.refine(300).bounds


@given(whole_grids, st.sampled_from([100.0, 1000.0, 5000.0]))
def test_every_cell_of_a_grid_lies_between_centres_of_its_posting(grid, spacing):
    posting = grid.posting(spacing)
    assert posting.x[0] <= grid.x[0] and grid.x[-1] <= posting.x[-1]
    assert posting.y[0] >= grid.y[0] and grid.y[-1] >= posting.y[-1]


@given(whole_grids, st.integers(0, 5), st.integers(0, 5), st.integers(1, 5))
def test_a_window_is_found_where_it_was_cut(grid, row, column, size):
    inner = Grid(
        grid.crs,
        grid.spacing_m,
        grid.left + column * grid.spacing_m,
        grid.top - row * grid.spacing_m,
        size,
        size,
    )
    if row + size > grid.rows or column + size > grid.columns:
        with pytest.raises(GridError, match="does not lie cell on cell"):
            grid.window_of(inner)
        return
    assert grid.window_of(inner) == (row, column)
    np.testing.assert_allclose(inner.x, grid.x[column : column + size])
    np.testing.assert_allclose(inner.y, grid.y[row : row + size])


@pytest.mark.parametrize(
    "inner",
    [
        Grid(POLAR, 100, 294950, -2566500, 2, 2),
        Grid(POLAR, 100, 294800, -2566500, 2, 2),
        Grid(POLAR, 50, 294900, -2566500, 2, 2),
        Grid("EPSG:3995", 100, 294900, -2566500, 2, 2),
    ],
)
def test_a_window_off_the_cells_outside_or_of_another_crs_is_refused(inner):
    with pytest.raises(GridError):
        AREA.window_of(inner)


def test_the_embedded_area_is_a_window_of_the_production_area():
    assert HELHEIM.window_of(AREA) == (1206, 660)


@given(whole_grids, st.integers(1, 4))
def test_expanding_adds_cells_on_every_side(grid, cells):
    assert grid.expand(cells).window_of(grid) == (cells, cells)
    assert grid.expand(cells).shape == (grid.rows + 2 * cells, grid.columns + 2 * cells)


@pytest.mark.parametrize(
    "crs",
    [
        POLAR,
        "EPSG:32624",
        "+proj=aea +lat_1=60 +lat_2=85 +lat_0=72 +lon_0=-40 +datum=WGS84 +units=m",
    ],
)
def test_a_cell_has_the_area_of_its_polygon_on_the_ellipsoid(crs):
    corner = transformer(POLAR, crs).transform(AREA.left, AREA.top)
    grid = Grid(crs, 1000, round(corner[0]), round(corner[1]), 3, 2)
    back, geod = transformer(crs, "EPSG:4326"), Geod(ellps="WGS84")
    expected = np.empty(grid.shape)
    for row, y in enumerate(grid.y):
        for column, x in enumerate(grid.x):
            edge = np.array([[-500, -500], [500, -500], [500, 500], [-500, 500]]) + np.array([x, y])
            expected[row, column] = (
                abs(geod.polygon_area_perimeter(*back.transform(edge[:, 0], edge[:, 1]))[0]) / 1e6
            )
    np.testing.assert_allclose(grid.true_area_km2(), expected, rtol=1e-5)


def test_the_area_on_the_map_and_on_the_ground_differ_in_polar_stereographic():
    assert AREA.cell_km2 == pytest.approx(0.01)
    assert np.all(np.abs(AREA.true_area_km2() / AREA.cell_km2 - 1) > 0.01)


@settings(max_examples=20)
@given(whole_grids)
def test_centres_come_back_from_another_crs(grid):
    x, y = grid.centres_in("EPSG:32624")
    columns, rows = transformer("EPSG:32624", grid.crs).transform(x, y)
    np.testing.assert_allclose(columns, np.broadcast_to(grid.x, grid.shape), atol=1e-3)
    np.testing.assert_allclose(rows, np.broadcast_to(grid.y[:, None], grid.shape), atol=1e-3)


def test_longitude_comes_before_latitude():
    lon, lat = AREA.lonlat()
    assert np.all((lon > -39) & (lon < -37)) and np.all((lat > 66) & (lat < 67))


@pytest.mark.parametrize("crs", ["", "EPSG:999999", "north", "EPSG:4326", "EPSG:4978"])
def test_a_crs_that_is_unknown_or_not_projected_is_refused(crs):
    with pytest.raises(GridError, match="expected a projected crs"):
        Grid(crs, 100, 0, 0, 1, 1)


def test_a_crs_in_feet_is_refused():
    with pytest.raises(GridError, match="metres"):
        Grid("EPSG:2263", 100, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("spacing", "rows", "columns"),
    [(0, 1, 1), (-1, 1, 1), (float("nan"), 1, 1), (1, 0, 1), (1, 1, 0)],
)
def test_a_grid_without_cells_or_spacing_is_refused(spacing, rows, columns):
    with pytest.raises(GridError):
        Grid(POLAR, spacing, 0, 0, rows, columns)


def test_a_crs_is_the_same_however_it_is_written():
    assert same_crs(POLAR, CRS(POLAR).to_wkt())
    assert same_crs(POLAR, POLAR.lower())
    assert not same_crs(POLAR, "EPSG:3995")


@given(whole_grids, st.floats(-3, 3), st.floats(-3, 3))
def test_a_place_lies_in_the_cell_whose_centre_is_nearest_or_outside(grid, across, down):
    x, y = (
        grid.left + across * grid.columns * grid.spacing_m,
        grid.top - down * grid.rows * grid.spacing_m,
    )
    lon, lat = transformer(grid.crs, "EPSG:4326").transform(x, y)
    found = grid.cell_at(lon, lat)
    slack = 1e-6 * grid.spacing_m + 1e-6  # of the way there and back
    if found is None:
        assert not (
            grid.left + slack < x < grid.right - slack
            and grid.bottom + slack < y < grid.top - slack
        )
    else:
        row, column = found
        assert max(abs(grid.x[column] - x), abs(grid.y[row] - y)) <= grid.spacing_m / 2 + slack


@pytest.mark.parametrize(
    ("lon", "lat"), [(float("nan"), 66.0), (float("inf"), 66.0), (140.0, -90.0)]
)
def test_a_place_that_the_projection_does_not_know_lies_outside(lon, lat):
    assert AREA.cell_at(lon, lat) is None
