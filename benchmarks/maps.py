"""The daily product: a day as a Cloud-Optimized GeoTIFF."""

import dataclasses
import statistics
import zlib
from pathlib import Path

import numpy as np
import rasterio
from common import study_grid
from harness import Case, Setting, Stage
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT, encode
from daymelt.products.cog import write_day
from daymelt.products.pyramid import Codes, level_count, pyramid
from daymelt.twin import nature
from daymelt.twin.terrain import terrain

SEED, SEASON = 42, 2019
FIRST_DAY, KEPT = (
    120,
    (170, 190, 211, 230),
)  # of the year: the snow is dry on 1 May; 20 June, 10 July, 31 July, 19 August
LARGEST_MB = 2.5


def prepare(setting: Setting) -> None:
    """The twin's true melt on some days, from a dry snow on 1 May on."""
    grid = study_grid(setting)
    land = terrain(grid, grid, SEED)
    place, air = nature.exposure(land, grid, grid, SEED), nature.weather(SEASON, SEED)
    store = np.zeros(grid.shape, np.float32)
    kept = KEPT[:1] if setting.quick else KEPT
    for index in range(FIRST_DAY, kept[-1]):
        store = nature.next_store(store, nature.air_temperature(place, air, index))
        if index + 1 in kept:
            melt = np.where(land.ocean, np.float32(np.nan), nature.melt_fraction(store))
            np.save(Path(setting.folder) / f"{index + 1}.npy", encode(melt, PERCENT))


def cog_case(setting: Setting) -> Case:
    """Overviews, tags and fsync included, against DEFLATE alone of the blocks of all levels, at the
    same level with the same predictor.
    """
    grid, folder = study_grid(setting), Path(setting.folder)
    days = [np.load(path).astype(np.uint8) for path in sorted(folder.glob("*.npy"))]
    levels = [[day, *pyramid(day, Codes(255), level_count(grid.shape, 512))] for day in days]

    def ours() -> None:
        for number, day in enumerate(days):
            write_day(folder / f"{number}.tif", day, grid, PERCENT, {"date": "2019-07-31"}, "melt")

    def deflate() -> int:
        return sum(_deflated(level) for day in levels for level in day)

    case = Case(ours, deflate)

    def check() -> str:
        sizes = [(folder / f"{number}.tif").stat().st_size / 1e6 for number in range(len(days))]
        for number, day in enumerate(days):
            with rasterio.open(folder / f"{number}.tif") as file:
                if not np.array_equal(file.read(1), day):
                    raise AssertionError("a GeoTIFF holds other numbers")
        case.facts.update({"MB": [round(size, 2) for size in sizes]})
        blocks = f"{deflate() / 1e6 / len(days):.2f} MB a day compressed alone"
        return (
            f"{statistics.median(sizes):.2f} MB median of {len(days)} days of the twin "
            f"({min(sizes):.2f} to {max(sizes):.2f}; {blocks})"
        )

    case.check = check
    return case


def _deflated(level: NDArray[np.uint8]) -> int:
    """Bytes of the blocks of a level: differences along rows, then DEFLATE, as GDAL makes them; a
    block at the edge is filled up.
    """
    total = 0
    for row in range(0, level.shape[0], 512):
        for column in range(0, level.shape[1], 512):
            block = level[row : row + 512, column : column + 512]
            if block.shape != (512, 512):
                block = np.pad(block, [(0, 512 - side) for side in block.shape], mode="edge")
            total += len(zlib.compress(np.diff(block, axis=1, prepend=np.uint8(0)).tobytes(), 4))
    return total


def size_case(setting: Setting) -> Case:
    """Size of the files, MB, of the same days."""
    timed = cog_case(setting)
    folder = Path(setting.folder)

    def size(*_: float) -> float:
        return statistics.median(path.stat().st_size / 1e6 for path in folder.glob("*.tif"))

    return dataclasses.replace(timed, common=None, value=size, check=timed.check)


STAGES = [
    Stage(
        "cog",
        "COG, four days of the full grid",
        "DEFLATE of the same blocks alone",
        1.5,
        cog_case,
        prepare=prepare,
    ),
    Stage(
        "cog-size",
        "COG of a day, median size in MB",
        "(MB)",
        LARGEST_MB,
        size_case,
        prepare=prepare,
        growth=None,
        repeats=1,
    ),
]
