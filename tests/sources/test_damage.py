"""Faults of real archives that a reader meets: zero-filled scenes, days without data, files cut
short, attributes that do not fit.
"""

import datetime as dt

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from daymelt.core.dates import span
from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.sources.mar import files as mar
from daymelt.sources.microwave import cetb
from daymelt.sources.sentinel1 import bursts
from daymelt.sources.terrain import reader as terrain
from daymelt.twin import files

FINE = Grid("EPSG:3413", 30, 300_000, -2_580_000, 12, 15)
DAYS = span(dt.date(2019, 7, 1), dt.date(2019, 7, 4))
X, Y = np.arange(300.0, 330.0, 5), np.arange(-2600.0, -2575.0, 5)
TB_X = -9_000_000 + (np.arange(3100, 3108) + 0.5) * 3125.0
TB_Y = 9_000_000 - (np.arange(2100, 2106) + 0.5) * 3125.0


# Sentinel-1


def test_a_zero_filled_scene_is_no_data(tmp_path, write_burst):
    paths = write_burst(tmp_path, np.zeros(FINE.shape), FINE)
    gamma0, mask = bursts.read_pass(bursts.find_bursts(paths), FINE)
    assert np.isnan(gamma0).all() and (mask == 255).all()


def test_a_zero_filled_burst_takes_nothing_from_the_one_it_overlaps(tmp_path, write_burst):
    good = write_burst(tmp_path, np.full(FINE.shape, 0.25), FINE, burst=1)
    empty = write_burst(tmp_path, np.zeros(FINE.shape), FINE, burst=2)
    gamma0, mask = bursts.read_pass(bursts.find_bursts([*empty, *good]), FINE)
    assert (gamma0 == 0.25).all() and (mask == 0).all()


def test_a_border_of_zeros_does_not_bleed_into_a_warped_scene(tmp_path):
    fine = FINE.refine(10)
    power = np.full(fine.shape, 0.25, np.float32)
    power[:, :7] = 0
    path = write_raster(tmp_path / "scene.tif", power, fine)
    gamma0 = bursts.read_rtc(path, FINE)
    assert np.isnan(gamma0[:, :2]).all() and (gamma0[:, 2:] == 0.25).all()


def write_raster(path, values, grid, bands=1, scale=1.0, units=None, **place):
    values = np.asarray(values)
    place = {
        "crs": grid.crs,
        "transform": Affine.from_gdal(*grid.geotransform),
        "height": grid.rows,
        "width": grid.columns,
        **place,
    }
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, dtype=values.dtype, **place
    ) as raster:
        for band in range(bands):
            raster.write(values, band + 1)
        if scale != 1:
            raster.scales = [scale] * bands
        if units:
            raster.units = [units] * bands
    return path


@pytest.fixture
def burst(tmp_path, write_burst):
    """A burst of which the backscatter or the mask is written anew; returns what is read of it."""
    paths = write_burst(tmp_path, np.full(FINE.shape, 0.25), FINE)

    def read(layer, values, **changes):
        write_raster(paths[layer], values, changes.pop("grid", FINE), **changes)
        return bursts.read_pass(bursts.find_bursts(paths), FINE)

    return read


def test_the_nodata_value_of_a_burst_is_no_data_even_where_it_is_a_power(burst):
    power = np.full(FINE.shape, 0.25, np.float32)
    power[0] = 99
    gamma0, mask = burst(0, power, nodata=99)
    assert np.isnan(gamma0[0]).all() and (gamma0[1:] == 0.25).all() and (mask[0] == 255).all()


def test_a_scale_in_a_burst_is_honoured(burst):
    assert (burst(0, np.full(FINE.shape, 0.5, np.float32), scale=0.5)[0] == 0.25).all()


@pytest.mark.parametrize(
    ("layer", "values", "changes", "named"),
    [
        (0, np.full(FINE.shape, 250, np.uint16), {}, "uint16"),
        (0, np.full(FINE.shape, 0.25, np.float32), {"bands": 2}, "2 bands"),
        (0, np.full(FINE.shape, 0.25, np.complex64), {}, "complex64"),
        (1, np.full(FINE.shape, 256, np.int16), {}, "256"),
        (1, np.full(FINE.shape, 0.4, np.float32), {}, "0.4"),
        (1, np.zeros(FINE.shape, np.uint8), {"scale": 2.0}, "scale 2.0"),
        (1, np.zeros(FINE.shape, np.uint8), {"nodata": 0}, "nodata 0"),
        (1, np.zeros(FINE.shape, np.uint8), {"crs": "EPSG:32624"}, "EPSG:32624"),
    ],
)
def test_a_burst_of_another_kind_is_refused(burst, one_line, layer, values, changes, named):
    with pytest.raises(FormatError) as raised:
        burst(layer, values, **changes)
    one_line(raised, "burst", named)


@pytest.mark.parametrize("acquired", ["00200101T161622", "10200101T161622", "20200230T161622"])
@pytest.mark.parametrize("turned", [False, True])
def test_an_instant_that_cannot_be_is_refused(one_line, acquired, turned):
    first, second = (acquired, "20250911T203016")[:: -1 if turned else 1]
    with pytest.raises(FormatError) as raised:
        bursts.parse_burst(f"OPERA_L2_RTC-S1_T087-185679-IW2_{first}Z_{second}Z_S1A_30_v1.0_HH.tif")
    one_line(raised, acquired, "an instant that no calendar has")


@pytest.mark.parametrize(
    "name",
    [
        "T000-081234-IW2_20190731T090312Z",
        "T176-081234-IW2_20190731T090312Z",
        "T039-081234-IW2_20190231T090312Z",
    ],
)
def test_a_name_of_no_orbit_or_no_day_is_refused(name, one_line):
    with pytest.raises(FormatError) as raised:
        bursts.parse_burst(f"OPERA_L2_RTC-S1_{name}_20240101T000000Z_S1A_30_v1.0_HH.tif")
    one_line(raised, name, "leave it out")


# terrain


def test_a_scale_in_a_dem_is_honoured(tmp_path):
    path = write_raster(tmp_path / "dem.tif", np.full(FINE.shape, 1500, np.int16), FINE, scale=0.5)
    assert (terrain.read_height(path, FINE) == 750).all()


@pytest.mark.parametrize(
    ("value", "changes", "named"),
    [(1500, {"units": "ft"}, "'ft'"), (-32768, {}, "-32768"), (1500, {"bands": 3}, "3 bands")],
)
def test_heights_that_cannot_be_metres_are_refused(tmp_path, one_line, value, changes, named):
    path = write_raster(tmp_path / "dem.tif", np.full(FINE.shape, value, np.int16), FINE, **changes)
    with pytest.raises(FormatError) as raised:
        terrain.read_height(path, FINE)
    one_line(raised, "DEM", path, named)


def test_no_other_format_is_guessed_from_the_bytes(tmp_path, one_line):
    dem = write_raster(tmp_path / "real.tif", np.full(FINE.shape, 1500, np.int16), FINE)
    path = tmp_path / "dem.tif"
    place = ", ".join(map(str, FINE.geotransform))
    band = f"<SimpleSource><SourceFilename>{dem}</SourceFilename></SimpleSource>"
    path.write_text(
        '<VRTDataset rasterXSize="15" '
        f'rasterYSize="12"><SRS>EPSG:3413</SRS><GeoTransform>{place}</GeoTransform>'
        f'<VRTRasterBand dataType="Int16" band="1">{band}</VRTRasterBand></VRTDataset>'
    )
    with rasterio.open(path) as raster:  # which GDAL would follow
        assert (raster.read(1) == 1500).all()
    with pytest.raises(FormatError) as raised:
        terrain.read_height(path, FINE)
    one_line(raised, "DEM", path, "not a whole readable raster")


# MAR


@pytest.fixture
def yearly(tmp_path):
    """A MAR file, rewritten as classic NetCDF, as the genuine one is, after an edit of its arrays
    and attributes.
    """
    lon, lat = np.meshgrid(np.linspace(-39, -38, X.size), np.linspace(66, 66.2, Y.size))
    water = (
        np.random.default_rng(0).uniform(0, 0.09, (len(DAYS), Y.size, X.size)).astype(np.float32)
    )
    water[2] = np.nan
    source = files.write_mar(
        tmp_path, 2019, DAYS, water, X, Y, lon, lat, lat * 0 + 800, lat * 0 + 100
    )

    def write(edit=None, form="NETCDF3_64BIT_OFFSET"):
        path = tmp_path / "MARv3.14.3-5km-daily-ERA5-2018.nc"
        with netCDF4.Dataset(source) as old, netCDF4.Dataset(path, "w", format=form) as file:
            for name, dimension in old.dimensions.items():
                file.createDimension(name, None if dimension.isunlimited() else dimension.size)
            for name, variable in old.variables.items():
                told = dict(variable.__dict__)
                made = file.createVariable(
                    name,
                    variable.dtype,
                    variable.dimensions,
                    fill_value=told.pop("_FillValue", None),
                )
                made.setncatts(told)
                old[name].set_auto_mask(False)
                made.set_auto_mask(False)
                made[...] = variable[...]
            file.set_auto_maskandscale(False)
            if edit is not None:
                edit(file)
        return path

    return write, water


@pytest.mark.parametrize(
    "form", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"]
)
def test_a_day_without_data_is_nan_and_leaves_the_others_alone(yearly, form):
    write, water = yearly
    with mar.open_mar(write(form=form)) as file:
        for day, field in zip(DAYS, water, strict=True):
            np.testing.assert_array_equal(file.read(day), field)


@pytest.mark.parametrize(
    "form", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"]
)
def test_a_file_cut_at_any_tenth_or_by_a_few_bytes_is_refused(yearly, one_line, form):
    """The library reads zeros behind the end of a classic file: days that never melt."""
    path = yearly[0](form=form)
    whole = path.read_bytes()
    for length in [len(whole) * tenth // 10 for tenth in range(10)] + [
        len(whole) - 8,
        len(whole) - 100,
    ]:
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError) as raised, mar.open_mar(path):
            pass
        one_line(raised, "MAR file", path, "not a whole readable NetCDF file")


def test_bytes_inserted_into_a_classic_file_are_noticed(yearly, one_line):
    path = yearly[0]()
    whole = path.read_bytes()
    path.write_bytes(whole[:-500] + b"\0" * 10 + whole[-500:])
    with pytest.raises(FormatError) as raised, mar.open_mar(path):
        pass
    one_line(raised, path, "its header says")


@pytest.mark.parametrize("variable", ["WA1", "SH"])
def test_packing_of_a_field_is_honoured(yearly, variable):
    def pack(file):
        file[variable].setncatts({"scale_factor": 0.5, "add_offset": 0.25})

    with mar.open_mar(yearly[0]()) as file:
        plain = file.read(DAYS[0]) if variable == "WA1" else file.height
    with mar.open_mar(yearly[0](pack)) as file:
        found = file.read(DAYS[0]) if variable == "WA1" else file.height
    np.testing.assert_allclose(found, plain * 0.5 + 0.25, rtol=1e-6)


def damage(name, **attributes):
    return lambda file: file[name].setncatts(attributes)


def jump(file):
    file["LAT"][2, 3] = 76


def repeat(file):
    file["x"][2] = file["x"][1]


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (damage("WA1", scale_factor="0.5"), "scale_factor"),
        (damage("WA1", scale_factor=0.0), "scale_factor 0"),
        (damage("WA1", add_offset=np.nan), "add_offset"),
        (damage("WA1", valid_range=np.float32([1, 0])), "valid from 1 to 0"),
        (damage("WA1", missing_value="none"), "missing_value"),
        (damage("LAT", scale_factor=2.0), "-90 to 90"),
        (damage("LAT", units="radians"), "'radians'"),
        (damage("TIME", calendar="julian"), "julian"),
        (damage("TIME", calendar="360_day"), "360_day"),
        (damage("x", units="cm"), "'cm'"),
        (damage("x", units="m"), "steps of 5 m"),
        (jump, "jump"),
        (repeat, "even steps"),
    ],
)
def test_what_a_number_means_is_never_passed_over(yearly, one_line, edit, named):
    path = yearly[0](edit)
    with pytest.raises(FormatError) as raised, mar.open_mar(path) as file:
        file.read(DAYS[0])
    one_line(raised, "MAR file", path, named)


# passive microwave


@pytest.fixture
def write_cetb(tmp_path):
    def write(edit):
        field = np.full((TB_Y.size, TB_X.size), 200, np.float32)
        path = files.write_cetb(
            tmp_path, DAYS[0], "F17", "37H", "M", field, TB_X, TB_Y, dt.datetime(2024, 1, 1)
        )
        with netCDF4.Dataset(path, "a") as file:
            file.set_auto_maskandscale(False)
            edit(file)
        return path

    return write


def zigzag(file):
    file["x"][:] = TB_X[0] + 3125.0 * (np.arange(TB_X.size) % 2)


def not_a_number(file):
    file["y"][1] = np.nan


def elsewhere(file):
    file["x"][:] = file["x"][:] + 9_000_000


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (damage("TB", scale_factor=0.1), "2000 K"),
        (damage("TB", add_offset=-273.15), "-73.15"),
        (damage("TB", units="degC"), "'degC'"),
        (damage("TB", valid_range=np.array([5000, 20000, 35000], np.uint16)), "3 numbers"),
        (damage("TB", grid_mapping="polar"), "crs none"),
        (damage("crs", latitude_of_projection_origin=-90.0), "expected EPSG:6931"),
        (damage("crs", proj4text="+proj=laea +lat_0=-90 +units=m"), "expected EPSG:6931"),
        (damage("x", units="km"), "'km'"),
        (damage("x", scale_factor=2.0), "EASE2_N3.125km"),
        (damage("time", units="days since 1973-01-01"), "its name says 2019-07-01"),
        (zigzag, "EASE2_N3.125km"),
        (not_a_number, "EASE2_N3.125km"),
        (elsewhere, "EASE2_N3.125km"),
    ],
)
def test_what_a_temperature_means_is_never_passed_over(write_cetb, one_line, edit, named):
    path = write_cetb(edit)
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(path, None, "37H")
    one_line(raised, "CETB file", path, named)


def test_a_missing_value_that_does_not_fit_its_type_hides_no_data(write_cetb):
    """85536 is 20000 where it is cut to 16 bits, and 20000 is 200 K."""
    tb, _, _ = cetb.read_tb(write_cetb(damage("TB", missing_value=np.int32(85536))), None, "37H")
    assert (tb == 200).all()


def test_packing_that_makes_sense_is_honoured(write_cetb):
    tb, _, _ = cetb.read_tb(write_cetb(damage("TB", scale_factor=0.0125)), None, "37H")
    assert (tb == 250).all()
