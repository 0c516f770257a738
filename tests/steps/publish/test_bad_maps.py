"""Every step of publishing on maps that are not there or half done, and on a full disk: one line,
exit 2, and nothing half written.
"""

import os
import shutil

import numpy as np
import pytest
from steps.publish.finished_maps import GRID, MODEL, YEARS, Maps, days_of, stored_of

from daymelt.core.cube import write_layers
from daymelt.core.encoding import FLAG, HEIGHT
from daymelt.products.region_files import write_cells

YEAR = 2019
DAY = days_of(YEAR)[20]


def cells_of(maps):
    """A list of the cells of a region, written once."""
    path = maps.root / "cells.parquet"
    if not path.exists():
        cell = np.arange(100, dtype=np.int32)
        write_cells(path, ["some"], np.zeros_like(cell), cell, np.full(cell.size, 0.01))
    return path


def season_maps(maps, out):
    return maps.run("season-maps", "--maps", maps.index(YEAR), "--out", out / "index.json")


def climatology(maps, out):
    lists = [maps.season_list(year) for year in YEARS]
    return maps.run("climatology", "--maps", *lists, "--out", out / "index.json")


def region_extents(maps, out):
    files = ("--out", out / "2019.csv", "--parquet", out / "2019.parquet")
    given = ("--maps", maps.index(YEAR), "--cells", cells_of(maps))
    return maps.run("region-extents", *given, *files)


def cube(maps, out):
    return maps.cube(out=out / "cube.json")


def cube_with_seasons(maps, out):
    return maps.cube(out=out / "cube.json", seasons=True)


def season_file(maps, out):
    return maps.season_file(YEAR, out=out / "small.nc")


def stac_season(maps, out):
    netcdf = maps.root / "small.nc"
    netcdf.touch()
    given = ("--maps", maps.index(YEAR), "--netcdf", netcdf, "--model", MODEL)
    return maps.run("stac-season", *given, "--out", out / "collection.json")


OF_A_SEASON = [season_maps, region_extents, cube, season_file, stac_season]


def left(folder):
    """Files that lie in a folder, without those of a store that lists nothing as complete."""
    return [path for path in folder.rglob("*") if path.is_file() and ".zarr" not in str(path)]


@pytest.mark.parametrize("step", OF_A_SEASON)
def test_an_area_without_maps_is_refused(tmp_path, stopped, step):
    maps, out = Maps(tmp_path / "maps"), tmp_path / "out"
    maps.root.mkdir()
    stopped(step(maps, out), "index.json: not found", "map the season first")
    assert not out.exists()


@pytest.mark.parametrize("step", OF_A_SEASON)
def test_maps_that_another_model_has_half_replaced_are_refused(maps, tmp_path, stopped, step):
    """As after a run of `map` that was killed, beside the list of the run before."""
    out = tmp_path / "out"
    for day in days_of(YEAR)[20:]:
        for layer in ("melt", "melt_mean"):
            maps.write_map(layer, day, stored_of(layer, day, seed=1), model="c" * 64)
    stopped(step(maps, out), f"{DAY}.tif", "model", "map the season again")
    assert left(out) == []


@pytest.mark.parametrize("step", OF_A_SEASON)
def test_a_map_that_is_gone_is_refused(maps, tmp_path, stopped, step):
    out = tmp_path / "out"
    maps.path("sar_age", DAY).unlink()
    stopped(step(maps, out), maps.path("sar_age", DAY), "not found", "map")
    assert left(out) == []


@pytest.fixture(scope="module")
def with_seasons(written, tmp_path_factory):
    """Maps with those of the seasons as a whole, that no test changes."""
    maps = Maps(tmp_path_factory.mktemp("seasons"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True)
    maps.season_maps()
    return maps


def kibibytes(folder):
    """Size of the files of a folder in pages of 4 KiB, as a file system in memory counts."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(4 * -(-path.stat().st_size // 4096) for path in files)


def with_daily_maps_alone(maps, tmp_path):
    """Size of a disk on which a cube has room for the daily maps, but not for those of seasons."""
    assert cube_with_seasons(maps, tmp_path) == 0
    groups = [tmp_path / f"small.zarr/{name}" for name in ("seasons", "climatology")]
    return kibibytes(tmp_path) - sum(map(kibibytes, groups)) // 2


FULL = {season_maps: 16, climatology: 16, region_extents: 4, cube_with_seasons: None}  # KiB


@pytest.mark.parametrize("step", FULL)
def test_a_full_disk_ends_in_one_line_and_nothing_half_written(
    with_seasons, stopped, mount_small_disk, step, tmp_path
):
    size = FULL[step] or with_daily_maps_alone(with_seasons, tmp_path)
    disk = mount_small_disk(f"{size}k")
    stopped(step(with_seasons, disk), disk, "no space left")
    assert [path for path in disk.rglob("*") if ".part" in path.name] == []
    last = ("index.json", "2019.csv", "cube.json")  # what a step writes last
    assert [path.name for path in left(disk) if path.name in last] == []


def test_a_catalogue_for_which_there_is_no_room_is_not_begun(
    with_seasons, stopped, mount_small_disk, tmp_path
):
    maps = Maps(tmp_path / "maps")
    shutil.copytree(with_seasons.root, maps.root, copy_function=os.link)
    assert maps.stac_season_maps() == 0
    maps.catalogue()
    for name in ("catalog.json", f"{MODEL}/collection.json", f"{MODEL}/items.parquet"):
        (maps.root / "publish" / name).unlink()
    shutil.rmtree(maps.published / "netcdf")
    disk = mount_small_disk(f"{kibibytes(maps.root / 'publish') + 8}k")
    shutil.copytree(maps.root / "publish", disk / "publish")
    stopped(Maps(disk).stac_area(), disk, "no space left")
    assert not (disk / "publish/catalog.json").exists()
    assert [path for path in disk.rglob("*") if ".part" in path.name] == []


def test_cells_of_regions_for_which_there_is_no_room(tmp_path, stopped, mount_small_disk):
    disk, maps = mount_small_disk("8k"), Maps(tmp_path)
    flat = np.ones(GRID.shape, "f4")
    layers = {"height": (flat, HEIGHT), "ocean": (0 * flat, FLAG), "ice": (flat, FLAG)}
    write_layers(tmp_path / "terrain.nc", layers, grid=GRID)
    given = ("--terrain", tmp_path / "terrain.nc")
    out = ("--cells", disk / "cells.parquet", "--outlines", disk / "regions.fgb")
    stopped(maps.run("regions", *given, *out), disk, "no space left")
    assert list(disk.iterdir()) == []
