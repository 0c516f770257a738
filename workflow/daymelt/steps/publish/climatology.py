"""Write the mean of the seasons and the difference of each season from it."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import season_days
from daymelt.core.digests import combine
from daymelt.core.encoding import Encoding, decode
from daymelt.core.errors import FormatError
from daymelt.core.manifest import checksum
from daymelt.products import cog
from daymelt.products.season_files import COUNT, LAYERS, anomaly_of, file_name, mean_of
from daymelt.science.seasons import Climatology, anomaly
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import Publish
from daymelt.steps.publish.layers import write_index, write_map

# tags of the maps of a season that those of the mean have too
LASTING_TAGS = ("area", "model", "model_checksum", "interval", "without", "observed_within_days")


def climatology(
    maps: list[Path], out: Path, area: Area, seasons: Seasons, publish: Publish
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
    lists = {path: read_list(path) for path in maps}
    folders = {int(str(content["season"])): path.parent for path, content in lists.items()}
    first = next(iter(lists.values()))
    check_models(lists)
    tags = {name: str(first[name]) for name in LASTING_TAGS if name in first}
    tags |= {
        "season": f"{min(folders)} to {max(folders)}",
        "seasons": " ".join(map(str, sorted(folders))),
        "inputs": combine(checksum(path) for path in sorted(maps)),
        "software": str(first["software"]),
    }
    days = season_days(min(folders), seasons.months)
    span = days[0].timetuple().tm_yday, days[-1].timetuple().tm_yday
    names: list[str] = []

    def write(name: str, field: NDArray[np.float32], encoding: Encoding, season: str) -> None:
        names.append(f"{name}.tif")
        write_map(
            out.parent / names[-1], field, area.grid, encoding, {**tags, "season": season}, span
        )

    for layer, encoding in LAYERS.items():
        mean = Climatology(area.grid.shape, publish.least_seasons)
        for season, folder in sorted(folders.items()):
            mean.add(read_map(folder, layer, season, area))
        write(f"{layer}_mean", mean.mean(), mean_of(encoding), tags["season"])
        write(f"{layer}_seasons", mean.count.astype(np.float32), COUNT, tags["season"])
        for season, folder in sorted(folders.items()):
            difference = anomaly(read_map(folder, layer, season, area), mean.mean())
            write(f"{layer}_anomaly_{season}", difference, anomaly_of(encoding), str(season))
    write_index(out, tags, names)


def read_list(path: Path) -> Mapping[str, object]:
    """The list of the maps of a season; FormatError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        int(content["season"]), content["model_checksum"], content["software"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"list of season maps {path}: not readable ({error}); delete it and run its step again"
        ) from None
    return dict(content)


def check_models(lists: Mapping[Path, Mapping[str, object]]) -> None:
    """FormatError where the seasons are not all of one model."""
    models = {str(content["model_checksum"])[:12]: path for path, content in lists.items()}
    if len(models) > 1:
        shown = "; ".join(f"{path} of {model}" for model, path in sorted(models.items())[:2])
        raise FormatError(
            f"season maps of {len(models)} models ({shown}); expected one; map the seasons again"
        )


def read_map(folder: Path, layer: str, season: int, area: Area) -> NDArray[np.float32]:
    """A layer of a season, (y, x), NaN where it is not told."""
    encoding = LAYERS[layer]
    return decode(cog.read_day(folder / file_name(layer, season), area.grid, encoding), encoding)
