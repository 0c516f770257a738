"""Hot steps beside the obvious way of doing them, in one run on one machine: medians, their ratio, and whether both agree.

    python benchmarks/kernels.py            # production size, 2863 x 1633 cells
    python benchmarks/kernels.py --quick    # small: shows only that it runs

Timings depend on the machine and on what else runs there; the ratios much less. The obvious way is written as fast as that way allows.
"""

import argparse
import datetime as dt
import statistics
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject
from scipy.ndimage import gaussian_filter

from daymelt.encoding import PERCENT
from daymelt.grid import Grid
from daymelt.products.cog import write_day
from daymelt.science import backscatter, regrid, temporal, windows

REPEATS = 5


@dataclass(frozen=True)
class Case:
    """One hot step: our way and the obvious one, and the largest difference between what they give."""

    name: str
    obvious_way: str
    ours: Callable[[], object]
    obvious: Callable[[], object]
    difference: Callable[[], float]


def cases(grid: Grid, folder: Path) -> Iterator[Case]:
    """Every case at the size of a grid."""
    random = np.random.default_rng(0)
    yield window_case(grid, random)
    yield regrid_case(grid, random)
    yield fraction_case(grid, random)
    yield ssim_case(grid, random)
    yield map_case(grid, random, folder)


def window_case(grid: Grid, random: np.random.Generator) -> Case:
    """Time-interpolated SAR of a month against averaging the six rasters of each day."""
    acquired = [dt.date(2019, 4, 1) + dt.timedelta(2 * n) for n in range(20)]
    days = [dt.date(2019, 4, 5) + dt.timedelta(n) for n in range(30)]
    stack = random.integers(0, 101, (len(acquired), *grid.shape)).astype(np.uint8)
    stack[random.random(stack.shape) < 0.4] = 255

    def average(day: dt.date) -> np.ndarray:
        chosen = [i for i, one in enumerate(acquired) if one < day][-3:] + [i for i, one in enumerate(acquired) if one > day][:3]
        fields = np.where(stack[chosen] == 255, np.float32(np.nan), stack[chosen] * np.float32(0.01))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.nanmean(fields, axis=0)

    def difference() -> float:
        pairs = ((field, average(day)) for day, field in temporal.window_mean(stack, acquired, days[:3]))
        return max(float(np.nanmax(np.abs(one - other))) for one, other in pairs)

    ours = lambda: [None for _ in temporal.window_mean(stack, acquired, days)]  # noqa: E731
    return Case("time-interpolated SAR, 30 days", "nanmean of six rasters a day", ours, lambda: [average(day) for day in days], difference)


def regrid_case(grid: Grid, random: np.random.Generator) -> Case:
    """A 5 km field onto 100 m by way of the 1 km posting, against rasterio's bilinear warp of it."""
    source = Grid(grid.crs, 5000, grid.left - 10_000, grid.top + 10_000, grid.rows // 50 + 5, grid.columns // 50 + 5)
    field = random.random(source.shape).astype(np.float32)
    posting = grid.posting(1000)
    x, y = np.meshgrid(source.x, source.y)
    weights = regrid.linear_weights(x.ravel(), y.ravel(), posting)
    along = regrid.axis_weights(posting.y, grid.y), regrid.axis_weights(posting.x, grid.x)

    def ours() -> np.ndarray:
        return regrid.upsample(regrid.apply_weights(weights, field, posting.shape), *along)

    def warp() -> np.ndarray:
        out = np.empty(grid.shape, np.float32)
        places = {"src_transform": Affine.from_gdal(*source.geotransform), "dst_transform": Affine.from_gdal(*grid.geotransform)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            reproject(field, out, **places, src_crs=grid.crs, dst_crs=grid.crs, resampling=Resampling.bilinear)
        return out

    # two triangles of a cell and a bilinear patch differ inside the cell: that is the method's, not an error
    return Case("regrid one field to 100 m", "rasterio bilinear reproject", ours, warp, lambda: float(np.abs(ours() - warp()).mean()))


def fraction_case(grid: Grid, random: np.random.Generator) -> Case:
    """30 m melt to 100 m cells by exact area, against GDAL's averaging warp of the same flags."""
    fine = grid.refine(30)
    melting, valid = random.random(fine.shape) < 0.3, np.ones(fine.shape, bool)
    shares = backscatter.cell_shares(fine, grid)

    def ours() -> np.ndarray:
        return backscatter.melt_fraction(melting, valid, shares, 0.5)[0]

    def warp() -> np.ndarray:
        out = np.empty(grid.shape, np.float32)
        places = {"src_transform": Affine.from_gdal(*fine.geotransform), "dst_transform": Affine.from_gdal(*grid.geotransform)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            reproject(melting.astype(np.float32), out, **places, src_crs=grid.crs, dst_crs=grid.crs, resampling=Resampling.average)
        return out

    return Case("melt fraction, 30 m to 100 m", "rasterio average reproject", ours, warp, lambda: float(np.abs(ours() - warp()).max()))


def ssim_case(grid: Grid, random: np.random.Generator) -> Case:
    """The window mean of SSIM against scipy's Gaussian filter."""
    field, kernel = random.random(grid.shape), windows.gaussian_kernel(10, 35)
    ours = lambda: windows.inner_mean(field, kernel)  # noqa: E731
    obvious = lambda: gaussian_filter(field, 10, radius=35)[35:-35, 35:-35]  # noqa: E731
    return Case("window mean of SSIM", "scipy gaussian_filter", ours, obvious, lambda: float(np.abs(ours() - obvious()).max()))


def map_case(grid: Grid, random: np.random.Generator, folder: Path) -> Case:
    """One day as GeoTIFF, overviews and fsync included, against DEFLATE alone of the same blocks."""
    rough = gaussian_filter(random.standard_normal(grid.shape), 3) * 12
    melt = np.rint(100 * np.clip(rough + 0.3, 0, 1)).astype(np.uint8)
    path = folder / "melt.tif"

    def deflate() -> int:
        blocks = ((row, column) for row in range(0, grid.rows, 512) for column in range(0, grid.columns, 512))
        return sum(len(zlib.compress(melt[r : r + 512, c : c + 512].tobytes(), 6)) for r, c in blocks)

    def read_back() -> float:
        with rasterio.open(path) as file:
            return float(np.abs(file.read(1).astype(int) - melt).max())

    ours = lambda: write_day(path, melt, grid, PERCENT, {"date": "2019-07-31"}, "melt")  # noqa: E731
    return Case("GeoTIFF of one day", "DEFLATE of its blocks, no file", ours, deflate, read_back)


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of several calls, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small grid, one repeat")
    quick = parser.parse_args().quick
    grid = Grid("EPSG:3413", 100, 228900, -2445900, *((300, 200) if quick else (2863, 1633)))
    print(f"{grid.rows} x {grid.columns} cells; medians of {1 if quick else REPEATS}; ratio = obvious / ours\n")
    print(f"{'step':<32}{'ours, s':>10}{'obvious, s':>12}{'ratio':>8}{'difference':>12}  obvious way")
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(grid, Path(folder)):
            ours, obvious = (median_seconds(work, 1 if quick else REPEATS) for work in (case.ours, case.obvious))
            print(f"{case.name:<32}{ours:>10.4f}{obvious:>12.4f}{obvious / ours:>8.1f}{case.difference():>12.1e}  {case.obvious_way}")


if __name__ == "__main__":
    main()
