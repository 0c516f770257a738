"""The maps of the seasons of an area as one lazy xarray Dataset."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xarray as xr

from daymelt.api.finished import finished, folder_of
from daymelt.api.lazy_layer import dataset
from daymelt.core.errors import FormatError
from daymelt.plan import places
from daymelt.products.map_windows import grid_of
from daymelt.products.season_files import BOUNDS, LAYERS, QUALITY, file_name

ENCODINGS = {**LAYERS, **BOUNDS, **QUALITY}


def open_seasons(
    area: str | os.PathLike[str], model: str | None = None, seasons: Iterable[int] | None = None
) -> xr.Dataset:
    """Open the maps of whole seasons: onset, end, days and sum of melt.

    Parameters
    ----------
    area, model, seasons : as for `daymelt.open`

    Returns
    -------
    xarray.Dataset
        Layers (season, y, x), float32, no data as NaN: `onset` and `end` (day of the year),
        `longest_gap`, `melt_days` and `melt_sum` (days), `observed` (share of observed days, 0-1),
        and the bounds of each where the model has an interval. Of `onset`, `end` and `longest_gap`
        999 says that melt never lasted in the season.

    Raises
    ------
    MissingInputError
        There are no maps of seasons, or none of the model or a season that is asked for.
    ConfigError
        There are several models and none is named.
    FormatError
        A list of the maps is not one that the workflow wrote.

    Examples
    --------
    >>> import daymelt
    >>> onset = daymelt.seasons("results/small").onset
    >>> lasting = onset.where(onset != 999)
    >>> lasting.sel(season=2020).shape
    (12, 17)
    """
    folder = folder_of(area)
    name, lists = finished(folder, places.SEASON_MAPS, "snakemake", model, seasons)
    present = [_files(path) for path in lists.values()]
    layers = [
        layer
        for layer in ENCODINGS
        if all(_name(layer, year) in files for year, files in zip(lists, present, strict=True))
    ]
    paths = {
        layer: [path.with_name(_name(layer, year)) for year, path in lists.items()]
        for layer in layers
    }
    years = xr.Variable("season", np.array(list(lists)), {"long_name": "year of the season"})
    about = {"title": f"melt seasons, {folder.name}", "area": folder.name, "model": name}
    return dataset(paths, grid_of(paths[layers[0]][0]), ENCODINGS, years, about)


def _name(layer: str, year: int) -> str:
    return f"{file_name(layer, year)}.tif"


def _files(path: Path) -> set[str]:
    """The files that a list of the maps of a season names."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {str(file["path"]) for file in content["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"{path}: no list of the maps of a season ({type(error).__name__}: {error}); delete it "
            "and run `snakemake` again"
        ) from None
    if not any(name.endswith(".tif") for name in names):
        raise FormatError(f"{path}: names no map; delete it and run `snakemake` again")
    return names
