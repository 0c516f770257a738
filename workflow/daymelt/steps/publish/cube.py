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
from daymelt.steps.publish.cube_inputs import write_inputs
from daymelt.steps.publish.cube_seasons import record_of, write_seasons

Days = dict[dt.date, MapIndex]
INPUTS = ("sar", "time_interpolated", "liquid_water", "brightness_temperature")


def cube(
    maps: list[Path],
    out: Path,
    area: Area,
    seasons: Seasons,
    sar: list[Path] = [],  # noqa: B006 - these four empty: the cube holds no inputs
    interpolated: list[Path] = [],  # noqa: B006
    mar: list[Path] = [],  # noqa: B006
    microwave: list[Path] = [],  # noqa: B006
) -> None:
    """Write the cube season by season; what an interrupted run has finished is kept, and days whose
    maps are as they were are not written again.

    Parameters
    ----------
    maps : list of the daily maps of each season
    out : what the cube holds, written last; the cube lies beside it
    sar, interpolated, mar, microwave : streams of the inputs, which then are groups of the cube

    Raises
    ------
    MissingInputError, FormatError, GridError
        Maps are missing, of two models, or not those of their list; a store is in the way.
    StorageError
        The disk is full or the folder cannot be written.
    """
    indices = read_map_indices(maps)
    days = days_of(indices, seasons)
    layers = common_layers(indices, days)
    path = out.parent / f"{area.name}.zarr"
    layout = zarr_cube.Layout(
        area.grid, {name: ENCODINGS[name] for name in layers}, tuple(sorted(days))
    )
    about = describe(area.name, indices)
    with storage_errors(path):
        store = zarr_cube.open_cube(path, layout, about)
        if sar:
            inputs = dict(zip(INPUTS, (sar, interpolated, mar, microwave), strict=True))
            years = {day: index.season for day, index in days.items()}
            write_inputs(path, inputs, years, about)
            store.consolidate(store.seasons(), about)
        write_seasons(store, Maps(days, layers, area.grid), about)
    write_json(out, contents(path, store, layers))


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
    """The maps that a cube is written from."""

    def __init__(self, days: Days, layers: Sequence[str], grid: Grid) -> None:
        self._days, self._layers, self._grid = days, layers, grid

    def read(self, layer: str, day: dt.date) -> NDArray[np.uint8]:
        """Stored numbers of a layer of a day, (y, x)."""
        return read_map(self._days[day].file(layer, day), self._grid, ENCODINGS[layer])

    def digest(self, day: dt.date) -> int:
        """Record of the maps of a day."""
        return record_of(self._days[day].digest(self._layers, day))

    def season(self, day: dt.date) -> int:
        """The season of a day."""
        return self._days[day].season


def contents(path: Path, store: zarr_cube.Cube, layers: Sequence[str]) -> dict[str, object]:
    """What the cube holds, and how large it is."""
    files = [file for file in path.rglob("*") if file.is_file()]
    return {
        "path": path.name,
        "layers": list(layers),
        "seasons": store.seasons(),
        "first": str(store.layout.days[0]),
        "last": str(store.layout.days[-1]),
        "days": len(store.layout.days),
        "files": len(files),
        "size": sum(file.stat().st_size for file in files),
    }
