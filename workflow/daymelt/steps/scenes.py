"""Sentinel-1 passes ready for thresholding: read, masked and smoothed the same way for the winter and for the season."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt import cube
from daymelt.config import Area, Sar, Sentinel1
from daymelt.grid import Grid
from daymelt.manifest import manifest_files
from daymelt.science import backscatter
from daymelt.sources import sentinel1 as reader
from daymelt.sources.scenes import find_scenes

Passes = dict[tuple[dt.date, int], list[reader.Burst]]


class Scenes:
    """The passes of some retrievals on the fine grid of an area."""

    def __init__(self, manifests: Sequence[Path], terrain: Path, area: Area, sentinel1: Sentinel1, sar: Sar) -> None:
        self.fine = area.grid.refine(sentinel1.spacing_m)
        self.passes = find_passes(manifests, sentinel1)
        self._sar = sar
        self._land = land_pixels(terrain, area.grid, self.fine)

    def read(self, bursts: Sequence[reader.Burst]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Smoothed backscatter of one pass, linear power, (y, x), and where it is valid."""
        gamma0, mask = reader.read_pass(bursts, self.fine)
        valid = backscatter.valid_backscatter(gamma0, mask, self._sar.noise_floor_db) & self._land
        return backscatter.smooth(gamma0, valid, self._sar.smoothing_window), valid

    def of_orbit(self, relative_orbit: int) -> Iterator[list[reader.Burst]]:
        """The passes of one orbit, in order of time."""
        return (self.passes[key] for key in sorted(self.passes) if key[1] == relative_orbit)

    @property
    def orbits(self) -> list[int]:
        """Relative orbits that passed."""
        return sorted({orbit for _, orbit in self.passes})

    @property
    def days(self) -> list[dt.date]:
        """Days with a pass."""
        return sorted({day for day, _ in self.passes})


def find_passes(manifests: Sequence[Path], sentinel1: Sentinel1) -> Passes:
    """The passes that the files of some manifests make up."""
    paths = [path for manifest in manifests for path in manifest_files(manifest, ".tif")]
    if sentinel1.provider == "planetary-computer":
        return reader.passes(find_scenes(paths, sentinel1.polarisation))
    return reader.passes(reader.find_bursts(paths, sentinel1.polarisation))


def land_pixels(terrain: Path, area: Grid, fine: Grid) -> NDArray[np.bool_]:
    """Pixels of the fine grid that lie in a cell that is not ocean, (y, x)."""
    layers = cube.read_layers(terrain)
    cube.check_same_grid(layers.grid, area, terrain)
    return np.asarray(layers["ocean"] == 0)[area.cells_of(fine)]


def layer_names(relative_orbit: int) -> tuple[str, str]:
    """Names of an orbit's winter reference and of its count of scenes in a layer file."""
    return f"gamma0_{relative_orbit:03d}", f"scene_count_{relative_orbit:03d}"
