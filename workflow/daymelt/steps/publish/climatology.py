"""Write the mean of the seasons and the difference of each season from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.digests import combine
from daymelt.core.encoding import decode
from daymelt.core.manifest import checksum
from daymelt.core.provenance import software_version
from daymelt.products import cog
from daymelt.products.season_files import COUNT, LAYERS, QUALITY, anomaly_of, file_name, mean_of
from daymelt.science.seasons import Climatology, anomaly
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import SeasonMaps
from daymelt.steps.publish.layers import MapWriter, span_of, write_index
from daymelt.steps.publish.made_maps import read_seasons
from daymelt.steps.written_maps import LASTING_TAGS

TAGS = (*LASTING_TAGS, "observed_within_days")  # of a season that those of the mean have too


def climatology(
    maps: list[Path], out: Path, area: Area, seasons: Seasons, season_maps: SeasonMaps
) -> None:
    """Write mean and number of seasons of each layer, and the anomaly of every season.

    Parameters
    ----------
    maps : lists of the maps of each season
    out : list of what is written, written last, beside it

    Raises
    ------
    MissingInputError, FormatError
        A map is not found, damaged, or of another model than the others.
    """
    lists = read_seasons(maps)
    folders = {made.season: made.path.parent for made in lists}
    tags = tags_of(lists[0].about, list(folders))
    tags["inputs"] = combine(checksum(path) for path in sorted(maps))
    writer = MapWriter(out.parent, area.grid, tags, span_of(min(folders), seasons))
    for layer, encoding in LAYERS.items():
        fields = Fields(folders, layer, area)
        mean = mean_over(fields, season_maps.least_seasons)
        number = np.where(fields.land(), mean.count, np.float32(np.nan)).astype(np.float32)
        writer.write(f"{layer}_mean", mean.mean(), mean_of(encoding))
        writer.write(f"{layer}_seasons", number, COUNT)
        for season, field in fields:
            difference = anomaly(field, mean.mean())
            writer.write(f"{layer}_anomaly_{season}", difference, anomaly_of(encoding), str(season))
    write_index(out, tags, writer.names)


@dataclass(frozen=True)
class Fields:
    """A layer of every season, read one after the other."""

    folders: Mapping[int, Path]
    layer: str
    area: Area

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for season, folder in self.folders.items():
            yield season, read_season_map(folder, self.layer, season, self.area)

    def land(self) -> NDArray[np.bool_]:
        """Cells that are mapped, (y, x)."""
        season, folder = next(iter(self.folders.items()))
        return np.isfinite(read_season_map(folder, "observed", season, self.area))


def mean_over(fields: Fields, least: int) -> Climatology:
    """The mean of a layer over the seasons."""
    mean = Climatology(fields.area.grid.shape, least)
    for _, field in fields:
        mean.add(field)
    return mean


def tags_of(content: Mapping[str, object], years: Sequence[int]) -> dict[str, str]:
    """Tags of what is of several seasons, from those of one of them."""
    tags = {name: str(content[name]) for name in TAGS if name in content}
    span = {"season": f"{years[0]} to {years[-1]}", "seasons": " ".join(map(str, years))}
    return {**tags, **span, "software": software_version()}


def read_season_map(folder: Path, layer: str, season: int, area: Area) -> NDArray[np.float32]:
    """A layer of a season, (y, x), NaN where it is not told."""
    encoding = {**LAYERS, **QUALITY}[layer]
    path = folder / f"{file_name(layer, season)}.tif"
    return decode(cog.read_day(path, area.grid, encoding), encoding)
