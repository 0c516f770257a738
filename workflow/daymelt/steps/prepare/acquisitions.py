"""The acquisitions of a season, read one by one from the streams of its months."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.digests import combine
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import Grid
from daymelt.science.temporal import BLOCK, acquisition_gaps


def gaps_as_text(acquired: Iterable[dt.date], days: Sequence[dt.date]) -> list[list[str]]:
    """Long gaps between acquisitions among some days, as attribute of a stream: the first and the
    last day of each.
    """
    return [[str(first), str(last)] for first, last in acquisition_gaps(acquired, days)]


class StoredFields:
    """Melt fractions in percent of some acquisitions of open streams, (acquisition, y, x); the
    last `cached` ones that were read stay in memory.
    """

    def __init__(
        self, places: Sequence[tuple[cube.Stream, dt.date]], shape: tuple[int, int], cached: int
    ) -> None:
        self.shape = (len(places), *shape)
        self._places, self._cached = places, cached
        self._read = lru_cache(cached)(lambda index: places[index][0].raw(places[index][1]))

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> NDArray[Any]:
        return self._read(index)

    def chosen(self, indices: Sequence[int]) -> "StoredFields":
        """Some of the acquisitions."""
        return StoredFields(
            [self._places[index] for index in indices], self.shape[1:], self._cached
        )


@dataclass(frozen=True)
class Acquisitions:
    """Acquisition days of a season, their melt fractions, the grid, and a digest of the inputs."""

    days: list[dt.date]
    fields: StoredFields
    grid: Grid
    digest: str


def no_acquisition(season: int, streams: Sequence[cube.Stream]) -> MissingInputError:
    """What to say of a season whose months have no acquisition: there was none, or none with a
    winter reference.
    """
    left_out = sum(len(stream.attributes.get("left_out", [])) for stream in streams)
    if left_out:
        return MissingInputError(
            f"season {season}: none of {left_out} Sentinel-1 passes in {len(streams)} months has a "
            "winter reference; retrieve the months of sar.winter_months, name others there or "
            "raise sar.reference_years_back"
        )
    return MissingInputError(
        f"season {season}: no Sentinel-1 acquisition in {len(streams)} months, of which the "
        "manifests say what was searched; take the year out of seasons.years, or choose another "
        "sentinel1.provider or sentinel1.polarisation"
    )


@contextmanager
def open_acquisitions(
    season: int, sar: Sequence[Path], neighbours: int = 6
) -> Iterator[Acquisitions]:
    """Open the months of a season; `neighbours` is the number of acquisitions that a day is
    interpolated from.

    Raises
    ------
    MissingInputError
        No month has an acquisition.
    """
    with ExitStack() as stack:
        streams = [stack.enter_context(cube.open_stream(path)) for path in sorted(sar)]
        places = [(stream, day) for stream in streams for day in stream.dates]
        if not places:
            raise no_acquisition(season, streams)
        grid = streams[-1].grid
        # each neighbour enters the mean, leaves it, and is left out of that of its own day
        fields = StoredFields(places, grid.shape, max(BLOCK, 3 * neighbours) + 2)
        yield Acquisitions(
            [day for _, day in places],
            fields,
            grid,
            combine([stream.attributes["inputs"] for stream in streams]),
        )
