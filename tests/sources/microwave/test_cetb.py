import datetime as dt
import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core.errors import FormatError, GridError, MissingInputError
from daymelt.core.grid import same_crs
from daymelt.sources.formats.netcdf import listed
from daymelt.sources.microwave import cetb
from daymelt.twin import files

DAY = dt.date(2019, 7, 31)
PROCESSED = dt.datetime(2024, 1, 1)
V1 = "NSIDC-0630-EASE2_N3.125km-F17_SSMIS-2010001-37H-M-SIR-CSU-v1.3.nc"
X = -9_000_000 + (np.arange(3100, 3112) + 0.5) * 3125.0
Y = 9_000_000 - (np.arange(2100, 2110) + 0.5) * 3125.0


@pytest.fixture
def write_cetb(tmp_path):
    """Write a day over a 10 x 12 window, and change what is stored where asked to."""

    def write(tb=None, edit=None, channel="37H", day=DAY):
        field = (
            np.full((Y.size, X.size), 200, np.float32) if tb is None else np.asarray(tb, np.float32)
        )
        path = files.write_cetb(tmp_path, day, "F17", channel, "M", field, X, Y, PROCESSED)
        if edit is not None:
            with netCDF4.Dataset(path, "a") as file:
                file.set_auto_maskandscale(False)
                edit(file)
        return path

    return write


# names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (V1, ("F17", "SSMIS", "37H", "M", "SIR", "EASE2_N3.125km", (1, 3), dt.date(2010, 1, 1))),
        (
            V1.replace("CSU-v1.3", "CSU_ICDR-v1.5").replace("2010001", "2016366"),
            (*["F17", "SSMIS", "37H", "M", "SIR", "EASE2_N3.125km"], (1, 5), dt.date(2016, 12, 31)),
        ),
        (
            "NSIDC0630_SIR_EASE2_N3.125km_GCOMW1_AMSR2_M_36H_20260106_2601090539_v2.0.nc",
            ("GCOMW1", "AMSR2", "36H", "M", "SIR", "EASE2_N3.125km", (2, 0), dt.date(2026, 1, 6)),
        ),
        (
            "NSIDC0630_SIR_EASE2_N3.125km_F13_SSMI_M_19H_19910101_v2.0.nc",
            ("F13", "SSMI", "19H", "M", "SIR", "EASE2_N3.125km", (2, 0), dt.date(1991, 1, 1)),
        ),
    ],
)
def test_names_of_both_versions_are_read_in_full(name, expected):
    found = cetb.parse_name(name)
    assert (
        found.platform,
        found.sensor,
        found.channel,
        found.pass_,
        found.algorithm,
        found.grid,
        found.version,
        found.date,
    ) == expected


@given(st.dates(dt.date(1978, 10, 25), dt.date(2030, 12, 31)))
def test_day_of_year_and_calendar_day_name_the_same_date(day):
    assert cetb.parse_name(V1.replace("2010001", f"{day:%Y%j}")).date == day
    assert (
        cetb.parse_name(
            f"NSIDC0630_SIR_EASE2_N3.125km_F17_SSMIS_E_37H_{day:%Y%m%d}_2401010000_v2.0.nc"
        ).date
        == day
    )


@pytest.mark.parametrize(
    "name",
    [
        "NSIDC0630_template.nc",
        "tb.nc",
        V1.replace("2010001", "2010366"),
        V1.replace("2010001", "2010000"),
    ],
)
def test_another_name_or_an_impossible_day_is_refused(name, one_line):
    with pytest.raises(FormatError) as raised:
        cetb.parse_name(name)
    one_line(raised, "CETB file", name)


def v2(
    processed="2401010000",
    platform="F17",
    channel="37H",
    pass_="M",
    day="20190731",
    version="2.0",
    grid="EASE2_N3.125km",
    kind="SIR",
):
    series = f"{platform}_SSMIS_{pass_}_{channel}"
    return f"NSIDC0630_{kind}_{grid}_{series}_{day}_{processed}_v{version}.nc"


def test_the_newest_processing_wins_and_version_2_stands_before_1(tmp_path):
    first = V1.replace("2010001", "2019212")  # 31 July 2019
    contest = [
        first,
        first.replace("v1.3", "v1.5"),
        v2("2301010000"),
        v2("2401010000"),
        v2("2201010000"),
    ]
    for order in (contest, contest[::-1]):
        assert cetb.find_days([tmp_path / name for name in order], "F17", "37H", "M") == {
            DAY: tmp_path / v2("2401010000")
        }
    assert cetb.find_days([tmp_path / name for name in contest[:2]], "F17", "37H", "M") == {
        DAY: tmp_path / contest[1]
    }


def test_other_platforms_channels_passes_grids_and_sidecars_are_passed_over(tmp_path):
    others = [
        v2(platform="F18"),
        v2(channel="37V"),
        v2(pass_="E"),
        v2(grid="EASE2_N25km"),
        v2(kind="GRD"),
        "manifest.json",
        "x.nc.md5",
    ]
    assert cetb.find_days([tmp_path / name for name in others], "F17", "37H", "M") == {}


def test_days_come_in_order_and_a_missing_one_is_absent(tmp_path):
    paths = [tmp_path / v2(day=day) for day in ("20190803", "20190731", "20190801")]
    assert list(cetb.find_days(paths, "F17", "37H", "M")) == [
        DAY,
        dt.date(2019, 8, 1),
        dt.date(2019, 8, 3),
    ]


# reading


def test_what_the_twin_writes_reads_back_to_a_hundredth_of_a_kelvin(write_cetb):
    tb = np.random.default_rng(0).uniform(150, 280, (Y.size, X.size)).astype(np.float32)
    tb[2, 3] = np.nan
    found, x, y = cetb.read_tb(write_cetb(tb), None, "37H")
    np.testing.assert_allclose(found, tb, atol=0.0051)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert found.dtype == np.float32


def test_bounds_choose_the_cells_whose_centres_they_hold(write_cetb):
    tb = np.arange(Y.size * X.size, dtype=np.float32).reshape(Y.size, X.size) + 100
    found, x, y = cetb.read_tb(write_cetb(tb), (X[2] - 1, Y[7] - 1, X[5] + 1, Y[4] + 1), "37H")
    np.testing.assert_array_equal(x, X[2:6])
    np.testing.assert_array_equal(y, Y[4:8])
    np.testing.assert_allclose(found, tb[4:8, 2:6], atol=1e-4)


@pytest.mark.parametrize("turned", ["y", "x", "xy"])
def test_axes_of_either_direction_give_the_same_field(write_cetb, turned):
    tb = np.random.default_rng(0).uniform(150, 280, (Y.size, X.size)).astype(np.float32)
    bounds = (X[2] - 1, Y[7] - 1, X[5] + 1, Y[4] + 1)
    expected = cetb.read_tb(write_cetb(tb), bounds, "37H")

    def turn(file):
        for name in turned:
            file[name][:] = file[name][:][::-1]
            file["TB"][:] = np.flip(file["TB"][:], {"y": 1, "x": 2}[name])

    for found, same in zip(
        cetb.read_tb(write_cetb(tb, turn), bounds, "37H"), expected, strict=True
    ):
        np.testing.assert_array_equal(found, same)


def test_every_kind_of_missing_value_is_nan(write_cetb):
    def spoil(file):
        file["TB"].missing_value = np.uint16(20000)
        file["TB"][0, 0, :7] = [0, 60000, 4999, 5000, 35000, 35001, 20000]

    found, _, _ = cetb.read_tb(write_cetb(edit=spoil), None, "37H")
    np.testing.assert_array_equal(
        found[0, :7], np.float32([np.nan, np.nan, np.nan, 50, 350, np.nan, np.nan])
    )


@pytest.mark.parametrize("narrow", ["valid_min", "valid_max"])
def test_where_several_limits_are_stated_all_of_them_hold(write_cetb, narrow):
    def limit(file):
        file["TB"].setncatts({"valid_range": np.uint16([5000, 35000]), narrow: np.uint16(20000)})
        file["TB"][0, 0, :4] = [4000, 19000, 21000, 40000]

    found, _, _ = cetb.read_tb(write_cetb(edit=limit), None, "37H")
    np.testing.assert_array_equal(
        found[0, :4],
        np.float32(
            [np.nan, np.nan, 210, np.nan]
            if narrow == "valid_min"
            else [np.nan, 190, np.nan, np.nan]
        ),
    )


def test_a_wider_limit_does_not_widen_a_range(write_cetb):
    def limit(file):
        file["TB"].setncatts(
            {
                "valid_range": np.uint16([5000, 20500]),
                "valid_min": np.uint16(0),
                "valid_max": np.uint16(40000),
            }
        )
        file["TB"][0, 0, :2] = [4000, 21000]

    assert np.isnan(cetb.read_tb(write_cetb(edit=limit), None, "37H")[0][0, :2]).all()


def test_zero_is_no_data_even_where_no_attribute_says_so(tmp_path, write_cetb):
    path, bare = (
        write_cetb(np.full((Y.size, X.size), np.nan)),
        tmp_path / "NSIDC0630_SIR_EASE2_N3.125km_F17_SSMIS_M_37H_20190801_2401010000_v2.0.nc",
    )
    with netCDF4.Dataset(path) as source, netCDF4.Dataset(bare, "w") as file:
        for name, dimension in source.dimensions.items():
            file.createDimension(name, dimension.size)
        for name in ("x", "y", "crs", "TB"):
            kept = {
                key: value
                for key, value in source[name].__dict__.items()
                if key not in ("_FillValue", "valid_range")
            }
            variable = file.createVariable(name, source[name].dtype, source[name].dimensions)
            variable.setncatts(kept)
            variable.set_auto_maskandscale(False)
            if name != "crs":
                variable[:] = np.asarray(
                    source[name][:].filled(0) if name == "TB" else source[name][:]
                )
    assert np.isnan(cetb.read_tb(bare, None, "37H")[0]).all()


def test_a_day_of_fill_alone_reads_as_nan_and_is_no_error(write_cetb):
    found, x, y = cetb.read_tb(write_cetb(np.full((Y.size, X.size), np.nan)), None, "37H")
    assert np.isnan(found).all() and found.shape == (y.size, x.size)


def test_a_wrong_geotransform_attribute_is_not_believed(write_cetb):
    def mislead(file):
        file["crs"].GeoTransform = "-9000000.0 25000.0 0.0 9000000.0 0.0 -25000.0"

    np.testing.assert_array_equal(cetb.read_window(write_cetb(edit=mislead)).x, X)


# refusals


def test_another_channel_is_refused(write_cetb, one_line):
    path = write_cetb(channel="19V")
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(path, None, "37H")
    one_line(raised, "CETB file", path, "channel 19V", "expected 37H", "microwave.channel")


def test_the_name_tells_the_channel_where_no_attribute_does(write_cetb, one_line):
    path = write_cetb(
        channel="19V", edit=lambda file: file["TB"].delncattr("frequency_and_polarization")
    )
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(path, None, "37H")
    one_line(raised, path, "channel 19V")
    assert cetb.read_tb(path, None, "19V")[0].shape == (10, 12)


@pytest.mark.parametrize("named", ["", "19\nV"])
def test_a_channel_that_says_nothing_is_no_channel(write_cetb, one_line, named):
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(
            write_cetb(edit=lambda file: file["TB"].setncattr("frequency_and_polarization", named)),
            None,
            "37H",
        )
    one_line(raised, "is channel", "expected 37H")


def test_names_of_a_damaged_file_break_no_line():
    assert listed(["x", "T\nB"]) == "T?B, x"


def coarsen(file):
    file["x"][:] = -9_000_000 + (np.arange(X.size) + 0.5) * 25_000


def shift(file):
    file["y"][:] = file["y"][:] + 1000


def skip(file):
    file["x"][:] = file["x"][:] + 3125 * (np.arange(X.size) > 5)


@pytest.mark.parametrize(
    ("edit", "named"),
    [(coarsen, "25000 m spacing"), (shift, "3125 m spacing"), (skip, "3125 m spacing")],
)
def test_another_grid_is_refused(write_cetb, one_line, edit, named):
    path = write_cetb(edit=edit)
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(path, None, "37H")
    one_line(raised, "CETB file", path, named, "expected the 3125 m cells of EASE2_N3.125km")


def southern(file):
    crs = file["crs"]
    crs.setncatts(
        {
            "crs_wkt": "",
            "srid": "urn:ogc:def:crs:EPSG::6932",
            "proj4text": "+proj=laea +lat_0=-90 +lon_0=0 +datum=WGS84 +units=m",
        }
    )


def test_the_southern_grid_is_refused(write_cetb, one_line):
    path = write_cetb(edit=southern)
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(path, None, "37H")
    one_line(raised, "CETB file", path, "EPSG::6932", "expected EPSG:6931")


def test_an_area_outside_the_file_is_refused_with_both_bounds(write_cetb, one_line):
    path, bounds = write_cetb(), (0, 0, 10_000, 10_000)
    with pytest.raises(GridError) as raised:
        cetb.read_tb(path, bounds, "37H")
    one_line(raised, "CETB file", path, bounds, "choose a file that covers the area")


def test_two_days_in_one_file_are_refused(write_cetb, one_line):
    def double(file):
        file["TB"][1] = file["TB"][0]

    path = write_cetb(edit=double)
    with pytest.raises(FormatError) as raised:
        cetb.read_tb(path, None, "37H")
    one_line(raised, path, "time 2", "time 1")


def test_a_missing_and_a_truncated_file_are_refused_by_name(tmp_path, write_cetb, one_line):
    with pytest.raises(MissingInputError) as raised:
        cetb.read_tb(tmp_path / v2(), None, "37H")
    one_line(raised, "CETB file", tmp_path / v2(), "not found")
    path = write_cetb()
    for share in (0.9, 0.5, 0.01):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        with pytest.raises(FormatError) as raised:
            cetb.read_tb(path, None, "37H")
        one_line(raised, "CETB file", path, "not a whole readable NetCDF file")


# genuine files


def test_the_header_of_version_2_names_the_grid_and_the_data_set_that_are_assumed(real):
    text = real("cetb/ncdump.NSIDC0630.v2.0.txt").read_text()
    north = text.partition("crs_EASE2_N:crs_wkt = ")[2].splitlines()[0].rstrip(" ;")
    assert same_crs(json.loads(north), cetb.CETB_CRS)
    assert 'crs_EASE2_N:srid = "urn:ogc:def:crs:EPSG::6931"' in text
    assert ':id = "10.5067/19LHYLUXZ22M"' in text and ':product_version = "v2.0"' in text
    sources = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()
    assert "doi 10.5067/19LHYLUXZ22M" in sources


def test_the_genuine_version_1_file_reads_as_netcdf4_decodes_it(real):
    path = real(f"cetb/{V1}")
    with netCDF4.Dataset(path) as file:
        expected = np.ma.filled(file["TB"][0].astype(np.float64), np.nan)
        x, y = np.asarray(file["x"][:]), np.asarray(file["y"][:])
    tb, found_x, found_y = cetb.read_tb(path, None, "37H")
    np.testing.assert_array_equal(tb, expected.astype(np.float32))
    np.testing.assert_array_equal(found_x, x)
    np.testing.assert_array_equal(found_y, y)
    assert tb[0, 0] == np.float32(138.95) and y[0] > y[-1]
    part, part_x, part_y = cetb.read_tb(path, (-1_500_000, 2_000_000, -1_400_000, 2_100_000), "37H")
    np.testing.assert_array_equal(
        part, tb[np.ix_((y >= 2e6) & (y <= 2.1e6), (x >= -1.5e6) & (x <= -1.4e6))]
    )
    assert part.shape == (part_y.size, part_x.size) == (32, 32)


def test_the_genuine_version_1_file_is_found_by_its_day(real):
    path = real(f"cetb/{V1}")
    assert cetb.find_days([path], "F17", "37H", "M") == {dt.date(2010, 1, 1): path}


def test_the_genuine_version_2_header_gives_the_whole_grid_but_no_pixels(real, one_line):
    path = real("cetb/NSIDC0630_SIR_EASE2_N3.125km_F13_SSMI_M_19H_19910101_v2.0.nc")
    window = cetb.read_window(path)
    assert (window.x.size, window.y.size) == (5760, 5760)
    assert (window.x[0], window.y[0]) == (-8_998_437.5, 8_998_437.5)
    with pytest.raises(MissingInputError) as raised:
        cetb.read_tb(path, None, "19H")
    one_line(raised, path, "no variable TB", "found crs, time, x, y")


def test_the_genuine_header_of_version_1_5_gives_the_whole_grid_and_its_day(real):
    path = real("cetb/NSIDC0630-EASE2_N3.125km-F13_SSMI-1991001-19H-M-SIR-CSU-v1.5.nc")
    window = cetb.read_window(path)
    assert (window.x.size, window.y.size) == (5760, 5760)
    assert (window.x[0], window.x[-1]) == (-8_998_437.5, 8_998_437.5)
    assert (window.y[0], window.y[-1]) == (8_998_437.5, -8_998_437.5)


def test_the_genuine_template_is_refused(real, tmp_path, one_line):
    path = real("cetb/NSIDC0630_template.nc")
    with pytest.raises(FormatError) as raised:
        cetb.read_window(path)
    one_line(raised, path)


def test_the_twins_header_agrees_with_the_genuine_ones(real, write_cetb):
    """Types, packing and axes are those of the genuine files, so that whoever reads one reads the
    other.
    """
    with netCDF4.Dataset(real(f"cetb/{V1}")) as first, netCDF4.Dataset(write_cetb()) as made:
        ours, theirs = made["TB"], first["TB"]
        assert ours.dtype == theirs.dtype and ours.dimensions == theirs.dimensions
        for name in (
            "standard_name",
            "units",
            "_FillValue",
            "scale_factor",
            "add_offset",
            "grid_mapping",
            "frequency_and_polarization",
        ):
            assert getattr(ours, name) == getattr(theirs, name), name
        np.testing.assert_array_equal(ours.valid_range, theirs.valid_range)
        for axis in "xy":
            assert made[axis].units == first[axis].units and made[axis].dtype == first[axis].dtype
        assert made["time"].units == first["time"].units
        for name in (
            "grid_mapping_name",
            "latitude_of_projection_origin",
            "longitude_of_projection_origin",
            "semi_major_axis",
            "srid",
        ):
            assert getattr(made["crs"], name) == getattr(first["crs"], name), name
    with (
        netCDF4.Dataset(
            real("cetb/NSIDC0630_SIR_EASE2_N3.125km_F13_SSMI_M_19H_19910101_v2.0.nc")
        ) as second,
        netCDF4.Dataset(write_cetb()) as made,
    ):
        assert (made.id, made.product_version, made.title, made.Conventions) == (
            second.id,
            second.product_version,
            second.title,
            second.Conventions,
        )
        # 1991-01-01 is day 6940 of the genuine file's axis
        assert second["time"][0] - made["time"][0] == (dt.date(1991, 1, 1) - DAY).days


@given(
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["F16", "F17", "F18"])), unique=True),
    st.randoms(use_true_random=False),
)
def test_a_day_of_the_wanted_platform_wins_and_a_fallback_stands_in_where_it_has_none(held, rng):
    names = [
        f"NSIDC0630_SIR_EASE2_N3.125km_{platform}_SSMIS_M_37H_2019070{day}_2401010000_v2.0.nc"
        for day, platform in held
    ]
    found = cetb.find_days(rng.sample(names, len(names)), "F17", "37H", "M", ("F18",))
    platforms = {day: {other for number, other in held if number == day} for day in range(1, 6)}
    expected = {
        day: "F17" if "F17" in there else "F18"
        for day, there in platforms.items()
        if there & {"F17", "F18"}
    }
    assert {day.day: cetb.parse_name(path).platform for day, path in found.items()} == expected
