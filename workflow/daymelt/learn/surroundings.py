"""Global means of a network in mapping, taken over windows as large as the crops of its training.

Some layers take a mean over the whole input: squeeze-and-excitation, the image features of
DeepLabv3+. In training the input is a crop. Over a whole area such a mean has a value that does not
occur in training, the same for the coast and for the dry interior. In mapping it is therefore
replaced at each place by the mean over all windows of a crop's size that contain the place, since
in training a place may lie anywhere in a crop.

Source: after Chu et al. (2022), arXiv 2112.04491, "Improving Image Restoration by Revisiting Global
Information Aggregation", where a global mean is replaced by that of a window around each place for
images larger than those of the training.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

BLOCKS = 16  # per side of the window, whose mean is that of the blocks


class Surroundings(TorchFunctionMode):
    """Context manager in which means over all rows and columns are replaced by those over the
    windows that contain each place.

    Parameters
    ----------
    cells : side of the window, cells of the network's input
    height : rows of the input; with the rows of a layer it gives the layer's resolution
    """

    def __init__(self, cells: int, height: int) -> None:
        super().__init__()
        self._cells, self._height = cells, height

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Perform an operation, or the local one in its place."""
        kwargs = kwargs or {}
        if _is_global_mean(func, args, kwargs):
            field: Tensor = args[0]
            window = max(1, round(self._cells * field.shape[-2] / self._height))
            if window < max(field.shape[-2:]):
                return local_mean(field, window)
        return func(*args, **kwargs)


def _is_global_mean(func: Callable[..., Any], args: Any, kwargs: Any) -> bool:
    """Whether an operation is the mean of a field (batch, channel, y, x) over all rows and columns
    that keeps both dimensions.
    """
    name = getattr(func, "__name__", "")
    if (
        name not in ("mean", "adaptive_avg_pool2d")
        or not args
        or not isinstance(args[0], Tensor)
        or args[0].dim() != 4
    ):
        return False
    over = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("output_size"))
    if name == "adaptive_avg_pool2d":
        return over in (1, (1, 1), [1, 1])
    return (
        isinstance(over, tuple | list)
        and {axis % 4 for axis in over} == {2, 3}
        and bool(kwargs.get("keepdim"))
    )


def local_mean(field: Tensor, window: int) -> Tensor:
    """At each place the mean of the means over the windows that contain it and lie within the
    field.

    Parameters
    ----------
    field : (batch, channel, y, x)
    window : side of a window; exact to one of `BLOCKS` blocks, between which is interpolated
    """
    side = max(1, window // BLOCKS)
    blocks = (
        functional.avg_pool2d(field, side, ceil_mode=True, count_include_pad=False)
        if side > 1
        else field
    )
    height, width = (min(max(1, round(window / side)), length) for length in blocks.shape[-2:])
    means = _box(blocks, height, width)
    means = _containing(means, height, width) / _containing(
        torch.ones_like(means[:1, :1]), height, width
    )
    if side == 1:
        return means
    spread = functional.interpolate(means, scale_factor=side, mode="bilinear", align_corners=False)
    return spread[..., : field.shape[-2], : field.shape[-1]]


def _containing(windows: Tensor, height: int, width: int) -> Tensor:
    """At each place the sum over the windows that contain it, divided by their area; the value of
    a window is at its first row and column.
    """
    around = functional.pad(windows, (width - 1, width - 1, height - 1, height - 1))
    return _box(around, height, width)


def _box(field: Tensor, height: int, width: int) -> Tensor:
    """Mean over each window that lies within the field, along one axis after the other."""
    return functional.avg_pool2d(
        functional.avg_pool2d(field, (height, 1), stride=1), (1, width), stride=1
    )
