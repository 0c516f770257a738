"""Sentinel-1: melt fractions of a scene of 10 m, the winter reference, and the aggregation of 30 m
pixels.
"""

import datetime as dt
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import rasterio
from common import repeated, study_grid
from harness import Case, Setting, Stage
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window

from daymelt.core import cube
from daymelt.core.encoding import BACKSCATTER, COUNT, FLAG
from daymelt.core.manifest import Entry, write_manifest
from daymelt.science import backscatter
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.sources.formats import raster
from daymelt.sources.sentinel1.windows import LAYOUT
from daymelt.steps.prepare.melt_fraction import melt_fraction
from daymelt.steps.prepare.winter_reference import winter_reference
from daymelt.twin.files import burst_name

ORBIT, SPACING_M = 39, 10
STRIP = 1024  # rows written at a time
SENTINEL1 = Sentinel1(provider="opera", spacing_m=SPACING_M)


def _area(setting: Setting) -> Area:
    grid = study_grid(setting)
    return Area(
        name="benchmark", left=grid.left, top=grid.top, rows=grid.rows, columns=grid.columns
    )


def _speckle(level: float) -> np.ndarray:
    """A block of speckled power with every digit of its mantissa, 1 % without data."""
    random = np.random.default_rng(int(1000 * level))
    block = random.gamma(9, level / 9, (1024, 1024)).astype(np.float32)
    block[random.random(block.shape) < 0.01] = np.nan
    return block


def _write_scene(folder: Path, setting: Setting, passes: int) -> None:
    """One scene in the layout that retrieval writes, under as many names as there are passes."""
    fine = _area(setting).grid.refine(SPACING_M)
    place = {
        "crs": fine.crs,
        "transform": Affine.from_gdal(*fine.geotransform),
        "width": fine.columns,
        "height": fine.rows,
    }
    threads = {"num_threads": "ALL_CPUS"}
    image, mask = folder / "image.tif", folder / "mask.tif"
    with (
        rasterio.open(
            image,
            "w",
            dtype="float32",
            count=1,
            nodata=np.nan,
            predictor=3,
            BIGTIFF="IF_SAFER",
            **place,
            **LAYOUT,
            **threads,
        ) as power,
        rasterio.open(
            mask, "w", dtype="uint8", count=1, nodata=255, **place, **LAYOUT, **threads
        ) as codes,
    ):
        block = _speckle(0.1)
        block[256:768, 256:768] *= np.float32(0.3)  # wet
        strip = repeated(block, (STRIP, fine.columns))
        seen = np.where(np.isfinite(strip), 0, 255).astype(np.uint8)
        for top in range(0, fine.rows, STRIP):
            rows = min(STRIP, fine.rows - top)
            window = Window(0, top, fine.columns, rows)
            power.write(strip[:rows], 1, window=window)
            codes.write(seen[:rows], 1, window=window)
    names = []
    for number in range(passes):
        acquired = dt.datetime(2019, 1, 1, 9, tzinfo=dt.UTC) + dt.timedelta(6 * number)
        name = burst_name(ORBIT, 81234, 2, acquired, acquired, "S1A")
        for source, layer in ((image, "HH"), (mask, "mask")):
            names.append(folder / f"{name}_{layer}.tif")
            names[-1].unlink(missing_ok=True)
            os.link(source, names[-1])
    write_manifest(
        folder / "manifest.json",
        [Entry(path.name, "", path.stat().st_size, "") for path in names],
        {"month": "2019-01"},
    )


def _write_terrain(folder: Path, setting: Setting) -> None:
    grid = study_grid(setting)
    cube.write_layers(
        folder / "terrain.nc",
        {"ocean": (np.zeros(grid.shape, np.float32), FLAG)},
        grid=grid,
        attributes={"inputs": ""},
    )


def _write_reference(folder: Path, setting: Setting) -> None:
    """A winter reference as the step writes it."""
    fine = _area(setting).grid.refine(SPACING_M)
    strip = repeated(np.nan_to_num(_speckle(0.1), nan=0.1), (STRIP, fine.columns))
    names = f"gamma0_{ORBIT:03d}", f"scene_count_{ORBIT:03d}"
    count = np.full(strip.shape, 12, np.uint8)
    fields = dict(zip(names, (strip, count), strict=True))
    blocks = (
        (top, 0, {name: field[: fine.rows - top] for name, field in fields.items()})
        for top in range(0, fine.rows, STRIP)
    )
    encodings = dict(zip(names, (BACKSCATTER, COUNT), strict=True))
    cube.write_layer_blocks(
        folder / "winter.nc", encodings, blocks, grid=fine, attributes={"inputs": ""}
    )


def prepare_scene(setting: Setting) -> None:
    folder = Path(setting.folder)
    _write_terrain(folder, setting)
    _write_scene(folder, setting, setting.days)
    _write_reference(folder, setting)


def prepare_winter(setting: Setting) -> None:
    _write_terrain(Path(setting.folder), setting)
    _write_scene(Path(setting.folder), setting, setting.days)


def scene_case(setting: Setting) -> Case:
    """The whole step: image, mask and reference read, thresholded, aggregated, written."""
    folder = Path(setting.folder)
    out = folder / "month.nc"

    def ours() -> None:
        melt_fraction(
            folder / "manifest.json",
            [folder / "winter.nc"],
            folder / "terrain.nc",
            out,
            _area(setting),
            SENTINEL1,
            Sar(),
        )

    def decode() -> None:
        for _ in range(setting.days):
            for name in ("image", "mask"):
                _decode_raster(folder / f"{name}.tif")
        _decode_layers(folder / "winter.nc")

    def check() -> str:
        with cube.open_stream(out) as stream:
            melt = stream.values()
        if not (np.nanmin(melt) == 0 and np.nanmax(melt) > 0.9 and 0.1 < np.nanmean(melt) < 0.5):
            raise AssertionError(f"melt fraction {np.nanmin(melt)} to {np.nanmax(melt)}")
        return f"mean melt {np.nanmean(melt):.3f} (a quarter of the scene is wet)"

    return Case(ours, decode, check=check)


def _decode_raster(path: Path) -> None:
    with rasterio.open(path) as file:
        for top in range(0, file.height, 512):
            file.read(1, window=Window(0, top, file.width, min(512, file.height - top)))


def _decode_layers(path: Path) -> None:
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        for name, variable in file.variables.items():
            if variable.dimensions == ("y", "x"):
                for top in range(0, variable.shape[0], 512):
                    file[name][top : top + 512]


def winter_case(setting: Setting) -> Case:
    """The step, counting how often a tile of a file is read."""
    folder = Path(setting.folder)
    facts: dict[str, Any] = {}

    def ours() -> None:
        winter_reference(
            [folder / "manifest.json"],
            folder / "terrain.nc",
            folder / "out.nc",
            _area(setting),
            SENTINEL1,
            Sar(),
        )

    def decode() -> None:
        for _ in range(setting.days):
            for name in ("image", "mask"):
                _decode_raster(folder / f"{name}.tif")

    def counted() -> None:
        facts["passes"] = _most_reads(ours)

    def most(*_: float) -> float:
        return float(facts["passes"])

    return Case(
        counted,
        decode,
        check=lambda: f"every tile is read {facts['passes']} x",
        facts=facts,
        value=most,
    )


def _most_reads(work: Any) -> int:
    """How often the most read tile of any file is read while `work` runs."""
    reads: Counter[tuple[str, int, int]] = Counter()
    original = raster.read_window

    def counting(file: Any, window: Window, thing: str) -> Any:
        height, width = file.block_shapes[0]
        for row in range(
            int(window.row_off) // height, -(-int(window.row_off + window.height) // height)
        ):
            for column in range(
                int(window.col_off) // width, -(-int(window.col_off + window.width) // width)
            ):
                reads[file.name, row, column] += 1
        return original(file, window, thing)

    from daymelt.sources.sentinel1 import bursts as reader

    raster.read_window, reader.read_window = counting, counting
    try:
        work()
    finally:
        raster.read_window, reader.read_window = original, original
    return max(reads.values())


def aggregation_case(setting: Setting) -> Case:
    """30 m melt to 100 m cells by exact area, against GDAL's averaging warp of the same flags."""
    grid = study_grid(setting)
    fine = grid.refine(30)
    random = np.random.default_rng(0)
    melting, valid = random.random(fine.shape, np.float32) < 0.3, np.ones(fine.shape, bool)
    reference = np.ones(fine.shape, np.float32)
    gamma0 = np.where(melting, np.float32(0.1), reference)
    shares = backscatter.cell_shares(fine, grid)

    def ours() -> np.ndarray:
        return backscatter.melt_fraction(gamma0, valid, reference, 3.0, shares, 0.5)[0]

    def warp() -> np.ndarray:
        out = np.empty(grid.shape, np.float32)
        places = {
            "src_transform": Affine.from_gdal(*fine.geotransform),
            "dst_transform": Affine.from_gdal(*grid.geotransform),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            reproject(
                melting.astype(np.float32),
                out,
                **places,
                src_crs=fine.crs,
                dst_crs=grid.crs,
                resampling=Resampling.average,
            )
        return out

    def check() -> str:
        difference = float(np.abs(ours() - warp()).max())
        if difference > 1e-5:
            raise AssertionError(f"melt fraction: {difference}")
        return f"largest difference {difference:.0e}"

    return Case(ours, warp, check=check)


STAGES = [
    Stage(
        *(
            "melt-fraction",
            "SAR melt fraction, one scene of 10 m",
            "decoding the same blocks alone (image, mask, reference)",
            1.3,
        ),
        scene_case,
        prepare=prepare_scene,
        days=1,
        repeats=3,
    ),
    Stage(
        *(
            "winter-reference",
            "SAR reference, 12 passes, 10 m, a sixteenth of the area: passes over each file",
            "decoding alone",
            1.0,
        ),
        winter_case,
        prepare=prepare_winter,
        days=12,
        scale=1 / 16,
        growth=1 / 4,
        days_growth=True,
        repeats=1,
    ),
    Stage(
        "aggregate",
        "melt fraction of cells, 30 m to 100 m",
        "rasterio average reproject",
        None,
        aggregation_case,
        repeats=5,
    ),
]
