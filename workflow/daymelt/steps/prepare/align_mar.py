"""MAR's liquid water on the study grid."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.dates import describe, season_days
from daymelt.core.encoding import LIQUID_WATER
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import Grid, transformer
from daymelt.core.manifest import manifest_digest, manifest_files
from daymelt.science.climate import liquid_water_in_kg_per_kg
from daymelt.science.regrid import apply_weights, bilinear_weights
from daymelt.settings.inputs import Area, Mar, Seasons
from daymelt.settings.processing import Regrid
from daymelt.sources.mar.files import MarFile, open_mar
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.prepare.gaps import warn_of_filled
from daymelt.steps.prepare.meltwaterbench_fields import Coarse, is_meltwaterbench


def align_mar(
    manifest: Path, season: int, out: Path, area: Area, seasons: Seasons, mar: Mar, regrid: Regrid
) -> None:
    """Bring liquid water to the posting grid, every day of a season.

    The mean over the uppermost `mar.depth_m`, interpolated bilinearly between the cell centres of
    MAR; from the rasters of MeltwaterBench as means, with missing days filled linearly in time.
    """
    days = season_days(season, seasons.months)
    grid = area.grid.posting(regrid.posting_m)
    if is_meltwaterbench(manifest):
        fields, filled = Coarse(manifest, layout.MAR, area.grid, grid).season(
            days, mar.longest_gap_days
        )
        attributes = {"inputs": manifest_digest([manifest])}
        cube.write_stream(
            out,
            zip(days, fields, strict=True),
            grid=grid,
            encoding=LIQUID_WATER,
            filled=filled,
            attributes=attributes,
        )
        warn_of_filled(f"MAR {season}", filled)
        return
    with ExitStack() as stack:
        opened = [
            stack.enter_context(open_mar(path, mar.variable, depth_m=mar.depth_m))
            for path in manifest_files(manifest, ".nc")
        ]
        source = {day: file for file in opened for day in file.dates}
        missing = [day for day in days if day not in source]
        if missing:
            raise MissingInputError(
                f"MAR {manifest}: no {describe(missing)}; every day of the season is needed: leave "
                "months that the provider lacks out of seasons.months, or retrieve the year again"
            )
        attributes = {"inputs": manifest_digest([manifest])}
        cube.write_stream(
            out, _days(days, source, grid), grid=grid, encoding=LIQUID_WATER, attributes=attributes
        )


def first_day(
    manifest: Path, area: Area, mar: Mar, regrid: Regrid
) -> tuple[dt.date, NDArray[np.float32]]:
    """The first day of a retrieval, however few it has, on the posting grid, (y, x), kg/kg.

    Raises
    ------
    MissingInputError
        The retrieval has no day.
    """
    grid = area.grid.posting(regrid.posting_m)
    if is_meltwaterbench(manifest):
        return Coarse(manifest, layout.MAR, area.grid, grid).first_day()
    (path,) = manifest_files(manifest, ".nc")
    with open_mar(path, mar.variable, depth_m=mar.depth_m) as file:
        return next(_days(list(file.dates[:1]), {file.dates[0]: file}, grid))


def _days(
    days: list[dt.date], source: dict[dt.date, MarFile], grid: Grid
) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
    files = {file.path: file for file in source.values()}
    weights = {
        path: bilinear_weights(*_centres(file, grid.crs), grid) for path, file in files.items()
    }
    for day in days:
        file = source[day]
        water = liquid_water_in_kg_per_kg(file.read(day), file.units, f"{file.path}, {day}")
        yield day, apply_weights(weights[file.path], water, grid.shape)


def _centres(file: MarFile, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell centres of MAR in a crs, (y, x) each, m, from its longitudes and latitudes, not from its
    own axes.
    """
    x, y = transformer("EPSG:4326", crs).transform(file.lon, file.lat)
    return np.asarray(x), np.asarray(y)
