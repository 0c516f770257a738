"""The first day of a retrieval through the steps that the workflow takes, for a rehearsal: of each
source the least that shows that its files are what preparation expects.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.encoding import FLAG
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import transformer
from daymelt.core.manifest import manifest_files
from daymelt.settings.config import Config
from daymelt.settings.inputs import Area
from daymelt.sources.stations.promice import read_hourly
from daymelt.steps.prepare import align_mar, align_microwave
from daymelt.steps.prepare.align_terrain import align_terrain
from daymelt.steps.prepare.melt_fraction import melt_fraction
from daymelt.steps.prepare.meltwaterbench_fields import is_meltwaterbench
from daymelt.steps.prepare.winter_reference import winter_reference

log = logging.getLogger(__name__)
WINDOW = 128  # cells a side of the window that is aligned, at most


@dataclass(frozen=True)
class Aligned:
    """What became of the first day: the day, empty where a source has none, and its field."""

    day: str
    field: NDArray[np.floating]
    units: str

    def __str__(self) -> str:
        known = self.field[np.isfinite(self.field)]
        found = (
            f"{known.min():.6g} to {known.max():.6g} {self.units}" if known.size else "no valid one"
        )
        return (
            f"{self.day}{': ' if self.day else ''}{known.size} of {self.field.size} cells, {found}"
        )


def align_first_day(source: str, manifest: Path, area: Area, config: Config) -> Aligned:
    """Align the first day of a retrieval; errors as the steps of the source.

    Parameters
    ----------
    manifest : of the retrieval; what is written lies in its folder
    area : that the files were asked for
    """
    return ALIGNMENTS[source](manifest, area, config)


def central_window(area: Area, x: float, y: float) -> Area:
    """At most `WINDOW` cells a side of the area's cells, extended beyond it, around a place."""
    rows, columns = min(WINDOW, area.rows), min(WINDOW, area.columns)
    column = round((x - area.left) / area.spacing_m - columns / 2)
    row = round((area.top - y) / area.spacing_m - rows / 2)
    return area.model_copy(
        update={
            "left": area.left + column * area.spacing_m,
            "top": area.top - row * area.spacing_m,
            "rows": rows,
            "columns": columns,
        }
    )


def centre_of_area(area: Area) -> tuple[float, float]:
    """Centre, m in the crs of the area."""
    grid = area.grid
    return (grid.left + grid.right) / 2, (grid.top + grid.bottom) / 2


def _sentinel1(manifest: Path, area: Area, config: Config) -> Aligned:
    """The melt fraction of one pass, of which a single scene is its own winter reference."""
    folder = manifest.parent
    terrain, reference, out = (folder / f"{n}.nc" for n in ("land", "reference", "melt"))
    ready = is_meltwaterbench(manifest)
    window = area if ready else central_window(area, *_centre_of_raster(manifest, area))
    land = np.zeros((window.rows, window.columns), np.float32)
    cube.write_layers(terrain, {"ocean": (land, FLAG)}, grid=window.grid)
    sar = config.sar.model_copy(update={"min_winter_scenes": 1})
    if not ready:
        winter_reference([manifest], terrain, reference, window, config.sentinel1, sar)
    winters = [] if ready else [reference]
    melt_fraction(manifest, winters, terrain, out, window, config.sentinel1, sar)
    with cube.open_stream(out) as stream:
        if not stream.dates:
            raise MissingInputError(f"{manifest}: no day with a valid cell; see the log above")
        return Aligned(str(stream.dates[0]), stream.read(stream.dates[0]), "melting")


def _centre_of_raster(manifest: Path, area: Area) -> tuple[float, float]:
    """Centre of the first raster of a manifest, m in the crs of the area."""
    files = manifest_files(manifest, ".tif")
    if not files:
        return centre_of_area(area)
    with rasterio.open(files[0]) as raster:
        left, bottom, right, top = raster.bounds
        change = transformer(raster.crs.to_wkt(), area.crs)
    x, y = change.transform((left + right) / 2, (bottom + top) / 2)
    return float(x), float(y)


def _microwave(manifest: Path, area: Area, config: Config) -> Aligned:
    day, field = align_microwave.first_day(manifest, area, config.microwave, config.regrid)
    return Aligned(day.isoformat(), field, "K")


def _mar(manifest: Path, area: Area, config: Config) -> Aligned:
    day, field = align_mar.first_day(manifest, area, config.mar, config.regrid)
    return Aligned(day.isoformat(), field, "kg/kg")


def _terrain(manifest: Path, area: Area, config: Config) -> Aligned:
    out = manifest.with_name("terrain.nc")
    align_terrain(manifest, out, area)
    return Aligned("", cube.read_layers(out)["height"], "m")


def _station(manifest: Path, area: Area, config: Config) -> Aligned:
    """The record of one station: a value an hour."""
    stations = config.stations
    record = read_hourly(manifest_files(manifest, ".nc")[0], stations.variable, stations.units)
    hours = record.hours.astype("datetime64[s]").astype(dt.datetime)
    first = hours[0].date().isoformat() if len(hours) else ""
    return Aligned(first, record.values, stations.units)


ALIGNMENTS: Mapping[str, Callable[[Path, Area, Config], Aligned]] = {
    "sentinel1": _sentinel1,
    "microwave": _microwave,
    "mar": _mar,
    "terrain": _terrain,
    "stations": _station,
}
