"""Windows of remote scenes as files of ours, which are read like bursts.

A window keeps the pixels of its scene: same crs, same cells. It is written like a burst of OPERA,
backscatter and mask, so that one reader takes both; the mask only says where there are data. What
the catalogue tells of the scene stands in the tags.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetWriter
from rasterio.windows import Window

from daymelt.archives.access import Access
from daymelt.archives.ranges import UNTOLD, RemoteRaster, Whole, open_remote
from daymelt.archives.remote import Remote
from daymelt.archives.retry import Policy
from daymelt.archives.transfer import require_space
from daymelt.core.atomic import atomic_path
from daymelt.core.errors import DaymeltError, FormatError, printable
from daymelt.core.grid import Grid
from daymelt.sources.formats.raster import LARGEST, open_raster, shifted, source_window
from daymelt.sources.sentinel1.bursts import FILL, VALID, Burst

NODATA = -32768  # also where a file does not say so
TILE = 512
STRIP_PIXELS = 1 << 24  # read at a time: 64 MB
LAYOUT = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": TILE,
    "blockysize": TILE,
    "compress": "DEFLATE",
    "zlevel": 2,
}
TAG = "DAYMELT_"


@dataclass(frozen=True, kw_only=True)
class Scene(Remote):
    """One scene in one polarisation: a remote file, and what its item tells of it.

    `size` is unknown: only a window will come; `whole` is of the whole file. `updated` is the
    moment of the item, ISO 8601, empty where it tells none; `version` then is the file's checksum.
    """

    acquired_at: dt.datetime
    platform: str
    relative_orbit: int
    orbit_pass: str
    polarisation: str
    updated: str = ""
    whole: Whole = UNTOLD


def read_window(
    scene: Scene,
    folder: Path,
    grid: Grid,
    access: Access,
    policy: Policy = Policy(),  # noqa: B008 - frozen
) -> list[Path]:
    """Write the pixels of a scene that a grid needs, as `<id>_HH.tif` (float32, NaN no data) and
    `<id>_mask.tif` (0 valid, 255 no data).

    Returns
    -------
    Both paths; none where the scene has no valid pixel there: it does not reach the grid, or holds
    zeros.

    Raises
    ------
    MissingCredentialError, RetrievalError, FormatError
        As `open_remote`.
    StorageError
        The disk is full or the folder cannot be written.
    """
    paths = [Path(folder) / scene.path, Path(folder) / f"{scene.id}_mask.tif"]
    tags = _tags(scene, grid)
    if all(_stands(path, tags) for path in paths):
        return paths
    try:
        # the mask gets its name first: where there is backscatter, there is its mask
        with (
            atomic_path(paths[0]) as image,
            atomic_path(paths[1]) as mask,
            open_remote(scene.url, access, policy, "scene", whole=scene.whole) as remote,
        ):
            window = source_window(remote.raster, grid)
            if window is None:
                raise _EmptyError
            _write(remote, window, (image, mask), tags)
    except _EmptyError:
        return []
    return paths


def find_scenes(paths: Iterable[Path], polarisation: str = "hh") -> list[Burst]:
    """The windows of one polarisation among retrieved files, as bursts, in order of time."""
    ending = f"_{polarisation.upper()}.tif"
    bursts = [read_scene_tags(path) for path in paths if Path(path).name.endswith(ending)]
    return sorted(bursts, key=lambda burst: (burst.acquired_at, burst.burst_id))


def read_scene_tags(path: Path) -> Burst:
    """What the tags of a window tell: a burst, as `sentinel1.passes` and `sentinel1.read_pass` take
    it.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, it is no raster, or it was not written by `read_window`.
    """
    with open_raster(path, "scene") as raster:
        tags = {
            key.removeprefix(TAG): value
            for key, value in raster.tags().items()
            if key.startswith(TAG)
        }
    try:
        return Burst(
            Path(path),
            Path(path).with_name(f"{Path(path).name.rpartition('_')[0]}_mask.tif"),
            tags["ITEM"],
            int(tags["RELATIVE_ORBIT"]),
            dt.datetime.fromisoformat(tags["ACQUIRED_AT"]),
            _processed_at(tags),
            tags["PLATFORM"],
            tags["POLARISATION"],
        )
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"scene {printable(path)}: its tags do not tell what it is ({error}); delete it and "
            "retrieve it again"
        ) from None


def _processed_at(tags: Mapping[str, str]) -> dt.datetime:
    """The moment of a scene's item; that of the acquisition where its version is a checksum."""
    version = tags.get("VERSION", "")
    return dt.datetime.fromisoformat(
        tags["ACQUIRED_AT"] if re.match("(md5|sha256):|$", version) else version
    )


class _EmptyError(Exception):
    """No valid pixel in the window."""


def _tags(scene: Scene, grid: Grid) -> dict[str, str]:
    """What is written into a window: its scene, and the grid for which it was cut."""
    told = {
        "ITEM": scene.id,
        "URL": scene.url,
        "VERSION": scene.version,
        "ACQUIRED_AT": scene.acquired_at.isoformat(),
        "PLATFORM": scene.platform,
        "RELATIVE_ORBIT": str(scene.relative_orbit),
        "ORBIT_PASS": scene.orbit_pass,
        "POLARISATION": scene.polarisation,
        "WINDOW": f"{grid.crs} {grid.bounds} {grid.spacing_m}",
    }
    return {f"{TAG}{key}": value for key, value in told.items() if value}


def _stands(path: Path, tags: Mapping[str, str]) -> bool:
    """True where a file is there that was written for this scene and this grid; what has its final
    name is whole.
    """
    if not path.is_file():
        return False
    try:
        with open_raster(path, "scene") as raster:
            return bool(tags.items() <= raster.tags().items())
    except DaymeltError:
        return False


def _write(
    remote: RemoteRaster, window: Window, paths: tuple[Path, Path], tags: Mapping[str, str]
) -> None:
    """Copy a window in strips of whole tiles; _EmptyError where it has no valid pixel."""
    height, width = int(window.height), int(window.width)
    if height * width > LARGEST:
        raise FormatError(
            f"scene {tags[TAG + 'URL']}: {height} x {width} pixels for the area, expected pixels "
            "of about 10 m; search again"
        )
    require_space(paths[0].parent, height * width * 4)
    raster = remote.raster
    place = {
        "crs": raster.crs,
        "transform": shifted(raster.transform, window.row_off, window.col_off),
        "height": height,
        "width": width,
    }
    rows = max(STRIP_PIXELS // width // TILE, 1) * TILE
    valid = 0
    with (
        rasterio.open(
            paths[0],
            "w",
            dtype="float32",
            count=1,
            nodata=np.nan,
            predictor=3,
            BIGTIFF="IF_SAFER",
            **place,
            **LAYOUT,
        ) as image,
        rasterio.open(
            paths[1], "w", dtype="uint8", count=1, nodata=FILL, **place, **LAYOUT
        ) as mask,
    ):
        for written in (image, mask):
            written.update_tags(**tags)
        for top in range(0, height, rows):
            strip = Window(window.col_off, window.row_off + top, width, min(rows, height - top))
            valid += _write_strip(
                _read_strip(remote, strip), image, mask, Window(0, top, width, strip.height)
            )
    if not valid:
        raise _EmptyError


def _write_strip(
    gamma0: NDArray[np.float32], image: DatasetWriter, mask: DatasetWriter, window: Window
) -> int:
    """Write backscatter and its mask; the number of valid pixels."""
    seen = np.isfinite(gamma0) & (gamma0 > 0)
    image.write(gamma0, 1, window=window)
    mask.write(np.where(seen, VALID, FILL).astype(np.uint8), 1, window=window)
    return int(np.count_nonzero(seen))


def _read_strip(remote: RemoteRaster, window: Window) -> NDArray[np.float32]:
    """Backscatter (y, x), NaN where the scene has none: its nodata, -32768, 0."""
    stored, nodata = remote.read(window), remote.raster.nodata
    missing = (stored == 0) | (stored == NODATA) | (stored == (0 if nodata is None else nodata))
    return np.where(missing, np.nan, stored).astype(np.float32)
