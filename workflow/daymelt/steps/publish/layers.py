"""Writing of the maps of a season and their list."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import write_json
from daymelt.core.encoding import Encoding, encode
from daymelt.core.grid import Grid
from daymelt.core.manifest import checksum
from daymelt.products import cog
from daymelt.products.season_style import write_season_qml


def write_map(
    path: Path,
    field: NDArray[np.float32],
    grid: Grid,
    encoding: Encoding,
    tags: Mapping[str, str],
    span: tuple[int, int],
) -> None:
    """Write a layer (y, x) and beside it, under the same name, its style.

    Parameters
    ----------
    span : first and last day of the season, days of the year, for the colours of dates
    """
    cog.write_day(path, encode(field, encoding), grid, encoding, tags, describe(encoding, tags))
    write_season_qml(path.with_suffix(".qml"), encoding, span)


def describe(encoding: Encoding, tags: Mapping[str, str]) -> str:
    """What a viewer shows: the layer and its season."""
    return f"{encoding.long_name}, {tags['season']}"


def write_index(path: Path, about: Mapping[str, object], names: list[str]) -> None:
    """Write the list of the files of a folder, each with size and checksum."""
    files = [
        {
            "path": name,
            "size": (path.parent / name).stat().st_size,
            "sha256": checksum(path.parent / name),
        }
        for name in names
    ]
    write_json(path, {**about, "files": files})
