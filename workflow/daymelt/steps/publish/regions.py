"""Find the cells of the regions whose melt extent is told each day."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from daymelt.core.cube import check_same_grid, read_layers
from daymelt.core.errors import ConfigError
from daymelt.products.extent_tables import WHOLE_AREA
from daymelt.products.region_files import write_cells, write_outlines
from daymelt.science.regions import elevation_bands, polygon_shares
from daymelt.settings.inputs import Area
from daymelt.settings.publishing import Regions
from daymelt.sources.formats.vector import Region, read_regions

log = logging.getLogger(__name__)
BARELY_CUT = 0.999  # share of a region in the area below which it is told that it is cut
Shares = NDArray[np.float32]


def regions(terrain: Path, cells: Path, outlines: Path, area: Area, regions: Regions) -> None:
    """Write which cells, by which area on the ground, the regions have: the whole area, elevation
    bands, and the polygons of the user.

    Parameters
    ----------
    terrain : height and masks
    cells : list of pairs of region and cell
    outlines : polygons of the area and of the user's regions

    Raises
    ------
    MissingInputError, FormatError
        The file of the user's regions is not found or not usable.
    ConfigError
        A region has the name of another.
    """
    given = regions_of(regions, area)
    layers = read_layers(terrain)
    check_same_grid(layers.grid, area.grid, terrain)
    ground = np.where(layers["ocean"] == 1, 0, area.grid.true_area_km2())
    height = np.where(ground > 0, layers["height"], np.float32(np.nan))
    names: list[str] = []
    pairs: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]] = []
    for name, shares in all_shares(given, height, area, regions):
        within = np.asarray(shares * ground, np.float64).ravel()
        cell = np.flatnonzero(within).astype(np.int32)
        pairs.append((np.full(cell.size, len(names), np.int32), cell, within[cell]))
        names.append(name)
    check_names(names)
    write_cells(cells, names, *(np.concatenate(column) for column in zip(*pairs, strict=True)))
    polygons = [shapely.box(*area.grid.bounds), *(region.polygon for region in given)]
    write_outlines(outlines, [WHOLE_AREA, *(region.name for region in given)], polygons, area.crs)


def regions_of(regions: Regions, area: Area) -> list[Region]:
    """The polygons of the user; a warning for each that the area cuts."""
    if regions.file is None:
        return []
    found = read_regions(regions.file, regions.name_field, regions.crs, area.grid)
    for region in found:
        if region.inside < BARELY_CUT:
            log.warning(
                "region %s: %.1f %% of it lies in the area; its numbers are of that part",
                region.name,
                100 * region.inside,
            )
    return found


def all_shares(
    given: list[Region], height: NDArray[np.float32], area: Area, regions: Regions
) -> Iterator[tuple[str, Shares]]:
    """Name of every region and its share of each cell, (y, x)."""
    yield WHOLE_AREA, np.ones(area.grid.shape, np.float32)
    if regions.elevation_band_m is not None:
        for name, inside in elevation_bands(height, regions.elevation_band_m):
            yield name, inside.astype(np.float32)
    for region in given:
        yield region.name, polygon_shares(region.polygon, area.grid)


def check_names(names: list[str]) -> None:
    """ConfigError where a region of the user has the name of the area or of a band."""
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(
            f"regions.file: a region has the name {twice[0]!r}, which the whole area or an "
            "elevation band has; rename it"
        )
