"""The networks, and a trained one as files.

A network takes (batch, channel, y, x) of any size and gives the melt fraction (batch, y, x) between
0 and 1. Its kinds are in `architectures`, the files in `model_files`.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from daymelt.core.errors import FormatError, cause_of
from daymelt.learn import model_files
from daymelt.learn.architectures import ARCHITECTURES
from daymelt.learn.channels import Statistics
from daymelt.learn.options import (
    CONTEXT,
    Architecture,
    NetworkOptions,
    as_written,
    check_choice,
    check_positive,
)
from daymelt.learn.quantiles import rising
from daymelt.learn.surroundings import Surroundings

__all__ = [
    "ARCHITECTURES",
    "ModelCard",
    "Network",
    "NetworkOptions",
    "QuantileNetwork",
    "build",
    "load_model",
    "read_card",
    "save_model",
]

HIDDEN = 32  # width of the pixel head of a network with quantiles

# options that cards lack from before their architectures, and that those of `unet` do not need
EARLIER: dict[str, Any] = {
    "features": 64,
    "decoder_width": 256,
    "atrous_rates": (6, 12, 18),
    "output_stride": 8,
}


class Network(nn.Module):
    """A body that gives logits (batch, 1, y, x), padded for inputs of any size, followed by a
    sigmoid in 32 bits.

    `sees` is the side of the window over which its global means are taken, cells, see
    `surroundings`; None for the whole input, as in training.
    """

    def __init__(self, body: nn.Module, multiple: int) -> None:
        super().__init__()
        self.body = body
        self.multiple = multiple
        self.sees: int | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        """Melt fraction (batch, y, x) of inputs (batch, channel, y, x)."""
        height, width = inputs.shape[-2:]
        padded = pad(inputs, -height % self.multiple, -width % self.multiple)
        with Surroundings(self.sees, padded.shape[-2]) if self.sees else nullcontext():
            logits: Tensor = self.body(padded.contiguous(memory_format=torch.channels_last))
        return torch.sigmoid(logits[:, 0, :height, :width].float())


class QuantileNetwork(Network):
    """A network that predicts quantiles of the melt fraction (batch, level, y, x).

    The body gives fields of context; a head combines them, cell by cell, with the inputs at full
    resolution, so that the edge of a swath and the observation of a single cell reach the output
    unsmoothed. In a training the head works on the cells that have a target alone.
    """

    def __init__(self, body: nn.Module, multiple: int, channels: int, levels: int) -> None:
        super().__init__(body, multiple)
        self.head = CellHead(channels, levels)

    def forward(self, inputs: Tensor) -> Tensor:
        """Quantiles (batch, level, y, x) of inputs (batch, channel, y, x)."""
        batch, _, height, width = inputs.shape
        raw = self.head(by_cell(self._context(inputs)), by_cell(inputs))
        return rising(raw).view(batch, height, width, -1).permute(0, 3, 1, 2)

    def at(self, inputs: Tensor, wanted: Tensor) -> Tensor:
        """Quantiles (cell, level) of the cells where `wanted` (batch, y, x) is True, in order."""
        cells = wanted.flatten().nonzero()[:, 0]
        fields = by_cell(self._context(inputs)), by_cell(inputs)
        return rising(self.head(*(field.index_select(0, cells) for field in fields)))

    def _context(self, inputs: Tensor) -> Tensor:
        """Fields of the body (batch, field, y, x)."""
        height, width = inputs.shape[-2:]
        padded = pad(inputs, -height % self.multiple, -width % self.multiple)
        with Surroundings(self.sees, padded.shape[-2]) if self.sees else nullcontext():
            context: Tensor = self.body(padded.contiguous(memory_format=torch.channels_last))
        return context[..., :height, :width]


class CellHead(nn.Module):
    """Two hidden layers that combine context and inputs of a cell.

    Linear layers over a list of cells: a convolution of 1 x 1 does the same and took half as long
    again on a CPU.
    """

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.inputs = nn.Linear(channels, HIDDEN)
        self.context = nn.Linear(CONTEXT, HIDDEN, bias=False)
        self.hidden = nn.Linear(HIDDEN, HIDDEN)
        self.levels = nn.Linear(HIDDEN, levels)

    def forward(self, context: Tensor, inputs: Tensor) -> Tensor:
        """(cell, level) of context (cell, field) and inputs (cell, channel)."""
        first = functional.relu(self.inputs(inputs) + self.context(context))
        result: Tensor = self.levels(functional.relu(self.hidden(first)))
        return result


def by_cell(fields: Tensor) -> Tensor:
    """Fields (batch, field, y, x) as (cell, field); no copy of fields in channels-last memory."""
    return fields.permute(0, 2, 3, 1).flatten(0, 2)


@dataclass(frozen=True)
class ModelCard:
    """Card of a trained network: what is needed to use it, and its origin.

    Parameters
    ----------
    network : its options
    channels : names of its inputs, in order
    statistics : of each channel that is normalised
    training : options of the training, the epoch of the weights, losses
    about : digest of the inputs, software version
    checksum : SHA-256 of the weights' file, set by `save_model`
    """

    network: NetworkOptions
    channels: tuple[str, ...]
    statistics: Mapping[str, Statistics]
    training: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    checksum: str = ""


def build(options: NetworkOptions) -> Network:
    """A new network in channels-last memory; its random weights are those of torch's current seed.

    Raises
    ------
    ConfigError
        An option is unknown or impossible, or the encoder's published weights cannot be fetched.
    """
    architecture = architecture_of(options)
    check_positive("model.channels", options.channel_count)
    architecture.check(options)
    body, multiple = architecture.body(options), architecture.multiple(options)
    network = (
        QuantileNetwork(body, multiple, options.channel_count, len(options.quantiles))
        if options.quantiles
        else Network(body, multiple)
    )
    return network.to(memory_format=torch.channels_last)


def architecture_of(options: NetworkOptions) -> Architecture:
    """The architecture of the options; ConfigError where it is unknown."""
    check_choice("model.architecture", options.architecture, tuple(ARCHITECTURES))
    return ARCHITECTURES[options.architecture]


def check_network(options: NetworkOptions) -> None:
    """ConfigError as `build`; the network is made without memory and without published weights."""
    architecture = architecture_of(options)
    architecture.check(options)
    with torch.device("meta"):
        architecture.body(replace(options, weights=None))


def pad(inputs: Tensor, rows: int, columns: int) -> Tensor:
    """Inputs with `rows` more at the bottom and `columns` more at the right: mirrored, or the edge
    repeated where the input is too small to mirror.
    """
    if not rows and not columns:
        return inputs
    mirrors = rows < inputs.shape[-2] and columns < inputs.shape[-1]
    return functional.pad(inputs, (0, columns, 0, rows), mode="reflect" if mirrors else "replicate")


def save_model(folder: Path, network: Network, card: ModelCard) -> ModelCard:
    """Write `model.safetensors`, then `model.json`, into `folder`; returns the card with the
    checksum.
    """
    arrays = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    return replace(card, checksum=model_files.write_model(folder, content_of(card), arrays))


def content_of(card: ModelCard) -> dict[str, Any]:
    """A card as JSON."""
    return {**asdict(card), "network": as_written(card.network)}


def load_model(folder: Path) -> tuple[Network, ModelCard]:
    """The trained network in `folder`, on the CPU and in evaluation mode, and its card; its global
    means are taken over windows of the size of its training crops.

    Raises
    ------
    MissingInputError
        One of the two files is absent.
    FormatError
        One cannot be read, or they do not belong together.
    """
    card, arrays = read_card(folder), model_files.read_arrays(folder)
    network = build(replace(card.network, weights=None))
    try:
        network.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    except RuntimeError as error:
        raise FormatError(
            f"model {folder / model_files.ARRAYS}: not the weights of such a "
            f"{card.network.architecture} ({cause_of(error)}); train the model again"
        ) from error
    network.sees = card.training.get("crop")
    return network.eval(), card


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`; errors as `load_model`."""
    return model_files.read_card(folder, _card)


def _card(content: Any) -> ModelCard:
    options: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in {**EARLIER, **content["network"]}.items()
    }
    options["channel_count"] = options.pop("channels")
    content["network"] = NetworkOptions(**options)
    content["channels"] = tuple(content["channels"])
    content["statistics"] = {
        name: Statistics(**values) for name, values in content["statistics"].items()
    }
    return ModelCard(**content)
