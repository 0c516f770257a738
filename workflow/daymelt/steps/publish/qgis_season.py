"""Write the QGIS project of a season: every layer of every day, and the maps of the season."""

import datetime as dt
import os
from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.products.map_index import (
    ENCODINGS,
    MapIndex,
    check_content,
    check_grid,
    read_map_index,
)
from daymelt.products.qgis_layers import Group, days_range
from daymelt.products.qgis_project import Project, write_project
from daymelt.products.shared_files import remove_others, share, write_if_other
from daymelt.products.virtual_raster import virtual_raster
from daymelt.settings.inputs import Area, Seasons
from daymelt.steps.publish.made_maps import read_made_maps
from daymelt.steps.publish.qgis_groups import Published, check_layers, root_group


def qgis_season(
    maps: Path,
    season_maps: Path,
    height: Path,
    outlines: Path,
    out: Path,
    model: str,
    area: Area,
    seasons: Seasons,
) -> None:
    """Put the daily maps of a season among the published files, and write its project.

    Parameters
    ----------
    maps : list of the season's daily maps
    season_maps : list of the maps of the season
    height : height as a GeoTIFF
    outlines : polygons of the regions
    out : the project, written last
    model : name of the model

    Raises
    ------
    MissingInputError, FormatError
        Maps are missing, or are not those of their list.
    """
    index = read_map_index(maps)
    days = season_days(index.season, seasons.months)
    layers = index.layers(days)
    published = Published(out.parent, model, area, seasons)
    for layer in layers:
        publish_layer(index, layer, days, published)
    names = {published.reference(layer, day).name for layer in layers for day in days}
    remove_others(published.reference("melt", days[0]).parent, names)
    of_season = read_made_maps(season_maps).layers(index.season)
    folder, shown = season_maps.parent, days_range(days[0], days[-1])
    season = tuple(published.season_map(folder, name, index.season) for name in of_season)
    groups = (*published.daily_groups(layers, days), Group("season maps", season, one_of=True))
    root = root_group(published.outlines(outlines), groups, published.relief(height, shown))
    check_layers(root, out.parent)
    write_project(out, Project(f"{area.name} {index.season}", area.grid, shown, shown, root))


def publish_layer(index: MapIndex, layer: str, days: list[dt.date], published: Published) -> None:
    """Put the daily maps of a layer into their folder, each with a virtual raster.

    Of the first day the head is read: one run has written all files of a list, on one grid.
    """
    encoding, grid = ENCODINGS[layer], published.area.grid
    check_grid(index.file(layer, days[0]), grid, encoding)
    for day in days:
        file = index.file(layer, day)
        check_content(file)
        target, reference = published.map_file(layer, day), published.reference(layer, day)
        share(file.path, target)
        source = os.path.relpath(target, reference.parent)
        content = virtual_raster(source, grid, encoding, f"{encoding.long_name}, {day}")
        write_if_other(reference, content)
