"""ArcticDEM: the window of an area from the mosaic in its open bucket, read through GDAL.

The mosaic is a VRT over tiles; only the tiles' blocks that the window needs are fetched. The window
keeps the mosaic's own cells and crs.

Source: ArcticDEM v4.1, 32 m (Polar Geospatial Center): heights above the WGS84 ellipsoid,
EPSG:3413, nodata -9999.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.session import DummySession
from rasterio.windows import Window

from daymelt.archives.remote import Remote
from daymelt.archives.retry import Policy
from daymelt.core.atomic import atomic_path
from daymelt.core.errors import (
    DaymeltError,
    FormatError,
    GridError,
    RetrievalError,
    cause_of,
)
from daymelt.core.grid import Grid
from daymelt.sources.formats.raster import (
    LARGEST,
    Bounds,
    carry_bounds,
    open_raster,
    pixels_of,
    shifted,
)

MOSAIC = "/vsis3/pgc-opendata-dems/arcticdem/mosaics/v4.1/32m_dem_tiles.vrt"
NODATA = -9999.0
SNAP = 1e-6  # cells within which an edge counts as lying on the mosaic's lattice
TAG = "DAYMELT_"
STRIP_ROWS = 1024  # read at a time
LAYOUT = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": 512,
    "blockysize": 512,
    "compress": "DEFLATE",
    "predictor": 3,
}


@dataclass(frozen=True)
class ArcticDemOptions:
    """Where the mosaic lies and how its bucket is asked.

    `mosaic` is any path that GDAL opens, VRT or GeoTIFF, also on disk; `endpoint` is `host` or
    `host:port` of the bucket's service; `margin_m` is read beyond the area on every side.
    """

    mosaic: str = MOSAIC
    endpoint: str = "s3.amazonaws.com"
    https: bool = True
    virtual_hosting: bool = True
    margin_m: float = 320.0
    policy: Policy = field(default_factory=Policy)


def search(options: ArcticDemOptions) -> list[Remote]:
    """The mosaic, as the one file there is; `read_window` takes it. Nothing is asked."""
    path = options.mosaic
    url = (
        f"s3://{path.removeprefix('/vsis3/')}"
        if path.startswith("/vsis3/")
        else re.sub("^/vsicurl/", "", path)
    )
    version = re.search(r"v(\d+(?:\.\d+)+)", path)
    named = url if "://" in url else f"file://{Path(path).absolute()}"
    return [
        Remote(
            "arcticdem", named, "arcticdem.tif", None, None, "tiff", version[1] if version else ""
        )
    ]


def read_window(
    remote: Remote,
    folder: Path,
    grid: Grid,
    options: ArcticDemOptions,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the heights that a grid needs as a GeoTIFF on the mosaic's own cells: float32, m,
    nodata -9999.

    A file that is there and was cut for the same grid from the same mosaic is kept.

    Parameters
    ----------
    progress : called with how many strips of the window have come, and how many there are

    Raises
    ------
    RetrievalError
        The mosaic or one of its tiles is out of reach or damaged.
    GridError
        The mosaic does not cover the grid, or holds no height there.
    FormatError
        It is no height model: no crs, several bands, cells askew.
    StorageError
        The disk is full or the folder cannot be written.
    """
    path = Path(folder) / remote.path
    tags = {
        f"{TAG}URL": remote.url,
        f"{TAG}WINDOW": f"{grid.crs} {grid.bounds} {options.margin_m:g}",
    }
    if _stands(path, tags):
        return path
    settings = rasterio.Env(session=DummySession(), **_settings(options))
    with (
        _told_in_one_line(options),
        settings,
        rasterio.open(options.mosaic, driver=_driver(options)) as mosaic,
    ):
        window = _window(mosaic, grid, options)
        height = np.concatenate(
            [mosaic.read(1, window=strip) for strip in _strips(window, progress)]
        )
        nodata, crs = mosaic.nodata, mosaic.crs
        place, mosaic_bounds = (
            shifted(mosaic.transform, window.row_off, window.col_off),
            tuple(mosaic.bounds),
        )
    height = _declared(height, nodata)
    if not (height != NODATA).any():
        found, needed = (
            _named(mosaic_bounds),
            _named(carry_bounds(grid.bounds, grid.crs, crs.to_wkt())),
        )
        raise GridError(
            f"ArcticDEM {options.mosaic}: no height within {needed}, though it spans {found} "
            "(left, bottom, right, top)"
        )
    rows, columns = height.shape
    profile = {
        "dtype": "float32",
        "count": 1,
        "nodata": NODATA,
        "height": rows,
        "width": columns,
        "crs": crs,
        "transform": place,
    }
    with (
        atomic_path(path) as temporary,
        rasterio.open(temporary, "w", **profile, **LAYOUT) as written,
    ):
        written.update_tags(**tags)
        written.write(height, 1)
    return path


def describe_mosaic(options: ArcticDemOptions) -> str:
    """Crs and spacing of the mosaic, as its header says; RetrievalError where it is out of
    reach.
    """
    settings = rasterio.Env(session=DummySession(), **_settings(options))
    with (
        _told_in_one_line(options),
        settings,
        rasterio.open(options.mosaic, driver=_driver(options)) as mosaic,
    ):
        return f"{mosaic.crs}, {mosaic.res[0]:g} m"


def _driver(options: ArcticDemOptions) -> str:
    """By the name: no other format is guessed from the bytes."""
    return "VRT" if options.mosaic.lower().endswith(".vrt") else "GTiff"


def _settings(options: ArcticDemOptions) -> dict[str, Any]:
    """What GDAL must know: no signature, no listing of folders, patience, no cache that outlives a
    failure.
    """
    policy = options.policy
    return {
        "AWS_NO_SIGN_REQUEST": "YES",
        "AWS_S3_ENDPOINT": options.endpoint,
        "AWS_HTTPS": "YES" if options.https else "NO",
        "AWS_VIRTUAL_HOSTING": "TRUE" if options.virtual_hosting else "FALSE",
        "CPL_VSIL_CURL_NON_CACHED": options.mosaic.rpartition("/")[0],
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_HTTP_CONNECTTIMEOUT": str(max(round(policy.timeout_s), 1)),
        "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",
        "GDAL_HTTP_LOW_SPEED_TIME": str(max(round(policy.stall_s), 1)),
        "GDAL_HTTP_MAX_RETRY": str(policy.attempts - 1),
        "GDAL_HTTP_RETRY_DELAY": str(policy.backoff_s),
        "GDAL_HTTP_NETRC": "NO",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
    }


@contextmanager
def _told_in_one_line(options: ArcticDemOptions) -> Iterator[None]:
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        reason = cause_of(error)
        remedy = "check the network and archives.arcticdem, then run again"
        raise RetrievalError(
            f"ArcticDEM {options.mosaic}: cannot be read ({reason}); {remedy}"
        ) from error


def _window(mosaic: DatasetReader, grid: Grid, options: ArcticDemOptions) -> Window:
    """The cells of the mosaic that the grid and its margin touch, as far as the mosaic goes;
    GridError where it does not cover the grid.
    """
    _, b, _, d, _, _ = mosaic.transform[:6]
    if mosaic.crs is None or mosaic.transform.is_identity or (b, d) != (0, 0) or mosaic.count != 1:
        raise FormatError(
            f"ArcticDEM {options.mosaic}: {mosaic.count} bands in crs {mosaic.crs}, expected one "
            "band of heights on a map"
        )
    needed = carry_bounds(grid.bounds, grid.crs, mosaic.crs.to_wkt())
    first_row, first_column, last_row, last_column = _cells(mosaic, needed)
    if first_row < 0 or first_column < 0 or last_row > mosaic.height or last_column > mosaic.width:
        found, expected = _named(tuple(mosaic.bounds)), _named(needed)
        raise GridError(
            f"ArcticDEM {options.mosaic}: covers {found}, the area needs {expected} (left, "
            "bottom, right, top)"
        )
    margin = options.margin_m
    first_row, first_column, last_row, last_column = _cells(
        mosaic, (needed[0] - margin, needed[1] - margin, needed[2] + margin, needed[3] + margin)
    )
    top, left = max(first_row, 0), max(first_column, 0)
    rows, columns = min(last_row, mosaic.height) - top, min(last_column, mosaic.width) - left
    if rows * columns > LARGEST:
        raise FormatError(
            f"ArcticDEM {options.mosaic}: {rows} x {columns} cells for the area, expected cells "
            "of about 32 m"
        )
    return Window(left, top, columns, rows)


def _strips(window: Window, progress: Callable[[int, int], None] | None) -> Iterator[Window]:
    """A window in strips of whole rows, each told once the next is asked for."""
    tops = range(0, int(window.height), STRIP_ROWS)
    for done, top in enumerate(tops, 1):
        yield Window(
            window.col_off, window.row_off + top, window.width, min(STRIP_ROWS, window.height - top)
        )
        if progress is not None:
            progress(done, len(tops))


def _cells(mosaic: DatasetReader, bounds: Bounds) -> tuple[int, int, int, int]:
    """First row and column, and the ones after the last, of the cells that a box touches; an edge
    on the lattice adds none.
    """
    left, bottom, right, top = bounds
    columns, rows = pixels_of(mosaic.transform, [left, right], [top, bottom])
    return (
        math.floor(rows.min() + SNAP),
        math.floor(columns.min() + SNAP),
        math.ceil(rows.max() - SNAP),
        math.ceil(columns.max() - SNAP),
    )


def _declared(height: NDArray[Any], nodata: float | None) -> NDArray[np.float32]:
    """Heights with -9999 wherever the mosaic has none."""
    stored = height.astype(np.float32)
    missing = ~np.isfinite(stored)
    if nodata is not None:
        missing |= height == nodata
    return np.where(missing, np.float32(NODATA), stored)


def _stands(path: Path, tags: dict[str, str]) -> bool:
    if not path.is_file():
        return False
    try:
        with open_raster(path, "DEM") as raster:
            return bool(tags.items() <= raster.tags().items())
    except DaymeltError:
        return False


def _named(bounds: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{edge:.10g}" for edge in bounds) + ")"
