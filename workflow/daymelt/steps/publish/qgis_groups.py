"""Groups of layers of the QGIS projects of an area and of its seasons."""

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from daymelt.core.encoding import SAR_AGE, Encoding
from daymelt.core.errors import MissingInputError
from daymelt.products import cog
from daymelt.products.extent_tables import WHOLE_AREA
from daymelt.products.map_index import NAMES
from daymelt.products.qgis_layers import (
    Group,
    Outlines,
    Range,
    Raster,
    day_range,
    shade_pipe,
)
from daymelt.products.season_files import (
    BOUNDS,
    COUNT,
    LAYERS,
    QUALITY,
    anomaly_of,
    file_name,
    mean_of,
)
from daymelt.products.season_style import season_pipe
from daymelt.products.style import age_pipe, melt_pipe
from daymelt.settings.inputs import Area, Seasons
from daymelt.steps.publish.layers import span_of

AGE = SAR_AGE.name
LOW, HIGH, MEAN = "melt_low", "melt_high", "melt_mean"
TITLES = {
    "melt": "melt",
    MEAN: "mean",
    LOW: "5 % quantile",
    HIGH: "95 % quantile",
    AGE: "acquisition age",
}
BY_DAY = "qgis"  # folder of a model with a virtual raster of every daily map


@dataclass(frozen=True)
class Published:
    """The folder of the published files of a model.

    Parameters
    ----------
    folder : the projects lie in it
    """

    folder: Path
    model: str
    area: Area
    seasons: Seasons

    def path(self, file: Path) -> str:
        """A file as a project names it."""
        return Path(os.path.relpath(file, self.folder)).as_posix()

    def map_file(self, layer: str, day: dt.date) -> Path:
        """A daily map."""
        name = NAMES[layer].format(day=day)
        return self.folder / self.model / "maps" / str(day.year) / name

    def reference(self, layer: str, day: dt.date) -> Path:
        """The virtual raster of a daily map."""
        name = Path(NAMES[layer].format(day=day)).with_suffix(".vrt")
        return self.folder / self.model / BY_DAY / str(day.year) / name

    def days_group(self, layer: str, days: Iterable[dt.date]) -> Group:
        """The daily maps of a layer."""
        pipe = age_pipe() if layer == AGE else melt_pipe()
        return Group(
            TITLES[layer],
            tuple(
                Raster(
                    f"{TITLES[layer]} {day}",
                    self.path(self.reference(layer, day)),
                    pipe,
                    day_range(day),
                )
                for day in days
            ),
        )

    def daily_groups(self, layers: Sequence[str], days: Sequence[dt.date]) -> tuple[Group, ...]:
        """The daily maps of all layers; the two ends of the interval are one group."""
        found = {name: self.days_group(name, days) for name in layers}
        if LOW not in found:
            return tuple(found.values())
        interval = Group("interval", (found[LOW], found[HIGH]), one_of=True)
        return found["melt"], found[MEAN], interval, found[AGE]

    def season_map(self, folder: Path, layer: str, season: int) -> Raster:
        """A map of a season."""
        encoding = {**LAYERS, **BOUNDS, **QUALITY}[layer]
        span = span_of(season, self.seasons)
        title = f"{_words(layer)} {season}"
        return self._raster(title, folder / f"{file_name(layer, season)}.tif", encoding, span)

    def climatology(self, folder: Path, layer: str, season: int) -> tuple[Raster, ...]:
        """Mean and number of seasons of a layer; `season` is the first of them."""
        span, title = span_of(season, self.seasons), _words(layer)
        mean = mean_of(LAYERS[layer])
        return (
            self._raster(f"{title}, mean of the seasons", folder / f"{layer}_mean.tif", mean, span),
            self._raster(
                f"{title}, number of seasons", folder / f"{layer}_seasons.tif", COUNT, span
            ),
        )

    def anomaly(self, folder: Path, layer: str, season: int) -> Raster:
        """Difference of a season from the mean."""
        title, file = f"{_words(layer)} {season} minus the mean", f"{layer}_anomaly_{season}.tif"
        span = span_of(season, self.seasons)
        return self._raster(title, folder / file, anomaly_of(LAYERS[layer]), span)

    def relief(self, height: Path, shown: Range) -> Raster:
        """Shaded relief.

        It is shown on `shown`, all days of a project: QGIS derives the range of the controller from
        the layers, which thus begins at midnight.
        """
        return Raster("terrain shade", self.path(height), shade_pipe(), shown)

    def outlines(self, regions: Path) -> Outlines:
        """Outlines of the regions."""
        return Outlines("regions", self.path(regions), WHOLE_AREA)

    def _raster(self, title: str, file: Path, encoding: Encoding, span: tuple[int, int]) -> Raster:
        cog.read_cells(file, self.area.grid, encoding, ())  # checks that it is there
        return Raster(title, self.path(file), season_pipe(encoding, span))


def check_layers(root: Group, folder: Path) -> None:
    """MissingInputError where the file of a layer is not there."""
    for layer in root.layers():
        if not (folder / layer.path).is_file():
            raise MissingInputError(f"{folder / layer.path}: not found; run its step again")


def root_group(outlines: Outlines, maps: Iterable[Group], relief: Raster) -> Group:
    """All layers: of the groups of maps one is shown at a time, so that none shines through the
    cells without data of another.
    """
    return Group("", (outlines, Group("maps", tuple(maps), one_of=True), relief))


def _words(layer: str) -> str:
    return layer.replace("_", " ")
