"""The steps of publishing in processes that are killed at random moments, while others read.

A process is ended by SIGKILL or SIGTERM, at a moment drawn evenly from the time in which it writes;
its end included. All the while a reader opens what there is: it meets what is complete, or nothing.
"""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from steps.publish.finished_maps import LAYERS, YEARS, Maps, days_of, stored_of

KILLS = {"cube": 10, "season-file": 4, "stac-season": 4, "stac-season-maps": 4, "stac-area": 4}
LOOK_S = 0.01
pytestmark = pytest.mark.kills
Reader = Callable[[], None]


@dataclass
class Killer:
    """Runs steps in processes, and kills some.

    Parameters
    ----------
    moment : generator of the moments and signals
    folder : what the steps write
    read : is called again and again while a process runs, and when it has ended
    kills : kills that are left
    met : signal of every kill, and seconds after the first write
    longest : seconds from the first write to the end
    """

    moment: random.Random
    folder: Path
    read: Reader
    kills: int = 0
    met: list[tuple[str, float]] = field(default_factory=list)
    longest: float = 0.0

    def __call__(self, words: list[str]) -> int:
        """Run a step to its end, which may be a kill; its exit status."""
        before, began, end = newest(self.folder), 0.0, np.inf
        process = subprocess.Popen(
            [sys.executable, "-m", "daymelt", *words], stderr=subprocess.PIPE, text=True
        )
        while process.poll() is None:
            if not began and newest(self.folder) != before:
                began = time.monotonic()
                end = began + self.moment.uniform(0, self.longest) if self.kills else np.inf
            if time.monotonic() >= end:
                self.kill(process, time.monotonic() - began)
                break
            if began:
                self.read()
            time.sleep(LOOK_S)
        said = process.communicate()[1]
        self.read()
        if process.returncode == 0 and not self.kills:
            self.longest = max(self.longest, time.monotonic() - began if began else 0)
        ends = [-signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM]  # the second: at its end
        assert process.returncode == 0 or process.returncode in ends, said
        return process.returncode

    def kill(self, process: subprocess.Popen, after: float) -> None:
        """End a process; one that is asked to end leaves no temporary file."""
        number = self.moment.choice([signal.SIGKILL, signal.SIGTERM])
        process.send_signal(number)
        process.wait()
        self.kills -= 1
        self.met.append((number.name, round(after, 2)))
        if number == signal.SIGTERM:
            mine = [
                path for path in self.folder.rglob(".*part*") if f"-{process.pid}-" in path.name
            ]
            assert mine == []


def newest(folder: Path) -> int:
    """Time of the latest change in a folder, ns; a folder changes with every file in it that is
    replaced.
    """
    times = [0]
    for inner, _, _ in os.walk(folder):
        with contextlib.suppress(FileNotFoundError):  # removed in the meantime
            times.append(Path(inner).stat().st_mtime_ns)
    return max(times)


def tree(folder: Path) -> dict[str, str]:
    """Digest of every file of a folder, by its name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def check_survival(
    made: Maps,
    folder: Path,
    step: str,
    run: Callable[[Maps], int],
    reader: Callable[[Maps], Reader],
) -> list[tuple[str, float]]:
    """Run a step undisturbed, then kill it at random moments, each run up to its end, and compare.

    Parameters
    ----------
    made : what the step finds
    run : the step
    reader : function that gives the reader of a folder
    """
    maps, killer = begin(made, folder / "whole", reader)
    assert run(maps) == 0
    wanted, longest = tree(maps.published), killer.longest
    met, number = [], 0
    while len(met) < KILLS[step]:
        maps, killer = begin(made, folder / f"killed-{number}", reader)
        killer.moment, killer.longest = random.Random(f"{step} {number}"), longest
        killer.kills = KILLS[step] - len(met)
        while run(maps) != 0:
            pass
        assert tree(maps.published) == wanted
        met += killer.met
        number += 1
    return met


def begin(made: Maps, folder: Path, reader: Callable[[Maps], Reader]) -> tuple[Maps, Killer]:
    """A copy of what a step finds, and how its processes run."""
    shutil.copytree(made.root, folder, copy_function=os.link)
    killer = Killer(random.Random(0), folder / "publish", reader(Maps(folder)))
    return Maps(folder, killer), killer


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """Maps, and maps of seasons, of which nothing else is published."""
    maps = Maps(tmp_path_factory.mktemp("made"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True)
    maps.season_maps()
    return maps


def raster(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def reader_of_cube(maps: Maps) -> Reader:
    """Reader of the store that has the rasters of all maps at hand."""
    daily = {
        (layer, year): np.stack([raster(maps.path(layer, day)) for day in days_of(year)])
        for layer in LAYERS
        for year in YEARS
    }

    def read() -> None:
        if not (maps.store / "zarr.json").is_file():
            return
        tree = xr.open_datatree(maps.store, engine="zarr", consolidated=True, mask_and_scale=False)
        seasons = tree.attrs["seasons"]
        met = sorted(set(tree.time.dt.year.values.tolist())) if "time" in tree else []
        assert met == seasons
        for (layer, year), wanted in daily.items():
            if year in seasons:
                assert np.array_equal(tree[layer].sel(time=str(year)).values, wanted), layer
        if "seasons" in tree.children:
            check_maps(maps, tree["seasons"].to_dataset(), "seasons/{year}/{layer}_{year}.tif")
        if "climatology" in tree.children:
            found = tree["climatology"].to_dataset()
            check_maps(maps, found, "climatology/{layer}_{year}.tif")

    return read


def check_maps(maps: Maps, found: xr.Dataset, name: str) -> None:
    """Compare the layers along the seasons, all of which are there, with their rasters."""
    assert found.season.values.tolist() == found.attrs["seasons"] == list(YEARS)
    for layer in (layer for layer in found.data_vars if "season" in found[layer].dims):
        for year in YEARS:
            wanted = raster(maps.published / name.format(layer=layer, year=year))
            assert np.array_equal(found[layer].sel(season=year).values, wanted), layer


def test_a_cube_that_is_killed_shows_complete_seasons_or_none(made, tmp_path):
    met = check_survival(
        made, tmp_path, "cube", lambda maps: maps.cube(seasons=True), reader_of_cube
    )
    assert {name for name, _ in met} == {"SIGKILL", "SIGTERM"}


def reader_of_file(maps: Maps) -> Reader:
    """Reader of the NetCDF file of a season."""
    wanted = np.stack([raster(maps.path("melt_low", day)) for day in days_of(2019)])

    def read() -> None:
        path = maps.published / "netcdf/small_2019.nc"
        if path.exists():
            with xr.open_dataset(path, mask_and_scale=False) as file:
                assert np.array_equal(file.melt_low.values, wanted)

    return read


def test_a_netcdf_file_that_is_killed_is_whole_or_absent(made, tmp_path):
    check_survival(
        made, tmp_path, "season-file", lambda maps: maps.season_file(2019), reader_of_file
    )


def reader_of_catalogue(maps: Maps) -> Reader:
    """Reader of every document that there is, and of what a collection lists."""

    def read() -> None:
        for path in (maps.root / "publish").rglob("[!.]*.json"):
            if path.name in ("index.json", "zarr.json", "cube.json"):
                continue
            document = json.loads(path.read_text())
            for asset in document.get("assets", {}).values():
                file = path.parent / asset["href"]
                assert file.exists()
                assert "file:size" not in asset or file.stat().st_size == asset["file:size"]
            for link in document["links"]:
                assert link["rel"] not in ("item", "child") or (path.parent / link["href"]).exists()

    return read


def stac_step(maps: Maps, step: str) -> int:
    """A step of the catalogue."""
    if step == "stac-season":
        return maps.stac_season(2019)
    return maps.stac_area() if step == "stac-area" else maps.stac_season_maps()


@pytest.mark.parametrize("step", ["stac-season", "stac-season-maps", "stac-area"])
def test_a_catalogue_that_is_killed_lists_what_is_there(made, tmp_path, step):
    before = Maps(tmp_path / "before")
    shutil.copytree(made.root, before.root)
    if step == "stac-season":
        assert before.season_file(2019) == 0
    if step == "stac-area":
        assert before.stac_season_maps() == 0
        before.catalogue()
        (before.root / "publish/catalog.json").unlink()
        for path in (before.published / "items.parquet", before.published / "collection.json"):
            path.unlink()
    check_survival(
        before, tmp_path / "runs", step, lambda maps: stac_step(maps, step), reader_of_catalogue
    )


def test_a_changed_day_that_is_killed_is_as_it_was_or_as_it_is_or_not_listed(made, tmp_path):
    """A reader meets the season as it was, as it is, or none."""
    before, day = Maps(tmp_path / "before"), days_of(2020)[20]
    shutil.copytree(made.root, before.root)
    assert before.cube() == 0
    old = raster(before.path("melt", day))
    before.write_map("melt", day, stored_of("melt", day, seed=40))
    before.list(2020)
    new = raster(before.path("melt", day))

    def reader(maps: Maps) -> Reader:
        def is_right() -> bool:
            found = xr.open_zarr(maps.store, consolidated=True, mask_and_scale=False)
            assert 2019 in found.attrs["seasons"]
            if 2020 not in found.attrs["seasons"]:
                return 2020 not in found.time.dt.year
            values = found.melt.sel(time=str(day)).values
            return np.array_equal(values, old) or np.array_equal(values, new)

        def read() -> None:
            """Opened before the change and read after it, a shard is another file, once."""
            with contextlib.suppress(RuntimeError):
                if is_right():
                    return
            assert is_right()

        return read

    check_survival(before, tmp_path / "runs", "cube", lambda maps: maps.cube(), reader)
