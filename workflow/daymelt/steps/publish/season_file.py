"""Write the maps of a season as one CF NetCDF file."""

import datetime as dt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import season_days
from daymelt.core.provenance import software_version
from daymelt.products import conventions
from daymelt.products.map_index import ENCODINGS, read_map, read_map_index
from daymelt.products.season_netcdf import write_season
from daymelt.settings.inputs import Area, Seasons


def season_file(maps: Path, out: Path, area: Area, seasons: Seasons) -> None:
    """Write the file.

    Parameters
    ----------
    maps : list of the season's daily maps
    """
    index = read_map_index(maps)
    days = season_days(index.season, seasons.months)
    layers = {name: ENCODINGS[name] for name in index.layers(days)}

    def read(layer: str, day: dt.date) -> NDArray[np.uint8]:
        return read_map(index.file(layer, day), area.grid, layers[layer])

    about = conventions.about(
        f"{area.name}, {index.season}", software_version(), index.model_checksum, index.inputs
    )
    write_season(out, days, read, grid=area.grid, layers=layers, about=about)
