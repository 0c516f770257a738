"""Draw the melt extent of all seasons."""

from pathlib import Path

from daymelt.products import extent_figure as figure
from daymelt.products.extent_tables import read_extents
from daymelt.settings.inputs import Area
from daymelt.settings.publishing import SeasonMaps


def extent_figure(extents: list[Path], out: Path, area: Area, season_maps: SeasonMaps) -> None:
    """Draw the melt extent of every season beside the mean and the range of all.

    Parameters
    ----------
    extents : table of the regions of each season

    Raises
    ------
    MissingInputError, FormatError
        A table is not found, or is another file.
    """
    seasons = sorted(map(read_extents, extents), key=lambda season: season.days[0])
    figure.extent_figure(out, area.name, seasons, season_maps.least_seasons)
