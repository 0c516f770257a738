"""Brightness temperature and its winter mean on the study grid."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt import cube
from daymelt.config import Area, Microwave, Regrid, Seasons
from daymelt.dates import season_days
from daymelt.encoding import BRIGHTNESS
from daymelt.errors import MissingInputError
from daymelt.grid import Grid, transformer
from daymelt.manifest import manifest_digest, manifest_files
from daymelt.science.microwave import winter_mean
from daymelt.science.regrid import apply_weights, linear_weights
from daymelt.science.temporal import fill_linear
from daymelt.sources.microwave import CETB_CRS, find_days, parse_name, read_tb
from daymelt.steps.microwave_window import cetb_bounds


def align_microwave(
    manifest: Path, season: int, out: Path, winter: Path, area: Area, seasons: Seasons, microwave: Microwave, regrid: Regrid
) -> None:
    """Interpolate brightness temperature linearly to the posting grid, every day of a season, gaps filled linearly in time.

    The winter mean is of the days that were observed. A day on which a fallback platform stands in is among `filled`, and both files
    count the days of each platform.
    """
    grid = area.grid.posting(regrid.posting_m)
    identity = (microwave.platform, microwave.channel, microwave.overpass, microwave.fallback_platforms)
    observed = find_days(manifest_files(manifest, ".nc"), *identity)
    reader = Reader(observed, grid, microwave.channel)
    inputs = {"inputs": manifest_digest([manifest])}

    winter_days = [day for day in season_days(season, microwave.winter_months) if day in observed]
    if not winter_days:
        raise MissingInputError(
            f"microwave {manifest}: no day of the winter {season}; the melt threshold needs its mean, retrieve it again"
        )
    mean = winter_mean(np.stack([reader.read(day) for day in winter_days]))
    counted = {**inputs, "platforms": count_platforms(observed, winter_days)}
    cube.write_layers(winter, {"winter_mean": (mean, BRIGHTNESS)}, grid=grid, attributes=counted)

    days = season_days(season, seasons.months)
    fields, filled = fill_linear(np.stack([reader.read(day) for day in days]), days, microwave.longest_gap_days, "passive microwave")
    told = {day: "; ".join(filter(None, (stands_in(observed, day, microwave.platform), filled.get(day)))) for day in days}
    filled = {day: rule for day, rule in told.items() if rule}
    counted = {**inputs, "platforms": count_platforms(observed, days)}
    cube.write_stream(out, zip(days, fields, strict=True), grid=grid, encoding=BRIGHTNESS, filled=filled, attributes=counted)


def stands_in(observed: Mapping[dt.date, Path], day: dt.date, platform: str) -> str:
    """Which other platform a day comes from, for the record of what was filled; empty where it is the wanted one or none."""
    other = parse_name(observed[day]).platform if day in observed else platform
    return "" if other == platform else f"platform {other} in place of {platform}"


def count_platforms(observed: Mapping[dt.date, Path], days: Iterable[dt.date]) -> dict[str, int]:
    """How many of some days each platform gave."""
    return dict(sorted(Counter(parse_name(observed[day]).platform for day in days if day in observed).items()))


class Reader:
    """Days of brightness temperature on a grid; the weights of each window of cells are computed once."""

    def __init__(self, files: dict[dt.date, Path], grid: Grid, channel: str) -> None:
        self._files, self._grid, self._channel = files, grid, channel
        self._bounds = cetb_bounds(grid)
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
