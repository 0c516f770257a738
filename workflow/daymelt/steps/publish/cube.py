"""Write the maps of all seasons as one Zarr store."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import storage_errors, write_json
from daymelt.core.dates import season_days
from daymelt.core.digests import combine
from daymelt.core.grid import Grid
from daymelt.core.provenance import software_version
from daymelt.products import conventions, zarr_cube
from daymelt.products.map_index import (
    ENCODINGS,
    MapIndex,
    read_map,
    read_map_indices,
)
from daymelt.settings.inputs import Area, Seasons
from daymelt.steps.publish.cube_inputs import GROUPS, write_inputs
from daymelt.steps.publish.cube_made import ClimatologyMaps, SeasonMaps
from daymelt.steps.publish.cube_seasons import (
    Source,
    record_of,
    remove_groups,
    write_group,
    write_seasons,
)
from daymelt.steps.publish.made_maps import check_model, read_made_maps, read_seasons

Days = dict[dt.date, MapIndex]
TITLES = {
    "seasons": "Maps of the melt seasons, {area}",
    "climatology": "Mean of the melt seasons and their anomalies, {area}",
}
INPUTS = ("sar", "time_interpolated", "liquid_water", "brightness_temperature")


def cube(
    maps: list[Path],
    out: Path,
    area: Area,
    seasons: Seasons,
    sar: list[Path] = [],  # noqa: B006 - an empty list: the cube holds none of these
    interpolated: list[Path] = [],  # noqa: B006
    mar: list[Path] = [],  # noqa: B006
    microwave: list[Path] = [],  # noqa: B006
    season_lists: list[Path] = [],  # noqa: B006
    climatology: list[Path] = [],  # noqa: B006
) -> None:
    """Write the cube season by season; what an interrupted run has finished is kept, and days whose
    maps are as they were are not written again.

    Parameters
    ----------
    maps : list of the daily maps of each season
    out : what the cube holds, written last; the cube lies beside it
    sar, interpolated, mar, microwave : streams of the inputs, which then are groups of the cube
    season_lists, climatology : lists of the maps of each season, and of their climatology, at most
        one, which then are groups of the cube

    Raises
    ------
    MissingInputError, FormatError, GridError
        Maps are missing, of two models, or not those of their list; a store is in the way.
    StorageError
        The disk is full or the folder cannot be written.
    """
    indices = read_map_indices(maps)
    days = days_of(indices, seasons)
    made = made_maps(season_lists, climatology, indices[0], area.grid)
    source = Maps(days, common_layers(indices, days), area.grid)
    path = out.parent / f"{area.name}.zarr"
    about = describe(area.name, indices)
    with storage_errors(path):
        store = zarr_cube.open_cube(path, source.layout, about)
        write_seasons(store, source, about)
        if sar:
            inputs = dict(zip(INPUTS, (sar, interpolated, mar, microwave), strict=True))
            years = {day: index.season for day, index in days.items()}
            write_inputs(store, path, inputs, years, about)
        for name, group in made.items():
            titled = {**about, "title": TITLES[name].format(area=area.name)}
            write_group(store, path / name, group, titled)
        remove_groups(store, path, {*made, *(GROUPS if sar else ())})
    write_json(out, contents(path, store))


def made_maps(
    seasons: Sequence[Path], climatology: Sequence[Path], index: MapIndex, grid: Grid
) -> dict[str, Source]:
    """The groups of the maps of seasons; FormatError where they are of another model."""
    lists = read_seasons(seasons)
    means = [read_made_maps(path, of_season=False) for path in climatology]
    for made in (*lists, *means):
        check_model(made, index)
    found: dict[str, Source] = {}
    if lists:
        found["seasons"] = SeasonMaps(lists, grid)
    if means:
        years = [made.season for made in lists]
        found["climatology"] = ClimatologyMaps(means[0], years, grid)
    return found


def days_of(indices: Sequence[MapIndex], seasons: Seasons) -> Days:
    """The list that each day is in."""
    return {day: index for index in indices for day in season_days(index.season, seasons.months)}


def common_layers(indices: Sequence[MapIndex], days: Days) -> tuple[str, ...]:
    """The layers of the maps, the same on every day."""
    own = [[day for day, other in days.items() if other is index] for index in indices]
    found = {
        name: None
        for index, of_index in zip(indices, own, strict=True)
        for name in index.layers(of_index)
    }
    for day, index in days.items():
        for name in found:
            index.file(name, day)
    return tuple(found)


def describe(area: str, indices: Sequence[MapIndex]) -> dict[str, str]:
    """Attributes of the cube as a whole."""
    inputs = combine(index.inputs for index in indices)
    return conventions.about(area, software_version(), indices[0].model_checksum, inputs)


class Maps:
    """The daily maps that a cube is written from."""

    def __init__(self, days: Days, layers: Sequence[str], grid: Grid) -> None:
        self._days, self._layers = days, layers
        encodings = {name: ENCODINGS[name] for name in layers}
        self.layout = zarr_cube.Layout(grid, encodings, zarr_cube.days_axis(sorted(days)))

    def read(self, layer: str, day: dt.date) -> NDArray[np.generic]:
        """Stored numbers of a layer of a day, (y, x)."""
        file = self._days[day].file(layer, day)
        return read_map(file, self.layout.grid, self.layout.layers[layer])

    def digest(self, day: dt.date) -> int:
        """Record of the maps of a day."""
        return record_of(self._days[day].digest(self._layers, day))

    def season(self, day: dt.date) -> int:
        """The season of a day."""
        return self._days[day].season


def contents(path: Path, store: zarr_cube.Cube) -> dict[str, object]:
    """What the cube holds, and how large it is."""
    files = [file for file in path.rglob("*") if file.is_file()]
    days = store.layout.axis.keys
    return {
        "path": path.name,
        "layers": list(store.layout.layers),
        "groups": sorted(store.head.groups()),
        "seasons": store.seasons(),
        "first": str(days[0]),
        "last": str(days[-1]),
        "days": len(days),
        "files": len(files),
        "size": sum(file.stat().st_size for file in files),
    }
