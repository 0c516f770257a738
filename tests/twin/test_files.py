import datetime as dt
import time

import netCDF4
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.transform import Affine
from rio_cogeo.cogeo import cog_validate

from daymelt.core.errors import StorageError
from daymelt.core.grid import Grid
from daymelt.twin import files

GRID = Grid("EPSG:3413", 30, 294900, -2566500, 700, 640)
ACQUIRED = dt.datetime(2019, 7, 31, 9, 3, 12, 250000, tzinfo=dt.UTC)
PROCESSED = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
NAME = "OPERA_L2_RTC-S1_T039-081234-IW2_20190731T090312Z_20240102T030405Z_S1A_30_v1.0"


def speckled(shape=GRID.shape):
    gamma0 = np.random.default_rng(0).gamma(4, 0.05, shape).astype(np.float32)
    gamma0[:, : shape[1] // 10] = np.nan
    return gamma0


@pytest.fixture(scope="module")
def burst(tmp_path_factory):
    mask = np.zeros(GRID.shape, np.uint8)
    mask[:100, :80] = 3
    mask[-50:] = 255
    return files.write_burst(
        tmp_path_factory.mktemp("burst"), NAME, speckled(), mask, GRID, ACQUIRED
    ), mask


def test_a_burst_has_operas_names(burst):
    assert files.burst_name(39, 81234, 2, ACQUIRED, PROCESSED, "S1A") == NAME
    assert [path.name for path in burst[0]] == [f"{NAME}_HH.tif", f"{NAME}_mask.tif"]


def test_a_burst_reads_back_to_bfloat16s_precision(burst):
    (path, mask_path), mask = burst
    with rasterio.open(path) as raster:
        gamma0 = raster.read(1)
        assert raster.dtypes == ("float32",) and np.isnan(raster.nodata)
        assert raster.crs.to_epsg() == 3413 and raster.transform == Affine(
            30, 0, GRID.left, 0, -30, GRID.top
        )
    np.testing.assert_array_equal(np.isnan(gamma0), np.isnan(speckled()))
    np.testing.assert_allclose(gamma0, speckled(), rtol=2.0**-8)
    error_db = np.abs(10 * np.log10(gamma0 / speckled()))
    assert np.nanmax(error_db) < 0.018
    with rasterio.open(mask_path) as raster:
        np.testing.assert_array_equal(raster.read(1), mask)
        assert raster.dtypes == ("uint8",) and raster.nodata == 255


def test_a_burst_is_laid_out_as_operas_processor_does(burst):
    for path in burst[0]:
        valid, errors, warnings = cog_validate(path, strict=True)
        assert (valid, errors, warnings) == (True, [], [])
        with rasterio.open(path) as raster:
            assert raster.block_shapes == [(512, 512)] and raster.overviews(1) == [4, 16, 64, 128]
            assert raster.compression.name == "deflate"
            assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_a_burst_carries_operas_tags(burst):
    with rasterio.open(burst[0][0]) as raster:
        tags = raster.tags()
    expected = {
        "BURST_ID": "t039_081234_iw2",
        "TRACK_NUMBER": "39",
        "PLATFORM": "Sentinel-1A",
        "POLARIZATION": "HH",
        "PRODUCT_ID": NAME,
    }
    assert expected.items() <= tags.items()
    assert tags["ZERO_DOPPLER_START_TIME"] == "2019-07-31T09:03:12.250000Z"
    assert tags["PROCESSING_DATETIME"] == "2024-01-02T03:04:05.000000Z"


def test_a_burst_of_speckle_is_a_third_of_its_float32(burst):
    assert burst[0][0].stat().st_size < 4 * GRID.rows * GRID.columns / 2.5


def test_nothing_but_the_two_files_is_left_behind(burst):
    assert sorted(path.name for path in burst[0][0].parent.iterdir()) == [
        f"{NAME}_HH.tif",
        f"{NAME}_mask.tif",
    ]


def test_equal_input_gives_equal_bytes(tmp_path):
    x, y = -9_000_000 + (np.arange(9) + 0.5) * 3125, 9_000_000 - (np.arange(8) + 0.5) * 3125
    field = np.random.default_rng(0).uniform(150, 280, (8, 9)).astype(np.float32)
    small, mask = Grid("EPSG:3413", 30, 0, 0, 40, 50), np.zeros((40, 50), np.uint8)
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        files.write_burst(folder, NAME, speckled((40, 50)), mask, small, ACQUIRED)
        files.write_cetb(folder, ACQUIRED.date(), "F17", "37H", "M", field, x, y, PROCESSED)
        files.write_mar(
            folder, 2019, [ACQUIRED.date()], [field], x / 1000, y / 1000, field, field, field, field
        )
        files.write_dem(folder / "dem.tif", speckled((40, 50)), small)
        files.write_mask(folder / "ocean.tif", mask == 0, small)
        written.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
        time.sleep(1.1)  # a stamp of the clock would show
    assert len(written[0]) == 6
    assert written[0] == written[1]


@given(
    arrays(np.float32, 20, elements=st.floats(np.float32(1e-6), np.float32(1e3), width=32)),
    st.integers(1, 22),
)
def test_a_rounded_mantissa_is_the_nearest_number_of_so_many_bits(values, bits):
    found = files.round_mantissa(values, bits)
    mantissa, exponent = np.frexp(values.astype(np.float64))
    # rint too rounds ties to even
    nearest = np.ldexp(np.rint(mantissa * 2.0 ** (bits + 1)), exponent - bits - 1)
    np.testing.assert_array_equal(found, nearest.astype(np.float32))


def test_nan_and_zero_survive_the_rounding():
    assert np.isnan(files.round_mantissa(np.float32([np.nan]), 7)).all()
    np.testing.assert_array_equal(
        files.round_mantissa(np.float32([0, 1, -2]), 7), np.float32([0, 1, -2])
    )


# brightness temperature


@pytest.fixture
def cetb(tmp_path):
    x, y = (
        -9_000_000 + (np.arange(3100, 3140) + 0.5) * 3125,
        9_000_000 - (np.arange(2100, 2135) + 0.5) * 3125,
    )
    tb = np.random.default_rng(0).uniform(150, 280, (35, 40)).astype(np.float32)
    tb[0, :4] = [np.nan, 49.9, 350.1, 50]
    return files.write_cetb(
        tmp_path, dt.date(2019, 7, 31), "F17", "37H", "E", tb, x, y, PROCESSED
    ), tb


def test_a_cetb_day_has_nsidcs_name_and_structure(cetb):
    path, _ = cetb
    assert path.name == "NSIDC0630_SIR_EASE2_N3.125km_F17_SSMIS_E_37H_20190731_2401020304_v2.0.nc"
    with netCDF4.Dataset(path) as file:
        assert file["TB"].dimensions == ("time", "y", "x") and file.dimensions["time"].isunlimited()
        assert file["TB"].temporal_division == "Evening"
        stored = {
            name: (file[name].dtype.str[1:], file[name]._FillValue)
            for name in file.variables
            if file[name].ndim == 3
        }
        assert (
            netCDF4.num2date(file["time"][0], file["time"].units).isoformat()
            == "2019-07-31T00:00:00"
        )
    ancillary = {
        "TB_num_samples": ("u1", 0),
        "Incidence_angle": ("i2", -1),
        "TB_std_dev": ("u2", 65535),
        "TB_time": ("i2", -32768),
    }
    assert stored == {"TB": ("u2", 0), **ancillary}


def test_a_cetb_day_decodes_to_a_hundredth_of_a_kelvin_with_what_is_out_of_range_as_fill(cetb):
    path, tb = cetb
    with netCDF4.Dataset(path) as file:
        found = file["TB"][0]
        holes = [
            np.ma.getmaskarray(file[name][0])
            for name in ("TB_num_samples", "Incidence_angle", "TB_std_dev", "TB_time")
        ]
    np.testing.assert_array_equal(found.mask[0, :4], [True, True, True, False])
    assert found.mask.sum() == 3
    np.testing.assert_allclose(found[1:], tb[1:], atol=0.0051)
    for hole in holes:
        np.testing.assert_array_equal(hole, found.mask)


def test_a_whole_day_without_observations_can_be_written(tmp_path):
    x, y = np.arange(3) * 3125.0, -np.arange(3) * 3125.0
    path = files.write_cetb(
        tmp_path,
        dt.date(2019, 7, 31),
        "F18",
        "37H",
        "M",
        np.full((3, 3), np.nan, np.float32),
        x,
        y,
        PROCESSED,
    )
    with netCDF4.Dataset(path) as file:
        assert np.ma.getmaskarray(file["TB"][:]).all()


# MAR and terrain


def test_days_of_mar_may_come_one_by_one(tmp_path):
    x, y, field = np.arange(4.0), np.arange(3.0), np.zeros((3, 4), np.float32)
    days = [dt.date(2019, 12, 30), dt.date(2019, 12, 31)]
    path = files.write_mar(
        tmp_path,
        2019,
        iter(days),
        (field + n for n in (0.25, np.nan)),
        x,
        y,
        field,
        field,
        field,
        field,
    )
    assert path.name == "MARv3.14.3-5km-daily-ERA5-2019.nc"
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        assert (
            file["WA1"].dimensions == ("TIME", "OUTLAY", "y", "x") and file["WA1"].units == "kg/kg"
        )
        expected = [0.25 * np.float32(files.MAR_PROFILE), np.full(18, -1e19, np.float32)]
        np.testing.assert_array_equal(file["WA1"][:, :, 0, 0], expected)
        assert [
            day.isoformat()[:10] for day in netCDF4.num2date(file["TIME"][:], file["TIME"].units)
        ] == ["2019-12-30", "2019-12-31"]


def test_the_profile_of_mar_has_the_levels_of_real_files_and_a_mean_of_one_in_the_top_metre():
    thickness = np.diff(np.clip(files.MAR_BOUNDS_M, 0, 1))
    assert len(files.MAR_LEVELS_M) == len(files.MAR_PROFILE) == len(thickness) == 18
    assert thickness @ files.MAR_PROFILE == pytest.approx(1, abs=1e-15)
    assert np.diff(files.MAR_PROFILE).max() <= 0  # wetter above
    (known,) = np.nonzero(files.MAR_PROFILE)
    assert set(np.frexp(np.array(files.MAR_PROFILE)[known])[0]) == {0.5}  # powers of two


def test_fewer_fields_than_days_leave_nothing_behind(tmp_path):
    field = np.zeros((3, 4), np.float32)
    with pytest.raises(ValueError, match="shorter"):
        days = [dt.date(2019, 1, 1), dt.date(2019, 1, 2)]
        files.write_mar(
            tmp_path,
            2019,
            days,
            [field],
            np.arange(4.0),
            np.arange(3.0),
            field,
            field,
            field,
            field,
        )
    assert list(tmp_path.iterdir()) == []


def test_terrain_is_stored_as_its_providers_do(tmp_path):
    grid, height = (
        Grid("EPSG:3413", 100, 294900, -2566500, 20, 30),
        np.full((20, 30), 812.25, np.float32),
    )
    height[0, 0] = np.nan
    files.write_dem(tmp_path / "dem.tif", height, grid)
    files.write_mask(tmp_path / "ocean.tif", height > 900, grid)
    with rasterio.open(tmp_path / "dem.tif") as raster:
        assert (
            raster.nodata == -9999
            and raster.dtypes == ("float32",)
            and raster.crs.to_epsg() == 3413
        )
        np.testing.assert_array_equal(raster.read(1), np.where(np.isnan(height), -9999, height))
    with rasterio.open(tmp_path / "ocean.tif") as raster:
        assert raster.nodata is None and raster.dtypes == ("uint8",)
        assert not raster.read(1).any()


# a full disk


@pytest.fixture
def small_disk(mount_small_disk):
    return mount_small_disk("200k")


@pytest.mark.parametrize("kind", ["burst", "cetb", "mar", "dem"])
def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(small_disk, capfd, kind):
    noise = np.random.default_rng(0).uniform(60, 340, GRID.shape).astype(np.float32)
    x, y = np.arange(GRID.columns) * 3125.0, -np.arange(GRID.rows) * 3125.0
    write = {
        "burst": lambda: files.write_burst(
            small_disk, NAME, noise, np.zeros(GRID.shape, np.uint8), GRID, ACQUIRED
        ),
        "cetb": lambda: files.write_cetb(
            small_disk, ACQUIRED.date(), "F17", "37H", "M", noise, x, y, PROCESSED
        ),
        "mar": lambda: files.write_mar(
            small_disk, 2019, [ACQUIRED.date()], [noise], x, y, noise, noise, noise, noise
        ),
        "dem": lambda: files.write_dem(small_disk / "dem.tif", noise, GRID),
    }
    with pytest.raises(
        StorageError,
        match=r"^/.*: cannot be written: no space left on the device; free some or move the "
        r"folder$",
    ):
        write[kind]()
    assert list(small_disk.iterdir()) == []
    assert capfd.readouterr() == ("", "")
