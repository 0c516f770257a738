"""Write the QGIS project of an area: melt of every day, and the maps of all seasons."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.products.map_index import read_map_indices
from daymelt.products.qgis_layers import Group, Raster, days_range
from daymelt.products.qgis_project import Project, write_project
from daymelt.products.season_files import LAYERS, QUALITY
from daymelt.settings.inputs import Area, Seasons
from daymelt.steps.publish.made_maps import read_made_maps
from daymelt.steps.publish.qgis_groups import Published, check_layers, root_group


def qgis_project(
    maps: list[Path],
    season_maps: list[Path],
    climatology: list[Path],
    height: Path,
    outlines: Path,
    out: Path,
    model: str,
    area: Area,
    seasons: Seasons,
) -> None:
    """Write the project of an area; the projects of its seasons have published the daily maps.

    Parameters
    ----------
    maps : lists of the daily maps of each season
    season_maps : lists of the maps of each season
    climatology : list of the means of the seasons; none of few seasons
    height : height as a GeoTIFF
    outlines : polygons of the regions
    out : the project
    model : name of the model

    Raises
    ------
    MissingInputError, FormatError
        Maps are missing, or are of two models.
    """
    published = Published(out.parent, model, area, seasons)
    years = [index.season for index in read_map_indices(maps)]
    days = {year: season_days(year, seasons.months) for year in years}
    shown = days_range(days[years[0]][0], days[years[-1]][-1])
    melt = tuple(
        Group(str(year), published.days_group("melt", days[year]).members) for year in years
    )
    folders = {read_made_maps(path).season: path for path in season_maps}
    seasonal = tuple(season_groups(published, folders, climatology))
    groups = (Group("melt", melt), Group("season maps", seasonal, one_of=True))
    root = root_group(published.outlines(outlines), groups, published.relief(height, shown))
    check_layers(root, out.parent)
    played = days_range(days[years[-1]][0], days[years[-1]][-1])
    write_project(out, Project(area.name, area.grid, shown, played, root))


def season_groups(
    published: Published, lists: Mapping[int, Path], climatology: list[Path]
) -> Iterator[Group]:
    """A group for each layer of the season maps: its mean, and each season with its range and its
    difference from the mean.
    """
    for layer in (*LAYERS, *QUALITY):
        means = climatology if layer in LAYERS else []
        members = list(season_members(published, lists, layer, means))
        yield Group(layer.replace("_", " "), tuple(members), one_of=True)


def season_members(
    published: Published, lists: Mapping[int, Path], layer: str, climatology: list[Path]
) -> Iterator[Raster]:
    """The rasters of a layer of the season maps."""
    for path in climatology:
        yield from published.climatology(path.parent, layer, min(lists))
    for season, path in sorted(lists.items()):
        for name in read_made_maps(path).layers(season):
            if name == layer or name.startswith(f"{layer}_"):
                yield published.season_map(path.parent, name, season)
        for mean in climatology:
            yield published.anomaly(mean.parent, layer, season)
