"""Season maps, extents of regions, cube and NetCDF file of one season from its daily maps."""

import datetime as dt
import hashlib
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from common import season, study_grid
from harness import Case, Setting, Stage
from numcodecs import Zstd
from numpy.typing import NDArray

from daymelt.core.dates import season_days
from daymelt.core.encoding import MAP_LAYERS, SAR_AGE
from daymelt.core.manifest import checksum
from daymelt.products import cog, conventions, season_netcdf, zarr_cube
from daymelt.products.map_files import AGE, LAYERS
from daymelt.products.region_files import write_cells
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import SeasonMaps
from daymelt.steps.publish.cube import cube
from daymelt.steps.publish.region_extents import region_extents
from daymelt.steps.publish.season_file import season_file
from daymelt.steps.publish.season_maps import season_maps

MODEL = hashlib.sha256(b"benchmark").hexdigest()
KINDS = 8  # different days; the others are links to them
BANDS = 6


def prepare(setting: Setting) -> None:
    """A season of maps with an interval, and the cells of some elevation bands."""
    folder, grid = Path(setting.folder), study_grid(setting)
    files = []
    for number, day in enumerate(days_of(setting)):
        for name, encoding in (*MAP_LAYERS.items(), ("age", SAR_AGE)):
            path = folder / (AGE if name == "age" else LAYERS[name]).format(day=day)
            if number < KINDS:
                stored = layer(grid.shape, name, number)
                cog.write_day(path, stored, grid, encoding, {"model_checksum": MODEL}, name)
            else:
                earlier = season(KINDS)[number % KINDS]
                source = (AGE if name == "age" else LAYERS[name]).format(day=earlier)
                path.hardlink_to(folder / source)
            files.append({"path": path.name, "size": path.stat().st_size, "sha256": checksum(path)})
    about = {"season": 2019, "area": "benchmark", "model_checksum": MODEL, "inputs": MODEL}
    about |= {"filled": {}, "sar_gaps": [], "files": files}
    (folder / "index.json").write_text(json.dumps(about))
    cells = np.arange(grid.rows * grid.columns, dtype=np.int32)
    bands = cells % BANDS + 1
    names = ["whole area", *map(str, range(BANDS))]
    region = np.concatenate([np.zeros_like(cells), bands.astype(np.int32)])
    area = np.full(2 * cells.size, grid.cell_km2)
    write_cells(folder / "cells.parquet", names, region, np.concatenate([cells, cells]), area)


def layer(shape: tuple[int, int], name: str, seed: int) -> NDArray[np.uint8]:
    """A smooth field with a border of no data, wetter by the bound; in the age, distances."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    wave = np.sin(y / 97 + seed) + np.cos(x / 61 + seed / 2)
    shift = {"melt_low": -0.4, "melt_high": 0.4}.get(name, 0)
    field = 5 * (wave + 2) if name == "age" else 100 * np.clip(wave + shift, 0, 1)
    field[:, : shape[1] // 10] = 255
    return field.astype(np.uint8)


def days_of(setting: Setting) -> list[dt.date]:
    """The days of the months that a setting reaches into, which are mapped as a whole."""
    months = sorted({day.month for day in season(setting.days)})
    return season_days(2019, months)


def of_season(setting: Setting) -> dict[str, Any]:
    """Sections of the settings."""
    grid = study_grid(setting)
    area = Area(crs=grid.crs, left=grid.left, top=grid.top, rows=grid.rows, columns=grid.columns)
    months = sorted({day.month for day in days_of(setting)})
    rules = SeasonMaps()
    return {"area": area, "seasons": Seasons(years=[2019], months=months), "season_maps": rules}


def reading(setting: Setting) -> None:
    """Every layer of every day, read once."""
    folder = Path(setting.folder)
    for day in days_of(setting):
        for name in (*LAYERS.values(), AGE):
            read(folder, name, day)


def read(folder: Path, name: str, day: dt.date) -> NDArray[np.uint8]:
    with rasterio.open(folder / name.format(day=day)) as file:
        return np.asarray(file.read(1))


def maps_case(setting: Setting) -> Case:
    """All maps of a season, against reading the daily ones."""
    folder, sections = Path(setting.folder), of_season(setting)

    def ours() -> None:
        season_maps(folder / "index.json", folder / "season" / "index.json", **sections)

    return Case(ours, floor=lambda: reading(setting))


def extents_case(setting: Setting) -> Case:
    """Extents of all regions on every day, against reading the daily maps."""
    folder, sections = Path(setting.folder), of_season(setting)
    inputs = folder / "index.json", folder / "cells.parquet"

    def ours() -> None:
        region_extents(*inputs, folder / "extents.csv", folder / "extents.parquet", **sections)

    return Case(ours, floor=lambda: reading(setting))


def cube_case(setting: Setting) -> Case:
    """The cube of a season, against reading the daily maps and compressing the same chunks."""
    folder, sections = Path(setting.folder), of_season(setting)
    codec = Zstd(level=zarr_cube.LEVEL)

    def ours() -> None:
        shutil.rmtree(folder / "cube", ignore_errors=True)
        sections_of_cube = {name: sections[name] for name in ("area", "seasons")}
        cube([folder / "index.json"], folder / "cube" / "cube.json", **sections_of_cube)

    return Case(ours, lambda: compressing(setting, codec.encode), lambda: reading(setting))


def file_case(setting: Setting) -> Case:
    """The NetCDF file of a season, against reading the daily maps and compressing the same
    chunks.
    """
    folder, sections = Path(setting.folder), of_season(setting)

    def ours() -> None:
        sections_of_file = {name: sections[name] for name in ("area", "seasons")}
        season_file(folder / "index.json", folder / "season.nc", **sections_of_file)

    def deflate(chunk: NDArray[np.uint8]) -> bytes:
        return zlib.compress(chunk.tobytes(), season_netcdf.LEVEL)

    return Case(ours, lambda: compressing(setting, deflate), lambda: reading(setting))


def compressing(setting: Setting, encode: Callable[[NDArray[np.uint8]], object]) -> None:
    """Read every layer of every day, and compress them in the chunks of the cube."""
    folder, (length, height, width) = Path(setting.folder), conventions.CHUNK
    days = days_of(setting)
    for name in (*LAYERS.values(), AGE):
        for first in range(0, len(days), length):
            block = np.stack([read(folder, name, day) for day in days[first : first + length]])
            for row in range(0, setting.rows, height):
                for column in range(0, setting.columns, width):
                    chunk = block[:, row : row + height, column : column + width]
                    encode(np.ascontiguousarray(chunk))


def of_a_season(name: str, what: str, beside: str, case: Callable[[Setting], Case]) -> Stage:
    """A stage on the maps of a season, measured once."""
    words = name, what, beside, None
    floor = case, "reading the daily maps", prepare
    return Stage(*words, *floor, days=183, growth=None, repeats=1)


CHUNKS = "reading and compressing the same chunks"
STAGES = [
    of_a_season("cube", "cube of a season of 183 days", CHUNKS, cube_case),
    of_a_season("season-file", "NetCDF file of a season", CHUNKS, file_case),
    of_a_season("season-maps", "maps of a season of 183 days", "", maps_case),
    of_a_season("region-extents", "daily extents of 7 regions in a season", "", extents_case),
]
