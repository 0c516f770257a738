"""Where a cell lies: GeoTIFF, NetCDF and cube as rasterio, GDAL, xarray and rioxarray place it."""

import json
import shutil
import subprocess
import warnings

import numpy as np
import pytest
import rasterio
import rioxarray
import xarray as xr
from rasterio.crs import CRS
from rasterio.transform import Affine
from steps.publish.finished_maps import GRID, YEARS, Maps, days_of

YEAR = YEARS[0]
DAY = days_of(YEAR)[11]
CELLS = [(0, 0), (0, 139), (77, 20), (149, 139)]
TOLERANCE_M = 1e-3 * GRID.spacing_m


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """A published season, that no test changes."""
    maps = Maps(tmp_path_factory.mktemp("place"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True)
    maps.season_maps()
    assert [maps.cube(seasons=True), maps.season_file(YEAR)] == [0, 0]
    return maps


def files_of(maps):
    """Name that GDAL opens, of each product that it reads."""
    return {
        "daily map": str(maps.path("melt", DAY)),
        "season map": str(maps.published / f"seasons/{YEAR}/onset_{YEAR}.tif"),
        "NetCDF": f"NETCDF:{maps.published / f'netcdf/small_{YEAR}.nc'}:melt",
    }


def arrays_of(maps):
    """Layer of each product as xarray opens it."""
    maps_of = files_of(maps)
    return {
        "daily map": rioxarray.open_rasterio(maps_of["daily map"])[0],
        "season map": rioxarray.open_rasterio(maps_of["season map"])[0],
        "NetCDF": xr.open_dataset(maps.published / f"netcdf/small_{YEAR}.nc").melt[11],
        "cube": xr.open_zarr(maps.store).melt[11],
        "cube, seasons": xr.open_zarr(maps.store, group="seasons").onset[0],
        "cube, climatology": xr.open_zarr(maps.store, group="climatology").onset_mean,
    }


def centres(transform):
    return [transform @ (column + 0.5, row + 0.5) for row, column in CELLS]


def check_centres(found, what):
    """Compare centres of cells with those of the grid, to a thousandth of a cell."""
    wanted = [(GRID.x[column], GRID.y[row]) for row, column in CELLS]
    assert np.allclose(found, wanted, rtol=0, atol=TOLERANCE_M), what


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of rioxarray, from affine
def test_xarray_and_rioxarray_place_the_cells_of_every_product(made):
    for what, layer in arrays_of(made).items():
        places = [(float(layer.x[column]), float(layer.y[row])) for row, column in CELLS]
        check_centres(places, what)
        check_centres(centres(layer.rio.transform()), what)
        assert layer.rio.crs == CRS.from_epsg(3413), what


def test_rasterio_places_the_cells_of_every_file(made):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of GDAL, of NetCDF with unlimited or packed layers
        for what, name in files_of(made).items():
            with rasterio.open(name) as file:
                check_centres(centres(file.transform), what)
                assert file.crs == CRS.from_epsg(3413), what
                assert file.shape == GRID.shape


def test_gdal_places_the_cells_of_every_file(made):
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed")
    for what, name in files_of(made).items():
        words = ["gdalinfo", "-json", name]
        said = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        check_centres(centres(Affine.from_gdal(*said["geoTransform"])), what)
        assert 'ID["EPSG",3413]' in said["coordinateSystem"]["wkt"], what


def test_the_cube_says_its_place_as_gdal_and_geozarr_read_it(made):
    """GDAL reads no sharded store yet; these attributes are what it reads of others."""
    for group in (None, "seasons", "climatology"):
        dataset = xr.open_zarr(made.store, group=group)
        numbers = map(float, dataset.crs.attrs["GeoTransform"].split())
        check_centres(centres(Affine.from_gdal(*numbers)), group)
        check_centres(centres(Affine(*dataset.attrs["spatial:transform"])), group)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of rioxarray, from affine
def test_a_value_lies_at_the_same_place_in_every_product(made):
    """The value of each product at the coordinates of a cell is that of the cell in the GeoTIFF."""
    arrays = arrays_of(made)
    with rasterio.open(files_of(made)["daily map"]) as file:
        stored = file.read(1)
    for row, column in ((10, 20), (77, 90), (149, 139)):
        for nudge in (-0.499, 0, 0.499):  # inside the cell by a thousandth of it
            x, y = GRID.x[column] + nudge * GRID.spacing_m, GRID.y[row] + nudge * GRID.spacing_m
            for what, scale in (("daily map", 1), ("NetCDF", 100), ("cube", 100)):
                found = float(arrays[what].sel(x=x, y=y, method="nearest"))
                assert round(scale * found) == stored[row, column], what
