"""The planes of the multi-sensor network, laid on a CPU by compiled loops, crop by crop."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daymelt.learn import sensor_loops
from daymelt.learn.planes import Planes
from daymelt.learn.samples import NODATA, SCALE, Frame
from daymelt.learn.sensor_gather import NOWHERE, Cut, Size, closeness
from daymelt.science.neighbours import NONE, nearest

Part = tuple[slice, slice]  # rows and columns of a crop
Seen = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # percent and days away (count, y, x)


class HostGather:
    """Planes laid on the host and sent to the device of the frame; see `sensor_gather.Gather`.

    Parameters
    ----------
    frame, planes : as `SensorInputs`
    percent : (acquisition, y, x) uint8, in percent, 255 where not observed
    fields : (date, source, coarse y, coarse x) float32
    release : called when what was read need not stay in memory
    """

    def __init__(
        self,
        frame: Frame,
        planes: Planes,
        percent: NDArray[np.uint8],
        fields: NDArray[np.float32],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._frame, self._planes, self._release = frame, planes, release
        self._percent, self._fields = percent, fields
        self._height = None if frame.height is None else frame.height.cpu().numpy()
        self._closeness = closeness()

    def planes(self, cuts: Sequence[Cut], size: Size, room: Tensor | None = None) -> Tensor:
        """See `Gather`."""
        shape = len(cuts), len(self._planes.names()), *size
        crops = torch.empty(shape, memory_format=torch.channels_last) if room is None else room
        laid = crops.permute(0, 2, 3, 1).numpy()
        _side_by_side(lambda crop: self._lay(laid[crop], cuts[crop]), len(cuts))
        self._release()
        return crops.to(self._frame.device)

    def stored(
        self, places: Sequence[int], rows: Sequence[int], columns: Sequence[int], size: Size
    ) -> Tensor:
        """See `Gather`."""
        windows = [
            self._percent[(place, *_part(row, column, size))]
            for place, row, column in zip(places, rows, columns, strict=True)
        ]
        return torch.from_numpy(np.stack(windows)).to(self._frame.device)

    def _lay(self, crop: NDArray[np.float32], cut: Cut) -> None:
        """Fill the planes (y, x, plane) of one crop."""
        planes, first = self._planes, 0
        part = _part(cut.row, cut.column, crop.shape[:2])
        if planes.neighbours:
            found = [self._nearest(cut, side, planes.neighbours, part) for side in (0, 1)]
            first = self._lay_neighbours(crop, *found)
        if planes.same_day:
            percent, given = self._own(cut, part)
            sensor_loops.lay_same_day(crop, first, percent, given, SCALE)
            first += 2
        if planes.coarse:
            along_y = self._frame.along_y.cells(cut.row, crop.shape[0])
            along_x = self._frame.along_x.cells(cut.column, crop.shape[1])
            fields, flags = self._coarse(cut), cut.flags.reshape(-1)
            sensor_loops.lay_coarse(crop, first, fields, flags, *along_y, *along_x)
            first += 2 * len(fields)
        if planes.height and self._height is not None:
            crop[..., first] = self._height[part]
            first += 1
        crop[..., first:] = cut.season

    def _lay_neighbours(self, crop: NDArray[np.float32], *found: Seen) -> int:
        """Lay the planes of the neighbours before and after; returns the index of the next."""
        first, each = 0, self._planes.each
        for percent, away in found:
            if each:
                sensor_loops.lay_observations(crop, first, percent, away, SCALE, self._closeness)
            else:
                crop[..., first], crop[..., first + 1] = _mean(percent)
            first += self._planes.of_side
        if each:
            percent, away = (np.concatenate(fields) for fields in zip(*found, strict=True))
            sensor_loops.lay_between(crop, first, percent, away, SCALE)
        return first + each

    def _nearest(self, cut: Cut, side: int, count: int, part: Part) -> Seen:
        """Percent and days away (count, y, x) of the nearest acquisitions on a side."""
        percent, away = nearest(self._percent[:, *part], cut.sides[side], count)
        if cut.never is not None:
            np.copyto(percent, np.uint8(NODATA), where=cut.never)
            np.copyto(away, np.uint8(NONE), where=cut.never)
        return percent, away

    def _own(self, cut: Cut, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The day's own observation in a crop and where it is given."""
        size = tuple(cells.stop - cells.start for cells in part)
        if cut.own is None:
            return np.full(size, NODATA, np.uint8), np.zeros(size, bool)
        percent = self._percent[(cut.own, *part)]
        return percent, np.ones(size, bool) if cut.given is None else cut.given

    def _coarse(self, cut: Cut) -> NDArray[np.float32]:
        """Coarse fields (date and source, coarse y, coarse x) around a day."""
        fields = np.zeros((len(cut.fields), *self._fields.shape[1:]), np.float32)
        for place, index in enumerate(cut.fields):
            if index != NOWHERE:
                fields[place] = self._fields[index]
        return fields.reshape(-1, *fields.shape[2:])


def _part(row: int, column: int, size: tuple[int, ...]) -> Part:
    return slice(row, row + size[0]), slice(column, column + size[1])


def _mean(percent: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean melt fraction of the valid acquisitions of a side, and where there is one, (y, x)."""
    valid = percent != NODATA
    total = np.where(valid, percent, np.float32(0)).sum(axis=0)
    mean = np.asarray(SCALE * total / valid.sum(axis=0).clip(min=1), np.float32)
    return mean, np.asarray(valid.any(axis=0))


def _side_by_side(work: Callable[[int], None], count: int) -> None:
    """Do the work of each crop, on as many threads as torch has."""
    threads = min(torch.get_num_threads(), count)
    if threads < 2:
        for crop in range(count):
            work(crop)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(count)))
