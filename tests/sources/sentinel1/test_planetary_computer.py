import datetime as dt
import io
import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from servers.serving import Fault, shortened
from servers.stac import Stac

from daymelt.archives import ranges
from daymelt.archives.retry import Policy
from daymelt.core.errors import (
    ConfigError,
    FormatError,
    MissingCredentialError,
    RetrievalError,
    StorageError,
)
from daymelt.core.grid import Grid
from daymelt.sources.sentinel1 import bursts, planetary_computer
from daymelt.sources.sentinel1 import windows as scenes

QUICK = Policy(timeout_s=5, stall_s=5, attempts=3, backoff_s=0.01, longest_wait_s=1)
BOX = (-39.0, 65.0, -37.0, 67.0)
JULY = dt.date(2019, 7, 1), dt.date(2019, 7, 31)
UTM = Grid("EPSG:32624", 10, 500_000, 7_380_000, 350, 400)  # a scene of 4 km x 3.5 km
SCENE = "S1A_IW_GRDH_1SSH_20190731T090312_20190731T090337_028360_033456_rtc"
INSIDE = Grid("EPSG:32624", 100, 501_004, 7_379_003, 10, 15)  # on no lattice of the scene


def field(seed=0, grid=UTM):
    gamma0 = np.random.default_rng(seed).gamma(4, 0.02, grid.shape).astype(np.float32)
    gamma0[:40] = -32768
    gamma0[:, :30] = 0
    return gamma0


def write_scene(folder, name=SCENE, gamma0=None, grid=UTM, pol="HH", beside=None, **changes):
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "nodata": -32768,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
    }
    place = {
        "crs": grid.crs,
        "transform": Affine.from_gdal(*grid.geotransform),
        "height": grid.rows,
        "width": grid.columns,
    }
    path = folder / f"{name}_{pol}.tif"
    with rasterio.open(
        path, "w", **{**profile, **place, "compress": "DEFLATE", **changes}
    ) as raster:
        raster.write((field(grid=grid) if gamma0 is None else gamma0), 1)
    if beside is not None:
        (folder / f"{name}.json").write_text(json.dumps(beside))
    return path


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(shelf):
    with Stac(shelf, key="a-key") as server:
        yield server


def options(archive, **changes):
    return replace(
        planetary_computer.PlanetaryOptions(
            archive.stac, archive.tokens, (archive.host,), policy=QUICK
        ),
        **changes,
    )


def access(archive):
    return options(archive).access(environ={"PC_SDK_SUBSCRIPTION_KEY": "a-key"})


def scene_of(archive, **changes):
    (scene,) = planetary_computer.search(BOX, *JULY, options(archive, **changes))
    return scene


def window_files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_search_tells_what_the_item_tells(shelf, archive):
    write_scene(shelf, beside={"properties": {"updated": "2019-08-02T01:02:03Z"}})
    scene = scene_of(archive)
    assert (scene.id, scene.path, scene.kind, scene.size) == (
        SCENE,
        f"{SCENE}_HH.tif",
        "tiff",
        None,
    )
    assert scene.url == archive.href(f"{SCENE}_HH.tif")
    assert scene.acquired_at == dt.datetime(2019, 7, 31, 9, 3, 12, tzinfo=dt.UTC)
    # the mission's rule: relative orbit = (absolute - 73) mod 175 + 1 for S1A
    assert (scene.platform, scene.relative_orbit, scene.orbit_pass) == (
        "S1A",
        (28360 - 73) % 175 + 1,
        "descending",
    )
    assert scene.version == "2019-08-02T01:02:03+00:00"


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_every_page_is_read_and_the_order_is_that_of_time(shelf, archive, page):
    days = [
        f"S1A_IW_GRDH_1SSH_{day}T090312_{day}T090337_{orbit:06d}_033456_rtc"
        for day, orbit in ((20190700 + day, 28000 + day) for day in (5, 11, 17, 23, 29))
    ]
    for name in days:
        write_scene(shelf, name, grid=Grid("EPSG:32624", 10, 500_000, 7_380_000, 64, 64))
    archive.most = page
    assert [
        scene.id
        for scene in planetary_computer.search(BOX, *JULY, options(archive, page_size=page))
    ] == days
    assert archive.paths().count("/api/stac/v1/search") == -(-len(days) // page)


def test_items_without_the_polarisation_are_passed_over(shelf, archive, caplog):
    write_scene(shelf, pol="VV")
    with caplog.at_level(logging.INFO):
        assert planetary_computer.search(BOX, *JULY, options(archive)) == []
    assert "1 without hh" in caplog.text
    assert scene_of(archive, polarisation="vv").path == f"{SCENE}_VV.tif"
    with pytest.raises(ConfigError):
        planetary_computer.search(BOX, *JULY, options(archive, polarisation="HH"))


def test_only_the_days_asked_for_are_listed_also_in_their_last_second(shelf, archive):
    small = Grid("EPSG:32624", 10, 500_000, 7_380_000, 64, 64)
    moments = {
        "a": "2019-06-30T23:59:59.9Z",
        "b": "2019-07-01T00:00:00Z",
        "c": "2019-07-31T23:59:59.999999Z",
        "d": "2019-08-01T00:00:00Z",
    }
    for letter, moment in moments.items():
        write_scene(
            shelf, f"{SCENE}{letter}", grid=small, beside={"properties": {"datetime": moment}}
        )
    assert [scene.id[-1] for scene in planetary_computer.search(BOX, *JULY, options(archive))] == [
        "b",
        "c",
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_scene_listed_twice_the_one_updated_last_stands(shelf, archive, turned):
    small = Grid("EPSG:32624", 10, 500_000, 7_380_000, 64, 64)
    stamps = ["2019-08-02T00:00:00Z", "2020-01-01T00:00:00.5Z"]
    for letter, stamp in zip("ab", reversed(stamps) if turned else stamps, strict=True):
        write_scene(
            shelf,
            SCENE[:-5] + letter + "_rtc",
            grid=small,
            beside={"properties": {"updated": stamp}},
        )
    assert scene_of(archive).version.startswith("2020-01-01")


@pytest.mark.parametrize(
    "beside",
    [
        {"properties": {"sat:relative_orbit": 0}},
        {"properties": {"datetime": "soon"}},
        {"id": "../../escape"},
        {"id": ".hidden"},
        {"assets": {"hh": {"href": "http://example.org/plain.tif"}}},
        {"assets": {"hh": {"href": "file:///etc/passwd"}}},
        {"assets": {"hh": None}},
    ],
)
def test_an_item_that_cannot_be_used_hides_no_other(shelf, archive, caplog, beside):
    write_scene(shelf)
    write_scene(shelf, SCENE.replace("0731T", "0730T"), beside=beside)
    assert scene_of(archive).id == SCENE
    assert (
        "1 unreadable" not in caplog.text
        and len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1
    )


def test_a_signature_in_an_address_of_the_catalogue_goes_no_further(shelf, archive):
    write_scene(
        shelf, beside={"assets": {"hh": {"href": f"{archive.href(SCENE + '_HH.tif')}?sig=secret"}}}
    )
    assert scene_of(archive).url == archive.href(f"{SCENE}_HH.tif")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"<html>", b'{"features": 3}', b'{"features": [3], "links": 3}', b"[" * 100_000],
)
def test_an_answer_that_is_no_list_of_items_is_refused(archive, one_line, body):
    archive.faults = [Fault("search", None, status=200, body=body)]
    with pytest.raises(FormatError) as raised:
        planetary_computer.search(BOX, *JULY, options(archive))
    one_line(raised, "STAC", archive.stac, "check the endpoint")


def test_pages_in_a_circle_come_to_an_end(archive):
    link = {
        "rel": "next",
        "href": f"{archive.stac}/search?token=again",
        "type": "application/geo+json",
    }
    body = json.dumps({"type": "FeatureCollection", "features": [{}], "links": [link]}).encode()
    archive.faults = [Fault("search", None, status=200, body=body)]
    with pytest.raises(RetrievalError, match="do not end"):
        planetary_computer.search(BOX, *JULY, options(archive))


def test_a_busy_catalogue_is_asked_again(shelf, archive):
    write_scene(shelf)
    archive.faults = [
        Fault("search", status=503),
        Fault("search", status=429, headers={"Retry-After": "0"}),
    ]
    assert scene_of(archive).id == SCENE


def test_a_catalogue_out_of_reach_is_told_in_one_line(archive, one_line):
    with pytest.raises(RetrievalError) as raised:
        planetary_computer.search(BOX, *JULY, options(archive, endpoint="http://127.0.0.1:9/api"))
    one_line(raised, "http://127.0.0.1:9/api/search", "3 attempts")


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    left=st.floats(-9000, 11000),
    top=st.floats(-8000, 9000),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    spacing=st.sampled_from([10, 30, 100]),
)
def test_a_window_is_the_scene_s_own_pixels_around_the_grid(
    shelf, archive, tmp_path, left, top, rows, columns, spacing
):
    if not (shelf / f"{SCENE}_HH.tif").exists():
        write_scene(shelf)
    grid = Grid("EPSG:32624", spacing, UTM.left + left, UTM.top + top, rows, columns)
    truth = np.where((field() == 0) | (field() == -32768), np.nan, field())
    # by plain arithmetic: the pixels of the scene that the grid touches
    r0, r1 = (
        int(np.floor(max(-top / 10, 0))),
        int(np.ceil(min((-top + rows * spacing) / 10, UTM.rows))),
    )
    c0, c1 = (
        int(np.floor(max(left / 10, 0))),
        int(np.ceil(min((left + columns * spacing) / 10, UTM.columns))),
    )
    touched = truth[r0:r1, c0:c1] if r1 > r0 and c1 > c0 else np.empty((0, 0))
    folder = tmp_path / f"{time.monotonic_ns()}"
    paths = planetary_computer.read_window(scene_of(archive), folder, grid, access(archive), QUICK)
    if not paths:
        assert not np.isfinite(touched).any() and window_files(folder) == []
        return
    with rasterio.open(paths[0]) as image, rasterio.open(paths[1]) as mask:
        assert (
            image.crs == UTM.crs
            and image.res == (10, 10)
            and np.isnan(image.nodata)
            and image.dtypes == ("float32",)
        )
        row, column = (
            round((UTM.top - image.bounds.top) / 10),
            round((image.bounds.left - UTM.left) / 10),
        )
        assert (
            image.transform.f == UTM.top - 10 * row and image.transform.c == UTM.left + 10 * column
        )
        assert (
            row <= r0 and column <= c0 and row + image.height >= r1 and column + image.width >= c1
        )
        assert (
            row >= r0 - 4
            and column >= c0 - 4
            and row + image.height <= r1 + 4
            and column + image.width <= c1 + 4
        )
        expected = truth[row : row + image.height, column : column + image.width]
        np.testing.assert_array_equal(image.read(1), expected)
        np.testing.assert_array_equal(mask.read(1), np.where(np.isnan(expected), 255, 0))


def test_a_window_reads_as_a_pass_and_as_a_raster(shelf, archive, tmp_path):
    write_scene(shelf)
    paths = planetary_computer.read_window(
        scene_of(archive), tmp_path / "out", INSIDE, access(archive), QUICK
    )
    (burst,) = planetary_computer.find_scenes(paths)
    assert (burst.path, burst.mask_path) == tuple(paths)
    assert (burst.burst_id, burst.platform, burst.polarisation) == (SCENE, "S1A", "hh")
    assert burst.acquired_at == dt.datetime(2019, 7, 31, 9, 3, 12, tzinfo=dt.UTC)
    assert list(bursts.passes([burst])) == [(dt.date(2019, 7, 31), (28360 - 73) % 175 + 1)]
    gamma0, mask = bursts.read_pass([burst], INSIDE)
    np.testing.assert_array_equal(gamma0, bursts.read_rtc(shelf / f"{SCENE}_HH.tif", INSIDE))
    assert (mask == 0).all() and np.isfinite(gamma0).all()
    assert planetary_computer.find_scenes(paths, "vv") == []


def test_an_area_in_another_crs_gets_every_pixel_it_needs(shelf, archive, tmp_path):
    write_scene(shelf)
    polar = Grid("EPSG:3413", 100, 0, 0, 12, 12)
    x, y = UTM.centres_in("EPSG:3413")
    polar = replace(polar, left=float(x.mean()) - 600, top=float(y.mean()) + 600)
    paths = planetary_computer.read_window(
        scene_of(archive), tmp_path / "out", polar, access(archive), QUICK
    )
    gamma0, _ = bursts.read_pass(planetary_computer.find_scenes(paths), polar)
    np.testing.assert_array_equal(gamma0, bursts.read_rtc(shelf / f"{SCENE}_HH.tif", polar))
    assert np.isfinite(gamma0).all()


def test_only_a_window_is_fetched(shelf, archive, tmp_path, monkeypatch):
    monkeypatch.setattr(ranges, "PIECE", 1 << 14)
    big = Grid("EPSG:32624", 10, 500_000, 7_380_000, 1000, 1000)
    size = (
        write_scene(
            shelf,
            gamma0=np.random.default_rng(0).random(big.shape, np.float32),
            grid=big,
            blockxsize=64,
            blockysize=64,
        )
        .stat()
        .st_size
    )
    scene = scene_of(archive)
    before = archive.sent
    assert planetary_computer.read_window(scene, tmp_path / "out", INSIDE, access(archive), QUICK)
    assert archive.sent - before < size / 10


def test_a_window_of_several_strips_is_one_of_one_strip(shelf, archive, tmp_path, monkeypatch):
    tall = Grid("EPSG:32624", 10, 500_000, 7_380_000, 1100, 64)
    write_scene(shelf, grid=tall)
    whole = planetary_computer.read_window(
        scene_of(archive), tmp_path / "one", tall, access(archive), QUICK
    )
    monkeypatch.setattr(scenes, "STRIP_PIXELS", 1)  # hence of 512 rows
    strips = planetary_computer.read_window(
        scene_of(archive), tmp_path / "two", tall, access(archive), QUICK
    )
    assert [path.read_bytes() for path in whole] == [path.read_bytes() for path in strips]
    with rasterio.open(whole[0]) as image:
        np.testing.assert_array_equal(
            image.read(1), np.where(field(grid=tall) > 0, field(grid=tall), np.nan)
        )


@pytest.mark.parametrize("nothing", [0, -32768, np.nan, -0.01])
def test_a_scene_without_a_valid_pixel_is_left_out_and_listed(
    shelf, archive, tmp_path, caplog, nothing
):
    write_scene(shelf, gamma0=np.full(UTM.shape, nothing, np.float32))
    scene = scene_of(archive)
    with caplog.at_level(logging.INFO):
        found = planetary_computer.retrieve([scene], tmp_path / "out", UTM, access(archive), QUICK)
    assert (
        found == planetary_computer.Retrieved((), (scene,)) and window_files(tmp_path / "out") == []
    )
    assert f"{SCENE}: no valid pixel" in caplog.text


def test_a_scene_beside_the_area_is_left_out(shelf, archive, tmp_path):
    write_scene(shelf)
    far = replace(INSIDE, left=600_000)
    assert (
        planetary_computer.read_window(
            scene_of(archive), tmp_path / "out", far, access(archive), QUICK
        )
        == []
    )


def test_what_is_there_is_not_fetched_again_unless_the_area_or_the_version_changed(
    shelf, archive, tmp_path
):
    write_scene(shelf)
    scene, out = scene_of(archive), tmp_path / "out"
    paths = planetary_computer.read_window(scene, out, INSIDE, access(archive), QUICK)
    content = [path.read_bytes() for path in paths]
    archive.seen.clear()
    assert (
        planetary_computer.read_window(scene, out, INSIDE, access(archive), QUICK) == paths
        and not archive.seen
    )
    for again in (lambda: paths[1].unlink(), lambda: paths[0].write_bytes(content[0][:200])):
        again()
        planetary_computer.read_window(scene, out, INSIDE, access(archive), QUICK)
        assert [path.read_bytes() for path in paths] == content
    archive.seen.clear()
    planetary_computer.read_window(scene, out, replace(INSIDE, rows=8), access(archive), QUICK)
    assert archive.seen
    archive.seen.clear()
    planetary_computer.read_window(
        replace(scene, version="2021-01-01T00:00:00+00:00"),
        out,
        replace(INSIDE, rows=8),
        access(archive),
        QUICK,
    )
    assert archive.seen


def test_several_scenes_come_in_their_order(shelf, archive, tmp_path):
    names = [SCENE.replace("20190731T", f"201907{day}T") for day in range(10, 14)]
    for number, name in enumerate(names):
        write_scene(shelf, name, field(number))
    done = []
    found = planetary_computer.retrieve(
        planetary_computer.search(BOX, *JULY, options(archive)),
        tmp_path / "out",
        INSIDE,
        access(archive),
        QUICK,
        lambda scene: done.append(scene.id),
    )
    assert done == names and not found.empty
    assert [path.name for path in found.paths] == [
        f"{name}_{part}.tif" for name in names for part in ("HH", "mask")
    ]
    for number, path in enumerate(found.paths[::2]):
        np.testing.assert_array_equal(
            bursts.read_rtc(path, INSIDE),
            bursts.read_rtc(shelf / f"{names[number]}_HH.tif", INSIDE),
        )


def test_a_scene_that_does_not_come_leaves_the_others(shelf, archive, tmp_path, one_line):
    names = [SCENE.replace("20190731T", f"201907{day}T") for day in range(10, 14)]
    for name in names:
        write_scene(shelf, name)
    found = planetary_computer.search(BOX, *JULY, options(archive))
    archive.faults = [Fault(names[1], None, status=500), Fault(names[2], None, status=404)]
    with pytest.raises(RetrievalError) as raised:
        planetary_computer.retrieve(found, tmp_path / "out", INSIDE, access(archive), QUICK)
    one_line(raised, "2 of 4 scenes", names[1])
    assert window_files(tmp_path / "out") == sorted(
        f"{name}_{part}.tif" for name in (names[0], names[3]) for part in ("HH", "mask")
    )
    archive.faults = [Fault(names[1], None, status=404)]
    with pytest.raises(RetrievalError) as raised:
        planetary_computer.retrieve(found, tmp_path / "out", INSIDE, access(archive), QUICK)
    one_line(raised, names[1], "not found")


def test_a_refusal_ends_the_retrieval_at_once(shelf, archive, tmp_path):
    for day in range(10, 22):
        write_scene(
            shelf,
            SCENE.replace("20190731T", f"201907{day}T"),
            grid=Grid("EPSG:32624", 10, 500_000, 7_380_000, 200, 300),
        )
    found = planetary_computer.search(BOX, *JULY, options(archive))
    archive.faults = [Fault(".tif", None, status=403)]
    one_at_a_time = replace(QUICK, connections_per_host=1)
    with pytest.raises(MissingCredentialError):
        planetary_computer.retrieve(found, tmp_path / "out", INSIDE, access(archive), one_at_a_time)
    assert len([path for path in archive.paths() if path.endswith(".tif")]) < 4


def test_a_token_that_is_revoked_halfway_is_renewed(shelf, archive, tmp_path, monkeypatch):
    monkeypatch.setattr(ranges, "PIECE", 1 << 12)
    monkeypatch.setattr("daymelt.archives.signing.NEW_S", 0)
    write_scene(shelf)
    scene, rights = scene_of(archive), access(archive)
    rights.sign(scene.url)
    archive.revoke()
    assert planetary_computer.read_window(scene, tmp_path / "out", INSIDE, rights, QUICK)
    assert len(archive.issued) == 2 and 403 in [seen.status for seen in archive.seen]


def test_a_token_about_to_end_is_renewed_before_it_is_refused(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(ranges, "PIECE", 1 << 12)
    monkeypatch.setattr("daymelt.archives.signing.MARGIN_S", 2.9)
    write_scene(shelf, blockxsize=64, blockysize=64)
    with Stac(shelf, lifetime_s=3) as archive:
        archive.faults = [Fault(".tif", None, delay_s=0.05)]
        scene = scene_of(archive)
        assert planetary_computer.read_window(
            scene, tmp_path / "out", INSIDE, access(archive), QUICK
        )
        assert len(archive.issued) > 1 and 403 not in [seen.status for seen in archive.seen]


def test_a_desk_that_refuses_names_the_key_where_one_is_set(shelf, archive, tmp_path, one_line):
    write_scene(shelf)
    for environ, told in (
        ({}, "without a key, which needs none"),
        ({"PC_SDK_SUBSCRIPTION_KEY": "wrong-key"}, "unset it"),
    ):
        with pytest.raises(MissingCredentialError) as raised:
            planetary_computer.read_window(
                scene_of(archive),
                tmp_path / "out",
                INSIDE,
                options(archive).access(environ=environ),
                QUICK,
            )
        one_line(raised, "401", told)
        assert ("PC_SDK_SUBSCRIPTION_KEY" in str(raised.value)) is bool(environ)
        assert "wrong-key" not in str(raised.value)
    assert window_files(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("whole", "told"),
    [
        (ranges.Whole(size=7), "expected 7 as the catalogue tells"),
        (ranges.Whole(checksum="md5:" + "0" * 32), f"expected {'0' * 32} as the catalogue tells"),
    ],
)
def test_a_file_that_is_not_the_items_is_refused(shelf, archive, tmp_path, one_line, whole, told):
    write_scene(shelf)
    scene = scene_of(archive)
    assert scene.whole.size and scene.whole.checksum.startswith("md5:")
    with pytest.raises(RetrievalError) as raised:
        planetary_computer.read_window(
            replace(scene, whole=whole), tmp_path / "out", INSIDE, access(archive), QUICK
        )
    one_line(raised, scene.url, told)
    assert window_files(tmp_path / "out") == []


def test_without_an_instant_of_its_item_the_version_of_a_scene_is_its_checksum(
    shelf, archive, tmp_path
):
    write_scene(shelf)
    scene = scene_of(archive)
    assert scene.updated == "" and scene.version == scene.whole.checksum
    image, _mask = planetary_computer.read_window(
        scene, tmp_path / "out", INSIDE, access(archive), QUICK
    )
    assert planetary_computer.read_scene_tags(image).processed_at == scene.acquired_at
    before = image.stat().st_mtime_ns
    changed = replace(scene, version="md5:" + "0" * 32)
    planetary_computer.read_window(changed, tmp_path / "out", INSIDE, access(archive), QUICK)
    assert image.stat().st_mtime_ns > before  # another file is another scene


def test_a_search_after_the_end_of_the_collection_says_so(shelf, archive, caplog):
    planetary_computer.search(
        BOX, dt.date(2026, 6, 1), planetary_computer.LAST_DAY, options(archive)
    )
    assert "collection ended" not in caplog.text
    planetary_computer.search(BOX, dt.date(2026, 6, 1), dt.date(2026, 6, 30), options(archive))
    assert "no scene after 2026-06-25" in caplog.text and "sentinel1.provider: opera" in caplog.text


def test_the_key_is_told_to_the_desk_alone(shelf, archive, tmp_path):
    write_scene(shelf)
    planetary_computer.read_window(
        scene_of(archive), tmp_path / "out", INSIDE, access(archive), QUICK
    )
    told = {
        seen.path.split("/")[2]
        for seen in archive.seen
        if "ocp-apim-subscription-key" in seen.headers
    }
    assert told == {"sas"}


def test_no_log_file_or_message_holds_a_token_or_the_key(shelf, archive, tmp_path, caplog):
    write_scene(shelf)
    with caplog.at_level(logging.DEBUG):
        scene, rights = scene_of(archive), access(archive)
        paths = planetary_computer.read_window(scene, tmp_path / "out", INSIDE, rights, QUICK)
        archive.faults = [Fault(".tif", None, after=1, status=500)]
        with pytest.raises(RetrievalError) as raised:
            planetary_computer.read_window(scene, tmp_path / "other", UTM, rights, QUICK)
    texts = [
        caplog.text,
        repr(raised.value),
        repr(rights),
        *(path.read_bytes().decode("latin-1") for path in paths),
    ]
    secrets = [
        "a-key",
        *(
            part.partition("=")[2]
            for token in archive.issued
            for part in token.split("&")
            if part.startswith("sig")
        ),
    ]
    assert len(secrets) > 1
    assert [secret for secret in secrets for text in texts if secret in text] == []


TEXT = {"Content-Range": "bytes 0-3/4"}
FAULTS = {
    "a page with status 200": (
        Fault(".tif", None, status=200, body=b"<!DOCTYPE html><html>log in"),
        MissingCredentialError,
        "page",
    ),
    "not a raster": (
        Fault(".tif", None, status=206, headers={"Content-Range": "bytes 0-3/4"}, body=b"text"),
        FormatError,
        "expected a GeoTIFF",
    ),
    "no ranges": (Fault(".tif", None, status=200, body=b"II*\0"), RetrievalError, "byte ranges"),
    "gone": (Fault(".tif", None, status=404), RetrievalError, "not found"),
    "broken for long": (Fault(".tif", None, status=500), RetrievalError, "3 attempts"),
    "a wait too long": (
        Fault(".tif", None, status=429, headers={"Retry-After": "999"}),
        RetrievalError,
        "run again later",
    ),
    "cut each time": (Fault(".tif", None, cut_at=3000), RetrievalError, "3 attempts"),
    "cut each time, later": (
        Fault(".tif", None, after=1, cut_at=3000),
        RetrievalError,
        "3 attempts",
    ),
    "forbidden": (
        Fault(".tif", None, status=403),
        MissingCredentialError,
        "PC_SDK_SUBSCRIPTION_KEY",
    ),
    "shorter than its header says": (
        Fault(".tif", None, change=shortened(200_000)),
        FormatError,
        "not a whole readable raster",
    ),
    "changed while it was read": (
        Fault(".tif", None, after=1, change=shortened(1)),
        RetrievalError,
        "changed while",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_in_one_line_and_no_file_and_the_next_run_is_whole(
    shelf, archive, tmp_path, monkeypatch, one_line, name
):
    monkeypatch.setattr(ranges, "PIECE", 1 << 14)
    fault, kind, text = FAULTS[name]
    write_scene(shelf)
    scene, out = replace(scene_of(archive), whole=ranges.UNTOLD), tmp_path / "out"
    archive.faults = [replace(fault)]
    with pytest.raises(kind) as raised:
        planetary_computer.read_window(scene, out, UTM, access(archive), QUICK)
    one_line(raised, scene.url, text)
    assert "?" not in str(raised.value)
    assert window_files(out) == []
    archive.faults = []
    again = planetary_computer.read_window(scene, out, UTM, access(archive), QUICK)
    undisturbed = planetary_computer.read_window(
        scene, tmp_path / "calm", UTM, access(archive), QUICK
    )
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in undisturbed]


def test_what_passes_by_itself_leaves_no_trace(shelf, archive, tmp_path, monkeypatch):
    monkeypatch.setattr(ranges, "PIECE", 1 << 14)
    write_scene(shelf)
    calm = planetary_computer.read_window(
        scene_of(archive), tmp_path / "calm", UTM, access(archive), QUICK
    )
    archive.faults = [
        Fault(".tif", after=1, status=503),
        Fault(".tif", after=2, status=429, headers={"Retry-After": "0"}),
        Fault(".tif", after=3, cut_at=9000),
        Fault("token", status=500),
    ]
    again = planetary_computer.read_window(
        scene_of(archive), tmp_path / "again", UTM, access(archive), QUICK
    )
    assert [fault.times for fault in archive.faults] == [0, 0, 0, 0]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in calm]


@pytest.mark.parametrize(
    "changes", [{"dtype": "int16", "nodata": None}, {"crs": None}, {"count": 2}]
)
def test_another_kind_of_raster_is_refused(shelf, archive, tmp_path, one_line, changes):
    grid = Grid("EPSG:32624", 10, 500_000, 7_380_000, 64, 64)
    write_scene(shelf, gamma0=np.ones(grid.shape, np.float32), grid=grid)
    scene = replace(scene_of(archive), whole=ranges.UNTOLD)
    write_scene(shelf, gamma0=np.ones(grid.shape, np.float32), grid=grid, **changes)
    with pytest.raises(FormatError) as raised:
        planetary_computer.read_window(scene, tmp_path / "out", grid, access(archive), QUICK)
    one_line(raised, scene.url)


def test_too_little_room_is_told_before_anything_is_read(shelf, archive, tmp_path, monkeypatch):
    write_scene(shelf)
    real = os.statvfs

    def full(path):
        return os.statvfs_result((*real(path)[:4], 10, *real(path)[5:]))

    monkeypatch.setattr(os, "statvfs", full)
    with pytest.raises(StorageError, match="GB free"):
        planetary_computer.read_window(
            scene_of(archive), tmp_path / "out", UTM, access(archive), QUICK
        )
    monkeypatch.undo()
    assert window_files(tmp_path / "out") == []


def test_a_file_without_our_tags_is_refused(shelf, one_line):
    with pytest.raises(FormatError) as raised:
        planetary_computer.read_scene_tags(write_scene(shelf))
    one_line(raised, f"{SCENE}_HH.tif", "ITEM")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reads=st.lists(st.tuples(st.integers(0, 110_000), st.integers(0, 30_000)), max_size=15))
def test_a_file_of_ranges_reads_as_the_file_itself(shelf, archive, reads):
    content = np.random.default_rng(0).bytes(100_001)
    (shelf / "plain_HH.bin").write_bytes(content)
    rights = access(archive)
    with pytest.MonkeyPatch.context() as patch, rights.session() as session:
        patch.setattr(ranges, "PIECE", 1 << 12)
        patch.setattr(ranges, "PIECES_KEPT", 3)
        remote, plain = (
            ranges.RangeFile(archive.href("plain_HH.bin"), rights, session, QUICK),
            io.BytesIO(content),
        )
        for at, size in reads:
            assert remote.seek(at) == plain.seek(at)
            assert remote.read(size) == plain.read(size)
            assert remote.tell() == min(plain.tell(), max(at, plain.tell()))
        assert remote.seek(0, 2) == len(content)


def test_the_catalogue_serves_from_the_command_line(shelf):
    write_scene(shelf)
    tests = Path(__file__).parents[2]
    command = [sys.executable, "-m", "servers.stac", str(shelf), "--seconds", "20"]
    with subprocess.Popen(
        command, cwd=tests, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        about = json.loads(process.stdout.readline())
        found = planetary_computer.search(
            BOX,
            *JULY,
            planetary_computer.PlanetaryOptions(
                about["stac"], about["tokens"], (about["storage"],), policy=QUICK
            ),
        )
        assert [scene.id for scene in found] == [SCENE]
        process.stdin.close()
        assert process.wait(10) == 0
