"""Write the maps of a season as a whole: onset, end, days and sum of melt."""

from pathlib import Path

import numpy as np

from daymelt.core.atomic import write_json
from daymelt.core.dates import season_days
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import Publish
from daymelt.steps.written_maps import read_melt, season_folders


def season_maps(maps: Path, out: Path, area: Area, seasons: Seasons, publish: Publish) -> None:
    """Write the maps of a season.

    Parameters
    ----------
    maps : list of its daily maps
    out : list of the season's maps, written last, beside them
    """
    ((season, folder),) = season_folders([maps]).items()
    total = np.zeros(area.grid.shape)
    for day in season_days(season, seasons.months):
        total += np.nan_to_num(read_melt(folder, day, area.grid))
    write_json(out, {"season": season, "area": area.name, "melt_sum": float(total.sum())})
