"""Melt maps from a trained network: a day in one pass, or in tiles that are blended.

The input of a map is the crop that covers the area, cut by the code that cuts the crops of a
training. The windows of all tiles have the same size and start at multiples of the network's
coarsest cell, so that a cell has the same place within the coarsest cell in every tile and in one
pass. Within half a halo of an inner edge of its window a tile has weight 0, over the next halo its
weight rises as a raised cosine: a network whose receptive field extends at most half a halo gives
the same map in tiles as in one pass.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

from daymelt.core.errors import ConfigError
from daymelt.core.memory import keep_memory
from daymelt.learn.devices import autocast, choose_precision
from daymelt.learn.networks import Network
from daymelt.learn.samples import SeasonInputs
from daymelt.learn.sensor_inputs import SensorInputs
from daymelt.learn.threads import MeasuredThreads

Inputs = SeasonInputs | SensorInputs


def predict_days(
    network: Network,
    batches: Iterable[Inputs],
    tile: int | None = None,
    halo: int = 0,
    precision: str = "auto",
    threads: MeasuredThreads | None = None,
) -> Iterator[tuple[date, NDArray[np.float32]]]:
    """Melt fraction of every day, in the order given.

    Parameters
    ----------
    network : trained; it is moved to the device of the inputs
    batches : days that are predicted together; their number changes speed and memory, not the
        result
    tile : side of the window of a tile, cells; None for the whole area
    halo : half of the smallest overlap of neighbouring windows, cells
    precision : see `devices.choose_precision`
    threads : of a CPU, chosen by the times of the batches; None: at most torch's number. The
        result is the same with any number

    Yields
    ------
    day and its melt fraction (y, x), or the quantiles of it (level, y, x), 0-1, NaN over ocean

    Raises
    ------
    ConfigError
        The tile is smaller than twice the halo and a coarsest cell, or no multiple of that cell.
    """
    if tile is not None:
        check_tile(tile, halo, network.multiple)
    network.eval()
    threads = threads or MeasuredThreads()
    for inputs in batches:
        device = inputs.frame.device
        network.to(device)
        if device.type == "cpu":
            keep_memory()
        with (
            _on(device, threads),
            OneConvolution(),
            torch.inference_mode(),
            autocast(choose_precision(precision, device), device),
        ):
            melt = (
                _one_pass(network, inputs)
                if tile is None
                else in_tiles(network, inputs, range(len(inputs)), tile, halo)
            )
            fields = melt.masked_fill_(inputs.frame.ocean, torch.nan).cpu().numpy()
        yield from zip(inputs.days, fields, strict=True)


class OneConvolution(TorchFunctionMode):
    """Compute every convolution of a CPU in single precision with oneDNN.

    PyTorch takes another library for convolutions of 1 x 1 where it has one thread and a batch
    below 16, with other last bits. With this the values of a network without training do not
    depend on the number of threads (`aten/src/ATen/native/Convolution.cpp`, `use_mkldnn`).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Replace the convolution of `torch.nn.Conv2d`; all else is called as it is."""
        if func is torch.conv2d and _is_pointwise(*args, **(kwargs or {})):
            field, weight, bias, *_, groups = args
            return torch.mkldnn_convolution(field, weight, bias, (0, 0), (1, 1), (1, 1), groups)
        return func(*args, **(kwargs or {}))


def check_tile(tile: int, halo: int, multiple: int) -> None:
    """ConfigError unless windows of `tile` cells that overlap by twice `halo` can cover an area in
    steps of `multiple` cells.
    """
    if halo < 0:
        raise ConfigError(f"map.halo: found {halo}; expected 0 or above")
    if tile % multiple or tile < 2 * halo + multiple:
        least = -(-(2 * halo + multiple) // multiple) * multiple
        raise ConfigError(
            f"map.tile: found {tile}; expected a multiple of {multiple}, at least {least} with "
            f"map.halo {halo}, or null"
        )


def in_tiles(
    network: Network, inputs: Inputs, indices: Sequence[int], tile: int, halo: int
) -> Tensor:
    """Weighted mean of the tiles of some days, (date, y, x) or (date, level, y, x).

    `tile` and `halo` as `check_tile`
    requires.
    """
    shape, device, count = inputs.frame.shape, inputs.frame.device, len(indices)
    rows, columns = (_windows(cells, tile, halo, network.multiple, device) for cells in shape)
    total: Tensor | None = None
    weights = torch.zeros(shape, device=device)
    for row, along_y in rows:
        for column, along_x in columns:
            size = len(along_y), len(along_x)
            melt = network(inputs.inputs(indices, [row] * count, [column] * count, size))
            weight = along_y[:, None] * along_x
            if total is None:
                total = torch.zeros((*melt.shape[:-2], *shape), device=device)
            place = (..., slice(row, row + size[0]), slice(column, column + size[1]))
            total[place] += melt * weight
            weights[place] += weight
    assert total is not None  # there is at least one tile
    return total / weights


def tile_starts(cells: int, tile: int, halo: int, multiple: int) -> list[int]:
    """First cells of the windows that cover an axis: multiples of `multiple`, neighbours
    overlapping by at least twice `halo`.

    The last window ends at the end of the axis; it may be shorter by less than `multiple` cells.
    """
    if cells <= tile:
        return [0]
    stride = (tile - 2 * halo) // multiple * multiple
    last = -(-(cells - tile) // multiple) * multiple
    return [*range(0, last, stride), last]


def ramp(size: int, halo: int, rises: bool, falls: bool) -> NDArray[np.float32]:
    """Weight of each cell of a window of `size` along one axis.

    0 within half a halo of an edge with a neighbour (`rises`: at the beginning, `falls`: at the
    end), then a raised cosine over one halo, 1 beyond; where two windows overlap by twice a halo,
    their weights add up to 1.
    """
    distance = np.arange(size) + 0.5
    weight = np.ones(size)
    for applies, inward in ((rises, distance), (falls, distance[::-1])):
        if applies and halo:
            share = np.clip((inward - halo / 2) / halo, 0, 1)
            weight *= (1 - np.cos(np.pi * share)) / 2
    return weight.astype(np.float32)


def _is_pointwise(*args: Any, **named: Any) -> bool:
    """True for the arguments of a convolution of 1 x 1 cells that oneDNN computes on a CPU."""
    if named or len(args) != 7:
        return False
    field, weight, _, stride, padding, dilation, _ = args
    plain = stride == dilation == (1, 1) and padding == (0, 0)
    on_cpu = field.device.type == "cpu" and field.dtype == torch.float32
    present = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(plain and on_cpu and present and tuple(weight.shape[-2:]) == (1, 1))


def _on(device: torch.device, threads: MeasuredThreads) -> AbstractContextManager[None]:
    return threads.step() if device.type == "cpu" else nullcontext()


def _one_pass(network: Network, inputs: Inputs) -> Tensor:
    melt: Tensor = network(inputs.whole(range(len(inputs))))
    return melt


def _windows(
    cells: int, tile: int, halo: int, multiple: int, device: torch.device
) -> list[tuple[int, Tensor]]:
    """First cell and weights of each window along an axis."""
    starts = tile_starts(cells, tile, halo, multiple)
    sizes = [min(tile, cells - start) for start in starts]
    ramps = [
        ramp(size, halo, start > 0, start < starts[-1])
        for start, size in zip(starts, sizes, strict=True)
    ]
    return [
        (start, torch.from_numpy(weight).to(device))
        for start, weight in zip(starts, ramps, strict=True)
    ]
