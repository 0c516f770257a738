import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from servers.s3 import S3
from servers.serving import Fault

from daymelt.archives.retry import Policy
from daymelt.core.errors import FormatError, GridError, RetrievalError, StorageError
from daymelt.core.grid import Grid
from daymelt.sources.terrain import arcticdem
from daymelt.sources.terrain import reader as terrain

QUICK = Policy(timeout_s=5, stall_s=5, attempts=2, backoff_s=0.01)
BUCKET = "pgc-opendata-dems"
KEY = "arcticdem/mosaics/v4.1"
TILE = 100  # cells a side
# edges are multiples of 32, like those of the genuine one
MOSAIC = Grid("EPSG:3413", 32, 294_912, -2_566_400, 2 * TILE, 3 * TILE)
AREA = Grid("EPSG:3413", 100, 297_001, -2_567_999, 20, 30)
SOURCE = (
    "<ComplexSource><SourceFilename "
    'relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
    '<SourceProperties RasterXSize="{side}" RasterYSize="{side}" DataType="Float32" '
    'BlockXSize="64" BlockYSize="64"/>'
    '<SrcRect xOff="0" yOff="0" xSize="{side}" ySize="{side}"/><DstRect xOff="{x}" yOff="{y}" '
    'xSize="{side}" ySize="{side}"/>'
    "<NODATA>-9999</NODATA></ComplexSource>"
)


def heights():
    y, x = np.mgrid[: MOSAIC.rows, : MOSAIC.columns]
    field = (500 + 3 * x - 2 * y + np.random.default_rng(0).random(MOSAIC.shape)).astype(np.float32)
    field[:30, :40] = np.nan
    return field


def write_mosaic(folder, field=None):
    """Tiles and the VRT over them, as the archive has them; returns the folder of the mosaic."""
    place = folder / BUCKET / KEY
    (place / "tiles").mkdir(parents=True)
    field = np.where(np.isnan(heights()), -9999, heights()) if field is None else field
    sources = []
    for row in range(2):
        for column in range(3):
            name = f"tiles/{row}_{column}_32m_v4.1_dem.tif"
            profile = {
                "driver": "GTiff",
                "dtype": "float32",
                "count": 1,
                "nodata": -9999,
                "compress": "DEFLATE",
                "tiled": True,
            }
            corner = Affine(
                32, 0, MOSAIC.left + column * TILE * 32, 0, -32, MOSAIC.top - row * TILE * 32
            )
            size = {
                "height": TILE,
                "width": TILE,
                "blockxsize": 64,
                "blockysize": 64,
                "crs": MOSAIC.crs,
                "transform": corner,
            }
            with rasterio.open(place / name, "w", **profile, **size) as tile:
                tile.write(
                    field[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE], 1
                )
            sources.append(SOURCE.format(name=name, side=TILE, x=column * TILE, y=row * TILE))
    numbers = ", ".join(map(str, MOSAIC.geotransform))
    head = (
        f'<VRTDataset rasterXSize="{MOSAIC.columns}" '
        f'rasterYSize="{MOSAIC.rows}"><SRS>EPSG:3413</SRS><GeoTransform>{numbers}</GeoTransform>'
    )
    band = (
        '<VRTRasterBand dataType="Float32" '
        f'band="1"><NoDataValue>-9999</NoDataValue>{"".join(sources)}</VRTRasterBand></VRTDataset>'
    )
    (place / "32m_dem_tiles.vrt").write_text(head + band)
    return place


@pytest.fixture
def shelf(tmp_path):
    write_mosaic(tmp_path / "shelf")
    return tmp_path / "shelf"


@pytest.fixture
def store(shelf):
    with S3(shelf) as server:
        yield server


def options(store, **changes):
    return replace(
        arcticdem.ArcticDemOptions(
            endpoint=store.host, https=False, virtual_hosting=False, policy=QUICK
        ),
        **changes,
    )


def fetch(folder, grid, chosen):
    (remote,) = arcticdem.search(chosen)
    return arcticdem.read_window(remote, folder, grid, chosen)


def window_files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_mosaic_is_one_file_with_its_version_and_nothing_is_asked():
    (remote,) = arcticdem.search(arcticdem.ArcticDemOptions())
    assert remote.url == "s3://pgc-opendata-dems/arcticdem/mosaics/v4.1/32m_dem_tiles.vrt"
    assert (remote.path, remote.version, remote.kind, remote.size) == (
        "arcticdem.tif",
        "4.1",
        "tiff",
        None,
    )


def metres(most):
    """Distances to the millimetre: an edge that misses the lattice by less than some micrometres
    counts as on it.
    """
    return st.floats(0, most).map(lambda distance: round(distance, 3))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    metres(6000),
    metres(3500),
    st.integers(1, 25),
    st.integers(1, 30),
    st.sampled_from([0, 32, 500, 50_000]),
)
def test_a_window_is_the_mosaic_s_own_cells_around_the_grid(
    store, tmp_path, left, down, rows, columns, margin
):
    grid = Grid("EPSG:3413", 100, MOSAIC.left + left, MOSAIC.top - down, rows, columns)
    # by plain arithmetic: the cells of the mosaic that grid and margin touch, as far as the mosaic
    # goes
    bounds = (
        (down - margin) / 32,
        (left - margin) / 32,
        (down + rows * 100 + margin) / 32,
        (left + columns * 100 + margin) / 32,
    )
    r0, c0 = (max(int(np.floor(edge)), 0) for edge in bounds[:2])
    r1, c1 = min(int(np.ceil(bounds[2])), MOSAIC.rows), min(int(np.ceil(bounds[3])), MOSAIC.columns)
    expected = np.where(np.isnan(heights()), -9999, heights())[r0:r1, c0:c1]
    folder = tmp_path / f"{len(window_files(tmp_path))}"
    if (expected == -9999).all():
        with pytest.raises(GridError, match="no height"):
            fetch(folder, grid, options(store, margin_m=margin))
        return
    with rasterio.open(fetch(folder, grid, options(store, margin_m=margin))) as raster:
        assert raster.crs == MOSAIC.crs and raster.nodata == -9999 and raster.dtypes == ("float32",)
        assert raster.transform[:6] == (32, 0, MOSAIC.left + 32 * c0, 0, -32, MOSAIC.top - 32 * r0)
        np.testing.assert_array_equal(raster.read(1), expected)


def test_an_edge_on_the_lattice_adds_no_cell(store, tmp_path):
    grid = Grid("EPSG:3413", 64, MOSAIC.left + 32 * 60, MOSAIC.top - 32 * 70, 10, 15)
    with rasterio.open(fetch(tmp_path / "out", grid, options(store, margin_m=64))) as raster:
        assert raster.bounds == (grid.left - 64, grid.bottom - 64, grid.right + 64, grid.top + 64)


def test_heights_read_from_the_window_are_those_of_the_whole_mosaic(store, shelf, tmp_path):
    path = fetch(tmp_path / "out", AREA, options(store))
    whole = tmp_path / "whole.tif"
    with (
        rasterio.open(shelf / BUCKET / KEY / "32m_dem_tiles.vrt") as vrt,
        rasterio.open(whole, "w", **{**vrt.profile, "driver": "GTiff"}) as out,
    ):
        out.write(vrt.read(1), 1)
    found = terrain.read_height(path, AREA)
    np.testing.assert_array_equal(found, terrain.read_height(whole, AREA))
    assert np.isfinite(found).all()


def test_an_area_in_another_crs_is_covered(store, tmp_path):
    x, y = MOSAIC.centres_in("EPSG:32624")
    grid = Grid("EPSG:32624", 100, float(x.mean()) - 1000, float(y.mean()) + 1000, 20, 20)
    assert np.isfinite(
        terrain.read_height(fetch(tmp_path / "out", grid, options(store)), grid)
    ).all()


def test_only_the_tiles_of_the_window_are_asked_for_and_without_a_signature(store, tmp_path):
    fetch(
        tmp_path / "out",
        Grid("EPSG:3413", 100, MOSAIC.left + 2000, MOSAIC.top - 2000, 5, 5),
        options(store),
    )
    assert {path for path in store.paths() if path.endswith(".tif")} == {
        f"/{BUCKET}/{KEY}/tiles/0_0_32m_v4.1_dem.tif"
    }
    # a signed request would have been refused, a search for sidecars not found
    assert {seen.status for seen in store.seen} <= {200, 206}


def test_what_is_there_is_not_fetched_again_unless_the_area_changed(store, tmp_path):
    path = fetch(tmp_path / "out", AREA, options(store))
    content = path.read_bytes()
    store.seen.clear()
    assert fetch(tmp_path / "out", AREA, options(store)) == path and not store.seen
    path.write_bytes(content[:100])
    assert fetch(tmp_path / "out", AREA, options(store)).read_bytes() == content
    store.seen.clear()
    fetch(tmp_path / "out", replace(AREA, rows=5), options(store))
    assert store.seen


@pytest.mark.parametrize("shift", [(-30_000, 0), (0, 5000), (20_000, 0), (0, -20_000)])
def test_an_area_beyond_the_mosaic_is_refused_with_both_bounds(store, tmp_path, one_line, shift):
    grid = replace(AREA, left=AREA.left + shift[0], top=AREA.top + shift[1])
    with pytest.raises(GridError) as raised:
        fetch(tmp_path / "out", grid, options(store))
    one_line(raised, "ArcticDEM", *grid.bounds, *MOSAIC.bounds)
    assert window_files(tmp_path / "out") == []


def test_an_area_without_any_height_is_refused_with_both_bounds(store, tmp_path, one_line):
    sea = Grid("EPSG:3413", 32, MOSAIC.left + 64, MOSAIC.top - 64, 5, 6)
    with pytest.raises(GridError) as raised:
        fetch(tmp_path / "out", sea, options(store, margin_m=32))
    one_line(raised, "no height", *sea.bounds, *MOSAIC.bounds)
    assert window_files(tmp_path / "out") == []


def truncate(shelf):
    tile = shelf / BUCKET / KEY / "tiles/0_1_32m_v4.1_dem.tif"
    tile.write_bytes(tile.read_bytes()[:5000])


def lose(shelf):
    (shelf / BUCKET / KEY / "tiles/0_1_32m_v4.1_dem.tif").unlink()


def spoil(shelf):
    (shelf / BUCKET / KEY / "32m_dem_tiles.vrt").write_text("<html>no mosaic</html>")


@pytest.mark.parametrize("damage", [truncate, lose, spoil])
def test_a_damaged_mosaic_ends_in_one_line_and_no_file(store, shelf, tmp_path, one_line, damage):
    damage(shelf)
    with pytest.raises(RetrievalError) as raised:
        fetch(tmp_path / "out", AREA, options(store))
    one_line(raised, "ArcticDEM", arcticdem.MOSAIC, "run again")
    assert window_files(tmp_path / "out") == []


FAULTS = [
    Fault(".vrt", None, status=500),
    Fault(".tif", None, status=503),
    Fault("tiles/0_1", None, status=403),
    Fault(".tif", None, after=2, cut_at=600),
    Fault(".vrt", None, status=404),
]


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_after_a_fault_the_next_run_is_whole(store, tmp_path, one_line, number):
    store.faults = [replace(FAULTS[number])]
    with pytest.raises(RetrievalError) as raised:
        fetch(tmp_path / "out", AREA, options(store))
    one_line(raised, "ArcticDEM", arcticdem.MOSAIC)
    assert window_files(tmp_path / "out") == []
    store.faults = []
    again = fetch(tmp_path / "out", AREA, options(store))
    assert again.read_bytes() == fetch(tmp_path / "calm", AREA, options(store)).read_bytes()


def test_a_busy_store_is_asked_again(store, tmp_path):
    store.faults = [Fault(".vrt", status=503), Fault(".tif", after=1, status=500)]
    assert fetch(tmp_path / "out", AREA, options(store)).exists()
    assert [fault.times for fault in store.faults] == [0, 0]


def test_a_store_out_of_reach_is_told_in_one_line(store, tmp_path, one_line):
    with pytest.raises(RetrievalError) as raised:
        fetch(tmp_path / "out", AREA, options(store, endpoint="127.0.0.1:9"))
    one_line(raised, "ArcticDEM", arcticdem.MOSAIC, "check the network")


def test_a_mosaic_on_disk_serves_as_well(shelf, tmp_path):
    chosen = arcticdem.ArcticDemOptions(mosaic=str(shelf / BUCKET / KEY / "32m_dem_tiles.vrt"))
    assert np.isfinite(terrain.read_height(fetch(tmp_path / "out", AREA, chosen), AREA)).all()


def test_another_kind_of_raster_is_refused(tmp_path, one_line):
    path = tmp_path / "picture.tif"
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 3,
        "height": 200,
        "width": 300,
        "crs": MOSAIC.crs,
    }
    with rasterio.open(
        path, "w", **profile, transform=Affine.from_gdal(*MOSAIC.geotransform)
    ) as raster:
        raster.write(np.zeros((3, 200, 300), np.uint8))
    with pytest.raises(FormatError) as raised:
        fetch(tmp_path / "out", AREA, arcticdem.ArcticDemOptions(mosaic=str(path)))
    one_line(raised, path, "3 bands")


def test_a_full_disk_is_told_and_leaves_nothing(store, tmp_path, monkeypatch):
    def broken(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(StorageError, match="no space left"):
        fetch(tmp_path / "out", AREA, options(store))
    monkeypatch.undo()
    assert window_files(tmp_path / "out") == []


def test_the_store_lists_in_pages_what_it_holds(store):
    def keys(**asked):
        text = requests.get(f"{store.base}/{BUCKET}", {"list-type": "2", **asked}, timeout=5).text
        return re.findall(
            "<(?:Key|Prefix)>([^<]+)</", text.partition("<IsTruncated>")[2]
        ), re.findall("<NextContinuationToken>([^<]+)", text)

    everything, more = keys()
    assert len(everything) == 7 and not more
    pages, token = [], {}
    while token is not None:
        found, more = keys(**{"max-keys": "2"}, **token)
        pages += found
        token = {"continuation-token": more[0]} if more else None
    assert pages == everything
    assert keys(prefix=f"{KEY}/", delimiter="/")[0] == [f"{KEY}/32m_dem_tiles.vrt", f"{KEY}/tiles/"]


def test_the_store_serves_from_the_command_line(shelf, tmp_path):
    command = [sys.executable, "-m", "servers.s3", str(shelf), "--seconds", "20"]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        chosen = arcticdem.ArcticDemOptions(
            endpoint=endpoint, https=False, virtual_hosting=False, policy=QUICK
        )
        assert fetch(tmp_path / "out", AREA, chosen).exists()
        process.stdin.close()
        assert process.wait(10) == 0
