"""Write the daily melt extent of every region in a season."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from daymelt.core.dates import season_days
from daymelt.core.provenance import software_version
from daymelt.products.region_files import read_cells, write_extents_csv, write_extents_parquet
from daymelt.science.regions import RegionCells, extents
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import SeasonMaps
from daymelt.steps.written_maps import LASTING_TAGS, read_season


def region_extents(
    maps: Path,
    cells: Path,
    out: Path,
    parquet: Path,
    area: Area,
    seasons: Seasons,
    season_maps: SeasonMaps,
) -> None:
    """Write melt extent, its bounds, mean fraction and observed share of every region and day.

    Parameters
    ----------
    maps : list of the daily maps of the season
    cells : the cells of each region
    out, parquet : the same table as csv and as Parquet

    Raises
    ------
    MissingInputError, FormatError
        A daily map is not found, damaged, or of another model than the others.
    """
    written, regions = read_season(maps, area.grid), read_region_cells(cells, area)
    columns: dict[str, list[Any]] = {}
    tags: dict[str, str] = {}
    for day in written.days(season_days(written.season, seasons.months)):
        told = extents(regions, day.layers, day.age, season_maps.observed_within_days)
        add(columns, "date", [day.date] * len(regions.names))
        add(columns, "region", regions.names)
        for name, values in told.items():
            add(columns, name, values)
        tags = tags or {name: day.tags[name] for name in LASTING_TAGS if name in day.tags}
    tags |= {"inputs": written.inputs, "software": software_version()}
    write_extents_parquet(parquet, columns, tags)
    write_extents_csv(out, columns)


def read_region_cells(path: Path, area: Area) -> RegionCells:
    """The cells of each region, by their area."""
    names, region, cell, area_km2 = read_cells(path)
    shape = (len(names), area.rows * area.columns)
    return RegionCells(names, sparse.csr_array((area_km2, (region, cell)), shape))


def add(columns: dict[str, list[Any]], name: str, values: Any) -> None:
    """Append values to a column."""
    columns.setdefault(name, []).extend(
        values.tolist() if isinstance(values, np.ndarray) else values
    )
