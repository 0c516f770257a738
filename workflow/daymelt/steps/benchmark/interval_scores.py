"""Score the intervals of a system's maps against the twin's truth, on every day."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT, SAR_AGE, decode
from daymelt.core.errors import MissingInputError
from daymelt.products import cog
from daymelt.products.map_files import AGE, LAYERS
from daymelt.science.intervals import IntervalSums
from daymelt.science.strata import gap_bins
from daymelt.settings.inputs import Area, Seasons
from daymelt.steps.benchmark.daily_table import write_table
from daymelt.steps.written_maps import season_folders
from daymelt.systems.streams import open_series


def interval_scores(
    maps: list[Path],
    worlds: list[Path],
    name: str,
    out: Path,
    area: Area,
    seasons: Seasons,
) -> None:
    """Write how often the truth lies below and above the interval, and how wide it is.

    Parameters
    ----------
    maps : lists of the written maps of a system, one a season
    worlds : the twin's true melt of each season
    name : of the system
    out : table of one row for all cells and for each class of width, of gap and season

    Raises
    ------
    MissingInputError
        The maps have no interval.
    """
    sums, folders = IntervalSums(), season_folders(maps)
    years = [str(season) for season in sorted(folders)]
    with open_series(worlds) as truth:
        for season, folder in sorted(folders.items()):
            for day in truth.days:
                if day.year == season and day.month in seasons.months:
                    add_day(sums, folder, day.isoformat(), truth.read(day), area, years)
    write_table(out, [{"system": name, **row} for row in sums.rows()])


def add_day(
    sums: IntervalSums,
    folder: Path,
    day: str,
    truth: NDArray[np.float32],
    area: Area,
    years: list[str],
) -> None:
    """Add the interval of one day."""
    paths = [folder / LAYERS[layer].format(day=day) for layer in ("melt_low", "melt_high")]
    if not all(path.is_file() for path in paths):
        raise MissingInputError(
            f"maps {folder}: no {paths[0].name}; the system gives no interval, choose one that does"
        )
    low, high = (decode(cog.read_day(path, area.grid, PERCENT), PERCENT) for path in paths)
    age = cog.read_day(folder / AGE.format(day=day), area.grid, SAR_AGE)
    valid = np.isfinite(low) & np.isfinite(truth)
    season: tuple[int, list[str]] = years.index(day[:4]), years
    strata: dict[str, Any] = {"gap": gap_bins(age), "season": season}
    sums.add(low, high, truth, valid, strata)
