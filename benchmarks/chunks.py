"""Compare chunkings of the cube: size, and the time to write it, to read a map and a curve.

    python benchmarks/chunks.py results/embedded/maps/multi-sensor/2019

Prints a table for one layer of a season of finished maps, repeated in both directions to the cells
of the production grid. Times are of the processor, as other load of a machine counts less there.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import zarr
from harness import FULL_COLUMNS, FULL_ROWS
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from daymelt.products.conventions import CHUNK
from daymelt.products.zarr_cube import LEVEL

CHUNKINGS = (CHUNK, (8, 256, 256), (32, 64, 64), (61, 64, 64), (1, 256, 256))
SHARD_DAYS = 16  # at least
HEAD = "| chunk (time, y, x) | days of a shard | write, s | MB | map of a day, ms | curve, ms |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("maps", type=Path, help="folder of the maps of a season")
    parser.add_argument("--layer", default="melt")
    arguments = parser.parse_args()
    season = read(arguments.maps, arguments.layer)
    print(HEAD + "\n|---|---:|---:|---:|---:|---:|")
    for chunk in CHUNKINGS:
        print(row(season, chunk), flush=True)


def read(folder: Path, layer: str) -> NDArray[np.uint8]:
    """A layer of every day, (date, y, x)."""
    days = []
    for path in sorted(folder.glob(f"{layer}_[0-9]*.tif")):
        with rasterio.open(path) as file:
            days.append(file.read(1))
    return np.stack(days)


def row(season: NDArray[np.uint8], chunk: tuple[int, int, int]) -> str:
    """A row of the table."""
    days = -(-SHARD_DAYS // chunk[0]) * chunk[0]
    folder = Path(tempfile.mkdtemp(prefix="daymelt-chunks-"))
    try:
        array = created(folder, len(season), chunk, days)
        spent = sum(written(array, season, first, days) for first in range(0, len(season), days))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        rows, columns = np.linspace(0, FULL_ROWS - 1, 5), np.linspace(0, FULL_COLUMNS - 1, 5)
        one_map = median([lambda day=day: array[day] for day in (3, len(season) // 2)])
        curve = median(
            [lambda y=int(y), x=int(x): array[:, y, x] for y, x in zip(rows, columns, strict=True)]
        )
    finally:
        shutil.rmtree(folder)
    times = f"{1000 * one_map:.0f} | {1000 * curve:.1f}"
    return f"| {chunk} | {days} | {spent:.1f} | {size:.0f} | {times} |"


def created(folder: Path, days: int, chunk: tuple[int, int, int], shard_days: int) -> Any:
    """An empty array at full size, a shard over the whole area."""
    sides = (
        -(-size // side) * side
        for size, side in zip((FULL_ROWS, FULL_COLUMNS), chunk[1:], strict=True)
    )
    return zarr.create_array(
        folder / "cube.zarr",
        shape=(days, FULL_ROWS, FULL_COLUMNS),
        dtype="uint8",
        chunks=chunk,
        shards=(shard_days, *sides),
        fill_value=255,
        compressors=ZstdCodec(level=LEVEL),
    )


def written(array: Any, season: NDArray[np.uint8], first: int, days: int) -> float:
    """Write some days; processor time, s."""
    block = season[first : first + days]
    more = (FULL_ROWS - block.shape[1], FULL_COLUMNS - block.shape[2])
    full = np.pad(block, [(0, 0), (0, more[0]), (0, more[1])], mode="symmetric")
    start = time.process_time()
    array[first : first + len(full)] = full
    return time.process_time() - start


def median(reads: list[Callable[[], object]]) -> float:
    """Median processor time of some reads, s."""
    found = []
    for call in reads:
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return statistics.median(found)


if __name__ == "__main__":
    main()
