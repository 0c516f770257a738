"""A share of the valid pixels of every training day, numbered consecutively and read on demand.

In memory is one bit per cell and day. The pool of a large area has hundreds of millions of pixels,
of which a tree of a forest takes a few.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from daymelt.learn.samples import Crops, TrainingSet

BAND = 1 << 19  # cells of a day that are read together
# inputs (pixel, channel), normalised as for a network, and melt fraction (pixel,)
Pixels = tuple[NDArray[np.float32], NDArray[np.float64]]
Numbers = NDArray[np.int64]


class Pool:
    """Pixels of every image, drawn without replacement as a function of the seed alone.

    They are numbered day by day, within a day row by row.

    Parameters
    ----------
    training_set : the labelled days
    share : of the valid pixels of each, above 0 to 1
    seed : of the draw
    threads : that draw and read pixels
    band : cells of a day that are read together
    """

    def __init__(
        self,
        training_set: TrainingSet,
        share: float,
        seed: int,
        threads: int = 1,
        band: int = BAND,
    ) -> None:
        self.training_set, self.threads, self._band = training_set, max(threads, 1), band
        days = range(len(training_set))
        with ThreadPoolExecutor(self.threads) as workers:
            self._bits = list(
                workers.map(lambda index: _draw(training_set, index, share, seed), days)
            )
        counts = [int(np.bitwise_count(bits).sum(dtype=np.int64)) for bits in self._bits]
        self._first = np.cumsum([0, *counts])

    def __len__(self) -> int:
        return int(self._first[-1])

    def read(self, wanted: Sequence[Numbers]) -> list[Pixels]:
        """The pixels of each of several increasing lists of numbers; a day is read once for all
        lists.
        """
        read = [self._room(len(numbers)) for numbers in wanted]
        height = max(1, self._band // self.training_set.frame.shape[1])

        def read_days(days: range) -> None:
            room = self.training_set.room(1, (height, self.training_set.frame.shape[1]))
            for index in days:
                self._read_day(index, wanted, read, room)

        days = len(self.training_set)
        with ThreadPoolExecutor(self.threads) as workers:
            list(
                workers.map(
                    read_days, [range(first, days, self.threads) for first in range(self.threads)]
                )
            )
        return read

    def _room(self, count: int) -> Pixels:
        return np.empty((count, len(self.training_set.frame.channels)), np.float32), np.empty(count)

    def _read_day(
        self, index: int, wanted: Sequence[Numbers], read: Sequence[Pixels], room: Crops
    ) -> None:
        """Copy the wanted pixels of a day from bands of its rows to their places."""
        rows, columns = self.training_set.frame.shape
        height = room[1].shape[1]
        cells, first = (
            np.flatnonzero(np.unpackbits(self._bits[index], count=rows * columns).view(np.bool_)),
            self._first[index],
        )
        for row in range(0, rows, height):
            size = min(height, rows - row), columns
            here = tuple(part[..., : size[0], :] for part in room)
            fields, melt, _ = self.training_set.crops(
                [index], [row], [0], size, (here[0], here[1], here[2])
            )
            inputs, target = pixels_of(fields), melt.flatten().cpu().numpy()
            edges = first + np.searchsorted(cells, [row * columns, (row + size[0]) * columns])
            for numbers, (all_inputs, all_target) in zip(wanted, read, strict=True):
                some = slice(*np.searchsorted(numbers, edges))
                places = cells[numbers[some] - first] - row * columns
                all_inputs[some], all_target[some] = inputs[places], target[places]


def pixels_of(fields: Tensor) -> NDArray[np.float32]:
    """(pixel, channel) of one crop (1, channel, y, x)."""
    pixels: NDArray[np.float32] = fields[0].permute(1, 2, 0).flatten(0, 1).cpu().numpy()
    return pixels


def _draw(training_set: TrainingSet, index: int, share: float, seed: int) -> NDArray[np.uint8]:
    """The cells of an image that are in the pool, one bit each."""
    valid = training_set.valid(index).cpu().numpy().ravel()
    cells = np.flatnonzero(valid)
    some = np.random.default_rng([seed, index]).choice(
        cells, round(share * len(cells)), replace=False, shuffle=False
    )
    drawn = np.zeros(valid.shape, np.bool_)
    drawn[some] = True
    return np.packbits(drawn)
