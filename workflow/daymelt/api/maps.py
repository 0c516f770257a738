"""The daily maps of an area as one lazy xarray Dataset."""

import datetime as dt
import os
import re
from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from daymelt.api.finished import finished, folder_of
from daymelt.api.lazy_layer import dataset
from daymelt.core.errors import ConfigError, FormatError, nearest
from daymelt.plan import places
from daymelt.products.map_files import MELT
from daymelt.products.map_index import ENCODINGS, MapIndex, read_map_indices
from daymelt.products.map_windows import grid_of

DAY = re.compile(re.escape(MELT).replace(r"\{day\}", r"(\d{4}-\d{2}-\d{2})"))
TIME = {"standard_name": "time", "long_name": "UTC day", "axis": "T"}
Mapped = list[tuple[MapIndex, list[dt.date]]]  # the list of each season, and its days


def open_maps(
    area: str | os.PathLike[str],
    model: str | None = None,
    seasons: Iterable[int] | None = None,
    layers: Sequence[str] | None = None,
) -> xr.Dataset:
    """Open the daily maps of an area; values are read from the GeoTIFFs where they are used.

    Parameters
    ----------
    area : folder of the results of an area, such as ``results/embedded``
    model : name of a model; None for the only one that was mapped
    seasons : years; None for all that are mapped
    layers : names of layers; None for all

    Returns
    -------
    xarray.Dataset
        Layers (date, y, x), float32, no data as NaN. `melt` (the median), `melt_mean`, `melt_low`
        and `melt_high` (5 % and 95 % quantile) are the melting share of the cell, 0-1; a model
        without an interval has `melt` alone. `sar_age` is the time to the nearest Sentinel-1
        observation of the cell in the season, days; 254 where there is none. `x` and `y` are the
        centres of the cells, m; `crs` is the grid mapping of CF.

    Raises
    ------
    MissingInputError
        There are no maps, or none of the model, a season or a day that is asked for.
    ConfigError
        Several models were mapped and none is named, or a layer is unknown.
    FormatError
        A file is no map, or of another model or grid than the others.

    Examples
    --------
    >>> import daymelt
    >>> season = daymelt.open("results/small")
    >>> dict(season.sizes)
    {'date': 60, 'y': 12, 'x': 17}
    >>> day = season.melt.sel(date="2019-06-21")
    >>> day.shape, str(day.dtype)
    ((12, 17), 'float32')
    >>> cell = season.melt.sel(x=295400, y=-2567000, method="nearest").sel(date="2019-06")
    >>> cell.sizes["date"]
    30
    """
    folder = folder_of(area)
    name, lists = finished(folder, places.MAP_INDEX, "snakemake", model, seasons)
    mapped = [(index, days_of(index)) for index in read_map_indices(lists.values())]
    chosen = chosen_layers(mapped, layers)
    paths = {
        layer: [index.file(layer, day).path for index, days in mapped for day in days]
        for layer in chosen
    }
    dates = np.array([day for _, days in mapped for day in days], "datetime64[ns]")
    about = {
        "title": f"daily melt, {folder.name}",
        "area": folder.name,
        "model": name,
        "model_checksum": mapped[0][0].model_checksum,
    }
    grid = grid_of(paths[chosen[0]][0])
    return dataset(paths, grid, ENCODINGS, xr.Variable("date", dates, TIME), about)


def days_of(index: MapIndex) -> list[dt.date]:
    """The days that a list of maps has, rising.

    Raises
    ------
    FormatError
        It names no map.
    """
    named = filter(None, map(DAY.fullmatch, index.files))
    try:
        days = sorted(dt.date.fromisoformat(found[1]) for found in named)
    except ValueError:
        days = []
    if not days:
        raise FormatError(f"maps {index.path}: names no map; expected one a day; map it again")
    return days


def chosen_layers(mapped: Mapped, layers: Sequence[str] | None) -> list[str]:
    """The layers that are asked for, or all; each is there on all days.

    Raises
    ------
    ConfigError
        A layer is unknown.
    MissingInputError
        A day lacks a layer that others have.
    """
    known = list(dict.fromkeys(name for index, days in mapped for name in index.layers(days)))
    wanted = known if layers is None else list(layers)
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        found = repr(unknown[0]) + nearest(unknown[0], known) if unknown else "none"
        raise ConfigError(f"layers: found {found}; expected some of {', '.join(known)}")
    return wanted
