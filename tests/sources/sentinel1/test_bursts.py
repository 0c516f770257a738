import datetime as dt

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import Affine
from scipy.ndimage import map_coordinates

from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.sources.sentinel1 import bursts
from daymelt.twin import files

FINE = Grid("EPSG:3413", 30, 300_000, -2_580_000, 40, 50)
ACQUIRED = dt.datetime(2019, 7, 31, 9, 3, 12, tzinfo=dt.UTC)
GENUINE = "OPERA_L2_RTC-S1_T087-185679-IW2_20200101T161622Z_20250911T203016Z_S1A_30_v1.0_HH.tif"


def beside(grid: Grid, rows: int, columns: int, shape: tuple[int, int]) -> Grid:
    """A grid of other size, so many cells below and right of another."""
    return Grid(
        grid.crs,
        grid.spacing_m,
        grid.left + columns * grid.spacing_m,
        grid.top - rows * grid.spacing_m,
        *shape,
    )


def speckled(shape, seed=0):
    return np.random.default_rng(seed).gamma(4, 0.05, shape).astype(np.float32)


# names


def test_a_genuine_name_is_read_in_full():
    burst = bursts.parse_burst(GENUINE)
    assert (burst.burst_id, burst.relative_orbit, burst.platform, burst.polarisation) == (
        "T087-185679-IW2",
        87,
        "S1A",
        "hh",
    )
    assert burst.acquired_at == dt.datetime(2020, 1, 1, 16, 16, 22, tzinfo=dt.UTC)
    assert burst.processed_at == dt.datetime(2025, 9, 11, 20, 30, 16, tzinfo=dt.UTC)
    assert burst.mask_path.name == GENUINE.replace("_HH", "_mask")


@given(
    st.integers(1, 175),
    st.integers(0, 999_999),
    st.integers(1, 3),
    st.datetimes(dt.datetime(2014, 4, 3), dt.datetime(2035, 1, 1)),
    st.sampled_from(["S1A", "S1B", "S1C"]),
)
def test_a_written_name_reads_back(orbit, burst, swath, acquired, platform):
    acquired = acquired.replace(microsecond=0, tzinfo=dt.UTC)
    name = files.burst_name(orbit, burst, swath, acquired, ACQUIRED, platform)
    found = bursts.parse_burst(f"{name}_HV.tif")
    assert (found.burst_id, found.relative_orbit) == (f"T{orbit:03d}-{burst:06d}-IW{swath}", orbit)
    assert (found.acquired_at, found.processed_at, found.platform, found.polarisation) == (
        acquired,
        ACQUIRED,
        platform,
        "hv",
    )


@pytest.mark.parametrize(
    "name",
    [
        "S1A_IW_GRDH_1SSH.tif",
        GENUINE.replace("T087", "T87"),
        GENUINE.replace("_HH", "_mask"),
        "x.tif",
    ],
)
def test_another_name_is_refused(name, one_line):
    with pytest.raises(FormatError) as raised:
        bursts.parse_burst(name)
    one_line(raised, "burst", name, "expected OPERA_L2_RTC-S1_T")


def named(*layers, processed="20240101T000000Z", burst="081234"):
    return [
        f"OPERA_L2_RTC-S1_T039-{burst}-IW2_20190731T090312Z_{processed}_S1A_30_v1.0_{layer}"
        for layer in layers
    ]


def test_the_newest_processing_of_a_burst_stands_and_duplicates_fall(tmp_path):
    names = [
        *named("HH.tif", "mask.tif", processed="20240101T000000Z"),
        *named("HH.tif", "mask.tif", processed="20250101T000000Z"),
        *named("HH.tif", "mask.tif", processed="20230101T000000Z"),
        *named("HV.tif", "mask.tif", "BROWSE.png", "h5", burst="081235"),
    ]
    for paths in (names, names[::-1], names + names):
        found = bursts.find_bursts([tmp_path / name for name in paths])
        assert [burst.processed_at.year for burst in found] == [2025]
        assert found[0].mask_path.name == named("mask.tif", processed="20250101T000000Z")[0]
    assert [
        burst.burst_id for burst in bursts.find_bursts([tmp_path / name for name in names], "hv")
    ] == ["T039-081235-IW2"]


def test_a_burst_without_its_mask_is_refused(tmp_path, one_line):
    with pytest.raises(MissingInputError) as raised:
        bursts.find_bursts([tmp_path / named("HH.tif")[0]])
    one_line(raised, named("HH.tif")[0], named("mask.tif")[0], "retrieve")


def test_passes_hold_the_bursts_of_a_day_and_orbit_in_order(tmp_path):
    several = [
        bursts.parse_burst(
            f"{files.burst_name(orbit, burst, 1, ACQUIRED + delay, ACQUIRED)}_HH.tif"
        )
        for orbit, burst, delay in [
            (141, 9, dt.timedelta(1)),
            (39, 8, dt.timedelta(0, 3)),
            (39, 7, dt.timedelta(0)),
            (112, 6, dt.timedelta(0, 900)),
        ]
    ]
    grouped = bursts.passes(several)
    assert list(grouped) == [
        (dt.date(2019, 7, 31), 39),
        (dt.date(2019, 7, 31), 112),
        (dt.date(2019, 8, 1), 141),
    ]
    assert [burst.burst_id for burst in grouped[dt.date(2019, 7, 31), 39]] == [
        "T039-000007-IW1",
        "T039-000008-IW1",
    ]


# aligned bursts


def slow_mosaic(several, fine):
    """Pixel by pixel, from the arrays that were written: (gamma0, mask)."""
    gamma0, mask = np.full(fine.shape, np.nan), np.full(fine.shape, 255)
    for row, column in np.ndindex(*fine.shape):
        seen, codes = [], [255]
        for values, flags, top, left in several:
            i, j = row - top, column - left
            if not (0 <= i < values.shape[0] and 0 <= j < values.shape[1]):
                continue
            usable = np.isfinite(values[i, j]) and values[i, j] > 0
            if flags[i, j] == 0 and usable:
                seen.append(float(values[i, j]))
            codes.append(255 if flags[i, j] == 0 and not usable else flags[i, j])
        if seen:
            gamma0[row, column] = np.mean(seen)
        mask[row, column] = min(codes) if not seen else 0
    return gamma0, mask


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_mosaic_equals_the_pixel_by_pixel_one(tmp_path_factory, write_burst, data):
    folder, fine = tmp_path_factory.mktemp("pass"), beside(FINE, 0, 0, (9, 11))
    written, paths = [], []
    for number in range(data.draw(st.integers(1, 3), "bursts")):
        top, left = data.draw(st.integers(-8, 12)), data.draw(st.integers(-8, 12))
        shape = data.draw(st.integers(2, 14)), data.draw(st.integers(2, 14))
        random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        values = files.round_mantissa(random.gamma(2, 0.1, shape).astype(np.float32), 7)
        values[random.random(shape) < 0.2] = random.choice([np.nan, 0, -0.125])
        flags = random.choice(np.array([0, 0, 0, 1, 2, 3, 255], np.uint8), shape)
        paths += write_burst(folder, values, beside(fine, top, left, shape), flags, burst=number)
        written.append((values, flags, top, left))
    gamma0, mask = bursts.read_pass(bursts.find_bursts(paths), fine)
    expected, codes = slow_mosaic(written, fine)
    np.testing.assert_allclose(gamma0, expected, rtol=1e-6)
    np.testing.assert_array_equal(mask, codes)
    assert gamma0.dtype == np.float32 and mask.dtype == np.uint8


def test_blocks_of_a_pass_are_the_blocks_of_the_whole(tmp_path, write_burst):
    paths = write_burst(tmp_path, speckled((70, 80)), beside(FINE, -10, -10, (70, 80)))
    several = bursts.find_bursts(paths)
    whole = bursts.read_pass(several, FINE)
    for rows, columns in [((0, 16), (0, 50)), ((16, 24), (10, 37))]:
        block = beside(FINE, rows[0], columns[0], (rows[1] - rows[0], columns[1] - columns[0]))
        for part, full in zip(bursts.read_pass(several, block), whole, strict=True):
            np.testing.assert_array_equal(part, full[slice(*rows), slice(*columns)])


def test_a_burst_elsewhere_and_a_pass_without_bursts_leave_no_data(tmp_path, write_burst):
    paths = write_burst(tmp_path, speckled((5, 5)), beside(FINE, 1000, 0, (5, 5)))
    for several in ([], bursts.find_bursts(paths)):
        gamma0, mask = bursts.read_pass(several, FINE)
        assert np.isnan(gamma0).all() and (mask == 255).all()


# bursts of another crs or spacing


def smooth(x, y):
    """A power that varies over kilometres, so that a warp's kernel hardly matters."""
    return 0.2 + 0.1 * np.sin(x / 700) * np.cos(y / 900)


def utm_burst(margin=20):
    """A 30 m grid of UTM 24N around FINE."""
    to_utm = Transformer.from_crs("EPSG:3413", "EPSG:32624", always_xy=True)
    left, bottom, right, top = to_utm.transform_bounds(*FINE.bounds, densify_pts=21)
    left, top = np.floor(left / 30) * 30 - 30 * margin, np.ceil(top / 30) * 30 + 30 * margin
    return Grid(
        "EPSG:32624",
        30,
        left,
        top,
        int((top - bottom) / 30) + margin,
        int((right - left) / 30) + margin,
    )


def test_a_burst_in_another_crs_is_warped_to_where_it_belongs(tmp_path, write_burst):
    grid = utm_burst()
    values = smooth(*grid.centres_in("EPSG:3413"))
    gamma0, mask = bursts.read_pass(bursts.find_bursts(write_burst(tmp_path, values, grid)), FINE)
    # bfloat16's step is 0.4 %; a pixel of misplacement would be several times that
    np.testing.assert_allclose(gamma0, smooth(*FINE.centres_in("EPSG:3413")), rtol=0.005)
    assert (mask == 0).all()


def test_a_warp_is_bilinear_at_the_exact_place_of_every_cell(tmp_path, write_burst):
    grid = utm_burst()
    values = files.round_mantissa(speckled(grid.shape), 7)
    gamma0, _ = bursts.read_pass(bursts.find_bursts(write_burst(tmp_path, values, grid)), FINE)
    x, y = FINE.centres_in(grid.crs)
    place = np.stack([(grid.top - y) / 30 - 0.5, (x - grid.left) / 30 - 0.5])
    # GDAL interpolates the cells' places along each row: a hundredth of a pixel; half a pixel would
    # change speckle by a third
    np.testing.assert_allclose(gamma0, map_coordinates(values, place, order=1), rtol=5e-3)


def test_a_warped_block_is_the_block_of_the_whole(tmp_path, write_burst):
    grid = utm_burst()
    several = bursts.find_bursts(write_burst(tmp_path, speckled(grid.shape), grid))
    whole, _ = bursts.read_pass(several, FINE)
    part, _ = bursts.read_pass(several, beside(FINE, 13, 17, (9, 20)))
    np.testing.assert_allclose(part, whole[13:22, 17:37], rtol=5e-3)


def test_layover_of_a_warped_burst_neither_bleeds_nor_vanishes(tmp_path, write_burst):
    grid = utm_burst()
    flags = np.zeros(grid.shape, np.uint8)
    flags[30:40, 30:45] = 2
    values = np.full(grid.shape, 0.25, np.float32)
    values[flags == 2] = 100
    gamma0, mask = bursts.read_pass(
        bursts.find_bursts(write_burst(tmp_path, values, grid, flags)), FINE
    )
    assert np.nanmax(gamma0) == 0.25
    assert 100 < (mask == 2).sum() < 200
    np.testing.assert_array_equal(np.isnan(gamma0), mask != 0)


def test_ten_metre_pixels_are_averaged_in_linear_power(tmp_path, write_burst):
    fine10 = FINE.refine(10)
    values = files.round_mantissa(speckled(fine10.shape), 7)
    gamma0, _ = bursts.read_pass(bursts.find_bursts(write_burst(tmp_path, values, fine10)), FINE)
    np.testing.assert_allclose(gamma0, values.reshape(40, 3, 50, 3).mean((1, 3)), rtol=1e-5)


# bad files


def test_a_truncated_burst_is_refused_and_gdal_prints_nothing(
    tmp_path, write_burst, one_line, capfd
):
    path, _ = paths = write_burst(tmp_path, speckled((600, 600)), beside(FINE, 0, 0, (600, 600)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FormatError) as raised:
        bursts.read_pass(bursts.find_bursts(paths), beside(FINE, 0, 0, (600, 600)))
    one_line(raised, "burst", path, "not a whole readable raster", "retrieve it again")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "content", [b"", b"<!doctype html><title>Earthdata Login</title>", b"II*\x00"]
)
def test_what_is_no_tiff_is_refused(tmp_path, write_burst, one_line, content):
    path, _ = paths = write_burst(tmp_path, speckled((5, 5)), beside(FINE, 0, 0, (5, 5)))
    path.write_bytes(content)
    with pytest.raises(FormatError) as raised:
        bursts.read_pass(bursts.find_bursts(paths), FINE)
    one_line(raised, "burst", path, "not a whole readable raster", "retrieve it again")


@pytest.mark.parametrize("layer", [0, 1])
def test_a_burst_without_crs_is_refused(tmp_path, write_burst, one_line, layer):
    paths = write_burst(tmp_path, speckled((5, 5)), beside(FINE, 0, 0, (5, 5)))
    with rasterio.open(paths[layer]) as raster:
        values, profile = (
            raster.read(),
            {
                key: raster.profile[key]
                for key in ("width", "height", "count", "dtype", "transform")
            },
        )
    with rasterio.open(paths[layer], "w", driver="GTiff", **profile) as raster:
        raster.write(values)
    with pytest.raises(FormatError) as raised:
        bursts.read_pass(bursts.find_bursts(paths), FINE)
    one_line(raised, "burst", paths[layer], "no crs")


def test_a_mask_of_another_shape_is_refused(tmp_path, write_burst, one_line):
    path, mask = write_burst(tmp_path, speckled((5, 5)), beside(FINE, 0, 0, (5, 5)))
    _, other = write_burst(tmp_path / "other", speckled((5, 6)), beside(FINE, 0, 0, (5, 6)))
    mask.write_bytes(other.read_bytes())
    with pytest.raises(FormatError) as raised:
        bursts.read_pass(bursts.find_bursts([path, mask]), FINE)
    one_line(raised, "burst mask", mask, "(5, 6)", "(5, 5)")


def test_a_burst_that_went_missing_is_named(tmp_path, write_burst, one_line):
    paths = write_burst(tmp_path, speckled((5, 5)), beside(FINE, 0, 0, (5, 5)))
    several = bursts.find_bursts(paths)
    paths[0].unlink()
    with pytest.raises(MissingInputError) as raised:
        bursts.read_pass(several, FINE)
    one_line(raised, "burst", paths[0], "not found")


# other providers


def write_raster(path, values, grid, nodata):
    place = {
        "crs": grid.crs,
        "transform": Affine.from_gdal(*grid.geotransform),
        "height": grid.rows,
        "width": grid.columns,
    }
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float32", nodata=nodata, **place
    ) as raster:
        raster.write(np.asarray(values, np.float32), 1)
    return path


@pytest.mark.parametrize(
    ("scale", "stored", "nodata", "expected"),
    [
        ("db", [[-10, 0, -99]], -99, [[0.1, 1, np.nan]]),
        ("linear", [[0.5, 0, -32768]], -32768, [[0.5, np.nan, np.nan]]),
        ("linear", [[0.5, np.nan, np.inf]], None, [[0.5, np.nan, np.nan]]),
        ("amplitude", [[0.5, 0, -0.5]], None, [[0.25, np.nan, np.nan]]),
    ],
)
def test_every_scale_becomes_linear_power(tmp_path, scale, stored, nodata, expected):
    grid = beside(FINE, 0, 0, (1, 3))
    path = write_raster(tmp_path / "scene.tif", stored, grid, nodata)
    np.testing.assert_allclose(bursts.read_rtc(path, grid, scale), expected, rtol=1e-6)


def test_decibels_are_averaged_as_power(tmp_path):
    path = write_raster(
        tmp_path / "scene.tif", [[0, -10], [0, -10]], beside(FINE, 0, 0, (2, 2)), None
    )
    coarse = Grid(FINE.crs, 60, FINE.left, FINE.top, 1, 1)
    np.testing.assert_allclose(bursts.read_rtc(path, coarse, "db"), [[0.55]], rtol=1e-6)


def test_an_unknown_scale_is_refused(tmp_path, one_line):
    with pytest.raises(ConfigError) as raised:
        bursts.read_rtc(tmp_path / "scene.tif", FINE, "decibel")
    one_line(raised, "'decibel'", "linear, db, amplitude")


def test_the_genuine_decibel_raster_reads_as_its_own_pixels(real):
    path = real("s1/S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif")
    grid = Grid("EPSG:32631", 20, 620048.241204, 4830114.70107, 217, 268)
    gamma0 = bursts.read_rtc(path, grid, "db")
    # column 100, row 50 and column 0, row 0 by gdallocationinfo of GDAL 3.6; the mean of the
    # decibels by its gdalinfo -stats
    assert 10 * np.log10(gamma0[50, 100]) == pytest.approx(-18.2675666809082, abs=1e-5)
    assert 10 * np.log10(gamma0[0, 0]) == pytest.approx(-10.1478900909424, abs=1e-5)
    assert (10 * np.log10(gamma0.astype(np.float64))).mean() == pytest.approx(
        -12.12492953445, abs=1e-5
    )


def test_the_genuine_decibel_raster_at_100_m_is_its_mean_power(real):
    path = real("s1/S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif")
    with rasterio.open(path) as raster:
        power = 10 ** (raster.read(1)[:215, :265].astype(np.float64) / 10)
    gamma0 = bursts.read_rtc(
        path, Grid("EPSG:32631", 100, 620048.241204, 4830114.70107, 43, 53), "db"
    )
    np.testing.assert_allclose(gamma0, power.reshape(43, 5, 53, 5).mean((1, 3)), rtol=1e-5)


OPERA_CUT = "opera/OPERA_L2_RTC-S1_T137-292318-{}_20250102T01585{}Z_20250102T190143Z_S1A_30_v1.0_"


def test_a_genuine_burst_is_what_its_name_says_and_reads_as_its_own_pixels(real, tmp_path):
    path = real(OPERA_CUT.format("IW1", 7) + "VV.tif")
    burst = bursts.parse_burst(path)
    assert (burst.burst_id, burst.relative_orbit, burst.platform, burst.polarisation) == (
        *("T137-292318-IW1", 137, "S1A", "vv"),
    )
    assert burst.acquired_at == dt.datetime(2025, 1, 2, 1, 58, 57, tzinfo=dt.UTC)
    grid = Grid("EPSG:32611", 30, 165660, 3779190, 100, 100)
    gamma0 = bursts.read_rtc(path, grid)
    # by GDAL: gdallocationinfo at (0, 0) and (60, 50), mean of gdalinfo -stats
    np.testing.assert_allclose(gamma0[[0, 50], [0, 60]], [0.018405609, 0.035634045], rtol=1e-6)
    assert gamma0.astype(np.float64).mean() == pytest.approx(0.0291954171, rel=1e-6)
    cut = tmp_path / path.name
    cut.symlink_to(path)
    with rasterio.open(path) as raster:
        codes = np.zeros(raster.shape, np.uint8)
        codes[:3] = 2  # layover in the first rows
        with rasterio.open(
            bursts.parse_burst(cut).mask_path,
            "w",
            driver="GTiff",
            count=1,
            dtype="uint8",
            nodata=255,
            crs=raster.crs,
            transform=raster.transform,
            height=100,
            width=100,
        ) as mask:
            mask.write(codes, 1)
    seen, mask_codes = bursts.read_pass([bursts.parse_burst(cut)], grid)
    np.testing.assert_array_equal(seen[3:], gamma0[3:])
    assert np.isnan(seen[:3]).all() and (mask_codes[:3] == 2).all() and (mask_codes[3:] == 0).all()


def test_zeros_of_a_genuine_burst_are_no_data(real):
    path = real(OPERA_CUT.format("IW2", 8) + "VH.tif")
    gamma0 = bursts.read_rtc(path, Grid("EPSG:32611", 30, 247740, 3798180, 100, 100))
    assert np.isnan(gamma0).sum() == 6
    assert gamma0[50, 60] == pytest.approx(0.0007922742, rel=1e-6)


def test_the_twins_tags_are_written_as_those_of_a_genuine_burst(real, tmp_path):
    with rasterio.open(real("opera/browse_test_VV.tif")) as raster:
        theirs = raster.tags()
    name = files.burst_name(35, 73251, 2, ACQUIRED, ACQUIRED)
    ours = files.burst_tags(name, ACQUIRED, "vv")
    assert theirs["BURST_ID"] == ours["BURST_ID"] == "t035_073251_iw2"
    same = ("PLATFORM", "TRACK_NUMBER", "PRODUCT_VERSION", "PRODUCT_LEVEL", "RADAR_BAND", "PROJECT")
    same += ("ACQUISITION_MODE", "LOOK_DIRECTION", "PRODUCT_TYPE")
    same += (
        "PROCESSING_INFORMATION_OUTPUT_BACKSCATTER_EXPRESSION_CONVENTION",
        "PROCESSING_INFORMATION_OUTPUT_BACKSCATTER_NORMALIZATION_CONVENTION",
    )
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    for key in ("ZERO_DOPPLER_START_TIME", "PROCESSING_DATETIME"):
        for told in (ours[key], theirs[key]):
            assert dt.datetime.strptime(told, form)


def test_a_genuine_scene_that_is_not_terrain_corrected_is_refused(real, one_line):
    folder = real("s1/S1A_EW_GRDM_1SDH_20221130T014342_20221130T014446_046117_058549_BB15")
    with pytest.raises(FormatError) as raised:
        bursts.find_bursts([folder / "measurement" / "s1a-ew-grd-hh.tif"])
    one_line(raised, "s1a-ew-grd-hh.tif", "not the name of an OPERA RTC-S1 backscatter file")


# tiles


@pytest.mark.parametrize(
    ("place", "layout", "expected"),
    [
        (beside(FINE, 0, 0, (70, 90)), {}, True),
        (beside(FINE, 32, -16, (70, 90)), {}, True),
        (beside(FINE, 8, 0, (70, 90)), {}, False),
        (beside(FINE, 0, 0, (70, 90)), {"blockysize": 32}, False),
        (Grid("EPSG:3413", 60, FINE.left, FINE.top, 70, 90), {}, False),
    ],
)
def test_tiles_are_those_of_a_grid_where_both_begin_at_one_place(place, layout, expected, tmp_path):
    burst = bursts.parse_burst(tmp_path / GENUINE)
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16, **layout}
    where = {
        "crs": place.crs,
        "transform": Affine.from_gdal(*place.geotransform),
        "width": place.columns,
        "height": place.rows,
    }
    with rasterio.open(
        burst.path, "w", driver="GTiff", count=1, dtype="float32", **where, **tiles
    ) as file:
        file.write(speckled(place.shape), 1)
    assert bursts.has_tiles_of(burst, FINE, 16) is expected
