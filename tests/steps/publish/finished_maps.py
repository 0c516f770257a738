"""Finished maps of a small area, written as the step `map` leaves them, and the steps that publish
them.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daymelt import cli
from daymelt.core.encoding import MAP_LAYERS, SAR_AGE
from daymelt.core.grid import Grid
from daymelt.products import cog

YEARS, MONTH, MODEL = (2019, 2020), 6, "net"
GRID = Grid("EPSG:3413", 100, 294900, -2566500, 150, 140)
LAYERS = ("melt", "sar_age", "melt_mean", "melt_low", "melt_high")
NODATA = {"sar_age": SAR_AGE.nodata}


def days_of(year):
    return [dt.date(year, MONTH, day) for day in range(1, 31)]


def stored_of(layer, day, seed=0):
    """Stored numbers: smooth in space, other on every day and in every layer, ocean on the left."""
    rows, columns = np.indices(GRID.shape)
    shift = (day.toordinal() * 7 + LAYERS.index(layer) * 31 + seed) % 101
    stored = ((rows + 2 * columns + shift) // 3 % 101).astype(np.uint8)
    if layer == "sar_age":
        stored[50:60] = 254
    stored[:, :20] = 255
    return stored


@dataclass(frozen=True)
class Maps:
    """Folders of maps, a season each, and where their publication goes.

    `call` runs a step, given its name and arguments, and gives its exit status.
    """

    root: Path
    call: Callable[[list[str]], int] = cli.main

    def index(self, year):
        return self.root / str(year) / "index.json"

    def path(self, layer, day):
        return self.root / str(day.year) / f"{layer}_{day}.tif"

    @property
    def published(self):
        return self.root / "publish" / MODEL

    @property
    def store(self):
        return self.published / "small.zarr"

    def write(self, year, layers=LAYERS, model="a" * 64, grid=GRID, **said):
        """Write the maps of a season and their list."""
        for day in days_of(year):
            for layer in layers:
                self.write_map(layer, day, stored_of(layer, day), model, grid)
        for style in ("melt.qml", "sar_age.qml"):
            (self.root / str(year) / style).write_text("<qgis/>")
        self.list(year, layers, model, **said)

    def write_map(self, layer, day, stored, model="a" * 64, grid=GRID):
        encoding = SAR_AGE if layer == "sar_age" else MAP_LAYERS[layer]
        tags = {"date": str(day), "model_checksum": model}
        cog.write_day(self.path(layer, day), stored, grid, encoding, tags, layer)

    def list(self, year, layers=LAYERS, model="a" * 64, **said):
        """Write the list of a season's maps as they are."""
        files = [self.path(layer, day) for day in days_of(year) for layer in layers]
        entries = [
            {
                "path": file.name,
                "size": file.stat().st_size,
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            }
            for file in files
        ]
        about = {"season": year, "area": "small", "model_checksum": model, "inputs": "b" * 64}
        content = {**about, "filled": {}, "sar_gaps": [], **said, "files": entries}
        self.index(year).write_text(json.dumps(content))

    def write_dry_ends(self, year):
        """Dry days before and after the melt of a season, which has an onset and an end then."""
        dry = np.where(stored_of("melt", dt.date(year, MONTH, 1)) == 255, 255, 0).astype(np.uint8)
        for day in (*days_of(year)[:6], *days_of(year)[-6:]):
            for layer in MAP_LAYERS:
                self.write_map(layer, day, dry)
        self.list(year)

    # the steps

    def run(self, step, *arguments, grid=GRID, years=YEARS):
        options = {
            "area": {
                "name": "small",
                "crs": grid.crs,
                "spacing_m": grid.spacing_m,
                "left": grid.left,
                "top": grid.top,
                "rows": grid.rows,
                "columns": grid.columns,
            },
            "seasons": {"years": list(years), "months": [MONTH]},
            "publish": {},
            "season_maps": {"least_seasons": 2, "least_observed": 0},
        }
        return self.call([step, "--options", json.dumps(options), *map(str, arguments)])

    def season_list(self, year):
        return self.published / f"seasons/{year}/index.json"

    @property
    def climatology_list(self):
        return self.published / "climatology/index.json"

    def season_maps(self, years=YEARS):
        """The maps of seasons as a whole, and their climatology."""
        lists = [self.season_list(year) for year in years]
        done = [
            self.run("season-maps", "--maps", self.index(year), "--out", out)
            for year, out in zip(years, lists, strict=True)
        ]
        out = self.climatology_list
        done.append(self.run("climatology", "--maps", *lists, "--out", out, years=years))
        assert not any(done)

    def cube(self, years=YEARS, out=None, seasons=False, **terms):
        """The cube; `seasons`, with the maps of seasons and their climatology."""
        lists = [self.index(year) for year in years]
        out = out or self.published / "cube.json"
        words = ["--maps", *lists, "--out", out]
        if seasons:
            words += ["--season-lists", *(self.season_list(year) for year in years)]
            words += ["--climatology", self.climatology_list]
        return self.run("cube", *words, years=years, **terms)

    def season_file(self, year, out=None, **terms):
        out = out or self.published / f"netcdf/small_{year}.nc"
        return self.run("season-file", "--maps", self.index(year), "--out", out, **terms)

    def stac_season(self, year, **terms):
        netcdf = self.published / f"netcdf/small_{year}.nc"
        out = self.published / f"maps/{year}/collection.json"
        return self.run(
            *("stac-season", "--maps", self.index(year), "--netcdf", netcdf),
            *("--model", MODEL, "--out", out),
            **terms,
        )

    @property
    def season_collection(self):
        return self.published / "seasons/collection.json"

    def stac_season_maps(self, years=YEARS, **terms):
        lists = [self.season_list(year) for year in years]
        return self.run(
            *("stac-season-maps", "--season-lists", *lists),
            *("--climatology", self.climatology_list),
            *("--model", MODEL, "--out", self.season_collection),
            years=years,
            **terms,
        )

    def stac_area(self, years=YEARS):
        collections = [self.published / f"maps/{year}/collection.json" for year in years]
        made = [self.season_collection] if self.season_collection.exists() else []
        return self.run(
            *("stac-area", "--collections", *collections, "--season-maps", *made),
            *("--cube", self.published / "cube.json", "--model", MODEL),
            *("--out", self.root / "publish/catalog.json"),
            years=years,
        )

    def catalogue(self):
        """All steps of the catalogue."""
        done = [self.cube()]
        for year in YEARS:
            done += [self.season_file(year), self.stac_season(year)]
        assert [*done, self.stac_area()] == [0] * 6
        return self.root / "publish/catalog.json"
