"""The planes of the multi-sensor network, gathered on the device of the network.

The stack of acquisitions (one byte a cell) and the coarse fields lie on the device; the planes of
all crops of a batch are made there together, by operations of torch that any device has. Only
indices, flags and the masks of what is hidden are sent, so that a step waits for no copy of its
planes. `sensor_host` makes the same planes on a CPU with compiled loops, bit for bit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daymelt.learn.planes import Planes
from daymelt.learn.samples import NODATA, SCALE, Axis, Frame, cut, fraction
from daymelt.science.neighbours import NONE, Side

HALF_CLOSE_DAYS = 5.0  # days at which the closeness of an acquisition is a half
NOWHERE = -1  # index of a coarse field that there is not
Mask = NDArray[np.bool_]
Seen = tuple[Tensor, Tensor, Tensor]  # stored, days away and valid (crop, y, x)
Size = tuple[int, int]


@dataclass(frozen=True)
class Cut:
    """What the planes of one crop are made from.

    Parameters
    ----------
    row, column : its first row and column
    sides : the acquisitions before and after the day, nearest first
    never : (y, x), True where no acquisition is given; None for nowhere
    own : index of the day's own acquisition; None where it is no input
    given : (y, x), True where the day's own observation is given; None for everywhere
    fields : (date,), indices of the coarse fields of the days around; `NOWHERE` where none
    flags : (date, source) float32, of the coarse fields
    season : sine and cosine of the day of the year
    """

    row: int
    column: int
    sides: tuple[Side, Side]
    never: Mask | None
    own: int | None
    given: Mask | None
    fields: NDArray[np.int64]
    flags: NDArray[np.float32]
    season: tuple[float, float]


class Gather(Protocol):
    """A way of making the planes of crops from the stack of acquisitions and the coarse fields."""

    def planes(self, cuts: Sequence[Cut], size: Size, room: Tensor | None) -> Tensor:
        """The planes of some crops, (crop, plane, y, x) float32, channels last in memory.

        `room` is memory for the result on a CPU.
        """

    def stored(
        self, places: Sequence[int], rows: Sequence[int], columns: Sequence[int], size: Size
    ) -> Tensor:
        """Windows of some acquisitions as they are stored, (crop, y, x) uint8, on the device."""


@dataclass(frozen=True)
class Window:
    """The cells of some crops: `rows` (crop, y) and `columns` (crop, x), indices on the device."""

    rows: Tensor
    columns: Tensor

    def of(self, stack: Tensor, places: Tensor) -> Tensor:
        """Windows (crop, place, y, x) of the fields `places` (crop, place) of a stack."""
        rows, columns = self.rows[:, None, :, None], self.columns[:, None, None, :]
        return stack[places[:, :, None, None], rows, columns]


@dataclass(frozen=True)
class DeviceAxis:
    """Linear interpolation along one axis, by the two coarse cells beside each cell of the grid."""

    first: Tensor
    pair: Tensor
    last: int

    def spread(self, fields: Tensor, cells: Tensor, dim: int) -> Tensor:
        """Fields (crop, field, y, x) interpolated along `dim` to the `cells` (crop, cell)."""
        shape = [len(cells), 1, 1, 1]
        shape[dim] = cells.shape[1]
        left = self.first[cells].view(shape)
        right = (left + 1).clamp(max=self.last)
        one, other = (weights[cells].view(shape) for weights in self.pair)
        found: Tensor = one * fields.take_along_dim(left, dim)
        found += other * fields.take_along_dim(right, dim)
        return found


class DeviceGather:
    """Planes made on the device of the frame, where the stack and the coarse fields lie.

    Parameters
    ----------
    frame, planes : as `SensorInputs`
    percent : (acquisition, y, x) uint8, in percent, 255 where not observed
    fields : (date, source, coarse y, coarse x) float32
    release : called when a part of `percent` that was read need not stay in memory
    """

    def __init__(
        self,
        frame: Frame,
        planes: Planes,
        percent: NDArray[np.uint8],
        fields: NDArray[np.float32],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._frame, self._planes, self._device = frame, planes, frame.device
        stack = max(1, len(percent)), *frame.shape  # one that saw nothing where there is none
        self._percent = torch.full(stack, NODATA, dtype=torch.uint8, device=self._device)
        for place, field in enumerate(percent):
            self._percent[place] = torch.tensor(field)
            release()
        # the last, 0, is that of `NOWHERE`
        self._fields = torch.zeros((len(fields) + 1, *fields.shape[1:]), device=self._device)
        self._fields[:-1] = torch.tensor(fields)
        self._along_y = _on_device(frame.along_y, self._device)
        self._along_x = _on_device(frame.along_x, self._device)
        self._closeness = self._put(closeness())

    def planes(self, cuts: Sequence[Cut], size: Size, room: Tensor | None = None) -> Tensor:
        """See `Gather`; `room` has no use here."""
        shape = (len(cuts), len(self._planes.names()), *size)
        laid = torch.empty(shape, device=self._device, memory_format=torch.channels_last)
        first = 0
        for part in self._parts(cuts, size):
            laid[:, first : first + part.shape[1]] = part
            first += part.shape[1]
        return laid

    def stored(
        self, places: Sequence[int], rows: Sequence[int], columns: Sequence[int], size: Size
    ) -> Tensor:
        """See `Gather`."""
        return cut(self._percent, places, rows, columns, size)

    def _parts(self, cuts: Sequence[Cut], size: Size) -> Iterator[Tensor]:
        """The planes in order, (crop, plane, y, x), kind by kind."""
        planes, window = self._planes, self._window(cuts, size)
        if planes.neighbours:
            yield from self._neighbours(cuts, window)
        if planes.same_day:
            stored, valid = self._own(cuts, window)
            yield torch.stack([_value(stored, valid), valid], 1)
        if planes.coarse:
            yield from self._coarse(cuts, window)
        if planes.height and self._frame.height is not None:
            yield window.of(self._frame.height[None], self._put(np.zeros((len(cuts), 1), int)))
        seasons = np.array([one.season for one in cuts], np.float32)
        yield self._put(seasons)[:, :, None, None]

    def _neighbours(self, cuts: Sequence[Cut], window: Window) -> Iterator[Tensor]:
        """The planes of the nearest valid acquisitions before and after the day."""
        found = [list(self._nearest(cuts, side, window)) for side in (0, 1)]
        if not self._planes.each:
            yield from (_mean(of_side) for of_side in found)
            return
        for of_side in found:
            made = [
                part
                for code, away, there in of_side
                for part in (_value(code, there), self._closeness[away.int()], there)
            ]
            yield torch.stack(made, 1)
        yield _between([*found[0], *found[1]])[:, None]

    def _nearest(self, cuts: Sequence[Cut], side: int, window: Window) -> Iterator[Seen]:
        """Of each cell the nearest valid acquisition on a side, the next, and so on."""
        stored, valid, away = self._seen(cuts, side, window)
        rank = valid.cumsum(1, dtype=torch.uint8)
        for count in range(1, self._planes.neighbours + 1):
            chosen = valid & (rank == count)
            code = stored.masked_fill(~chosen, 0).amax(1)
            yield code, self._away(chosen, away), chosen.any(1)

    def _seen(self, cuts: Sequence[Cut], side: int, window: Window) -> Seen:
        """The acquisitions on a side of each crop's day, nearest first.

        Stored and valid (crop, acquisition, y, x), days away (crop, acquisition, 1, 1).
        """
        own = [one.sides[side] for one in cuts]
        counts = np.array([len(found.places) for found in own])
        places = np.zeros((len(cuts), max(1, int(counts.max()))), np.int64)
        away = np.zeros(places.shape, np.uint8)
        for crop, found in enumerate(own):
            places[crop, : len(found.places)] = found.places
            away[crop, : len(found.places)] = found.away
        days = self._put(away)[:, :, None, None]
        there = self._put(np.arange(places.shape[1]) < counts[:, None])[:, :, None, None]
        stored = window.of(self._percent, self._put(places))
        valid = (stored != NODATA) & there
        never = self._masks([one.never for one in cuts], False, window)
        return stored, valid if never is None else valid & ~never[:, None], days

    def _away(self, chosen: Tensor, away: Tensor) -> Tensor:
        """Days to the nearest of the chosen acquisitions, (crop, y, x); `NONE` without any."""
        return torch.where(chosen, away, torch.full_like(away, NONE)).amin(1)

    def _own(self, cuts: Sequence[Cut], window: Window) -> tuple[Tensor, Tensor]:
        """The day's own observation (crop, y, x) as stored, and where it is given."""
        there = self._put(np.array([one.own is not None for one in cuts]))[:, None, None]
        places = self._put(np.array([[one.own or 0] for one in cuts]))
        stored = window.of(self._percent, places)[:, 0]
        given = self._masks([one.given for one in cuts], True, window)
        valid = (stored != NODATA) & there
        return stored, valid if given is None else valid & given

    def _coarse(self, cuts: Sequence[Cut], window: Window) -> Iterator[Tensor]:
        """Coarse fields (crop, date and source, y, x), 0 where absent, and their flags."""
        fields = self._fields[self._put(np.stack([one.fields for one in cuts]))].flatten(1, 2)
        wide = self._along_x.spread(fields, window.columns, 3)
        flags = self._put(np.stack([one.flags for one in cuts])).flatten(1)[:, :, None, None]
        yield self._along_y.spread(wide, window.rows, 2).masked_fill_(flags == 0, 0)
        yield flags

    def _masks(
        self, masks: Sequence[Mask | None], otherwise: bool, window: Window
    ) -> Tensor | None:
        """Masks of the crops, (crop, y, x); `otherwise` where a crop has none."""
        if all(mask is None for mask in masks):
            return None
        none = np.full(_size(window), otherwise)
        return self._put(np.stack([none if mask is None else mask for mask in masks]))

    def _window(self, cuts: Sequence[Cut], size: Size) -> Window:
        corners = self._put(np.array([(one.row, one.column) for one in cuts], np.int64))
        rows, columns = (torch.arange(cells, device=self._device) for cells in size)
        return Window(corners[:, :1] + rows, corners[:, 1:] + columns)

    def _put(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values).to(self._device)


def closeness() -> NDArray[np.float32]:
    """Closeness of an acquisition by its days away, (256,); 0 where there is none."""
    away = np.arange(256, dtype=np.float32)
    close: NDArray[np.float32] = (HALF_CLOSE_DAYS / (HALF_CLOSE_DAYS + away)).astype(np.float32)
    close[NONE] = 0
    return close


def _on_device(axis: Axis, device: torch.device) -> DeviceAxis:
    first = torch.from_numpy(axis.first.astype(np.int64)).to(device)
    return DeviceAxis(first, torch.tensor(axis.pair, device=device), axis.weights.shape[1] - 1)


def _value(stored: Tensor, valid: Tensor) -> Tensor:
    """Melt fraction of stored percent, 0 where not valid."""
    return fraction(stored).masked_fill_(~valid, 0)


def _mean(found: Sequence[Seen]) -> Tensor:
    """Mean melt fraction of the acquisitions of a side, and where there is one, (crop, 2, y, x)."""
    there = torch.stack([valid for _, _, valid in found])
    total = torch.stack([code.float().masked_fill(~valid, 0) for code, _, valid in found]).sum(0)
    mean = total * float(SCALE) / there.sum(0).clamp(min=1)
    return torch.stack([mean, there.any(0)], 1)


def _between(found: Sequence[Seen]) -> Tensor:
    """Mean of the neighbours, weighted by the inverse of their days, (crop, y, x); 0 without any.

    The sums run in the order of the compiled loop, so that both are the same bit for bit.
    """
    total = weights = torch.zeros(found[0][0].shape, device=found[0][0].device)
    for code, away, valid in found:
        weight = torch.where(valid, 1 / away.float(), 0)
        total, weights = total + weight * code.float(), weights + weight
    return torch.where(weights > 0, total / weights * float(SCALE), 0)


def _size(window: Window) -> Size:
    return window.rows.shape[1], window.columns.shape[1]
