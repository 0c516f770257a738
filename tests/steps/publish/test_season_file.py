"""The NetCDF file of a season against the GeoTIFFs that it is made of, and against the tools that
read it.
"""

import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401 - the accessor `rio`
import xarray as xr
from steps.publish.finished_maps import GRID, LAYERS, Maps, days_of

YEAR = 2019
DAY = days_of(YEAR)[17]


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """A finished file beside its maps, that no test changes."""
    out = tmp_path_factory.mktemp("netcdf") / "small_2019.nc"
    assert written.season_file(YEAR, out=out) == 0
    return out


@pytest.fixture
def tool():
    """Path of a command-line program, or a skip that says which one is absent."""

    def find(name):
        found = shutil.which(name) or shutil.which(name, path=Path(sys.executable).parent)
        return found or pytest.skip(f"{name} is not installed")

    return find


def on_disk(maps, layer, day):
    with rasterio.open(maps.path(layer, day)) as file:
        return file.read(1)


def test_every_cell_of_every_layer_and_day_is_that_of_its_geotiff(written, made):
    with xr.open_dataset(made, mask_and_scale=False) as file:
        assert {name for name in file if file[name].ndim == 3} == set(LAYERS)
        for layer in LAYERS:
            wanted = [on_disk(written, layer, day) for day in days_of(YEAR)]
            assert np.array_equal(file[layer].values, np.stack(wanted)), layer


def test_xarray_gives_fractions_and_dates_and_rioxarray_the_crs(written, made):
    with xr.open_dataset(made) as file, rasterio.open(written.path("melt", DAY)) as tif:
        assert [str(time)[:10] for time in file.time.values] == [str(d) for d in days_of(YEAR)]
        stored = tif.read(1).astype(float)
        stored[stored == 255] = np.nan
        found = file.melt.sel(time=str(DAY)).values
        assert np.allclose(found, stored / 100, rtol=1e-6, atol=0, equal_nan=True)
        assert file.sar_age.dtype.kind == "f"  # numbers, not time spans
        assert file.rio.crs == tif.crs
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # of rioxarray, from affine
            assert np.allclose(file.melt.rio.transform(), tif.transform, rtol=0, atol=0.1)


def test_it_passes_the_compliance_checker_of_ioos(made, tool):
    checker = tool("compliance-checker")
    words = [checker, "--test", "cf:1.11", "--criteria", "strict", str(made)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "All tests passed" in done.stdout


@pytest.mark.parametrize(("row", "column"), [(0, 20), (77, 21), (149, 139)])
def test_gdal_and_xarray_agree_on_the_place_of_a_cell_to_a_thousandth(
    written, made, tool, row, column
):
    netcdf, band = f"NETCDF:{made}:melt", str(1 + days_of(YEAR).index(DAY))
    with xr.open_dataset(made, mask_and_scale=False) as file:
        x, y = float(file.x[column]), float(file.y[row])
        value = int(file.melt.sel(time=str(DAY))[row, column])
    reach = 0.499 * GRID.spacing_m  # inside the cell by a thousandth of it
    for dx, dy in ((0, 0), (reach, reach), (-reach, -reach)):
        for path, number in ((netcdf, band), (written.path("melt", DAY), "1")):
            words = ["-valonly", "-geoloc", "-b", number, str(path), str(x + dx), str(y + dy)]
            done = subprocess.run(
                [tool("gdallocationinfo"), *words], capture_output=True, text=True, check=True
            )
            assert int(float(done.stdout.split()[0])) == value


def test_gdal_gives_the_geotransform_and_the_crs_of_the_maps(made, tool):
    words = [tool("gdalinfo"), f"NETCDF:{made}:melt"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    origin = [float(number) for number in re.search(r"Origin = \((.+),(.+)\)", said).groups()]
    assert np.allclose(origin, (GRID.left, GRID.top), rtol=0, atol=1e-3 * GRID.spacing_m)
    assert 'ID["EPSG",3413]]' in said


def test_equal_maps_give_an_equal_file(written, made, tmp_path):
    assert written.season_file(YEAR, out=tmp_path / "again.nc") == 0
    with xr.open_dataset(made) as one, xr.open_dataset(tmp_path / "again.nc") as other:
        xr.testing.assert_identical(one, other)


def test_maps_of_another_run_than_the_list_are_refused(maps, stopped):
    maps.write_map("melt", DAY, on_disk(maps, "melt", DAY)[::-1].copy(), model="c" * 64)
    out = maps.published / "small_2019.nc"
    stopped(maps.season_file(YEAR, out=out), maps.path("melt", DAY), "map the season again")
    assert list(maps.published.iterdir()) == []


def test_a_full_disk_ends_in_one_line_and_nothing_half_written(written, stopped, mount_small_disk):
    disk = mount_small_disk("60k")
    stopped(written.season_file(YEAR, out=disk / "small.nc"), disk, "no space left")
    assert list(disk.iterdir()) == []


def test_a_season_without_maps_is_refused(tmp_path, stopped):
    maps = Maps(tmp_path)
    stopped(maps.season_file(YEAR), maps.index(YEAR), "not found", "map the season first")
    assert not maps.published.exists()
