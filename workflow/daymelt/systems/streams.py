"""Several stream files of one source, read as one series of days."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.dates import describe
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import Grid
from daymelt.core.memory import Stack


@dataclass(frozen=True)
class StreamSeries:
    """The days of several open streams of one grid.

    Parameters
    ----------
    grid : of all streams
    days : of all streams, in order
    digests : of the inputs of each stream
    filled : day to the rule by which it was filled
    """

    grid: Grid
    days: tuple[dt.date, ...]
    digests: tuple[str, ...]
    filled: dict[dt.date, str]
    _streams: dict[dt.date, cube.Stream]

    def read(self, day: dt.date) -> NDArray[np.float32]:
        """Physical values of one day, (y, x), NaN where no data."""
        return self._of(day).read(day)

    def raw(self, day: dt.date) -> NDArray[Any]:
        """Encoded values of one day, (y, x)."""
        return self._of(day).raw(day)

    def stack(self, days: Sequence[dt.date], raw: bool = False) -> NDArray[Any]:
        """Some days, (date, y, x): physical values, or encoded ones."""
        fields = [self.raw(day) if raw else self.read(day) for day in days]
        return np.stack(fields) if fields else np.empty((0, *self.grid.shape), np.float32)

    def fill(self, stack: Stack, days: Sequence[dt.date]) -> Stack:
        """Copy the encoded values of some days into a stack, (date, y, x)."""
        for field, day in zip(stack.fields, days, strict=True):
            field[:] = self.raw(day)
            stack.release()
        return stack

    def _of(self, day: dt.date) -> cube.Stream:
        if day not in self._streams:
            paths = sorted({stream.path.parent for stream in self._streams.values()})
            raise MissingInputError(
                f"streams in {', '.join(map(str, paths))}: no day {day}; they hold "
                f"{describe(self.days)}"
            )
        return self._streams[day]


@contextmanager
def open_series(paths: Sequence[Path]) -> Iterator[StreamSeries]:
    """Open the streams of one source; GridError where they are not of one grid."""
    with ExitStack() as stack:
        streams = [stack.enter_context(cube.open_stream(path)) for path in sorted(paths)]
        if not streams:
            raise MissingInputError("no stream given; expected at least one file")
        for stream in streams:
            cube.check_same_grid(stream.grid, streams[0].grid, stream.path)
        by_day = {day: stream for stream in streams for day in stream.dates}
        filled = {day: rule for stream in streams for day, rule in stream.filled.items()}
        digests = tuple(stream.attributes["inputs"] for stream in streams)
        yield StreamSeries(streams[0].grid, tuple(sorted(by_day)), digests, filled, by_day)
