"""Write the inputs of the maps as groups of the cube."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.cube import Stream, check_same_grid, open_stream
from daymelt.core.digests import combine
from daymelt.core.manifest import checksum
from daymelt.products import zarr_cube
from daymelt.steps.publish.cube_seasons import record_of, write_group

# layers of each group: the first on the grid of the maps, the second on the coarse posting grid
GROUPS = {
    "inputs": ("sar", "time_interpolated"),
    "inputs_coarse": ("liquid_water", "brightness_temperature"),
}


class Streams:
    """Streams that a cube is written from; a day without a stream has no data."""

    def __init__(
        self, streams: Mapping[str, Sequence[Stream]], seasons: Mapping[dt.date, int]
    ) -> None:
        self._seasons = seasons
        self._layers = {name: of_layer[0] for name, of_layer in streams.items()}
        every = [stream for of_layer in streams.values() for stream in of_layer]
        self._checksums = {stream.path: checksum(stream.path) for stream in every}
        self._of = {
            (name, day): stream
            for name, of_layer in streams.items()
            for stream in of_layer
            for day in stream.dates
        }
        for stream in every:
            check_same_grid(stream.grid, every[0].grid, stream.path)
        self.layout = zarr_cube.Layout(
            every[0].grid,
            {name: stream.encoding for name, stream in self._layers.items()},
            zarr_cube.days_axis(sorted(seasons)),
        )

    def read(self, layer: str, day: dt.date) -> NDArray[np.generic]:
        """Stored numbers of a layer of a day, (y, x)."""
        stream = self._of.get((layer, day))
        if stream is not None:
            return stream.raw(day)
        encoding = self._layers[layer].encoding
        return np.full(self.layout.grid.shape, encoding.nodata, encoding.dtype)

    def digest(self, day: dt.date) -> int:
        """Record of the streams of a day."""
        found = [self._of.get((name, day)) for name in self._layers]
        return record_of(combine(self._checksums[s.path] if s else "" for s in found))

    def season(self, day: dt.date) -> int:
        """The season of a day."""
        return self._seasons[day]


@contextmanager
def open_streams(
    paths: Mapping[str, Sequence[Path]], seasons: Mapping[dt.date, int]
) -> Iterator[Streams]:
    """Open the streams of some layers; GridError where they are not of one grid."""
    with ExitStack() as stack:
        opened = {
            name: [stack.enter_context(open_stream(path)) for path in sorted(files)]
            for name, files in paths.items()
        }
        yield Streams(opened, seasons)


def write_inputs(
    root: zarr_cube.Cube,
    path: Path,
    inputs: Mapping[str, Sequence[Path]],
    seasons: Mapping[dt.date, int],
    about: Mapping[str, str],
) -> None:
    """Write the groups of a cube, season by season as the maps.

    Parameters
    ----------
    root, path : the cube and its folder
    inputs : streams of each layer, by its name
    seasons : season of every day
    about : attributes of the groups
    """
    for group, layers in GROUPS.items():
        with open_streams({name: inputs[name] for name in layers}, seasons) as streams:
            write_group(root, path / group, streams, about)
