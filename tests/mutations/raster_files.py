"""Damaged GeoTIFFs: the readers of backscatter and terrain against the pixels around each cell,
found by pyproj and unpacked by hand.
"""

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import CRS, Transformer
from rasterio.transform import Affine
from scipy.ndimage import maximum_filter, minimum_filter
from spoil import Case, pick, spoil_bytes

from daymelt.core.grid import Grid
from daymelt.sources.sentinel1 import bursts
from daymelt.sources.terrain import reader as terrain
from daymelt.twin import files

CRSES = [
    "EPSG:3413",
    "EPSG:32631",
    "EPSG:32633",
    "EPSG:4326",
    "EPSG:6931",
    "EPSG:3031",
    "EPSG:2263",
    None,
]
TYPES = [
    "uint8",
    "int8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "float64",
    "float32",
    "complex64",
    "complex128",
    "complex_int16",
]
NODATA = [0, 1, -1, -99, -9999, -32768, 255, float("nan"), 1e30, 0.5]
LAYOUTS: list[dict[str, Any]] = [
    {},
    {"compress": "deflate"},
    {"compress": "lzw", "predictor": 2},
    {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "zstd"},
    {"BIGTIFF": "YES"},
    {"ENDIANNESS": "BIG"},
    {"SPARSE_OK": "TRUE"},
]


class Raster:
    """One band in memory with all that says what its numbers mean, changed and written."""

    def __init__(self, values: np.ndarray, place: dict[str, Any]) -> None:
        self.values, self.place = values, dict(place)
        self.bands, self.scale, self.offset, self.units, self.mask, self.layout = (
            1,
            1.0,
            0.0,
            None,
            False,
            {},
        )

    def change(self, rng: np.random.Generator) -> str:
        kind = pick(
            rng,
            [
                "nodata",
                "crs",
                "bands",
                "type",
                "move",
                "stretch",
                "turn",
                "scale",
                "offset",
                "units",
                "mask",
                "layout",
                "crop",
                "pixels",
            ],
        )
        return str(getattr(self, f"_{kind}")(rng))

    def _nodata(self, rng: np.random.Generator) -> str:
        self.place["nodata"] = pick(
            rng,
            [*NODATA, None, float(np.real(self.values.flat[int(rng.integers(self.values.size))]))],
        )
        return f"nodata {self.place['nodata']}"

    def _crs(self, rng: np.random.Generator) -> str:
        self.place["crs"] = pick(rng, CRSES)
        return f"crs {self.place['crs']}"

    def _bands(self, rng: np.random.Generator) -> str:
        self.bands = int(rng.integers(2, 5))
        return f"{self.bands} bands"

    def _type(self, rng: np.random.Generator) -> str:
        self.place["dtype"] = pick(rng, TYPES)
        with np.errstate(all="ignore"):
            self.values = self.values.astype(
                "complex64" if self.place["dtype"] == "complex_int16" else self.place["dtype"]
            )
        return f"type {self.place['dtype']}"

    def _move(self, rng: np.random.Generator) -> str:
        a, b, c, d, e, f = self.place["transform"][:6]
        steps = pick(rng, [(1, 0), (0, -3), (0.5, 0.25), (1000, 0), (1e-4, 0), (0.01, 0.02)])
        self.place["transform"] = Affine(a, b, c + steps[0] * a, d, e, f + steps[1] * e)
        return f"moved by {steps}"

    def _stretch(self, rng: np.random.Generator) -> str:
        a, b, c, d, e, f = self.place["transform"][:6]
        by = pick(
            rng,
            [
                (0, 1),
                (1, 0),
                (2, 2),
                (1, 1.1),
                (1e-6, 1e-6),
                (1e6, 1e6),
                (1.0001, 1),
                (float("nan"), 1),
                (0.3, 0.3),
            ],
        )
        self.place["transform"] = Affine(a * by[0], b, c, d, e * by[1], f)
        return f"stretched by {by}"

    def _turn(self, rng: np.random.Generator) -> str:
        a, b, c, d, e, f = self.place["transform"][:6]
        rows, columns = self.values.shape
        self.place["transform"] = pick(
            rng,
            [
                Affine(a, b, c, d, -e, f + rows * e),
                Affine(-a, b, c + columns * a, d, e, f),
                Affine(a, a / 10, c, e / 10, e, f),
                Affine(1, 0, 0, 0, 1, 0),
                Affine(a, b, f, d, e, c),
            ],
        )
        return f"transform {tuple(self.place['transform'][:6])}"

    def _scale(self, rng: np.random.Generator) -> str:
        self.scale = pick(rng, [0.01, 2.0, 0.0, -1.0, 1e30, float("nan"), float("inf"), 1.001])
        return f"scale {self.scale}"

    def _offset(self, rng: np.random.Generator) -> str:
        self.offset = pick(rng, [1.0, -100.0, 1e30, float("nan"), 0.25])
        return f"offset {self.offset}"

    def _units(self, rng: np.random.Generator) -> str:
        self.units = pick(rng, ["m", "metre", "ft", "km", "", "US survey foot", "x\ny"])
        return f"units {self.units!r}"

    def _mask(self, rng: np.random.Generator) -> str:
        self.mask = True
        return "a mask band"

    def _layout(self, rng: np.random.Generator) -> str:
        self.layout = pick(rng, LAYOUTS)
        return f"layout {self.layout}"

    def _crop(self, rng: np.random.Generator) -> str:
        rows, columns = (int(rng.integers(1, size + 1)) for size in self.values.shape)
        self.values = self.values[:rows, :columns]
        return f"cropped to {rows} x {columns}"

    def _pixels(self, rng: np.random.Generator) -> str:
        value = pick(rng, [0, -1, 255, 4, np.nan, np.inf, 1e30, -32768])
        self.values = self.values.copy()
        first = (
            rng.integers(self.values.shape[0], size=20),
            rng.integers(self.values.shape[1], size=20),
        )
        with np.errstate(all="ignore"):
            self.values[first] = np.asarray(value).astype(self.values.dtype)
        return f"20 pixels {value}"

    def write(self, path: Path) -> None:
        place = {
            **self.place,
            "height": self.values.shape[0],
            "width": self.values.shape[1],
            "count": self.bands,
            **self.layout,
        }
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(path, "w", driver="GTiff", **place) as raster,
        ):
            for band in range(self.bands):
                raster.write(self.values, band + 1)
            if self.mask:
                raster.write_mask(np.resize(np.array([0, 255], np.uint8), self.values.shape))
            if self.scale != 1 or self.offset != 0:
                raster.scales, raster.offsets = (
                    [self.scale] * self.bands,
                    [self.offset] * self.bands,
                )
            if self.units is not None:
                raster.units = [self.units] * self.bands


def loaded(path: Path) -> Raster:
    with rasterio.open(path) as raster:
        place = {
            "dtype": raster.dtypes[0],
            "crs": raster.crs,
            "transform": raster.transform,
            "nodata": raster.nodata,
        }
        return Raster(raster.read(1), place)


def damaged(rng: np.random.Generator, path: Path, data: bytes, raster: Raster) -> list[str]:
    """Write one damaged copy to `path` and say what was done: bytes half of the time, otherwise
    what the numbers mean.
    """
    path.unlink(missing_ok=True)
    if rng.random() < 0.5:
        spoiled, done = spoil_bytes(data, rng)
        path.write_bytes(spoiled)
        return done
    while True:
        made = Raster(raster.values, raster.place)
        done = [made.change(rng) for _ in range(int(rng.integers(1, 4)))]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made.write(path)
            return done
        except Exception:  # a combination that GDAL cannot write
            path.unlink(missing_ok=True)


def unpacked(path: Path) -> tuple[np.ndarray, np.ndarray, Any]:
    """Values as float64 and where they are valid, by GDAL's own mask; the open raster's facts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path) as raster:
            stored, valid = readable(raster)
            with np.errstate(all="ignore"):
                return stored * raster.scales[0] + raster.offsets[0], valid, raster


def readable(raster: Any) -> tuple[np.ndarray, np.ndarray]:
    """Stored numbers and GDAL's mask, block by block; blocks that cannot be read count as no data:
    a reader that succeeded used none.
    """
    stored, valid = np.zeros(raster.shape), np.zeros(raster.shape, bool)
    for _, window in raster.block_windows(1):
        part = window.toslices()
        try:
            stored[part] = raster.read(1, window=window)
            valid[part] = raster.read_masks(1, window=window) > 0
        except rasterio.errors.RasterioError:
            continue
    return np.where(np.isnan(stored), 0, stored), valid & ~np.isnan(stored)


def around(
    grid: Grid, values: np.ndarray, valid: np.ndarray, raster: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least and most value around each cell of a grid, and whether all around are valid; (inf,
    -inf, False) where none is.
    """
    convert = Transformer.from_crs(CRS(grid.crs), CRS(raster.crs.to_wkt()), always_xy=True)
    x, y = convert.transform(*np.meshgrid(grid.x, grid.y))
    columns, rows = ~raster.transform * (np.asarray(x), np.asarray(y))
    reach = [
        np.abs(np.diff(part, axis=axis)).max(initial=0)
        for part in (columns, rows)
        for axis in (0, 1)
    ]
    half = int(np.ceil(max(reach))) + 2 if np.isfinite(reach).all() else 40
    least, most = np.full(grid.shape, np.inf), np.full(grid.shape, -np.inf)
    whole = np.zeros(grid.shape, bool)
    if half > 40:  # a cell is most of the raster: it lies within all of its values
        known = values[valid]
        return (
            np.full(grid.shape, known.min(initial=np.inf)),
            np.full(grid.shape, known.max(initial=-np.inf)),
            whole,
        )
    top, bottom = reached(rows, half, values.shape[0])
    left, right = reached(columns, half, values.shape[1])
    values, valid, rows, columns = (
        values[top:bottom, left:right],
        valid[top:bottom, left:right],
        rows - top,
        columns - left,
    )
    padded = [
        np.pad(part, half, constant_values=empty)
        for part, empty in (
            (np.where(valid, values, np.inf), np.inf),
            (np.where(valid, values, -np.inf), -np.inf),
            (valid, False),
        )
    ]
    low = minimum_filter(padded[0], 2 * half + 1, mode="nearest")
    high = maximum_filter(padded[1], 2 * half + 1, mode="nearest")
    every = minimum_filter(padded[2], 2 * half + 1, mode="constant", cval=0)
    with np.errstate(invalid="ignore"):
        inside = (
            (rows > -half)
            & (rows < values.shape[0] + half - 1)
            & (columns > -half)
            & (columns < values.shape[1] + half - 1)
        )
        index = (
            np.floor(np.where(inside, rows, 0)).astype(int) + half,
            np.floor(np.where(inside, columns, 0)).astype(int) + half,
        )
    least[inside], most[inside], whole[inside] = (
        part[index][inside] for part in (low, high, every)
    )
    return least, most, whole


def reached(index: np.ndarray, half: int, size: int) -> tuple[int, int]:
    """First and last row (or column) that lies within reach of any cell."""
    known = np.clip(index[np.isfinite(index)], -1, size + 1)
    first = int(np.clip(np.floor(known.min(initial=size)) - half - 1, 0, size - 1))
    return first, max(int(np.clip(np.ceil(known.max(initial=0)) + half + 2, 0, size)), first + 1)


def implausible(
    found: np.ndarray,
    grid: Grid,
    values: np.ndarray,
    valid: np.ndarray,
    raster: Any,
    sure: Any = None,
) -> str | None:
    """Where a field cannot have come from the pixels around its cells; `sure` are pixels that no
    rounding takes away.
    """
    least, most, _ = around(grid, values, valid, raster)
    _, _, whole = around(grid, values, valid if sure is None else sure, raster)
    known = np.isfinite(found)
    if np.isinf(found).any():
        return "infinite values"
    slack = 1e-4 * np.maximum(np.abs(least), np.abs(most)) + 1e-44
    with np.errstate(invalid="ignore"):
        outside = known & ~((found >= least - slack) & (found <= most + slack))
    if outside.any():
        place = tuple(np.argwhere(outside)[0])
        return (
            f"{outside.sum()} cells beyond the pixels around them, at {place}: "
            f"{found[place]}, {least[place]} to {most[place]}"
        )
    if (whole & ~known).any():
        return f"{(whole & ~known).sum()} cells without data amid valid pixels"
    return None


class Sentinel1:
    """A genuine raster of decibels, and a burst and mask in OPERA's form made from its power."""

    file = "s1/S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif"

    def __init__(self, real: Path, folder: Path) -> None:
        self.folder = folder
        self.data, self.raster = (real / self.file).read_bytes(), loaded(real / self.file)
        self.grids = [
            Grid("EPSG:32631", 20, 620048.241204, 4830114.70107, 60, 70),
            Grid("EPSG:32631", 50, 620060, 4829500, 30, 40),
        ]
        self._write_burst()

    def _write_burst(self) -> None:
        self.grid = Grid("EPSG:3413", 30, 300_000, -2_580_000, *self.raster.values.shape)
        codes = np.zeros(self.grid.shape, np.uint8)
        codes[50:60, 20:90], codes[:5], codes[100:103] = 2, 255, 1
        at = dt.datetime(2019, 7, 31, 9, 3, 12, tzinfo=dt.UTC)
        name = files.burst_name(39, 81234, 2, at, dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "S1A")
        power = (10 ** (self.raster.values.astype(np.float64) / 10)).astype(np.float32)
        self.paths = files.write_burst(self.folder, name, power, codes, self.grid, at)
        self.originals = [path.read_bytes() for path in self.paths]
        self.rasters = [loaded(path) for path in self.paths]
        self.fine = [
            Grid("EPSG:3413", 30, 300_600, -2_580_900, 60, 70),
            Grid("EPSG:3413", 100, 300_600, -2_580_910, 20, 25),
        ]

    def mutate(self, rng: np.random.Generator) -> Case:
        if rng.random() < 0.5:
            path = self.folder / "decibels.tif"
            return Case(
                path,
                damaged(rng, path, self.data, self.raster),
                {
                    "grid": pick(rng, self.grids),
                    "scale": pick(rng, ["db", "db", "amplitude", "linear"]),
                },
            )
        which = int(rng.integers(2))
        for path, data in zip(self.paths, self.originals, strict=True):
            path.unlink(missing_ok=True)
            path.write_bytes(data)
        done = damaged(rng, self.paths[which], self.originals[which], self.rasters[which])
        return Case(
            self.paths[which], [("burst", "mask")[which], *done], {"grid": pick(rng, self.fine)}
        )

    def read(self, case: Case) -> Any:
        if "scale" in case.extra:
            return bursts.read_rtc(case.path, case.extra["grid"], case.extra["scale"]), None
        return bursts.read_pass([bursts.parse_burst(self.paths[0])], case.extra["grid"])

    def judge(self, case: Case, result: Any) -> str | None:
        found, codes = result
        values, valid, raster = unpacked(case.path if codes is None else self.paths[0])
        if codes is None:
            with np.errstate(all="ignore"):
                values = {
                    "db": 10 ** (values / 10),
                    "linear": values,
                    "amplitude": values * np.abs(values),
                }[case.extra["scale"]]
        else:
            flags, _, mask = unpacked(self.paths[1])
            corners = [
                part.transform * (part.width, part.height) + part.transform * (0, 0)
                for part in (mask, raster)
            ]
            if (
                mask.crs != raster.crs
                or mask.shape != raster.shape
                or not np.allclose(*corners, rtol=0, atol=0.06)
            ):
                return "a mask elsewhere"
            valid = valid & (flags == 0)
            if (
                not np.array_equal(codes == 0, np.isfinite(found))
                or not np.isin(codes, [0, 1, 2, 3, 255]).all()
            ):
                return "mask and backscatter disagree"
            if not np.isin(np.unique(flags[33:87, 23:87]), [0, 1, 2, 3, 255]).all():
                return "codes that OPERA does not have"
        if raster.count != 1 or (found[np.isfinite(found)] <= 0).any():
            return "several bands, or power of 0"
        usable = valid & (values > 0) & (values < 3.5e38)
        sure = (
            valid & (values > 1e-37) & (values < 3.4e38)
        )  # not so near float32's ends that it rounds to 0 or to infinity
        return implausible(
            found, case.extra["grid"], np.where(usable, values, 0), usable, raster, sure
        )


class Terrain:
    """Genuine elevation and drainage basins, read as heights and as flags."""

    def __init__(self, real: Path, folder: Path) -> None:
        self.folder = folder
        paths = [
            real / "terrain" / name for name in ("Rome-30m-DEM.tif", "SMBcorr_drainage_basins.tif")
        ]
        self.sources = [(path.read_bytes(), loaded(path)) for path in paths]
        self.sources[1][1].values = np.where(
            self.sources[1][1].values > 4, np.float32(1), self.sources[1][1].values
        )
        self.grids = [
            [
                Grid("EPSG:32633", 100, 291_000, 4_655_000, 30, 40),
                Grid("EPSG:32633", 30, 292_000, 4_654_000, 40, 40),
            ],
            [
                Grid("EPSG:3413", 2000, 99_000, -2_459_000, 60, 60),
                Grid("EPSG:3413", 5000, 100_000, -2_400_000, 30, 30),
            ],
        ]

    def mutate(self, rng: np.random.Generator) -> Case:
        which = int(rng.random() < 0.4)
        path = self.folder / "terrain.tif"
        done = damaged(rng, path, *self.sources[which])
        return Case(
            path, done, {"grid": pick(rng, self.grids[which]), "flag": bool(rng.random() < 0.3)}
        )

    def read(self, case: Case) -> Any:
        return (terrain.read_flag if case.extra["flag"] else terrain.read_height)(
            case.path, case.extra["grid"]
        )

    def judge(self, case: Case, found: np.ndarray) -> str | None:
        values, valid, raster = unpacked(case.path)
        if raster.count != 1:
            return "several bands"
        if case.extra["flag"]:
            return implausible(
                found.astype(np.float64),
                case.extra["grid"],
                np.where(valid, values == 1, 0.0),
                np.ones_like(valid),
                raster,
            )
        with rasterio.open(case.path) as data:
            if (data.units[0] or "m") not in ("m", "metre"):
                return f"heights in {data.units[0]}"
        known = found[np.isfinite(found)]
        if known.size and (known.min() < -1000 or known.max() > 9000):
            return "impossible heights"
        return implausible(found, case.extra["grid"], np.where(valid, values, 0), valid, raster)
