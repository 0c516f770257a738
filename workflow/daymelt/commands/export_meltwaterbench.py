"""Export of an area in the layout in which MeltwaterBench is published."""

import datetime as dt
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.atomic import write_text
from daymelt.core.dates import month_name, season_days
from daymelt.core.encoding import PERCENT, decode
from daymelt.core.grid import Grid
from daymelt.core.provenance import software_version
from daymelt.plan import places
from daymelt.products import cog
from daymelt.products.geotiff import write_field
from daymelt.products.map_files import MELT
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.learning import Model
from daymelt.settings.protocols import PUBLISHED
from daymelt.sources.meltwaterbench import layout as published
from daymelt.sources.meltwaterbench.rasters import FILLED
from daymelt.steps.splits import read_splits

log = logging.getLogger(__name__)
Field = NDArray[np.float32]


def export_meltwaterbench(
    out: Path,
    area: Area,
    seasons: Seasons,
    model: Model,
    results: Path = Path("results"),
    maps: bool = False,
) -> None:
    """Write inputs, target, mask, DEM and lists of days of an area below the data root `out`; with
    `maps` also the model's maps.

    The area must have been prepared (`snakemake prepare`), for its maps also mapped, below the
    folder `results`. All files are on the study grid. Coarse fields are repeated over the cells of
    their posting, as the published ones are by the nearest cell, which keeps their means over the
    postings. Where a network of the published code reads a field, it has no NaN: the height
    continues over unknown cells at the lowest known one, which is that of the sea, and
    time-interpolated Sentinel-1 is 0 where no acquisition was valid, as published.
    """
    if area.spacing_m != published.SPACING_M:
        log.warning(
            "cells of %g m; the names of the layout say %g m", area.spacing_m, published.SPACING_M
        )
    here = Prepared(results, area.name, out, area.grid)
    here.write_terrain()
    for year in seasons.years:
        here.write_season(year, seasons)
        log.info("season %d: inputs and target written", year)
        if maps:
            here.write_maps(season_days(year, seasons.months), year, model.name)
    labelled = here.write_lists(seasons, model.name)
    for year in seasons.years:
        here.write_interpolated(year, labelled, seasons)


@dataclass(frozen=True)
class Prepared:
    """The prepared streams of an area, and the data root that they are written to."""

    results: Path
    area: str
    out: Path
    grid: Grid

    def at(self, place: str, **wildcards: object) -> Path:
        """A file of the area below the folder of results."""
        return places.below(self.results, place, area=self.area, **wildcards)

    def write_terrain(self) -> None:
        """Mask and DEM."""
        layers = cube.read_layers(self.at(places.TERRAIN))
        cube.check_same_grid(layers.grid, self.grid, layers.path)
        mask = np.where(layers["ocean"] == 1, published.OCEAN, published.LAND).astype(np.float32)
        write_field(self.out / published.MASK, mask, self.grid)
        write_field(self.out / published.HEIGHT, without_gaps(layers["height"]), self.grid)

    def write_season(self, year: int, seasons: Seasons) -> None:
        """Target and inputs of a season, and its winter mean."""
        for month in seasons.months:
            path = self.at(places.SAR, month=month_name(year, month))
            self._write_days(published.SAR, path)
        self._write_days(published.MICROWAVE, self.at(places.MICROWAVE, season=year))
        self._write_days(published.MAR, self.at(places.MAR, season=year))
        winter = cube.read_layers(self.at(places.MICROWAVE_WINTER, season=year))
        write_field(
            self.out / published.winter_mean(year),
            self._at_full_size(winter["winter_mean"], winter.grid),
            self.grid,
        )

    def write_maps(self, days: list[dt.date], year: int, model: str) -> None:
        """The daily maps of a season."""
        folder = self.at(places.MAP_INDEX, model=model, season=year).parent
        for day in days:
            stored = cog.read_day(folder / MELT.format(day=day), self.grid, PERCENT)
            write_field(
                self.out / published.map_folder(model) / published.day_name(day),
                decode(stored, PERCENT),
                self.grid,
                _tags(""),
            )

    def write_interpolated(
        self, year: int, labelled: Collection[dt.date], seasons: Seasons
    ) -> None:
        """Time-interpolated Sentinel-1 of a season: of the labelled days from the training days,
        of every day from all acquisitions.
        """
        days = season_days(year, seasons.months)
        model = published.TIME_INTERPOLATED
        for folder, split, wanted in (
            (published.prediction_folder(model), PUBLISHED, [d for d in days if d in labelled]),
            (published.map_folder(model), places.ALL, days),
        ):
            path = self.at(places.INTERPOLATED, split=split, season=year)
            with cube.open_stream(path) as stream:
                for day in wanted:
                    field = np.nan_to_num(stream.read(day), nan=0.0)
                    name = published.day_name(day)
                    write_field(self.out / folder / name, field, self.grid, _tags(""))

    def write_lists(self, seasons: Seasons, model: str) -> set[dt.date]:
        """The days of each split, all labelled days, every day that is mapped, and those on which
        the published code looks during training: the first validation day of each month. Returns
        the labelled days.
        """
        splits = read_splits(
            [self.at(places.SPLIT, split=PUBLISHED, season=year) for year in seasons.years]
        )
        lists = {
            name: [day for day, part in sorted(splits.items()) if part == name]
            for name in published.SPLIT_NAMES
        }
        lists["all"] = sorted(day for days in lists.values() for day in days)
        lists["deploy"] = [
            day for year in seasons.years for day in season_days(year, seasons.months)
        ]
        firsts = {(day.year, day.month): day for day in reversed(lists["val"])}
        lists["eval"] = sorted(firsts.values())
        for name, days in lists.items():
            for folder in map(published.split_folder, (model, published.TIME_INTERPOLATED)):
                write_text(
                    self.out / folder / f"{name}.csv",
                    "".join(f"{published.day_name(day)}\n" for day in days),
                )
        return set(lists["all"])

    def _write_days(self, folder: PurePosixPath, path: Path) -> None:
        with cube.open_stream(path) as stream:
            for day, field in self._days(stream):
                tags = _tags(stream.filled.get(day, ""))
                write_field(self.out / folder / published.day_name(day), field, self.grid, tags)

    def _days(self, stream: cube.Stream) -> Iterator[tuple[dt.date, Field]]:
        for day in stream.dates:
            yield day, self._at_full_size(stream.read(day), stream.grid)

    def _at_full_size(self, field: Field, grid: Grid) -> Field:
        """A field of the study grid unchanged, a coarser one repeated over the cells of each
        posting.
        """
        return (
            field
            if grid.spacing_m == self.grid.spacing_m and grid.shape == self.grid.shape
            else field[grid.cells_of(self.grid)]
        )


def without_gaps(height: Field) -> Field:
    """A height without NaN: unknown cells take the lowest known height, or 0 where none is
    known.
    """
    known = height[np.isfinite(height)]
    return np.where(np.isfinite(height), height, known.min() if known.size else np.float32(0))


def _tags(filled: str) -> Mapping[str, str]:
    return {"DAYMELT_SOFTWARE": software_version(), **({FILLED: filled} if filled else {})}
