"""The written maps of a season: which season a list is of, and the map of a day."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT, decode
from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.products import cog
from daymelt.products.map_files import LAYERS


def season_folders(indices: Sequence[Path]) -> dict[int, Path]:
    """Folder of the maps of each season, from their lists.

    Raises
    ------
    FormatError
        A list does not say its season.
    """
    return {_season(path): path.parent for path in indices}


def _season(index: Path) -> int:
    try:
        return int(json.loads(index.read_text(encoding="utf-8"))["season"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"list of maps {index}: no season ({error}); delete it and map the season again"
        ) from None


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
