"""Draw a season as an animation and as a contact sheet."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from daymelt.core.cube import check_same_grid, read_layers
from daymelt.core.dates import season_days
from daymelt.core.encoding import NEVER_SEEN
from daymelt.products.contact_sheet import ContactSheet
from daymelt.products.extent_tables import read_extents
from daymelt.products.map_index import MapIndex, read_map_index
from daymelt.products.map_pictures import Ground, Painter, PicturedSeason, where_all, where_most
from daymelt.products.reduced_maps import read_reduced
from daymelt.products.season_animation import LINES_PX, frame_fit, write_animation
from daymelt.settings.inputs import Area, Seasons


def season_pictures(
    maps: Path,
    extents: Path,
    terrain: Path,
    animation: Path,
    sheet: Path,
    area: Area,
    seasons: Seasons,
) -> None:
    """Draw the daily maps of a season: as an animation above the curve of the melt extent, and as
    one small map a day.

    Parameters
    ----------
    maps : list of the season's daily maps
    extents : table of the regions of the season
    terrain : with the masks of ocean and ice

    Raises
    ------
    MissingInputError, FormatError, GridError
        A map or a table is not found, or is another file.
    """
    index = read_map_index(maps)
    days = season_days(index.season, seasons.months)
    fit = frame_fit(area.grid)
    ground = read_ground(index, days[0], terrain, area, fit.halvings)
    season = PicturedSeason(
        area.name,
        area.grid,
        {day: read_reduced(index, "melt", day, area.grid, fit.halvings) for day in days},
        read_extents(extents, days),
        Painter(fit, ground, LINES_PX, outline=True),
        dict(notes(index, days)),
    )
    write_animation(animation, season)
    ContactSheet(season).write(sheet)


def read_ground(index: MapIndex, day: dt.date, terrain: Path, area: Area, halvings: int) -> Ground:
    """Ocean, ice, and what was never seen, which is the same on every day of a season."""
    layers = read_layers(terrain)
    check_same_grid(layers.grid, area.grid, terrain)
    age = read_reduced(index, "sar_age", day, area.grid, halvings)
    return Ground(
        where_all(layers["ocean"] == 1, halvings),
        where_most(layers["ice"] == 1, halvings),
        np.asarray(age == NEVER_SEEN),
    )


def notes(index: MapIndex, days: Sequence[dt.date]) -> Iterator[tuple[dt.date, str]]:
    """The days whose inputs were filled or that lie in a long gap of Sentinel-1, and what to say of
    them.
    """
    for day in days:
        said = [f"filled: {index.filled[day]}"] if day in index.filled else []
        said += ["long gap of Sentinel-1"] if index.gap(day) else []
        if said:
            yield day, "; ".join(said)
