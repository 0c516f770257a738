"""Writing of the maps of a season and their list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import write_json
from daymelt.core.dates import season_days
from daymelt.core.encoding import Encoding, encode
from daymelt.core.grid import Grid
from daymelt.core.manifest import listed
from daymelt.products import cog
from daymelt.products.season_style import write_season_qml
from daymelt.settings.inputs import Seasons


@dataclass
class MapWriter:
    """Writes layers into a folder, each with its style beside it under the same name.

    Parameters
    ----------
    tags : of every file; `season` is named in the description of the band
    span : first and last day of the season, days of the year, for the colours of dates
    names : files that were written
    """

    folder: Path
    grid: Grid
    tags: Mapping[str, str]
    span: tuple[int, int]
    names: list[str] = field(default_factory=list)

    def write(
        self, name: str, layer: NDArray[np.float32], encoding: Encoding, season: str = ""
    ) -> None:
        """Write a layer (y, x), of a `season` other than that of the tags."""
        tags = {**self.tags, "season": season or self.tags["season"]}
        path, about = self.folder / f"{name}.tif", f"{encoding.long_name}, {tags['season']}"
        cog.write_day(path, encode(layer, encoding), self.grid, encoding, tags, about)
        write_season_qml(path.with_suffix(".qml"), encoding, self.span)
        self.names.append(path.name)


def span_of(season: int, seasons: Seasons) -> tuple[int, int]:
    """First and last day of a season, days of the year."""
    days = season_days(season, seasons.months)
    return days[0].timetuple().tm_yday, days[-1].timetuple().tm_yday


def write_index(path: Path, about: Mapping[str, object], names: list[str]) -> None:
    """Write the list of the files of a folder, each with size and checksum."""
    write_json(path, {**about, "files": listed(path.parent, names)})
