"""The aligned streams of an area, opened together: terrain, time-interpolated SAR, the coarse
fields and their winter means.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.errors import MissingInputError
from daymelt.learn.channels import COARSE
from daymelt.science.regrid import axis_weights
from daymelt.systems.streams import StreamSeries, open_series


@dataclass(frozen=True)
class Observations:
    """Melt fractions of Sentinel-1's acquisitions, as inputs of a map.

    Parameters
    ----------
    series : of the acquisitions
    usable : days whose acquisition may be an input; None for all
    same_day : whether the acquisition of the mapped day itself may be one
    """

    series: StreamSeries
    usable: frozenset[dt.date] | None = None
    same_day: bool = True

    @property
    def days(self) -> tuple[dt.date, ...]:
        """Days with an acquisition, rising."""
        return self.series.days

    def is_usable(self, day: dt.date) -> bool:
        """True where the acquisition of a day may be an input."""
        return self.usable is None or day in self.usable

    def of_season(self, season: int) -> "Observations":
        """Those of one year."""
        days = tuple(day for day in self.days if day.year == season)
        return replace(self, series=replace(self.series, days=days))


@dataclass(frozen=True)
class Aligned:
    """The inputs from which a day is mapped.

    Parameters
    ----------
    terrain : layers of the study grid
    sar : time-interpolated Sentinel-1
    coarse : each coarse channel by its name
    winters : season to the file with its winter mean of passive microwave
    observations : of Sentinel-1, for systems that use single acquisitions; None where not opened
    """

    terrain: cube.Layers
    sar: StreamSeries
    coarse: Mapping[str, StreamSeries]
    winters: Mapping[int, Path] = field(default_factory=dict)
    observations: Observations | None = None

    @property
    def ocean(self) -> NDArray[np.bool_]:
        """True over ocean, (y, x)."""
        return np.asarray(self.terrain["ocean"] == 1)

    @property
    def digests(self) -> list[str]:
        """Digests of the inputs of all streams."""
        return [
            self.terrain.attributes["inputs"],
            *self.sar.digests,
            *(digest for name in COARSE for digest in self.coarse[name].digests),
        ]

    def weights(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Linear interpolation from the posting to the study grid along y and x."""
        posting, grid = self.coarse[COARSE[0]].grid, self.terrain.grid
        return axis_weights(posting.y, grid.y), axis_weights(posting.x, grid.x)

    def winter_mean(self, season: int) -> NDArray[np.float32]:
        """Mean brightness temperature of the winter before a season, K, (y, x) on the posting
        grid.
        """
        if season not in self.winters:
            known = ", ".join(map(str, sorted(self.winters))) or "none"
            raise MissingInputError(
                f"passive microwave: no winter mean of {season}; given are those of {known}"
            )
        return np.asarray(cube.read_layers(self.winters[season])["winter_mean"])

    def coarse_fields(self, days: Sequence[dt.date]) -> dict[str, NDArray[np.float32]]:
        """The coarse channels of some days on the posting grid, (date, y, x)."""
        return {name: series.stack(days) for name, series in self.coarse.items()}


@contextmanager
def open_aligned(
    terrain: Path,
    interpolated: Sequence[Path],
    mar: Sequence[Path],
    microwave: Sequence[Path],
    winters: Sequence[Path] = (),
) -> Iterator[Aligned]:
    """Open the streams of some seasons, with the files of their winter means.

    `winters` are in the order of `microwave`: each belongs to the season of the stream beside it.

    Raises
    ------
    GridError
        Their grids differ.
    """
    with (
        open_series(interpolated) as sar,
        open_series(mar) as water,
        open_series(microwave) as brightness,
    ):
        layers = cube.read_layers(terrain)
        cube.check_same_grid(sar.grid, layers.grid, interpolated[0])
        cube.check_same_grid(brightness.grid, water.grid, microwave[0])
        means = {season_of(stream): mean for stream, mean in zip(microwave, winters, strict=False)}
        yield Aligned(layers, sar, {"microwave": brightness, "liquid_water": water}, means)


def season_of(stream: Path) -> int:
    """Year of the days of a stream."""
    with cube.open_stream(stream) as opened:
        return opened.dates[0].year
