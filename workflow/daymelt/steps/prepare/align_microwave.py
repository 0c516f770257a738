"""Brightness temperature and its winter mean on the study grid."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.dates import season_days, winter_days
from daymelt.core.encoding import BRIGHTNESS
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import Grid, transformer
from daymelt.core.manifest import manifest_digest, manifest_files
from daymelt.science.microwave import winter_mean
from daymelt.science.regrid import apply_weights, linear_weights
from daymelt.science.temporal import fill_linear
from daymelt.settings.inputs import Area, Microwave, Seasons
from daymelt.settings.processing import Regrid
from daymelt.sources.meltwaterbench import layout
from daymelt.sources.microwave.cetb import CETB_CRS, find_days, parse_name, read_tb
from daymelt.sources.microwave.window import cetb_bounds
from daymelt.steps.prepare.gaps import warn_of_filled
from daymelt.steps.prepare.meltwaterbench_fields import Coarse, is_meltwaterbench

Field = NDArray[np.float32]


def align_microwave(
    manifest: Path,
    season: int,
    out: Path,
    winter: Path,
    area: Area,
    seasons: Seasons,
    microwave: Microwave,
    regrid: Regrid,
) -> None:
    """Bring brightness temperature to the posting grid, every day of a season, gaps filled linearly
    in time.

    Interpolated linearly from the radiometer's cells; from the rasters of MeltwaterBench as means.
    The winter mean is that of the observed days. Days of a fallback platform are among `filled`,
    and both files list the number of days of each platform.
    """
    grid = area.grid.posting(regrid.posting_m)
    days = season_days(season, seasons.months)
    attributes: dict[str, str | dict[str, int]] = {"inputs": manifest_digest([manifest])}
    if is_meltwaterbench(manifest):
        rasters = Coarse(manifest, layout.MICROWAVE, area.grid, grid)
        mean = rasters.winter_mean(season, microwave.winter_months)
        fields, filled = rasters.season(days, microwave.longest_gap_days)
        of_winter = of_season = attributes
    else:
        cells = Cells(manifest, grid, microwave)
        observed = cells.winter_days(season)
        mean = winter_mean(cells.stack(observed))
        fields, filled = cells.season(days)
        of_winter, of_season = (
            {**attributes, "platforms": cells.count_platforms(some)} for some in (observed, days)
        )
    cube.write_layers(winter, {"winter_mean": (mean, BRIGHTNESS)}, grid=grid, attributes=of_winter)
    cube.write_stream(
        out,
        zip(days, fields, strict=True),
        grid=grid,
        encoding=BRIGHTNESS,
        filled=filled,
        attributes=of_season,
    )
    warn_of_filled(f"passive microwave {season}", filled)


def first_day(
    manifest: Path, area: Area, microwave: Microwave, regrid: Regrid
) -> tuple[dt.date, Field]:
    """The first day of a retrieval, however few it has, on the posting grid, (y, x), K.

    Raises
    ------
    MissingInputError
        The retrieval has no day.
    """
    grid = area.grid.posting(regrid.posting_m)
    if is_meltwaterbench(manifest):
        return Coarse(manifest, layout.MICROWAVE, area.grid, grid).first_day()
    return Cells(manifest, grid, microwave).first_day()


class Cells:
    """The days of a manifest in the radiometer's own cells, interpolated to the posting grid."""

    def __init__(self, manifest: Path, grid: Grid, microwave: Microwave) -> None:
        self._manifest, self._microwave = manifest, microwave
        identity = (
            microwave.platform,
            microwave.channel,
            microwave.overpass,
            microwave.fallback_platforms,
        )
        self._observed = find_days(manifest_files(manifest, ".nc"), *identity)
        self._interpolator = Interpolator(self._observed, grid, microwave.channel)

    def first_day(self) -> tuple[dt.date, Field]:
        """The first observed day and its field, (y, x), K; MissingInputError where there is
        none.
        """
        if not self._observed:
            raise MissingInputError(f"microwave {self._manifest}: no day; retrieve it again")
        day = min(self._observed)
        return day, self._interpolator.read(day)

    def winter_days(self, season: int) -> list[dt.date]:
        """The observed days of the winter before a season; MissingInputError where there is
        none.
        """
        wanted = winter_days(season, self._microwave.winter_months)
        observed = [day for day in wanted if day in self._observed]
        if not observed:
            raise MissingInputError(
                f"microwave {self._manifest}: no day of the winter {season}; the melt threshold "
                "needs its mean, retrieve it again"
            )
        return observed

    def stack(self, days: Sequence[dt.date]) -> Field:
        """Some days, (date, y, x), K; NaN where a day is missing."""
        return np.stack([self._interpolator.read(day) for day in days])

    def season(self, days: Sequence[dt.date]) -> tuple[Field, dict[dt.date, str]]:
        """Every day with its gaps filled, and the rule or the other platform of each filled day."""
        fields, filled = fill_linear(
            self.stack(days), days, self._microwave.longest_gap_days, "passive microwave"
        )
        rules = {
            day: "; ".join(filter(None, (self._other_platform(day), filled.get(day))))
            for day in days
        }
        return fields, {day: rule for day, rule in rules.items() if rule}

    def count_platforms(self, days: Sequence[dt.date]) -> dict[str, int]:
        """Number of days of each platform among some days."""
        return dict(
            sorted(
                Counter(
                    parse_name(self._observed[day]).platform
                    for day in days
                    if day in self._observed
                ).items()
            )
        )

    def _other_platform(self, day: dt.date) -> str:
        """The fallback platform of a day, for the record of filled days; empty for the wanted
        platform and for missing days.
        """
        wanted = self._microwave.platform
        other = parse_name(self._observed[day]).platform if day in self._observed else wanted
        return "" if other == wanted else f"platform {other} in place of {wanted}"


class Interpolator:
    """Days of brightness temperature on a grid; the weights of each window of cells are computed
    once.
    """

    def __init__(self, files: dict[dt.date, Path], grid: Grid, channel: str) -> None:
        self._files, self._grid, self._channel = files, grid, channel
        self._bounds = cetb_bounds(grid)
        self._weights: dict[bytes, object] = {}

    def read(self, day: dt.date) -> NDArray[np.float32]:
        """Brightness temperature of a day, K, (y, x); NaN where it is missing."""
        if day not in self._files:
            return np.full(self._grid.shape, np.nan, np.float32)
        tb, x, y = read_tb(self._files[day], self._bounds, self._channel)
        key = x.tobytes() + y.tobytes()
        if key not in self._weights:
            centres = transformer(CETB_CRS, self._grid.crs).transform(*np.meshgrid(x, y))
            self._weights[key] = linear_weights(
                np.ravel(centres[0]), np.ravel(centres[1]), self._grid
            )
        return apply_weights(self._weights[key], tb, self._grid.shape)
