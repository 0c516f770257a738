"""Melt maps from a trained network: a day in one pass, or in tiles that are blended.

The input of a map is the crop that covers the area, cut by the code that cuts the crops of a
training. The windows of all tiles have the same size and start at multiples of the network's
coarsest cell, so that a cell has the same place within the coarsest cell in every tile and in one
pass. Within half a halo of an inner edge of its window a tile has weight 0, over the next halo its
weight rises as a raised cosine: a network whose receptive field extends at most half a halo gives
the same map in tiles as in one pass.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daymelt.core.errors import ConfigError
from daymelt.core.memory import keep_memory
from daymelt.learn.devices import autocast, choose_precision
from daymelt.learn.networks import Network
from daymelt.learn.samples import SeasonInputs


def predict_days(
    network: Network,
    batches: Iterable[SeasonInputs],
    tile: int | None = None,
    halo: int = 0,
    precision: str = "auto",
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

    Yields
    ------
    day and its melt fraction (y, x), 0-1, NaN over ocean

    Raises
    ------
    ConfigError
        The tile is smaller than twice the halo and a coarsest cell, or no multiple of that cell.
    """
    if tile is not None:
        check_tile(tile, halo, network.multiple)
    network.eval()
    for inputs in batches:
        device = inputs.frame.device
        network.to(device)
        if device.type == "cpu":
            keep_memory()
        with torch.inference_mode(), autocast(choose_precision(precision, device), device):
            melt = (
                _one_pass(network, inputs)
                if tile is None
                else in_tiles(network, inputs, range(len(inputs)), tile, halo)
            )
            fields = melt.masked_fill_(inputs.frame.ocean, torch.nan).cpu().numpy()
        yield from zip(inputs.days, fields, strict=True)


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
    network: Network, inputs: SeasonInputs, indices: Sequence[int], tile: int, halo: int
) -> Tensor:
    """Weighted mean of the tiles of some days, (date, y, x); `tile` and `halo` as `check_tile`
    requires.
    """
    shape, device, count = inputs.frame.shape, inputs.frame.device, len(indices)
    rows, columns = (_windows(cells, tile, halo, network.multiple, device) for cells in shape)
    total = torch.zeros((count, *shape), device=device)
    weights = torch.zeros(shape, device=device)
    for row, along_y in rows:
        for column, along_x in columns:
            size = len(along_y), len(along_x)
            melt = network(inputs.inputs(indices, [row] * count, [column] * count, size))
            weight = along_y[:, None] * along_x
            place = (..., slice(row, row + size[0]), slice(column, column + size[1]))
            total[place] += melt * weight
            weights[place] += weight
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


def _one_pass(network: Network, inputs: SeasonInputs) -> Tensor:
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
