import errno
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from products.layout import check_day
from rasterio.shutil import copy
from rio_cogeo.cogeo import cog_validate

from daymelt.core.encoding import NEVER_SEEN, PERCENT, SAR_AGE
from daymelt.core.errors import FormatError, GridError, MissingInputError, StorageError
from daymelt.core.grid import Grid, same_crs
from daymelt.products.cog import read_cells, read_day, read_tags, write_day

ALBERS = (
    "+proj=aea +lat_1=62 +lat_2=76 +lat_0=70 +lon_0=-40 +x_0=0 +y_0=0 +datum=WGS84 "
    "+units=m +no_defs"
)


@pytest.fixture
def written(tmp_path, melt, grid, tags):
    path = tmp_path / "melt_2019-07-31.tif"
    write_day(path, melt, grid, PERCENT, tags, "melting share of the cell")
    return path


@pytest.fixture
def age(grid):
    stored = (np.add.outer(np.arange(256), np.arange(256)) // 40).astype(np.uint8)
    stored[:40] = NEVER_SEEN
    stored[:, :33] = 255
    return stored


def rewrite(path, **changes):
    """Write the GeoTIFF at `path` again with some of its properties changed."""
    with rasterio.open(path) as file:
        band, profile = file.read(1), file.profile
        scales, units, tags = file.scales, file.units, file.tags()
    values = changes.pop("values", band)
    scales, units = changes.pop("scales", scales), changes.pop("units", units)
    profile.update(changes)
    with rasterio.open(path, "w", **profile) as file:
        for index in range(1, profile["count"] + 1):
            file.write(values, index)
        file.scales, file.units = scales * profile["count"], units * profile["count"]
        file.update_tags(**tags)


def test_a_day_passes_the_strict_validator_without_a_warning(written):
    assert cog_validate(written, strict=True, quiet=True) == (True, [], [])


def test_a_day_reads_back_as_it_was_written(written, melt, grid, tags):
    np.testing.assert_array_equal(read_day(written, grid, PERCENT), melt)
    assert read_tags(written) == tags
    check_day(written, grid, PERCENT)


@settings(max_examples=25, deadline=None)
@given(
    stored=hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=st.sampled_from([*range(101), 255]),
    ),
    spacing=st.sampled_from([10, 100, 333.5]),
)
def test_any_layer_on_any_grid_reads_back_and_checks(stored, spacing, tmp_path_factory):
    grid = Grid("EPSG:32622", spacing, 500000.5, 7500000, *stored.shape)
    path = tmp_path_factory.mktemp("any") / "melt.tif"
    write_day(path, stored, grid, PERCENT, {"date": "2020-04-01"}, "melt")
    np.testing.assert_array_equal(read_day(path, grid, PERCENT), stored)
    check_day(path, grid, PERCENT)


def test_a_reader_that_applies_the_scale_sees_a_fraction(written, melt):
    with rasterio.open(written) as file:
        values = np.ma.filled(file.read(1, masked=True) * file.scales[0] + file.offsets[0], np.nan)
    assert np.nanmin(values) == 0 and np.nanmax(values) == 1
    np.testing.assert_array_equal(np.isnan(values), melt == 255)


@pytest.mark.parametrize(
    ("shape", "overviews"),
    [((1300, 700), [2, 4]), ((700, 512), [2]), ((512, 512), [2]), ((2, 700), [2]), ((700, 3), [2])],
)
def test_a_grid_of_any_form_has_overviews_until_one_block_holds_it(tmp_path, shape, overviews):
    grid = Grid("EPSG:3413", 100, 228900, -2445900, *shape)
    stored = np.add.outer(np.arange(shape[0]), np.arange(shape[1])).astype(np.uint8) % 101
    write_day(tmp_path / "melt.tif", stored, grid, PERCENT, {}, "melt")
    check_day(tmp_path / "melt.tif", grid, PERCENT)
    with rasterio.open(tmp_path / "melt.tif") as file:
        assert file.overviews(1) == overviews


def test_never_seen_is_never_averaged_into_an_age(tmp_path, age, grid):
    path = tmp_path / "sar_age.tif"
    write_day(path, age, grid, SAR_AGE, {}, "days to the nearest observation")
    check_day(path, grid, SAR_AGE)
    with rasterio.open(path, overview_level=0) as file:
        overview = file.read(1)
    seen = age[age < NEVER_SEEN]
    assert set(np.unique(overview)) <= {*range(seen.max() + 1), NEVER_SEEN, 255}
    assert (overview[:20, 17:] == NEVER_SEEN).all() and (overview[:, :16] == 255).all()


def test_equal_content_gives_equal_bytes_whatever_the_name_and_the_order_of_the_tags(
    tmp_path, written, melt, grid, tags
):
    other = tmp_path / "elsewhere" / "other.tif"
    write_day(other, melt, grid, PERCENT, dict(reversed(tags.items())), "melting share of the cell")
    assert other.read_bytes() == written.read_bytes()


def test_nothing_lies_beside_the_file_even_with_a_crs_that_has_no_code(tmp_path, melt):
    grid = Grid(ALBERS, 100, -5000, 7000, 256, 256)
    path = tmp_path / "melt.tif"
    write_day(path, melt, grid, PERCENT, {"date": "2019-07-31"}, "melt")
    check_day(path, grid, PERCENT)
    assert [found.name for found in tmp_path.iterdir()] == ["melt.tif"]


def test_memory_files_do_not_outlive_a_write(tmp_path, melt, grid):
    before = memory_of_this_process()
    for _ in range(60):
        write_day(tmp_path / "melt.tif", melt, grid, PERCENT, {}, "melt")
    assert memory_of_this_process() - before < 60 * melt.nbytes / 3


def memory_of_this_process():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# what must not be written


def test_a_field_of_another_shape_is_refused(tmp_path, melt, grid):
    with pytest.raises(
        GridError, match=r"melt.tif: melt_fraction has shape \(255, 256\), the grid \(256, 256\)"
    ):
        write_day(tmp_path / "melt.tif", melt[1:], grid, PERCENT, {}, "melt")


@pytest.mark.parametrize(("value", "encoding"), [(101, PERCENT), (254, PERCENT)])
def test_a_number_that_is_no_percent_is_refused(tmp_path, melt, grid, value, encoding):
    melt[200, 200] = value
    with pytest.raises(ValueError, match=f"holds {value}, expected at most 100"):
        write_day(tmp_path / "melt.tif", melt, grid, encoding, {}, "melt")


def test_a_field_that_is_not_in_stored_form_is_refused(tmp_path, melt, grid):
    with pytest.raises(ValueError, match="is float32, expected uint8"):
        write_day(tmp_path / "melt.tif", melt.astype(np.float32), grid, PERCENT, {}, "melt")


@pytest.mark.parametrize("tag", [{"Date": "x"}, {"two words": "x"}, {"größe": "x"}, {"filled": ""}])
def test_a_tag_that_would_be_lost_or_changed_is_refused(tmp_path, melt, grid, tag):
    with pytest.raises(ValueError, match="tag"):
        write_day(tmp_path / "melt.tif", melt, grid, PERCENT, tag, "melt")


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, melt, grid, monkeypatch):
    def full(path, content):
        with open(path, "wb") as file:
            file.write(content[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"melt.tif: cannot be written: no space left"):
        write_day(tmp_path / "melt.tif", melt, grid, PERCENT, {}, "melt")
    assert list(tmp_path.iterdir()) == []


# what a check must find


def test_a_missing_file_is_a_missing_input(tmp_path, grid):
    with pytest.raises(MissingInputError, match=r"melt.tif: not found"):
        check_day(tmp_path / "melt.tif", grid, PERCENT)


@pytest.mark.parametrize("kept", [0, 7, 300, 2000, -1000, -1])
def test_a_truncated_file_is_refused(written, grid, kept):
    written.write_bytes(written.read_bytes()[:kept])
    with pytest.raises(FormatError, match=r"melt_2019-07-31.tif: .*; delete it and map again"):
        check_day(written, grid, PERCENT)


def test_a_file_that_is_no_tiff_is_refused(written, grid):
    written.write_text("<html>not found</html>" * 20)
    with pytest.raises(FormatError, match="not readable as GeoTIFF"):
        check_day(written, grid, PERCENT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nodata": 254}, r"nodata 254.0, expected 255.0"),
        ({"nodata": None}, r"nodata None, expected 255.0"),
        ({"scales": (1.0,)}, r"scale 1.0, expected 0.01"),
        ({"units": ("K",)}, r"unit K, expected 1"),
        ({"count": 2}, r"bands 2, expected 1"),
        ({"dtype": "uint16"}, r"type uint16, expected uint8"),
        ({"crs": "EPSG:3031"}, r"crs EPSG:3031, expected EPSG:3413"),
        ({"crs": None}, r"crs none, expected EPSG:3413"),
        ({"transform": rasterio.Affine(100, 0, 294950, 0, -100, -2566500)}, r"transform .*294950"),
        ({}, r"no Cloud-Optimized GeoTIFF \(The offset"),
    ],
)
def test_a_file_that_is_not_the_product_is_refused(written, grid, changes, message):
    changes = {"driver": "GTiff", "tiled": True, "blockxsize": 512, "blockysize": 512, **changes}
    rewrite(written, **changes)
    with pytest.raises(FormatError, match=message):
        check_day(written, grid, PERCENT)


def test_a_file_on_another_grid_is_refused(written, grid):
    with pytest.raises(FormatError, match=r"size \(256, 256\), expected \(128, 128\)"):
        check_day(written, grid.refine(200), PERCENT)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"overview_resampling": "nearest", "compress": "DEFLATE"},
            "overview 1 of 1 is not the mean of the layer",
        ),
        (
            {"overview_resampling": "average", "compress": "LZW"},
            "compression lzw, expected deflate",
        ),
        (
            {"overview_resampling": "average", "compress": "DEFLATE", "blocksize": 256},
            r"block \(256, 256\), expected \(512, 512\)",
        ),
        (
            {"overview_resampling": "average", "compress": "DEFLATE", "overview_count": 2},
            "overviews 2, expected 1",
        ),
    ],
)
def test_another_valid_cog_is_not_ours(tmp_path, written, grid, options, message):
    other = tmp_path / "other.tif"
    copy(
        written,
        other,
        **{
            "driver": "COG",
            "blocksize": 512,
            "overviews": "IGNORE_EXISTING",
            "overview_count": 1,
            **options,
        },
    )
    with pytest.raises(FormatError, match=message):
        check_day(other, grid, PERCENT)


def test_a_percent_above_a_hundred_is_found_when_read_back(tmp_path, age, grid):
    path = tmp_path / "melt.tif"
    write_day(path, age, grid, SAR_AGE, {}, "age")
    with pytest.raises(FormatError, match=r"scale 1.0, expected 0.01"):
        check_day(path, grid, PERCENT)


# what another version of GDAL says


def test_the_command_line_tools_agree_on_everything_a_reader_needs(tool, written, grid, tags):
    said = json.loads(
        subprocess.run(
            [tool("gdalinfo"), "-json", "-stats", written],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    (band,) = said["bands"]
    assert said["driverShortName"] == "GTiff" and said["size"] == [256, 256]
    assert said["geoTransform"] == list(grid.geotransform)
    assert same_crs(said["coordinateSystem"]["wkt"], "EPSG:3413")
    assert said["metadata"]["IMAGE_STRUCTURE"] == {
        "COMPRESSION": "DEFLATE",
        "INTERLEAVE": "BAND",
        "LAYOUT": "COG",
        "PREDICTOR": "2",
    }
    assert {
        name: value for name, value in said["metadata"][""].items() if name.startswith("DAYMELT_")
    } == {f"DAYMELT_{name.upper()}": value for name, value in tags.items()}
    assert (band["type"], band["noDataValue"], band["scale"], band["unit"]) == (
        "Byte",
        255,
        0.01,
        "1",
    )
    assert band["description"] == "melting share of the cell"
    assert band["block"] == [512, 512] and [overview["size"] for overview in band["overviews"]] == [
        [128, 128]
    ]
    assert (band["minimum"], band["maximum"]) == (0, 100)


def test_the_command_line_tools_read_the_same_numbers(tool, tmp_path, written, melt):
    raw = tmp_path / "raw.bin"
    subprocess.run(
        [tool("gdal_translate"), "-q", "-of", "ENVI", written, raw], check=True, capture_output=True
    )
    np.testing.assert_array_equal(np.fromfile(raw, np.uint8).reshape(256, 256), melt)


def test_single_cells_are_those_of_the_whole_layer(tmp_path, melt, grid, tags):
    path = tmp_path / "melt.tif"
    write_day(path, melt, grid, PERCENT, tags, "melt")
    cells = [(0, 0), (255, 255), (17, 130), (200, 3)]
    assert read_cells(path, grid, PERCENT, cells).tolist() == [melt[cell] for cell in cells]
    with pytest.raises(FormatError):
        read_cells(path, Grid(grid.crs, 100, grid.left + 100, grid.top, 256, 256), PERCENT, cells)
    with pytest.raises(MissingInputError):
        read_cells(tmp_path / "none.tif", grid, PERCENT, cells)
