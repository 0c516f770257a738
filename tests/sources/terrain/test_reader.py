import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from daymelt.core.errors import FormatError, GridError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.sources.terrain import reader as terrain
from daymelt.twin import files

AREA = Grid("EPSG:3413", 100, 294900, -2566500, 20, 25)


def plane(x, y):
    return 500 + 0.01 * (x - 296_000) - 0.02 * (y + 2_567_500)


def test_a_dem_on_the_grid_reads_as_it_was_written(tmp_path):
    height = np.random.default_rng(0).normal(800, 300, AREA.shape).astype(np.float32)
    height[3, 4] = np.nan
    files.write_dem(tmp_path / "dem.tif", height, AREA)
    np.testing.assert_array_equal(terrain.read_height(tmp_path / "dem.tif", AREA), height)


def test_a_finer_dem_is_averaged_over_each_cell(tmp_path):
    fine = AREA.refine(25)
    height = np.random.default_rng(0).normal(800, 300, fine.shape).astype(np.float32)
    files.write_dem(tmp_path / "dem.tif", height, fine)
    expected = height.reshape(20, 4, 25, 4).mean((1, 3))
    np.testing.assert_allclose(terrain.read_height(tmp_path / "dem.tif", AREA), expected, rtol=1e-5)


def test_an_average_leaves_out_what_is_no_data(tmp_path):
    fine = AREA.refine(25)
    height = np.full(fine.shape, 700, np.float32)
    height[:4, :3] = np.nan
    height[4:8, :4] = np.nan
    files.write_dem(tmp_path / "dem.tif", height, fine)
    found = terrain.read_height(tmp_path / "dem.tif", AREA)
    assert (
        found[0, 0] == 700 and np.isnan(found[1, 0]) and np.isfinite(found).sum() == found.size - 1
    )


@pytest.mark.parametrize("spacing", [32, 150, 300])
@pytest.mark.parametrize("crs", ["EPSG:3413", "EPSG:32624"])
def test_a_plane_stays_a_plane_whatever_the_spacing_and_the_crs(tmp_path, crs, spacing):
    x, y = AREA.expand(8).centres_in(crs)
    left, top = (
        float(x.min()) // spacing * spacing - 2 * spacing,
        float(y.max()) // spacing * spacing + 2 * spacing,
    )
    around = Grid(
        crs,
        spacing,
        left,
        top,
        int((top - y.min()) / spacing) + 3,
        int((x.max() - left) / spacing) + 3,
    )
    files.write_dem(
        tmp_path / "dem.tif", plane(*around.centres_in("EPSG:3413")).astype(np.float32), around
    )
    found = terrain.read_height(tmp_path / "dem.tif", AREA)
    # averaging whole 32 m pixels in a 100 m cell moves its centre by up to 16 m, that is 0.4 m of
    # height on this plane
    np.testing.assert_allclose(
        found, plane(*np.meshgrid(AREA.x, AREA.y)), atol=0.4 if spacing == 32 else 0.05
    )


@pytest.mark.parametrize("rows_missing", [1, 10])
def test_a_dem_that_does_not_cover_the_area_is_refused_with_both_bounds(
    tmp_path, one_line, rows_missing
):
    smaller = Grid(AREA.crs, 100, AREA.left, AREA.top, AREA.rows - rows_missing, AREA.columns)
    files.write_dem(tmp_path / "dem.tif", np.ones(smaller.shape, np.float32), smaller)
    with pytest.raises(GridError) as raised:
        terrain.read_height(tmp_path / "dem.tif", AREA)
    one_line(
        raised,
        "DEM",
        tmp_path / "dem.tif",
        "-2568500",
        f"{smaller.bottom:.0f}",
        "choose one that covers it",
    )
    with pytest.raises(GridError):
        terrain.read_flag(tmp_path / "dem.tif", AREA)


def test_a_mask_on_the_grid_reads_as_it_was_written(tmp_path):
    flag = np.random.default_rng(0).random(AREA.shape) < 0.5
    files.write_mask(tmp_path / "ocean.tif", flag, AREA)
    found = terrain.read_flag(tmp_path / "ocean.tif", AREA)
    assert found.dtype == np.bool_
    np.testing.assert_array_equal(found, flag)


def test_only_the_value_1_is_a_flag(tmp_path):
    codes = np.resize(np.arange(5, dtype=np.uint8), AREA.shape)
    place = {
        "crs": AREA.crs,
        "transform": Affine.from_gdal(*AREA.geotransform),
        "height": AREA.rows,
        "width": AREA.columns,
    }
    with rasterio.open(
        tmp_path / "mask.tif", "w", driver="GTiff", count=1, dtype="uint8", nodata=4, **place
    ) as raster:
        raster.write(codes, 1)
    np.testing.assert_array_equal(terrain.read_flag(tmp_path / "mask.tif", AREA), codes == 1)


def test_a_90_m_mask_gives_each_cell_its_nearest_pixel(tmp_path):
    source = Grid(AREA.crs, 90, AREA.left - 45, AREA.top + 30, 25, 30)
    flag = np.random.default_rng(0).random(source.shape) < 0.5
    files.write_mask(tmp_path / "ocean.tif", flag, source)
    rows = ((source.top - AREA.y) // 90).astype(int)
    columns = ((AREA.x - source.left) // 90).astype(int)
    np.testing.assert_array_equal(
        terrain.read_flag(tmp_path / "ocean.tif", AREA), flag[np.ix_(rows, columns)]
    )


def test_a_missing_a_broken_and_a_truncated_dem_are_refused_by_name(tmp_path, one_line, capfd):
    path = tmp_path / "dem.tif"
    with pytest.raises(MissingInputError) as raised:
        terrain.read_height(path, AREA)
    one_line(raised, "DEM", path, "not found")
    fine = AREA.refine(5)
    files.write_dem(path, np.random.default_rng(0).random(fine.shape).astype(np.float32), fine)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FormatError) as raised:
        terrain.read_height(path, AREA)
    one_line(raised, "DEM", path, "not a whole readable raster")
    path.write_text("503 Service Unavailable")
    with pytest.raises(FormatError) as raised:
        terrain.read_height(path, AREA)
    one_line(raised, "DEM", path, "not a whole readable raster")
    assert capfd.readouterr() == ("", "")


def test_the_genuine_drainage_basins_read_as_their_own_pixels(real):
    path = real("terrain/SMBcorr_drainage_basins.tif")
    with rasterio.open(path) as raster:
        values = raster.read(1)
        assert raster.transform == Affine(2000, 0, -641_000, 0, -2000, -659_000)
    whole = terrain.read_height(path, Grid("EPSG:3413", 2000, -641_000, -659_000, 1346, 746))
    np.testing.assert_array_equal(whole, values)
    # Helheim's front lies in basin 4.1, the south-east, by gdallocationinfo of GDAL 3.6
    assert terrain.read_height(
        path, Grid("EPSG:3413", 2000, 299_000, -2_577_000, 1, 1)
    ) == pytest.approx(4.1)
    coast = Grid("EPSG:3413", 2000, 159_000, -2_459_000, 100, 100)
    expected = values[900:1000, 400:500]
    assert (
        0.05 < np.isnan(expected).mean() < 0.5
        and np.unique(expected[np.isfinite(expected)]).size > 1
    )
    np.testing.assert_array_equal(terrain.read_height(path, coast), expected)


def test_the_genuine_dem_in_degrees_averages_to_its_own_mean(real):
    path = real("terrain/Rome-30m-DEM.tif")
    with rasterio.open(path) as raster:
        values = raster.read(1).astype(np.float64)
    # heights stay those of the file (above the geoid); a shift to the ellipsoid would be +48 m here
    grid = Grid("EPSG:32633", 1000, 289_500, 4_656_500, 9, 7)
    found = terrain.read_height(path, grid)
    lon, lat = grid.lonlat()
    for row, column in np.ndindex(found.shape):
        centre_row, centre_column = (
            int((42.05013888888889 - lat[row, column]) * 3600),
            int((lon[row, column] - 12.44986111111111) * 3600),
        )
        box = values[centre_row - 16 : centre_row + 17, centre_column - 22 : centre_column + 23]
        assert found[row, column] == pytest.approx(box.mean(), abs=2)


def test_the_genuine_dem_without_crs_is_refused(real, one_line):
    path = real("terrain/igm_graah-gletscher_geology-optimized.nc")
    with pytest.raises(FormatError) as raised:
        terrain.read_height(path, AREA)
    one_line(raised, "DEM", path)
