import datetime as dt
import re
from dataclasses import replace
from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest
from pyproj import Transformer

from daymelt.core.dates import span
from daymelt.core.errors import FormatError, MissingInputError, StorageError
from daymelt.sources.mar.files import open_mar
from daymelt.twin import files

DAYS = span(dt.date(2019, 1, 1), dt.date(2019, 1, 5))
X, Y = np.arange(300.0, 320.0, 5), np.arange(-2600.0, -2585.0, 5)
LON, LAT = Transformer.from_crs("EPSG:3413", "EPSG:4326", always_xy=True).transform(
    *np.meshgrid(X * 1000, Y * 1000)
)
WATER = np.random.default_rng(0).uniform(0, 0.09, (len(DAYS), Y.size, X.size)).astype(np.float32)
WATER[2, 1, 1] = np.nan


@pytest.fixture
def written(tmp_path):
    ice = np.full(LON.shape, 99.999)
    return files.write_mar(
        tmp_path, 2019, DAYS, WATER, X, Y, LON, LAT, np.full(LON.shape, 812.5), ice
    )


@pytest.fixture
def older(tmp_path):
    """A file of an older kind, or broken in one way: names, units and values as asked for."""

    def write(
        dimensions=("TIME", "SECTOR", "Y21_199", "X10_155"),
        time_units="HOURS since 1979-01-01 00:00:00",
        hours=None,
        axis_units="km",
        axis_scale=1,
        fill=None,
        names=("LAT", "LON"),
        units="kg/kg",
        variable="WA1",
        sectors=1,
    ):
        path, (t, *extra, y, x) = tmp_path / "MARv3.9-daily-ERA5-2019.nc", dimensions
        hours = (
            [(day - dt.date(1979, 1, 1)).days * 24 + 12 for day in DAYS] if hours is None else hours
        )
        with netCDF4.Dataset(path, "w") as file:
            for name, size in (
                (t, None),
                *((name, sectors) for name in extra),
                (y, Y.size),
                (x, X.size),
            ):
                file.createDimension(name, size)
            file.createVariable(t, "f8", (t,)).units = time_units
            file[t][:] = hours
            for name, centres in ((y, Y), (x, X)):
                axis = file.createVariable(name, "f4", (name,))
                axis[:] = centres * axis_scale
                if axis_units:
                    axis.units = axis_units
            for name, field in zip(names, (LAT, LON), strict=True):
                file.createVariable(name, "f4", (y, x))[:] = field
            water = file.createVariable(variable, "f4", dimensions, fill_value=fill)
            water.set_auto_maskandscale(False)
            if units:
                water.units = units
            values = np.where(np.isnan(WATER), np.float32(-1e19), WATER)
            if extra:
                water[:, 0], water[:, 1:] = values, 0.5
            else:
                water[:] = values
        return path

    return write


def test_what_the_twin_writes_reads_back_exactly(written):
    with open_mar(written, units=("kg/kg",)) as mar:
        assert (mar.dates, mar.units) == (tuple(DAYS), "kg/kg")
        for day, field in zip(DAYS, WATER, strict=True):
            np.testing.assert_array_equal(mar.read(day), field)
        np.testing.assert_allclose(mar.lon, LON, atol=1e-5)
        np.testing.assert_allclose(mar.lat, LAT, atol=1e-5)
        np.testing.assert_array_equal(mar.x, X * 1000)
        np.testing.assert_array_equal(mar.y, Y * 1000)
        np.testing.assert_allclose(mar.mask, 99.999, rtol=1e-6)
        np.testing.assert_array_equal(mar.height, np.full(LON.shape, 812.5))


def test_fields_are_float32_in_memory(written):
    with open_mar(written) as mar:
        assert mar.read(DAYS[0]).dtype == mar.mask.dtype == np.float32


@pytest.mark.parametrize(
    "dimensions",
    [
        ("TIME", "SECTOR", "Y21_199", "X10_155"),
        ("TIME", "SECTOR1_1", "y", "x"),
        ("time", "ATMLAY3_3", "Y18_127", "X12_84"),
        ("Time", "y", "x"),
    ],
)
@pytest.mark.parametrize("fill", [np.float32(-1e19), None])
def test_older_dimensions_and_absent_fill_attributes_give_the_same_field(older, dimensions, fill):
    with open_mar(older(dimensions, fill=fill)) as mar:
        assert mar.dates == tuple(DAYS)
        for day, field in zip(DAYS, WATER, strict=True):
            np.testing.assert_array_equal(mar.read(day), field)


def test_a_field_stored_x_before_y_is_turned_to_the_order_of_its_latitudes(tmp_path):
    path = tmp_path / "mar.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("TIME", 1), ("x", X.size), ("y", Y.size)):
            file.createDimension(name, size)
        file.createVariable("TIME", "f4", ("TIME",)).units = "days since 2019-01-01"
        file["TIME"][:] = 0.5
        for name, field in (("LAT", LAT), ("LON", LON)):
            file.createVariable(name, "f4", ("y", "x"))[:] = field
        file.createVariable("WA1", "f4", ("TIME", "x", "y"))[0] = WATER[0].T
    with open_mar(path) as mar:
        np.testing.assert_array_equal(mar.read(DAYS[0]), WATER[0])
        assert mar.x is None and mar.y is None


@pytest.mark.parametrize(
    ("units", "scale"),
    [
        ("km", 1),
        ("kilometers", 1),
        ("m", 1000),
        ("metre", 1000),
        ("", 1),
        ("", 1000),
        ("level", 1),
        ("1", 1000),
    ],
)
def test_axes_in_km_and_m_read_as_m_whatever_the_attribute_says(older, units, scale):
    with open_mar(older(axis_units=units, axis_scale=scale)) as mar:
        np.testing.assert_array_equal(mar.x, X * 1000)
        np.testing.assert_array_equal(mar.y, Y * 1000)


@pytest.mark.parametrize("flip", [0, 1])
def test_an_axis_of_either_direction_keeps_field_and_places_together(tmp_path, flip):
    lon, lat, water = np.flip(LON, flip), np.flip(LAT, flip), np.flip(WATER, flip + 1)
    x, y = (X, Y[::-1]) if flip == 0 else (X[::-1], Y)
    path = files.write_mar(tmp_path, 2019, DAYS, water, x, y, lon, lat, lat, lat)
    with open_mar(path) as mar:
        np.testing.assert_array_equal(np.flip(mar.read(DAYS[0]), flip), WATER[0])
        np.testing.assert_allclose(np.flip(mar.lon, flip), LON, atol=1e-5)
        np.testing.assert_array_equal(mar.y, y * 1000)


@pytest.mark.parametrize("names", [("lat", "lon"), ("latitude", "longitude")])
def test_latitudes_are_found_under_other_spellings(older, names):
    with open_mar(older(names=names)) as mar:
        np.testing.assert_allclose(mar.lat, LAT, atol=1e-5)
        np.testing.assert_allclose(mar.lon, LON, atol=1e-5)


@pytest.mark.parametrize(
    ("units", "hours"),
    [
        ("days since 2018-09-01", [122 + n for n in range(5)]),
        ("days since 2018-09-01 12:00:00", [122 + n for n in range(5)]),
        ("hours since 2019-01-01 00:00:00", [12 + 24 * n for n in range(5)]),
        ("HOURS since 2019-01-01 00:00:00", [23 + 24 * n for n in range(5)]),
        ("minutes since 2019-01-01", [1440 * n for n in range(5)]),
    ],
)
def test_every_unit_of_time_names_the_same_days(older, units, hours):
    with open_mar(older(time_units=units, hours=hours)) as mar:
        assert mar.dates == tuple(DAYS)


# refusals


def test_a_file_without_the_variable_is_refused_with_what_it_has(older, one_line):
    path = older(variable="RU")
    with pytest.raises(MissingInputError) as raised, open_mar(path):
        pass
    one_line(
        raised,
        f"MAR file {path}: no variable WA1 (found RU); choose a file with it, such as the "
        "daily one of 10 km",
    )


@pytest.mark.parametrize("units", ["mmWE", None])
def test_other_units_are_refused(older, one_line, units):
    path = older(units=units)
    with pytest.raises(FormatError) as raised, open_mar(path, units=("kg/kg", "kg kg-1")):
        pass
    one_line(
        raised,
        "MAR file",
        path,
        f"variable WA1 has units {units!r}, expected 'kg/kg' or 'kg kg-1'",
        "use a file of v3.14",
    )


def test_a_missing_day_is_named_with_what_the_file_holds(written, one_line):
    with open_mar(written) as mar, pytest.raises(MissingInputError) as raised:
        mar.read(dt.date(2019, 7, 31))
    one_line(
        raised,
        "MAR file",
        written,
        "no day 2019-07-31",
        "2019-01-01 to 2019-01-05, 5 days",
        "retrieve",
    )


def test_a_day_missing_from_the_middle_is_missed(older):
    hours = [12, 36, 84, 108, 132]
    with open_mar(older(time_units="hours since 2019-01-01", hours=hours)) as mar:
        assert dt.date(2019, 1, 3) not in mar.dates
        with pytest.raises(MissingInputError, match="no day 2019-01-03"):
            mar.read(dt.date(2019, 1, 3))
        np.testing.assert_array_equal(mar.read(dt.date(2019, 1, 4)), WATER[2])


def test_several_fields_of_one_day_are_refused(older, one_line):
    path = older(time_units="hours since 2019-01-01", hours=[0, 6, 12, 18, 24])
    with pytest.raises(FormatError) as raised, open_mar(path):
        pass
    one_line(raised, "MAR file", path, "2019-01-01", "one field a day")


@pytest.mark.parametrize("units", ["months", "", "days since the beginning"])
def test_a_time_axis_that_cannot_be_read_is_refused(older, one_line, units):
    path = older(time_units=units)
    with pytest.raises(FormatError) as raised, open_mar(path):
        pass
    one_line(raised, "MAR file", path, "TIME", "choose a daily file")


def test_a_file_without_latitudes_is_refused(older, one_line):
    path = older(names=("PHI", "LON"))
    with pytest.raises(FormatError) as raised, open_mar(path):
        pass
    one_line(raised, "MAR file", path, "no LAT of every cell", "PHI")


def test_a_file_without_an_ice_mask_says_so_only_when_asked(older, one_line):
    path = older()
    with open_mar(path) as mar, pytest.raises(MissingInputError) as raised:
        _ = mar.mask
    one_line(raised, path, "no variable MSK")


def test_a_missing_and_a_truncated_file_are_refused_by_name(tmp_path, written, one_line):
    with pytest.raises(MissingInputError) as raised, open_mar(tmp_path / "gone.nc"):
        pass
    one_line(raised, "MAR file", tmp_path / "gone.nc", "not found")
    for share in (0.7, 0.02):
        written.write_bytes(written.read_bytes()[: int(written.stat().st_size * share)])
        with pytest.raises(FormatError) as raised, open_mar(written):
            pass
        one_line(raised, "MAR file", written, "not a whole readable NetCDF file")


def test_a_full_disk_met_while_a_file_is_open_stays_a_full_disk(written):
    with pytest.raises(StorageError), open_mar(written):
        raise StorageError("out.nc: cannot be written: no space left")
    with pytest.raises(OSError, match="mine") as raised, open_mar(written):
        raise OSError("mine")
    assert not isinstance(raised.value, FormatError)


@pytest.mark.parametrize("name", ["SECTOR", "SECTOR1_1", "ATMLAY3_3"])
def test_several_fields_in_another_dimension_are_refused_by_its_name(older, one_line, name):
    path = older(("TIME", name, "y", "x"), sectors=2)
    with pytest.raises(FormatError) as raised, open_mar(path):
        pass
    one_line(raised, "MAR file", path, f"WA1 has a dimension {name} of length 2", "one field a day")


# profiles

LEVELS = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20])
EDGES = np.array(
    [
        *(-0.025, 0.025, 0.075, 0.15, 0.25, 0.35, 0.45, 0.575, 0.725, 0.9, 1.25, 1.75, 2.5, 4),
        *(6.25, 8.75, 12.5, 17.5, 22.5),
    ]
)
PROFILE = np.random.default_rng(1).uniform(0, 0.09, (len(DAYS), 18, Y.size, X.size))


@pytest.fixture
def profile(tmp_path):
    """A file of WA1 on the levels of real files, or on some of them, with bounds or without."""

    def write(
        bounds=True,
        levels=slice(None),
        order=("TIME", "OUTLAY", "y", "x"),
        edit=lambda _file: None,
        values=PROFILE,
        edges=EDGES,
    ):
        path, kept = tmp_path / "profile.nc", values[:, levels].astype(np.float32)
        depths, both = LEVELS[levels], np.column_stack([edges[:-1], edges[1:]])[levels]
        sizes = {"TIME": len(DAYS), "OUTLAY": depths.size, "y": Y.size, "x": X.size, "bnds": 2}
        with netCDF4.Dataset(path, "w") as file:
            for name, size in sizes.items():
                file.createDimension(name, size)
            file.createVariable("TIME", "f4", ("TIME",)).units = "days since 2019-01-01"
            file["TIME"][:] = np.arange(len(DAYS)) + 0.5
            for name, field in (("LAT", LAT), ("LON", LON)):
                file.createVariable(name, "f4", ("y", "x"))[:] = field
            file.createVariable("OUTLAY", "f4", ("OUTLAY",)).units = "m"
            file["OUTLAY"][:] = depths
            if bounds:
                file.createVariable("OUTLAY_bnds", "f4", ("OUTLAY", "bnds"))[:] = both
            water = file.createVariable("WA1", "f4", order)
            water.units = "kg/kg"
            axes = ("TIME", "OUTLAY", "y", "x")
            water[:] = np.nan_to_num(kept, nan=-1e19).transpose([axes.index(n) for n in order])
            edit(file)
        return path

    return write


def mean_by_millimetres(column, depth_m):
    """Mean over the depth of a profile (level, y, x): every millimetre has the value of its
    layer.
    """
    middles = (np.arange(round(depth_m * 1000)) + 0.5) / 1000
    return column[np.searchsorted(EDGES, middles) - 1].mean(axis=0)


@pytest.mark.parametrize("bounds", [True, False])
@pytest.mark.parametrize("depth", [0.025, 0.3, 1, 1.5, 20])
def test_a_profile_is_averaged_over_the_depth_by_the_thickness_of_its_layers(
    profile, bounds, depth
):
    with open_mar(profile(bounds), depth_m=depth) as mar:
        for day, column in zip(DAYS, PROFILE, strict=True):
            np.testing.assert_allclose(mar.read(day), mean_by_millimetres(column, depth), rtol=1e-5)


def test_the_uppermost_metre_is_the_default_and_not_the_first_level(profile):
    with open_mar(profile()) as mar:
        found = mar.read(DAYS[0])
        weights = np.array([1, 2, 3, 4, 4, 4, 5, 6, 7, 4]) / 40
        np.testing.assert_allclose(mar.level_weights, [*weights, *[0] * 8], atol=1e-6)
    np.testing.assert_allclose(found, np.tensordot(weights, PROFILE[0, :10], 1), rtol=1e-5)
    assert np.abs(found - PROFILE[0, 0]).max() > 0.01


@pytest.mark.parametrize(
    "order",
    [("TIME", "y", "x", "OUTLAY"), ("TIME", "OUTLAY", "x", "y"), ("TIME", "y", "OUTLAY", "x")],
)
def test_the_order_of_dimensions_does_not_matter(profile, order):
    with open_mar(profile()) as mar:
        expected = mar.read(DAYS[1])
    with open_mar(profile(order=order)) as mar:
        np.testing.assert_array_equal(mar.read(DAYS[1]), expected)


def test_levels_from_below_upwards_give_the_same_mean(profile):
    for bounds in (True, False):
        with open_mar(profile(bounds, slice(None, None, -1))) as mar:
            np.testing.assert_allclose(
                mar.read(DAYS[0]), mean_by_millimetres(PROFILE[0], 1), rtol=1e-5
            )


def test_levels_without_data_carry_no_weight_and_half_of_the_depth_is_needed(profile):
    holed = PROFILE.copy()
    holed[0, 6:, 0, 0] = np.nan  # 0.45 m are left
    holed[0, 7:, 0, 1] = np.nan  # 0.575 m
    holed[0, :, 0, 2] = np.nan
    with open_mar(profile(values=holed)) as mar:
        found = mar.read(DAYS[0])
    assert np.isnan(found[0, [0, 2]]).all()
    np.testing.assert_allclose(found[0, 1], mean_by_millimetres(PROFILE[0], 0.575)[0, 1], rtol=1e-5)
    np.testing.assert_allclose(found[1:], mean_by_millimetres(PROFILE[0], 1)[1:], rtol=1e-5)


class Watched:
    """A variable that notes which parts of it are read."""

    def __init__(self, variable):
        self.variable, self.read = variable, []

    def __getattr__(self, name):
        return getattr(self.variable, name)

    def __getitem__(self, index):
        self.read.append(index)
        return self.variable[index]


def test_no_level_below_the_depth_is_read(profile):
    with open_mar(profile(), depth_m=1) as mar:
        water = Watched(mar._file["WA1"])
        file = SimpleNamespace(variables={**mar._file.variables, "WA1": water})
        replace(mar, _file=file).read(DAYS[2])
    assert water.read == [(2, slice(0, 10), slice(None), slice(None))]


def without_depths(file):
    file.renameVariable("OUTLAY", "levels")


def in_feet(file):
    file["OUTLAY"].units = "ft"


def torn(file):
    file["OUTLAY_bnds"][3, 1] = 0.2


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"levels": slice(0, 1)}, "cover 0.025 m of the uppermost 1 m; set mar.depth_m"),
        ({"levels": slice(0, 6)}, "cover 0.45 m of the uppermost 1 m; set mar.depth_m"),
        ({"levels": slice(3, None)}, "cover 0.85 m"),
        ({"levels": slice(0, 1), "bounds": False}, "neither rise nor fall"),
        ({"edit": without_depths}, "OUTLAY has no depths"),
        ({"edit": in_feet}, "'ft'"),
        ({"edit": torn}, "overlap or leave gaps"),
    ],
)
def test_levels_whose_mean_is_not_that_of_the_depth_are_refused(profile, one_line, changes, named):
    path = profile(**changes)
    with open_mar(path) as mar, pytest.raises(FormatError) as raised:
        mar.read(DAYS[0])
    one_line(raised, "MAR file", path, named)


# the genuine file


def test_the_levels_of_the_twin_are_those_that_real_files_hold(real):
    text = real("mar/MAR_WA1_facts.txt").read_text()
    levels = re.search(r"18 levels:\s+([\d. ]+)\n", text)[1].split()
    assert tuple(map(float, levels)) == files.MAR_LEVELS_M
    bounds = re.findall(r"(-?[\d.]+) ([\d.]+)", re.search(r"OUTLAY_bnds(.*?)value", text, re.S)[1])
    pairs = [[float(top), float(bottom)] for top, bottom in bounds]
    expected = np.column_stack([files.MAR_BOUNDS_M[:-1], files.MAR_BOUNDS_M[1:]])
    np.testing.assert_allclose(pairs, expected)


@pytest.fixture
def genuine(real):
    return real("mar/mar_watson_river_clipped.nc")


def test_the_genuine_file_reads_as_netcdf4_decodes_it(genuine):
    with netCDF4.Dataset(genuine) as file, open_mar(genuine, "ME") as mar:
        expected = np.ma.filled(file["ME"][:, 0].astype(np.float32), np.nan)
        parts = [np.asarray(file[name][:]).astype(int) for name in ("YYYY", "MM", "DD")]
        assert mar.dates == tuple(dt.date(*part) for part in zip(*parts, strict=True))
        assert mar.units == file["ME"].units == "mmWE/day"
        for day, field in zip(mar.dates, expected, strict=True):
            np.testing.assert_array_equal(mar.read(day), field)
        np.testing.assert_array_equal(mar.mask, np.ma.filled(file["MSK"][:], np.nan))
        np.testing.assert_array_equal(mar.height, np.ma.filled(file["SH"][:], np.nan))
    assert np.isfinite(expected).any() and np.isnan(expected).any()


def test_the_genuine_files_axes_are_its_latitudes_in_epsg_3413(genuine):
    with open_mar(genuine, "ME") as mar:
        x, y = Transformer.from_crs("EPSG:4326", "EPSG:3413", always_xy=True).transform(
            mar.lon, mar.lat
        )
        known = np.isfinite(mar.lon)
        assert known.sum() == 31
        np.testing.assert_allclose(x[known], np.broadcast_to(mar.x, mar.lon.shape)[known], atol=100)
        np.testing.assert_allclose(
            y[known], np.broadcast_to(mar.y[:, None], mar.lon.shape)[known], atol=100
        )


def test_values_of_the_genuine_file(genuine):
    with open_mar(genuine, "ME") as mar:
        assert (mar.dates[0], mar.dates[-1]) == (dt.date(2024, 6, 1), dt.date(2024, 9, 1))
        assert (mar.x[0], mar.x[-1]) == (-214999.9375, -159999.9375)
        assert (mar.y[0], mar.y[-1]) == (-2532927.75, -2502927.75)
        assert mar.level_weights is None
        melt = mar.read(dt.date(2024, 7, 1))
        assert np.isfinite(melt).sum() == 31
        np.testing.assert_allclose(
            [melt[0, 7], melt[3, 5], np.nanmax(melt), mar.height[3, 5], mar.mask[3, 5]],
            [4.81236, 5.5580044, 29.477173, 1025.3734, 99.999],
            rtol=1e-6,
        )


def test_the_genuine_file_lacks_wa1_and_says_what_it_has(genuine, one_line):
    with pytest.raises(MissingInputError) as raised, open_mar(genuine):
        pass
    one_line(
        raised,
        genuine,
        "no variable WA1 (found ME, RF, RU, RU2, RZ, SF, SMB, ST2, SU, SW, ZN4, ZN5, ZN6); "
        "choose a file with it",
    )


def test_the_twins_header_agrees_with_the_genuine_one(genuine, written):
    with netCDF4.Dataset(genuine) as theirs, netCDF4.Dataset(written) as ours:
        for name, like in (
            ("WA1", "ME"),
            ("LAT", "LAT"),
            ("LON", "LON"),
            ("SH", "SH"),
            ("MSK", "MSK"),
            ("TIME", "TIME"),
            ("YYYY", "YYYY"),
        ):
            assert ours[name].dtype == theirs[like].dtype, name
            ours_flat, theirs_flat = (
                [part for part in file[key].dimensions if part not in ("OUTLAY", "SECTOR1_1")]
                for file, key in ((ours, name), (theirs, like))
            )
            assert ours_flat == theirs_flat, name
        for name in ("LAT", "LON", "SH", "MSK"):
            assert (
                ours[name].units == theirs[name].units
                and ours[name].long_name == theirs[name].long_name
            )
            assert (
                ours[name]._FillValue == theirs[name]._FillValue
                and ours[name].missing_value == theirs[name].missing_value
            )
        assert ours["TIME"].calendar == theirs["TIME"].calendar
        assert float(ours["TIME"][0]) % 1 == float(theirs["TIME"][0]) % 1 == 0.5
        assert "3.14.3" in ours.model and "3.14.3" in theirs.model
