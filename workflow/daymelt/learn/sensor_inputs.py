"""The inputs of the multi-sensor network: every sensor with its own validity.

Per cell: the acquisitions nearest in time that are valid there, before and after the day, each as
melt fraction, closeness and validity; the day's own observation as value and validity; MAR and
passive microwave on the days around, each field with a flag (1 measured, 0.5 filled, 0 absent);
height; the day of the year. Acquisitions stay as they are stored, one byte a cell, and are searched
where a crop is cut (`science.neighbours`); nothing is prepared day by day.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daymelt.core.errors import ConfigError, GridError
from daymelt.learn import sensor_loops
from daymelt.learn.hiding import Hidden, Rates, hide
from daymelt.learn.planes import Planes
from daymelt.learn.samples import NODATA, SCALE, Crops, Frame
from daymelt.science.neighbours import Side, nearest, sides

MEASURED, FILLED, ABSENT = 1.0, 0.5, 0.0  # flags of a coarse field
HALF_CLOSE_DAYS = 5.0  # days at which the closeness of an acquisition is a half
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
    ) -> None:
        if acquisitions.percent.shape[1:] != frame.shape:
            raise GridError(
                f"sar: {acquisitions.percent.shape[1:]}; expected {frame.shape}, the study grid; "
                "align it again"
            )
        self.frame, self.planes, self.days = frame, planes, tuple(days)
        self.acquisitions, self.coarse = acquisitions, coarse
        self.same_day, self.later = same_day and planes.same_day, later
        self._index = {day: place for place, day in enumerate(acquisitions.days)}
        self._ordinals = np.array([day.toordinal() for day in acquisitions.days], np.int64)
        away = np.arange(256, dtype=np.float32)
        self._closeness = (HALF_CLOSE_DAYS / (HALF_CLOSE_DAYS + away)).astype(np.float32)
        self._closeness[255] = 0

    def __len__(self) -> int:
        return len(self.days)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the network's inputs, in order."""
        return self.planes.names()

    def of_days(self, days: Sequence[dt.date]) -> "SensorInputs":
        """The inputs of other days, made from the same."""
        return SensorInputs(
            self.frame,
            self.planes,
            days,
            self.acquisitions,
            self.coarse,
            self.same_day,
            self.later,
        )

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
        shape = len(indices), len(self.planes.names()), *size
        crops = torch.empty(shape, memory_format=torch.channels_last) if room is None else room
        laid = crops.permute(0, 2, 3, 1).numpy()

        def lay(crop: int) -> None:
            window = np.s_[
                rows[crop] : rows[crop] + size[0], columns[crop] : columns[crop] + size[1]
            ]
            own = None if hidden is None else hidden[crop]
            self._lay(laid[crop], self.days[indices[crop]], window, own)

        _side_by_side(lay, len(indices))
        self.acquisitions.release()
        return crops.to(self.frame.device)

    def whole(self, indices: Sequence[int]) -> Tensor:
        """The planes of the whole area on some days, (date, plane, y, x)."""
        zeros = [0] * len(indices)
        return self.inputs(indices, zeros, zeros, self.frame.shape)

    def gaps(self, index: int) -> NDArray[np.uint8]:
        """Days from a day to the nearest usable acquisition that is valid at a cell, (y, x).

        0 where the day's own observation is given, 255 where there is none.
        """
        day, stack = self.days[index], self.acquisitions.percent
        found = [nearest(stack, side, 1)[1][0] for side in self._sides(day, None)]
        gap: NDArray[np.uint8] = np.minimum(*found)
        if self.same_day and day in self._index and self._usable(day):
            gap[stack[self._index[day]] != NODATA] = 0
        return gap

    def _usable(self, day: dt.date) -> bool:
        return bool(self.acquisitions.usable[self._index[day]])

    def _sides(self, day: dt.date, hidden: Hidden | None) -> tuple[Side, Side]:
        usable = self.acquisitions.usable
        if hidden is not None:
            usable = usable & ~hidden.acquisitions
        if not self.later:
            usable = usable & (self._ordinals <= day.toordinal())
        return sides(day, self._ordinals, usable, SEARCHED)

    def _lay(
        self,
        crop: NDArray[np.float32],
        day: dt.date,
        window: tuple[slice, slice],
        hidden: Hidden | None,
    ) -> None:
        """Fill the planes (y, x, plane) of one crop."""
        planes, first = self.planes, 0
        never = None if hidden is None else hidden.never
        for side in self._sides(day, hidden) if planes.neighbours else ():
            stack = self.acquisitions.percent[(side.places, *window)]
            if never is not None:
                stack[:, never] = NODATA
            own = Side(np.arange(len(side.places)), side.away)
            percent, away = nearest(stack, own, planes.neighbours)
            if planes.each:
                sensor_loops.lay_observations(crop, first, percent, away, SCALE, self._closeness)
            else:
                crop[..., first], crop[..., first + 1] = _mean(percent)
            first += planes.of_side
        if planes.same_day:
            percent, given = self._own(day, window, hidden)
            sensor_loops.lay_same_day(crop, first, percent, given, SCALE)
            first += 2
        fields, flags = self._coarse(day, hidden)
        along_y = self.frame.along_y.cells(window[0].start, crop.shape[0])
        along_x = self.frame.along_x.cells(window[1].start, crop.shape[1])
        if len(fields):
            sensor_loops.lay_coarse(crop, first, fields, flags, *along_y, *along_x)
            first += 2 * len(fields)
        if planes.height and self.frame.height is not None:
            crop[..., first] = self.frame.height.numpy()[window]
            first += 1
        turn = 2 * math.pi * day.timetuple().tm_yday / DAYS_OF_YEAR
        crop[..., first], crop[..., first + 1] = math.sin(turn), math.cos(turn)

    def _own(
        self, day: dt.date, window: tuple[slice, slice], hidden: Hidden | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The day's own observation in a window and where it is given."""
        size = tuple(part.stop - part.start for part in window)
        nowhere = np.full(size, NODATA, np.uint8), np.zeros(size, bool)
        if not self.same_day or day not in self._index:
            return nowhere
        percent = self.acquisitions.percent[self._index[day]][window]
        if hidden is None:
            return percent, np.full(size, self._usable(day))
        return nowhere if hidden.given is None else (percent, hidden.given)

    def _coarse(
        self, day: dt.date, hidden: Hidden | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Coarse fields (field, coarse y, coarse x) around a day, and their flags."""
        coarse, offsets = self.coarse, self.planes.offsets
        shape = (len(offsets), coarse.fields.shape[1])
        fields = np.zeros((*shape, *coarse.fields.shape[2:]), np.float32)
        flags = np.zeros(shape, np.float32)
        for place, offset in enumerate(offsets):
            index = coarse.days.get(day + dt.timedelta(days=offset))
            if index is not None:
                fields[place], flags[place] = coarse.fields[index], coarse.flags[index]
        if hidden is not None:
            flags[hidden.coarse] = ABSENT
        return fields.reshape(-1, *fields.shape[2:]), flags.reshape(-1)


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
    ) -> None:
        super().__init__(frame, planes, days, acquisitions, coarse, same_day=rates is not None)
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
        stored = np.stack(
            [
                self._target(index)[row : row + size[0], column : column + size[1]]
                for index, row, column in zip(indices, rows, columns, strict=True)
            ]
        )
        ocean = self.frame.ocean.cpu().numpy()
        land = np.stack(
            [
                ~ocean[row : row + size[0], column : column + size[1]]
                for row, column in zip(rows, columns, strict=True)
            ]
        )
        valid = (stored != NODATA) & land
        target = np.where(stored == NODATA, np.float32(0), stored * SCALE)
        device = self.frame.device
        return inputs, torch.from_numpy(target).to(device), torch.from_numpy(valid).to(device)

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

    def _target(self, index: int) -> NDArray[np.uint8]:
        stored: NDArray[np.uint8] = self.acquisitions.percent[self._index[self.days[index]]]
        return stored


def _mean(percent: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean melt fraction of the valid acquisitions of a side, and where there is one, (y, x)."""
    valid = percent != NODATA
    total = np.where(valid, percent, np.float32(0)).sum(axis=0)
    return SCALE * total / valid.sum(axis=0).clip(min=1), valid.any(axis=0)


def _side_by_side(work: Callable[[int], None], count: int) -> None:
    """Do the work of each crop, on as many threads as torch has."""
    threads = min(torch.get_num_threads(), count)
    if threads < 2:
        for crop in range(count):
            work(crop)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(count)))
