"""A small published area: maps of two seasons with everything that the viewer shows."""

import datetime as dt
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from steps.publish.finished_maps import GRID, LAYERS, YEARS, Maps, days_of

from daymelt import cli
from daymelt.core.cube import write_layers
from daymelt.core.encoding import FLAG, HEIGHT

PAGE = Path(__file__).parents[2] / "viewer"
MODULES = PAGE / "node_modules"


@dataclass(frozen=True)
class Published:
    """A published folder and the maps that it was made of."""

    maps: Maps

    @property
    def folder(self):
        return self.maps.root / "publish"

    def copy(self, root):
        """The same in another folder, of which files are replaced whole."""
        shutil.copytree(self.maps.root, root, copy_function=os.link, dirs_exist_ok=True)
        return Published(Maps(root))

    def stored(self, layer, day):
        """Stored numbers of a map, (y, x), as GDAL reads them."""
        import rasterio

        path = self.maps.published / f"maps/{day.year}/{layer}_{day}.tif"
        with rasterio.open(path) as file:
            return file.read(1)

    def viewer(self, offline=True, page=PAGE / "src"):
        """The step; its exit status."""
        folder = self.maps.published
        season_maps = [folder / f"seasons/{year}/index.json" for year in YEARS]
        return run(
            *("viewer", "--maps", *(self.maps.index(year) for year in YEARS)),
            *("--season-maps", *season_maps),
            *("--cube", folder / "cube.json", "--outlines", self.folder / "regions.fgb"),
            *("--page", *sorted(page.iterdir()), "--model", folder.name),
            *("--out", self.folder / "index.html", *(("--modules", MODULES) if offline else ())),
        )


def run(step, *arguments):
    """Run a step with the settings of the area; its exit status."""
    area = {**vars(GRID), "name": "small"}
    seasons = {"years": list(YEARS), "months": [days_of(2019)[0].month]}
    sections = {"area": area, "seasons": seasons, "season_maps": {}, "regions": {}}
    return cli.main([step, "--options", json.dumps(sections), *map(str, arguments)])


def seen_of(day: dt.date):
    """Cells that were observed on a day: a third of the days a part, another third all."""
    rows, columns = np.indices(GRID.shape)
    return [columns > 60, rows >= 0, rows < 0][day.toordinal() % 3]


def publish(root: Path) -> Published:
    """Publish maps of two seasons, of which part was observed on some days."""
    maps = Maps(root)
    for year in YEARS:
        maps.write(year)
        for day in days_of(year):
            age = maps_age(maps, day)
            maps.write_map("sar_age", day, age)
        maps.list(year)
    done = [maps.cube(), *regions(maps)]
    for year in YEARS:
        done += season(maps, year)
    assert not any(done)
    return Published(maps)


def maps_age(maps: Maps, day: dt.date):
    """Days to the nearest observation, as stored."""
    return np.where(np.arange(GRID.columns) < 20, 255, np.where(seen_of(day), 0, 2)).astype(
        np.uint8
    )


def regions(maps: Maps):
    """Cells and outlines of the regions; exit statuses."""
    rows, columns = np.indices(GRID.shape)
    height = (10 * columns + 40 * np.sin(rows / 9)).astype(np.float32)
    ocean = (columns < 20).astype(np.float32)
    layers = {"height": (height, HEIGHT), "ocean": (ocean, FLAG), "ice": (1 - ocean, FLAG)}
    write_layers(maps.root / "terrain.nc", layers, grid=GRID)
    yield run(
        *("regions", "--terrain", maps.root / "terrain.nc"),
        *("--cells", maps.root / "cells.parquet"),
        *("--outlines", maps.root / "publish/regions.fgb"),
    )


def season(maps: Maps, year: int):
    """What is of a season, and its daily maps; exit statuses."""
    folder = maps.published
    yield run(
        *("season-maps", "--maps", maps.index(year)),
        *("--out", folder / f"seasons/{year}/index.json"),
    )
    yield run(
        *("region-extents", "--maps", maps.index(year), "--cells", maps.root / "cells.parquet"),
        *("--out", folder / f"regions/{year}.csv"),
        *("--parquet", folder / f"regions/{year}.parquet"),
    )
    target = folder / f"maps/{year}"
    shutil.copytree(maps.root / str(year), target, copy_function=os.link)


__all__ = ["GRID", "LAYERS", "YEARS", "Published", "days_of", "publish"]
