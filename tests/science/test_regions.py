"""Cells and melt extents of regions: against points within each cell, and sums cell by cell."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from daymelt.core.encoding import NEVER_SEEN
from daymelt.core.grid import Grid
from daymelt.science.regions import RegionCells, elevation_bands, extents, polygon_shares

GRID = Grid("EPSG:3413", 100, 294900, -2566500, 23, 17)
POINTS = 40  # of each side of a cell in the slow computation


def shares_slowly(polygon, grid):
    """Share of points within each cell that lie in a polygon."""
    inner = (np.arange(POINTS) + 0.5) / POINTS * grid.spacing_m
    x = (grid.left + np.arange(grid.columns)[:, None] * grid.spacing_m + inner).ravel()
    y = (grid.top - np.arange(grid.rows)[:, None] * grid.spacing_m - inner).ravel()
    within = shapely.contains_xy(polygon, *np.meshgrid(x, y))
    return within.reshape(grid.rows, POINTS, grid.columns, POINTS).mean(axis=(1, 3))


def star(seed, corners=9):
    """A polygon with a hole, partly outside of the grid."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(200, 1400, corners)
    x = 294900 + 850 + reach * np.cos(angle)
    y = -2566500 - 1150 + reach * np.sin(angle)
    outline = shapely.polygons(np.stack([x, y], 1))
    hole = shapely.buffer(shapely.points(x.mean() + 50, y.mean()), 130)
    return shapely.make_valid(shapely.difference(shapely.make_valid(outline), hole))


@given(st.integers(0, 10**6))
def test_a_cell_counts_by_the_share_of_its_points_within(seed):
    polygon = star(seed)
    shares = polygon_shares(polygon, GRID)
    assert shares.dtype == np.float32 and shares.shape == GRID.shape
    # the border crosses a row of points at most a few times: an error of about a point a row
    np.testing.assert_allclose(shares, shares_slowly(polygon, GRID), atol=4 / POINTS)


@given(st.integers(0, 10**6))
def test_the_shares_have_the_area_of_the_polygon_within_the_grid(seed):
    polygon = star(seed)
    inside = shapely.intersection(polygon, shapely.box(*GRID.bounds)).area
    found = polygon_shares(polygon, GRID).sum(dtype=np.float64) * GRID.spacing_m**2
    assert found == pytest.approx(inside, rel=1e-6)


def test_a_polygon_and_what_it_leaves_share_out_every_cell():
    polygon = star(3)
    rest = shapely.difference(shapely.box(*GRID.bounds), polygon)
    both = polygon_shares(polygon, GRID) + polygon_shares(rest, GRID)
    np.testing.assert_allclose(both, 1, atol=1e-6)


def test_an_outline_along_cells_gives_whole_cells():
    box = shapely.box(GRID.left + 300, GRID.top - 900, GRID.left + 1100, GRID.top - 200)
    shares = polygon_shares(box, GRID)
    expected = np.zeros(GRID.shape)
    expected[2:9, 3:11] = 1
    np.testing.assert_array_equal(shares, expected)


def test_bands_have_every_cell_with_a_height_once():
    height = np.array([[-3, 0, 499.9, 500], [1200, np.nan, 999, 2750]], np.float32)
    bands = dict(elevation_bands(height, 500))
    assert list(bands) == [
        "-500 to 0 m",
        "0 to 500 m",
        "500 to 1000 m",
        "1000 to 1500 m",
        "2500 to 3000 m",
    ]
    np.testing.assert_array_equal(
        sum(band.astype(int) for band in bands.values()), ~np.isnan(height)
    )
    np.testing.assert_array_equal(np.argwhere(bands["0 to 500 m"]), [[0, 1], [0, 2]])


def test_an_area_without_heights_has_no_bands():
    assert list(elevation_bands(np.full((2, 2), np.nan, np.float32), 500)) == []


def drawn(seed):
    """Two overlapping regions of cells, and the layers of a day."""
    rng = np.random.default_rng(seed)
    area = rng.random((2, 20)) * (rng.random((2, 20)) < 0.6)
    melt = np.where(rng.random((4, 5)) < 0.2, np.nan, rng.random((4, 5))).astype(np.float32)
    layers = {
        "melt": melt,
        "melt_mean": melt * np.float32(0.9),
        "melt_low": melt * np.float32(0.5),
        "melt_high": np.minimum(melt * np.float32(1.5), 1),
    }
    age = np.where(np.isnan(melt), np.nan, rng.choice([0, 5, 7, NEVER_SEEN], (4, 5)))
    return area, layers, age.astype(np.float32)


@given(st.integers(0, 10**6))
def test_extents_are_the_sums_of_the_cells_one_by_one(seed):
    area, layers, age = drawn(seed)
    found = extents(RegionCells(["a", "b"], sparse.csr_array(area)), layers, age, 6)
    flat = {name: field.ravel() for name, field in layers.items()}
    for region in range(2):
        sums = dict.fromkeys(("area", "melt_mean", "melt_low", "melt_high", "seen"), 0.0)
        for cell in range(20):
            if np.isnan(flat["melt"][cell]):
                continue
            sums["area"] += area[region, cell]
            sums["seen"] += area[region, cell] * (age.ravel()[cell] <= 6)
            for name in ("melt_mean", "melt_low", "melt_high"):
                sums[name] += area[region, cell] * float(flat[name][cell])
        whole = sums["area"] or np.nan
        expected = {
            "area_km2": sums["area"],
            "melt_extent_km2": sums["melt_mean"],
            "melt_extent_low_km2": sums["melt_low"],
            "melt_extent_high_km2": sums["melt_high"],
            "mean_fraction": sums["melt_mean"] / whole,
            "observed_share": sums["seen"] / whole,
        }
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name][region], value, rtol=1e-5, err_msg=name)


def test_maps_without_interval_have_extents_of_their_melt_and_no_bounds():
    area, layers, age = drawn(1)
    regions = RegionCells(["a", "b"], sparse.csr_array(area))
    found = extents(regions, {"melt": layers["melt"]}, age, 6)
    assert not [name for name in found if "low" in name or "high" in name]
    expected = area @ np.nan_to_num(layers["melt"]).ravel()
    np.testing.assert_allclose(found["melt_extent_km2"], expected, rtol=1e-6)


def test_a_region_without_data_has_no_share():
    regions = RegionCells(["a"], sparse.csr_array(np.ones((1, 4))))
    empty = np.full((2, 2), np.nan, np.float32)
    found = extents(regions, {"melt": empty}, empty, 6)
    assert found["area_km2"] == found["melt_extent_km2"] == 0
    assert np.isnan(found["mean_fraction"]).all() and np.isnan(found["observed_share"]).all()
