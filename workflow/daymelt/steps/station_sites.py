"""Which of the configured weather stations stand in the area."""

import logging
from collections.abc import Mapping

from daymelt.core.grid import Grid
from daymelt.settings.inputs import Station, Stations

log = logging.getLogger(__name__)


def sites_in(stations: Stations, grid: Grid) -> Mapping[Station, tuple[int, int]]:
    """The stations within the area, each with row and column of its cell; a warning names those
    outside.
    """
    cells = {site: grid.cell_at(site.lon, site.lat) for site in stations.sites}
    outside = [site.name for site, cell in cells.items() if cell is None]
    if outside:
        log.warning(
            "%d of %d stations stand outside the area and are left out: %s",
            len(outside),
            len(cells),
            ", ".join(outside),
        )
    if len(outside) == len(cells):
        log.warning(
            "no station stands in the area: the table of stations is empty; set stations.sites"
        )
    return {site: cell for site, cell in cells.items() if cell is not None}
