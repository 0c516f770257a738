"""The aligned streams of an area, opened together: terrain, time-interpolated SAR, the coarse
fields and their winter means.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.errors import MissingInputError
from daymelt.learn.channels import COARSE
from daymelt.science.regrid import axis_weights
from daymelt.systems.streams import StreamSeries, open_series

WINTER = "_winter"  # ends the name of a season's winter mean


@dataclass(frozen=True)
class Aligned:
    """The inputs from which a day is mapped.

    Parameters
    ----------
    terrain : layers of the study grid
    sar : time-interpolated Sentinel-1
    coarse : each coarse channel by its name
    winters : season to the file with its winter mean of passive microwave
    """

    terrain: cube.Layers
    sar: StreamSeries
    coarse: Mapping[str, StreamSeries]
    winters: Mapping[int, Path] = field(default_factory=dict)

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
    """Open the streams of some seasons, with the files of their winter means; GridError where
    their grids differ.
    """
    with (
        open_series(interpolated) as sar,
        open_series(mar) as water,
        open_series(microwave) as brightness,
    ):
        layers = cube.read_layers(terrain)
        cube.check_same_grid(sar.grid, layers.grid, interpolated[0])
        cube.check_same_grid(brightness.grid, water.grid, microwave[0])
        means = {int(path.stem.removesuffix(WINTER)): path for path in winters}
        yield Aligned(layers, sar, {"microwave": brightness, "liquid_water": water}, means)
