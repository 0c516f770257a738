"""Brightness temperature and its winter mean on the study grid."""

import datetime as dt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt import cube, published
from daymelt.config import Area, Microwave, Regrid, Seasons
from daymelt.dates import season_days
from daymelt.encoding import BRIGHTNESS
from daymelt.errors import MissingInputError
from daymelt.grid import Grid, transformer
from daymelt.manifest import manifest_digest, manifest_files
from daymelt.science.microwave import winter_mean
from daymelt.science.regrid import apply_weights, linear_weights
from daymelt.science.temporal import fill_linear
from daymelt.sources.microwave import CETB_CRS, find_days, read_tb
from daymelt.steps.published_fields import Coarse, is_published

MARGIN_M = 7000.0  # two cells: every posting lies within the triangles between cell centres


def align_microwave(
    manifest: Path, season: int, out: Path, winter: Path, area: Area, seasons: Seasons, microwave: Microwave, regrid: Regrid
) -> None:
    """Bring brightness temperature to the posting grid, every day of a season, gaps filled linearly in time.

    Linearly from the radiometer's cells; from the published rasters as means. The winter mean is of the days that were observed.
    """
    grid = area.grid.posting(regrid.posting_m)
    days = season_days(season, seasons.months)
    attributes = {"inputs": manifest_digest([manifest])}
    if is_published(manifest):
        rasters = Coarse(manifest, published.MICROWAVE, area.grid, grid)
        mean = rasters.winter(season, microwave.winter_months)
        fields, filled = rasters.season(days, microwave.longest_gap_days)
    else:
        mean, stack = from_cells(manifest, season, days, grid, microwave)
        fields, filled = fill_linear(stack, days, microwave.longest_gap_days, "passive microwave")
    cube.write_layers(winter, {"winter_mean": (mean, BRIGHTNESS)}, grid=grid, attributes=attributes)
    cube.write_stream(out, zip(days, fields, strict=True), grid=grid, encoding=BRIGHTNESS, filled=filled, attributes=attributes)


def from_cells(
    manifest: Path, season: int, days: list[dt.date], grid: Grid, microwave: Microwave
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Winter mean, (y, x), and the days of a season, (date, y, x), from the radiometer's own cells; NaN where there are none."""
    observed = find_days(manifest_files(manifest, ".nc"), microwave.platform, microwave.channel, microwave.overpass)
    reader = Reader(observed, grid, microwave.channel)
    winter_days = [day for day in season_days(season, microwave.winter_months) if day in observed]
    if not winter_days:
        raise MissingInputError(
            f"microwave {manifest}: no day of the winter {season}; the melt threshold needs its mean, retrieve it again"
        )
    mean = winter_mean(np.stack([reader.read(day) for day in winter_days]))
    return mean, np.stack([reader.read(day) for day in days])


class Reader:
    """Days of brightness temperature on a grid; the weights of each window of cells are computed once."""

    def __init__(self, files: dict[dt.date, Path], grid: Grid, channel: str) -> None:
        self._files, self._grid, self._channel = files, grid, channel
        x, y = transformer(grid.crs, CETB_CRS).transform(*np.meshgrid(grid.x, grid.y))
        self._bounds = (x.min() - MARGIN_M, y.min() - MARGIN_M, x.max() + MARGIN_M, y.max() + MARGIN_M)
        self._weights: dict[bytes, object] = {}

    def read(self, day: dt.date) -> NDArray[np.float32]:
        """Brightness temperature of a day, K, (y, x); NaN where there is none."""
        if day not in self._files:
            return np.full(self._grid.shape, np.nan, np.float32)
        tb, x, y = read_tb(self._files[day], self._bounds, self._channel)
        key = x.tobytes() + y.tobytes()
        if key not in self._weights:
            centres = transformer(CETB_CRS, self._grid.crs).transform(*np.meshgrid(x, y))
            self._weights[key] = linear_weights(np.ravel(centres[0]), np.ravel(centres[1]), self._grid)
        return apply_weights(self._weights[key], tb, self._grid.shape)
