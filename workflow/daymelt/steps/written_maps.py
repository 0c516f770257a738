"""The written maps of a season: which season a list is of, its days, and the map of a day."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.digests import combine
from daymelt.core.encoding import MAP_LAYERS, PERCENT, SAR_AGE, decode
from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.products import cog
from daymelt.products.map_files import AGE, LAYERS
from daymelt.products.map_index import MapIndex, read_map_index

REMEDY = "delete the list and map the season again"
# tags of a daily map that hold for the whole season
LASTING_TAGS = ("area", "model", "model_checksum", "interval", "without")


@dataclass(frozen=True)
class Day:
    """The maps of a day: its layers by name, (y, x), 0-1, and days to the nearest acquisition, NaN
    where there are no data.
    """

    date: dt.date
    layers: Mapping[str, NDArray[np.float32]]
    age: NDArray[np.float32]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class WrittenSeason:
    """The daily maps of a season as their list, `index`, names them."""

    index: MapIndex
    grid: Grid

    @property
    def season(self) -> int:
        """Year."""
        return self.index.season

    @property
    def inputs(self) -> str:
        """Digest of all files of the season."""
        return combine(f"{name} {file.sha256}" for name, file in self.index.files.items())

    def days(self, dates: Sequence[dt.date]) -> Iterator[Day]:
        """The maps of the days of a season, one after the other.

        Raises
        ------
        MissingInputError, FormatError
            A day or layer is not found, not readable, or of another model than the list.
        """
        for date in dates:
            wanted = {
                name: file.format(day=date)
                for name, file in LAYERS.items()
                if name == "melt" or file.format(day=date) in self.index.files
            }
            yield self._day(date, wanted)

    def _day(self, date: dt.date, files: Mapping[str, str]) -> Day:
        layers, folder = {}, self.index.path.parent
        for name, file in files.items():
            stored, tags = cog.read_tagged(folder / file, self.grid, MAP_LAYERS[name])
            self._check_model(folder / file, tags)
            layers[name] = decode(stored, MAP_LAYERS[name])
        age = cog.read_day(folder / AGE.format(day=date), self.grid, SAR_AGE)
        return Day(date, layers, decode(age, SAR_AGE), tags)

    def _check_model(self, file: Path, tags: Mapping[str, str]) -> None:
        found, expected = tags.get("model_checksum", "none"), self.index.model_checksum
        if found != expected:
            raise FormatError(
                f"{file}: of the model {found[:12]}, expected {expected[:12]} as {self.index.path} "
                f"says; {REMEDY}"
            )


def read_season(path: Path, grid: Grid) -> WrittenSeason:
    """The daily maps of a season, from their list.

    Raises
    ------
    MissingInputError, FormatError
        The list is not found, not readable or empty.
    """
    index = read_map_index(path)
    if not index.files:
        raise FormatError(f"list of maps {path}: no maps; {REMEDY}")
    return WrittenSeason(index, grid)


def season_folders(indices: Sequence[Path]) -> dict[int, Path]:
    """Folder of the maps of each season, from their lists; errors as `read_map_index`."""
    return {read_map_index(path).season: path.parent for path in indices}


def read_melt(folder: Path, day: dt.date, grid: Grid) -> NDArray[np.float32]:
    """Melt fraction of a day, (y, x), NaN on the ocean."""
    return read_layer(folder, "melt", day, grid)


def read_layer(folder: Path, layer: str, day: dt.date, grid: Grid) -> NDArray[np.float32]:
    """A layer of a day, such as `melt_low`, (y, x), 0-1, NaN on the ocean."""
    return decode(cog.read_day(folder / LAYERS[layer].format(day=day), grid, PERCENT), PERCENT)


def has_interval(folder: Path, day: dt.date) -> bool:
    """True where the maps of a day come with an interval."""
    return (folder / LAYERS["melt_low"].format(day=day)).is_file()


def read_land(folder: Path, day: dt.date, grid: Grid) -> NDArray[np.float32]:
    """Melt fraction of a day, (y, x), 0 on the ocean, as systems predict it."""
    return np.nan_to_num(read_melt(folder, day, grid))
