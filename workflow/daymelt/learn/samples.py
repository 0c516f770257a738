"""Seasons of inputs on a device, and the crops cut from them there.

Targets and time-interpolated Sentinel-1 stay encoded, one byte per cell; passive microwave and MAR
stay on their coarse posting and are upsampled, by two small matrix products, for the cells of a
crop only. The training split of a large area therefore fits on one device, and crops are not
decoded or copied by worker processes. A map is the crop that covers the area, so that training and
mapping see the same inputs.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daymelt.core.encoding import PERCENT
from daymelt.core.errors import ConfigError, GridError
from daymelt.learn import crop_loops
from daymelt.learn.channels import COARSE, HEIGHT, SAR, Statistics, check_names, normalised

Part = Callable[[int, int, int], object]  # work on some rows of a crop: crop, first row, stop row
# inputs (crop, channel, y, x), targets and valid (crop, y, x)
Crops = tuple[Tensor, Tensor, Tensor]
# labelled cells (crop,) of crops given by their days, first rows and first columns
Labels = Callable[[list[int], NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]

NODATA, SCALE = int(PERCENT.nodata), np.float32(PERCENT.scale)
TURNS = 8  # the symmetries of a square: flip rows, flip columns, transpose
ORDER, PLACE, TURN = range(3)  # independent streams of random numbers
CANDIDATES = 4  # places of a crop of which the one with the most labelled cells is taken


@dataclass(frozen=True)
class Axis:
    """Linear interpolation along one axis, from the coarse posting to the cells of the grid.

    `weights` is (cell, coarse cell), its rows summing to 1. On the host are `first`, the first of
    the two coarse cells between which each cell lies, and `pair` (2, cell), the weights of both.
    """

    weights: Tensor
    first: NDArray[np.uint32]
    pair: NDArray[np.float32]

    def window(self, start: int, count: int) -> tuple[Tensor, slice]:
        """Weights of `count` cells from `start`, (cell, coarse cell of a range), and that range."""
        some = slice(
            int(self.first[start : start + count].min()),
            int(self.first[start : start + count].max()) + 2,
        )
        return self.weights[start : start + count, some], some

    def cells(self, start: int, count: int) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
        """First coarse cell and weights of both, of `count` cells from `start`."""
        return self.first[start : start + count], self.pair[:, start : start + count]


def make_axis(weights: NDArray[np.float32], device: torch.device | str) -> Axis:
    """An axis of weights (cell, coarse cell) on a device; GridError where they are not those of
    linear interpolation.
    """
    weights = np.asarray(weights, np.float32)
    cells, used = np.arange(len(weights)), weights != 0
    first, last = used.argmax(axis=1), used.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
    if (last > first + 1).any():
        raise GridError(
            f"weights: up to {(last - first).max() + 1} coarse cells for one cell; expected two, "
            "those beside it"
        )
    second = np.where(
        first + 1 < weights.shape[1],
        weights[cells, np.minimum(first + 1, weights.shape[1] - 1)],
        np.float32(0),
    )
    return Axis(
        _put(weights, device), first.astype(np.uint32), np.stack([weights[cells, first], second])
    )


@dataclass(frozen=True)
class Frame:
    """What all days share: the channels, the static fields and the interpolation from the coarse
    posting to the grid; on one device.

    Parameters
    ----------
    channels : names in the order of the network's input
    statistics : of each channel but `sar`
    height : (y, x), normalised; None where it is no channel
    ocean : (y, x), bool
    along_y, along_x : from the coarse posting to rows and columns
    """

    channels: tuple[str, ...]
    statistics: Mapping[str, Statistics]
    height: Tensor | None
    ocean: Tensor
    along_y: Axis
    along_x: Axis

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.ocean.shape[0], self.ocean.shape[1]

    @property
    def device(self) -> torch.device:
        """Device of its tensors."""
        return self.ocean.device

    @property
    def coarse(self) -> tuple[str, ...]:
        """The coarse channels, in order."""
        return tuple(name for name in self.channels if name in COARSE)


@dataclass(frozen=True)
class StaticFields:
    """The fields of the area that do not change with time: `height` (y, x), m, NaN where no data,
    `ocean` (y, x), True over ocean.
    """

    height: NDArray[np.float32]
    ocean: NDArray[np.bool_]


def make_frame(
    channels: Sequence[str],
    statistics: Mapping[str, Statistics],
    static: StaticFields,
    weights_y: NDArray[np.float32],
    weights_x: NDArray[np.float32],
    device: torch.device | str = "cpu",
) -> Frame:
    """Put what all days share onto a device.

    Parameters
    ----------
    channels, statistics : as `Frame`
    static : height and ocean on the study grid
    weights_y, weights_x : (y, coarse y) and (x, coarse x), linear interpolation along each axis, as
        `science.regrid.axis_weights`
    device : where the crops are cut

    Raises
    ------
    ConfigError
        A channel is unknown or has no statistics.
    GridError
        Height, ocean and weights are not of one grid.
    """
    names = check_names(channels)
    missing = [name for name in normalised(names) if name not in statistics]
    if missing:
        raise ConfigError(
            f"statistics: none for {', '.join(missing)}; expected "
            f"{', '.join(normalised(names))}; train the model again"
        )
    shape = static.ocean.shape
    if static.height.shape != shape or (len(weights_y), len(weights_x)) != shape:
        found = (
            f"height {static.height.shape}, ocean {shape}, weights "
            f"{(len(weights_y), len(weights_x))}"
        )
        raise GridError(f"terrain: {found}; expected one grid; align the terrain again")
    height = None
    if HEIGHT in names:
        # elevation models have no data over open water: 0 m there, not the mean of the ice sheet
        level = np.where(static.ocean & np.isnan(static.height), np.float32(0), static.height)
        height = _put(statistics[HEIGHT].normalise(level), device)
    used = {name: statistics[name] for name in normalised(names)}
    return Frame(
        names,
        used,
        height,
        _put(static.ocean, device),
        make_axis(weights_y, device),
        make_axis(weights_x, device),
    )


class SeasonInputs:
    """The inputs of some days on the device of their frame.

    Parameters
    ----------
    frame : what the days share
    days : the days
    sar : (date, y, x) uint8, melt fraction in percent, 255 where not observed; None where it is no
        channel; not copied on a CPU
    coarse : name to (date, coarse y, coarse x), physical values, NaN where no data; every coarse
        channel of the frame

    Raises
    ------
    ConfigError
        An input of the frame's channels is absent.
    GridError
        An input has another shape than the frame or another number of days.
    """

    def __init__(
        self,
        frame: Frame,
        days: Sequence[dt.date],
        sar: NDArray[np.uint8] | None,
        coarse: Mapping[str, NDArray[np.float32]],
    ) -> None:
        absent = [name for name in frame.coarse if name not in coarse]
        if sar is None and SAR in frame.channels:
            absent.append(SAR)
        if absent:
            raise ConfigError(
                f"inputs: no {', '.join(absent)}; the network's channels are "
                f"{', '.join(frame.channels)}"
            )
        self.frame = frame
        self.days = tuple(days)
        self.sar = self._percent(sar, SAR) if sar is not None and SAR in frame.channels else None
        self.coarse = self._coarse(coarse)

    def __len__(self) -> int:
        return len(self.days)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the network's inputs, in order."""
        return self.frame.channels

    def inputs(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
        size: tuple[int, int],
    ) -> Tensor:
        """Cut the input of a network.

        Parameters
        ----------
        indices : the day of each crop
        rows, columns : its first row and column
        size : number of rows and columns of every crop

        Returns
        -------
        (crop, channel, y, x) float32, channels last in memory
        """
        if self.frame.device.type != "cpu":
            return self.composed(indices, rows, columns, size)
        crops = torch.empty(
            (len(indices), len(self.frame.channels), *size), memory_format=torch.channels_last
        )
        in_parts(self._filling(crops, indices, rows, columns), len(indices), size[0])
        return crops

    def composed(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
        size: tuple[int, int],
    ) -> Tensor:
        """The same as `inputs` up to rounding, by operations of any device: two matrix products
        per coarse channel.
        """
        frame, shape = self.frame, (len(indices), len(self.frame.channels), *size)
        # half precision would show as steps in the smooth fields: crops are always made in 32 bits
        with torch.autocast(frame.device.type, enabled=False):
            crops = torch.empty(shape, device=frame.device, memory_format=torch.channels_last)
            if frame.coarse:
                crops[:, [frame.channels.index(name) for name in frame.coarse]] = self._upsample(
                    indices, rows, columns, size
                )
            if self.sar is not None:
                stored = cut(self.sar, indices, rows, columns, size)
                crops[:, frame.channels.index(SAR)] = fraction(stored)
            if frame.height is not None:
                crops[:, frame.channels.index(HEIGHT)] = cut(
                    frame.height, None, rows, columns, size
                )
        return crops

    def whole(self, indices: Sequence[int]) -> Tensor:
        """The input of the whole area on some days, (date, channel, y, x)."""
        zeros = [0] * len(indices)
        return self.inputs(indices, zeros, zeros, self.frame.shape)

    def _filling(
        self, inputs: Tensor, indices: Sequence[int], rows: Sequence[int], columns: Sequence[int]
    ) -> Part:
        """Function that fills a part of `inputs` (crop, channel, y, x) on the CPU."""
        frame, none, crops = (
            self.frame,
            np.empty((0, 0), np.uint8),
            inputs.permute(0, 2, 3, 1).numpy(),
        )
        places = np.array([frame.channels.index(name) for name in frame.coarse], np.int64)
        sar = -1 if self.sar is None else frame.channels.index(SAR)
        height = -1 if frame.height is None else frame.channels.index(HEIGHT)

        def fill(crop: int, first: int, last: int) -> None:
            row, column, (count, width) = (
                rows[crop] + first,
                columns[crop],
                (last - first, crops.shape[2]),
            )
            window = np.s_[row : row + count, column : column + width]
            stored = none if self.sar is None else self.sar[indices[crop]].numpy()[window]
            level = none.view(np.float32) if frame.height is None else frame.height.numpy()[window]
            along = *frame.along_y.cells(row, count), *frame.along_x.cells(column, width)
            coarse = self.coarse[indices[crop]].numpy()
            out = crops[crop, first:last]
            crop_loops.fill_inputs(
                out, coarse, places, *along, stored, sar, SCALE, NODATA, level, height
            )

        return fill

    def _upsample(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
        size: tuple[int, int],
    ) -> Tensor:
        """Coarse channels of each crop, (crop, coarse channel, y, x)."""
        crops = []
        for index, row, column in zip(indices, rows, columns, strict=True):
            along_y, some_rows = self.frame.along_y.window(row, size[0])
            along_x, some_columns = self.frame.along_x.window(column, size[1])
            crops.append(along_y @ self.coarse[index, :, some_rows, some_columns] @ along_x.mT)
        return torch.stack(crops)

    def _percent(self, stored: NDArray[np.uint8], name: str) -> Tensor:
        if stored.dtype != np.uint8 or stored.shape != (len(self), *self.frame.shape):
            found, expected = (
                f"{stored.dtype} {stored.shape}",
                f"uint8 {(len(self), *self.frame.shape)}",
            )
            raise GridError(
                f"{name}: {found}; expected {expected}, days of the study grid; align it again"
            )
        return _put(stored, self.frame.device)

    def _coarse(self, fields: Mapping[str, NDArray[np.float32]]) -> Tensor:
        frame = self.frame
        shape = (len(self), frame.along_y.weights.shape[1], frame.along_x.weights.shape[1])
        for name in frame.coarse:
            if fields[name].shape != shape:
                raise GridError(
                    f"{name}: shape {fields[name].shape}; expected {shape}, days of the coarse "
                    "grid; align it again"
                )
        normal = [frame.statistics[name].normalise(fields[name]) for name in frame.coarse]
        return _put(
            np.stack(normal, axis=1)
            if normal
            else np.empty((len(self), 0, *shape[1:]), np.float32),
            frame.device,
        )


class TrainingSet(SeasonInputs):
    """The inputs of the labelled days and the melt fraction that Sentinel-1 observed on them.

    Parameters
    ----------
    frame, days, sar, coarse : as `SeasonInputs`
    target : (date, y, x) uint8, melt fraction in percent, 255 where not observed
    release : called when the days that were read need not stay in memory
    """

    def __init__(
        self,
        frame: Frame,
        days: Sequence[dt.date],
        target: NDArray[np.uint8],
        sar: NDArray[np.uint8] | None,
        coarse: Mapping[str, NDArray[np.float32]],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(frame, days, sar, coarse)
        if not len(self):
            raise ConfigError(
                "training: no labelled day in the split; widen seasons or change split"
            )
        self.target = self._percent(target, "target")
        self._release = release
        release()

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

        `numbers` of the crops since the beginning of the training have no effect here; they are for
        sets that hide inputs (`sensor_inputs`).

        On a CPU the result is written to `room`, since new memory takes as long as the crops.

        Returns
        -------
        inputs : (crop, channel, y, x) float32
        targets : (crop, y, x) float32, 0 where not valid
        valid : (crop, y, x) bool, True where Sentinel-1 observed and there is no ocean
        """
        if self.frame.device.type == "cpu":
            inputs, target, valid = made = room or self.room(len(indices), size)
            where = indices, rows, columns
            fillings = (
                self._filling(inputs, *where),
                self._filling_targets(target.numpy(), valid.numpy(), *where),
            )
            in_parts(lambda *part: [fill(*part) for fill in fillings], len(indices), size[0])
            self._release()
            return made
        stored = cut(self.target, indices, rows, columns, size)
        valid = (stored != NODATA) & ~cut(self.frame.ocean, None, rows, columns, size)
        return self.inputs(indices, rows, columns, size), fraction(stored), valid

    def labels(self, size: tuple[int, int]) -> None:
        """None: the crops lie anywhere, as published."""

    def room(self, count: int, size: tuple[int, int]) -> Crops:
        """Memory for `count` crops on the CPU, to pass to `crops`."""
        inputs = torch.empty(
            (count, len(self.frame.channels), *size), memory_format=torch.channels_last
        )
        return inputs, torch.empty((count, *size)), torch.empty((count, *size), dtype=torch.bool)

    def _filling_targets(
        self,
        target: NDArray[np.float32],
        valid: NDArray[np.bool_],
        indices: Sequence[int],
        rows: Sequence[int],
        columns: Sequence[int],
    ) -> Part:
        """Function that fills a part of targets and valid (crop, y, x) on the CPU."""
        ocean = self.frame.ocean.numpy()

        def fill(crop: int, first: int, last: int) -> None:
            window = np.s_[
                rows[crop] + first : rows[crop] + last,
                columns[crop] : columns[crop] + target.shape[2],
            ]
            stored = self.target[indices[crop]].numpy()[window]
            crop_loops.fill_target(
                target[crop, first:last],
                valid[crop, first:last],
                stored,
                ocean[window],
                SCALE,
                NODATA,
            )

        return fill

    def valid(self, index: int) -> Tensor:
        """Where a day has a target, (y, x) bool: Sentinel-1 observed and there is no ocean."""
        seen = (self.target[index] != NODATA) & ~self.frame.ocean
        self._release()
        return seen

    def fingerprint(self) -> str:
        """SHA-256 of all data of the set, by which a checkpoint is matched with its data."""
        frame = self.frame
        digest = hashlib.sha256(repr((frame.channels, frame.shape, self.days)).encode())
        for stack in (self.target, self.sar, self.coarse):
            for day in stack if stack is not None else ():  # copied from the device one at a time
                digest.update(day.cpu().numpy().data)
                self._release()
        for field in (frame.height, frame.ocean, frame.along_y.weights, frame.along_x.weights):
            digest.update(b"" if field is None else field.cpu().numpy().data)
        return digest.hexdigest()


def fraction(stored: Tensor) -> Tensor:
    """Melt fraction 0-1 of stored percent, float32 of the same shape; 0 where no data."""
    return (stored.float() * PERCENT.scale).masked_fill_(stored == NODATA, 0)


def cut(
    field: Tensor,
    indices: Sequence[int] | None,
    rows: Sequence[int],
    columns: Sequence[int],
    size: tuple[int, int],
) -> Tensor:
    """Windows of `size` of a field (y, x), or of the days `indices` of a field (date, y, x), as
    (crop, y, x).
    """
    days = [field] * len(rows) if indices is None else [field[index] for index in indices]
    height, width = size
    return torch.stack(
        [
            day[row : row + height, column : column + width]
            for day, row, column in zip(days, rows, columns, strict=True)
        ]
    )


def in_parts(work: Part, crops: int, rows: int) -> None:
    """Do the rows of all crops on torch's number of threads, the calling one included, with equal
    shares of rows.
    """
    shares = np.linspace(0, crops * rows, torch.get_num_threads() + 1).astype(int)
    edges = np.unique(shares).tolist()  # no more shares than rows

    def share(start: int, stop: int) -> None:
        for crop in range(start // rows, -(-stop // rows)):
            first = crop * rows
            work(crop, max(start, first) - first, min(stop, first + rows) - first)

    own, *others = pairwise(edges)
    if not others:
        share(*own)
        return
    with ThreadPoolExecutor(len(others)) as pool:
        done = [pool.submit(share, *part) for part in others]
        share(*own)
        for other in done:
            other.result()


def crop_plan(
    seed: int,
    step: int,
    batch: int,
    count: int,
    shape: tuple[int, int],
    size: tuple[int, int],
    labels: Labels | None = None,
) -> tuple[list[int], list[int], list[int]]:
    """Days and places of the crops of a training step, a function of the arguments alone, so that
    a resumed training needs no state.

    In every `count` consecutive crops each day occurs once, in a new random order. Places are
    uniform over those where the crop lies within the area; with `labels` each is that of
    `CANDIDATES` such places which has the most labelled cells, since a crop beside the swath
    teaches nothing.

    Parameters
    ----------
    seed, step : training seed and number of the step, from 0
    batch : crops a step
    count : number of days
    shape, size : rows and columns of the area and of a crop
    labels : of crops given by days, first rows and columns: their labelled cells (crop,)

    Returns
    -------
    indices, rows, columns : the day of each crop and its first row and column
    """
    positions = [divmod(number, count) for number in range(step * batch, (step + 1) * batch)]
    orders = {
        cycle: _random(seed, ORDER, cycle).permutation(count)
        for cycle in {cycle for cycle, _ in positions}
    }
    days = [int(orders[cycle][place]) for cycle, place in positions]
    draw, drawn = _random(seed, PLACE, step), (1 if labels is None else CANDIDATES, batch)
    rows = draw.integers(0, shape[0] - size[0] + 1, drawn)
    columns = draw.integers(0, shape[1] - size[1] + 1, drawn)
    best = np.zeros(batch, np.intp)
    if labels is not None:
        best = np.stack([labels(days, *place) for place in zip(rows, columns, strict=True)]).argmax(
            0
        )
    crops = np.arange(batch)
    return days, rows[best, crops].tolist(), columns[best, crops].tolist()


def crop_size(crop: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a square crop, clipped to an area that is smaller."""
    return min(crop, shape[0]), min(crop, shape[1])


def turn_plan(seed: int, step: int, batch: int) -> list[int]:
    """Number of the symmetry of a square applied to each crop of a step; a function of the
    arguments alone.
    """
    turns: list[int] = _random(seed, TURN, step).integers(0, TURNS, batch).tolist()
    return turns


def turn(field: Tensor, symmetry: int) -> Tensor:
    """A field (..., y, x) under one of the eight symmetries of a square; a field that is not
    square is flipped, not transposed.
    """
    flips = [axis for bit, axis in ((1, -2), (2, -1)) if symmetry & bit]
    turned = field.flip(flips) if flips else field
    return turned.mT if symmetry & 4 and field.shape[-2] == field.shape[-1] else turned


def turn_each(fields: Tensor, symmetries: Sequence[int]) -> None:
    """Turn each of some fields (crop, ..., y, x) in its own memory, by its symmetry."""
    for field, symmetry in zip(fields, symmetries, strict=True):
        if symmetry:
            field.copy_(turn(field, symmetry).clone())


def _random(seed: int, stream: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream, number])


def _put(values: NDArray[np.generic], device: torch.device | str) -> Tensor:
    """Values on a device; on the CPU they share the memory of the array unless it is read-only or
    not contiguous.
    """
    return torch.from_numpy(np.require(values, requirements=["C", "W"])).to(device)
