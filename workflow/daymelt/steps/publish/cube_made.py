"""The maps of seasons and their climatology as groups of the cube."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.grid import Grid
from daymelt.products import zarr_cube
from daymelt.products.map_index import read_map
from daymelt.products.season_files import file_name
from daymelt.steps.publish.cube_seasons import record_of
from daymelt.steps.publish.made_maps import ANOMALIES, MEANS, OF_SEASON, MadeMaps


class SeasonMaps:
    """Maps of seasons that a cube is written from, along the axis of the seasons."""

    def __init__(self, lists: Sequence[MadeMaps], grid: Grid) -> None:
        self._of = {made.season: made for made in lists}
        layers = {
            name: encoding
            for name, encoding in OF_SEASON.items()
            if any(name in made.layers(made.season) for made in lists)
        }
        self.layout = zarr_cube.Layout(grid, layers, zarr_cube.seasons_axis(list(self._of)))

    def read(self, layer: str, key: int) -> NDArray[np.generic]:
        """Stored numbers of a layer of a season, (y, x)."""
        file = self._of[key].file(file_name(layer, key))
        return read_map(file, self.layout.grid, self.layout.layers[layer])

    def digest(self, key: int) -> int:
        """Record of the maps of a season."""
        return record_of(self._of[key].digest())

    def season(self, key: int) -> int:
        """The season itself."""
        return key


class ClimatologyMaps:
    """Means of the seasons, (y, x), and the anomalies of each, along the axis of the seasons."""

    def __init__(self, made: MadeMaps, years: Sequence[int], grid: Grid) -> None:
        self._made = made
        axis = zarr_cube.seasons_axis(years)
        self.layout = zarr_cube.Layout(grid, ANOMALIES, axis, MEANS)

    def read(self, layer: str, key: int | None) -> NDArray[np.generic]:
        """Stored numbers of an anomaly of a season, or of a mean at None, (y, x)."""
        name = layer if key is None else file_name(layer, key)
        encoding = (MEANS if key is None else ANOMALIES)[layer]
        return read_map(self._made.file(name), self.layout.grid, encoding)

    def digest(self, key: Any) -> int:
        """Record of all maps, which are of all seasons."""
        return record_of(self._made.digest())

    def season(self, key: int) -> int:
        """The season itself."""
        return key
