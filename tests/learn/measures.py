"""What can be said of a network without data: how many parameters it has, and how far it sees."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from daymelt.learn.networks import Network

SIDES = (
    256,
    1024,
    4096,
    # of the input on which the field is measured, cells; a field that fills the last is taken for
    # endless
)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(weights.numel() for weights in network.parameters() if weights.requires_grad)


def receptive_field(network: Network) -> tuple[int, int] | None:
    """Side of the square of the input that an output cell depends on, in cells: the smallest and
    the largest.

    A network with a coarse grid of its own does not see equally far from each place of that grid.
    None where a cell depends on the whole input, as with squeeze-and-excitation or image pooling.

    It is measured, not inferred: in a copy every weight is positive, every norm passes its input on
    and maxima are means, so that no path can vanish or cancel; then the gradient of an output cell
    is above 0 at exactly the inputs that it can depend on.
    """
    extents = receptive_extents(network)
    sides = [last - first + 1 for first, last in extents or []]
    return (min(sides), max(sides)) if sides else None


def receptive_extents(network: Network) -> list[tuple[int, int]] | None:
    """First and last row that each output row of one coarsest cell depends on, relative to that
    row; None as `receptive_field`.
    """
    body = _positive(deepcopy(network.body).cpu().double().eval())
    extents = []
    for place in range(network.multiple):
        if (extent := _extent(body, place, network.multiple)) is None:
            return None
        extents.append(extent)
    return extents


def _extent(body: nn.Module, place: int, multiple: int) -> tuple[int, int] | None:
    """What the output row at a place of the coarsest cell in the middle depends on; None where no
    side of the input is enough.
    """
    for side in SIDES:
        row = side // 2 + place
        seen = torch.nonzero(_seen(body, side, row, multiple))[:, 0]
        if seen[0] > 0 and seen[-1] < side - 1:
            return int(seen[0]) - row, int(seen[-1]) - row
    return None


def _seen(body: nn.Module, side: int, row: int, multiple: int) -> Tensor:
    """Whether an output row depends on each row of the input; a narrow strip will do, because rows
    and columns are alike.
    """
    channels = next(weights.shape[1] for weights in body.parameters() if weights.dim() == 4)
    strip = torch.ones(1, channels, side, max(multiple, 8), dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(body(strip)[0, 0, row].sum(), strip)
    return gradient.sum(dim=(0, 1, 3)) > 0


def _positive(body: nn.Module) -> nn.Module:
    """The network with means for maxima, norms that do nothing and every convolution a share of the
    mean over what it sees.
    """
    for name, part in body.named_children():
        if isinstance(part, nn.MaxPool2d):
            setattr(
                body,
                name,
                nn.AvgPool2d(part.kernel_size, part.stride, part.padding, part.ceil_mode),
            )
        else:
            _positive(part)
    for key, weights in body.named_parameters(recurse=False):
        inputs = (
            weights[:, 0]
            if isinstance(body, nn.ConvTranspose2d) and key == "weight"
            else weights[0]
        )
        # a quarter of the mean: residual paths add up, and a gate that saturates has no gradient
        with torch.no_grad():
            weights.fill_(0 if key == "bias" else 0.25 / inputs.numel())
    if isinstance(body, nn.modules.batchnorm._BatchNorm):
        body.reset_parameters()
    return body
