"""The inputs of the multi-sensor network: every sensor with its own validity.

Per cell: the acquisitions nearest in time that are valid there, before and after the day, each as
melt fraction, closeness and validity; the day's own observation as value and validity; MAR and
passive microwave on the days around, each field with a flag (1 measured, 0.5 filled, 0 absent);
height; the day of the year. Acquisitions stay as they are stored, one byte a cell, and are searched
where a crop is cut, on a CUDA device there (`sensor_gather`), else on the host (`sensor_host`);
nothing is prepared day by day.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daymelt.core.errors import ConfigError, GridError
from daymelt.learn.devices import memory_of
from daymelt.learn.hiding import Hidden, Rates, hide
from daymelt.learn.planes import Planes
from daymelt.learn.samples import NODATA, Crops, Frame, Labels, cut, fraction
from daymelt.learn.sensor_gather import NOWHERE, Cut, DeviceGather, Gather
from daymelt.learn.sensor_host import HostGather
from daymelt.science.neighbours import Side, sides

MEASURED, FILLED, ABSENT = 1.0, 0.5, 0.0  # flags of a coarse field
SEARCHED = 24  # acquisitions a side that are searched for valid ones
DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class Acquisitions:
    """What Sentinel-1 observed.

    Parameters
    ----------
    days : rising
    percent : (acquisition, y, x) uint8, melt fraction in percent, 255 where not observed
    usable : (acquisition,), True where it may be an input
    release : called when what was read need not stay in memory
    """

    days: tuple[dt.date, ...]
    percent: NDArray[np.uint8]
    usable: NDArray[np.bool_]
    release: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Coarse:
    """Coarse fields by day, normalised, with their flags.

    Parameters
    ----------
    days : to index of the first axis
    fields : (date, source, coarse y, coarse x) float32, 0 where no data
    flags : (date, source) float32: `MEASURED`, `FILLED` or `ABSENT`
    """

    days: Mapping[dt.date, int]
    fields: NDArray[np.float32]
    flags: NDArray[np.float32]


class SensorInputs:
    """The planes of some days, cut where they are used.

    Parameters
    ----------
    frame : of the channels of `planes.coarse` and height
    planes : which planes
    days : the days that are mapped
    acquisitions, coarse : what they are made from
    same_day : whether the day's own observation may be an input on these days
    later : whether acquisitions after a day may be
    gather : makes the planes from the same acquisitions and coarse fields; None: see
        `choose_gather`
    """

    def __init__(
        self,
        frame: Frame,
        planes: Planes,
        days: Sequence[dt.date],
        acquisitions: Acquisitions,
        coarse: Coarse,
        same_day: bool = True,
        later: bool = True,
        *,
        gather: Gather | None = None,
    ) -> None:
        if acquisitions.percent.shape[1:] != frame.shape:
            raise GridError(
                f"sar: {acquisitions.percent.shape[1:]}; expected {frame.shape}, the study grid; "
                "align it again"
            )
        self.frame, self.planes, self.days = frame, planes, tuple(days)
        self.acquisitions, self.coarse = acquisitions, coarse
        self.same_day, self.later = same_day and planes.same_day, later
        self.gather = gather or choose_gather(frame, planes, acquisitions, coarse)
        self._index = {day: place for place, day in enumerate(acquisitions.days)}
        self._ordinals = np.array([day.toordinal() for day in acquisitions.days], np.int64)

    def __len__(self) -> int:
        return len(self.days)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the network's inputs, in order."""
        return self.planes.names()

    def of_days(self, days: Sequence[dt.date]) -> "SensorInputs":
        """The inputs of other days, made from the same."""
        made = self.frame, self.planes, days, self.acquisitions, self.coarse
        return SensorInputs(*made, self.same_day, self.later, gather=self.gather)

    def inputs(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
        size: tuple[int, int],
        hidden: Sequence[Hidden | None] | None = None,
        room: Tensor | None = None,
    ) -> Tensor:
        """The planes of some crops, (crop, plane, y, x) float32, channels last in memory.

        Parameters
        ----------
        indices : the day of each crop
        rows, columns : its first row and column
        size : number of rows and columns of every crop
        hidden : what is hidden from each, None for nothing
        room : memory for the result, on a CPU
        """
        own = hidden or [None] * len(indices)
        where = zip(indices, rows, columns, own, strict=True)
        return self.gather.planes([self._cut(*one) for one in where], size, room)

    def whole(self, indices: Sequence[int]) -> Tensor:
        """The planes of the whole area on some days, (date, plane, y, x)."""
        zeros = [0] * len(indices)
        return self.inputs(indices, zeros, zeros, self.frame.shape)

    def _cut(self, index: int, row: int, column: int, hidden: Hidden | None) -> Cut:
        """What the planes of a crop of a day are made from."""
        day = self.days[index]
        turn = 2 * math.pi * day.timetuple().tm_yday / DAYS_OF_YEAR
        return Cut(
            row,
            column,
            self._sides(day, hidden),
            None if hidden is None else hidden.never,
            self._own(day, hidden),
            None if hidden is None else hidden.given,
            *self._coarse(day, hidden),
            (math.sin(turn), math.cos(turn)),
        )

    def _sides(self, day: dt.date, hidden: Hidden | None) -> tuple[Side, Side]:
        usable = self.acquisitions.usable
        if hidden is not None:
            usable = usable & ~hidden.acquisitions
        if not self.later:
            usable = usable & (self._ordinals <= day.toordinal())
        return sides(day, self._ordinals, usable, SEARCHED)

    def _own(self, day: dt.date, hidden: Hidden | None) -> int | None:
        """Index of the day's own acquisition where it is an input."""
        place = self._index.get(day) if self.same_day else None
        if place is None:
            return None
        given = self.acquisitions.usable[place] if hidden is None else hidden.given is not None
        return place if given else None

    def _coarse(
        self, day: dt.date, hidden: Hidden | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Indices of the coarse fields around a day (date,), and their flags (date, source)."""
        coarse = self.coarse
        around = [day + dt.timedelta(days=offset) for offset in self.planes.offsets]
        indices = np.array([coarse.days.get(other, NOWHERE) for other in around], np.int64)
        flags = np.zeros((len(around), coarse.fields.shape[1]), np.float32)
        flags[indices != NOWHERE] = coarse.flags[indices[indices != NOWHERE]]
        if hidden is not None:
            flags[hidden.coarse] = ABSENT
        return indices, flags


class SensorTrainingSet(SensorInputs):
    """The labelled days of a split: each is a target, and the others may be its neighbours.

    `seed` and `rates` say what is hidden from each crop; without `rates` nothing is.
    """

    def __init__(
        self,
        frame: Frame,
        planes: Planes,
        days: Sequence[dt.date],
        acquisitions: Acquisitions,
        coarse: Coarse,
        seed: int = 0,
        rates: Rates | None = None,
        *,
        gather: Gather | None = None,
    ) -> None:
        same_day = rates is not None
        super().__init__(frame, planes, days, acquisitions, coarse, same_day, gather=gather)
        if not len(self):
            raise ConfigError(
                "training: no labelled day in the split; widen seasons or change split"
            )
        self._seed, self._rates = seed, rates

    def crops(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
        size: tuple[int, int],
        room: Crops | None = None,
        numbers: Sequence[int] | None = None,
    ) -> Crops:
        """Cut crops with their targets; parameters as `inputs`.

        `numbers` are those of the crops since the beginning of the training: what is hidden from a
        crop is a function of its number. None hides nothing but the day's own observation.

        Returns
        -------
        inputs : (crop, plane, y, x) float32
        targets : (crop, y, x) float32, 0 where not valid
        valid : (crop, y, x) bool, True where Sentinel-1 observed and there is no ocean
        """
        hidden = None
        if numbers is not None and self._rates is not None:
            hidden = [
                self.hidden(index, number, size)
                for index, number in zip(indices, numbers, strict=True)
            ]
        inputs = self.inputs(indices, rows, columns, size, hidden, room and room[0])
        stored, valid = self._reported(indices, rows, columns, size)
        return inputs, fraction(stored), valid

    def labels(self, size: tuple[int, int]) -> Labels:
        """Counts the labelled cells of crops of a size, as `samples.crop_plan` takes it."""

        def count(
            indices: Sequence[int], rows: NDArray[np.int64], columns: NDArray[np.int64]
        ) -> NDArray[np.int64]:
            _, valid = self._reported(indices, rows.tolist(), columns.tolist(), size)
            return valid.sum((1, 2)).cpu().numpy()

        return count

    def hidden(self, index: int, number: int, size: tuple[int, int]) -> Hidden:
        """What is hidden from a crop of a day."""
        place = int(np.searchsorted(self._ordinals, self.days[index].toordinal()))
        coarse = len(self.planes.offsets), len(self.planes.coarse)
        rates = self._rates or Rates()
        return hide(self._seed, number, place, len(self._ordinals), size, coarse, rates)

    def room(self, count: int, size: tuple[int, int]) -> Crops:
        """Memory of so many crops on the CPU, for `crops`."""
        shape = count, len(self.planes.names()), *size
        inputs = torch.empty(shape, memory_format=torch.channels_last)
        return inputs, torch.empty((count, *size)), torch.empty((count, *size), dtype=torch.bool)

    def valid(self, index: int) -> Tensor:
        """Where a day has a target, (y, x) bool: Sentinel-1 observed and there is no ocean."""
        return torch.from_numpy(self._target(index) != NODATA) & ~self.frame.ocean.cpu()

    def fingerprint(self) -> str:
        """SHA-256 of everything in the set, by which a resumed training tells the same data."""
        digest = hashlib.sha256(repr((self.planes, self.frame.shape, self.days)).encode())
        digest.update(repr((self.acquisitions.days, sorted(self.coarse.days))).encode())
        for field in self.acquisitions.percent:
            digest.update(np.ascontiguousarray(field).data)
            self.acquisitions.release()
        for values in (self.acquisitions.usable, self.coarse.fields, self.coarse.flags):
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    def _reported(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
        size: tuple[int, int],
    ) -> tuple[Tensor, Tensor]:
        """What Sentinel-1 reported in crops, as stored, and where it is a target, (crop, y, x)."""
        places = [self._index[self.days[index]] for index in indices]
        stored = self.gather.stored(places, rows, columns, size)
        land = ~cut(self.frame.ocean, None, rows, columns, size)
        return stored, (stored != NODATA) & land

    def _target(self, index: int) -> NDArray[np.uint8]:
        stored: NDArray[np.uint8] = self.acquisitions.percent[self._index[self.days[index]]]
        return stored


def choose_gather(
    frame: Frame,
    planes: Planes,
    acquisitions: Acquisitions,
    coarse: Coarse,
    memory: int | None = None,
) -> Gather:
    """On the device of a frame where the acquisitions take less than a quarter of its memory.

    `memory` is that of the device, bytes; None asks the device. A CPU has none of its own: there,
    and where the acquisitions are larger, the planes are made on the host.
    """
    if memory is None:
        memory = memory_of(frame.device)
    on_device = acquisitions.percent.nbytes < memory / 4
    kind: type[DeviceGather] | type[HostGather] = DeviceGather if on_device else HostGather
    return kind(frame, planes, acquisitions.percent, coarse.fields, acquisitions.release)
