"""The networks, and the form in which a trained one is kept.

A network takes (batch, channel, y, x) of any size and gives the melt fraction (batch, y, x) between
0 and 1. Its kinds are in `architectures`, the files in `kept`.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from daymelt.core.errors import FormatError, cause_of
from daymelt.learn.architectures import ARCHITECTURES
from daymelt.learn.channels import Statistics
from daymelt.learn.kept import arrays_of, keep, read_kept_card
from daymelt.learn.options import Architecture, NetworkOptions, check_choice, check_positive
from daymelt.learn.surroundings import Surroundings

__all__ = [
    "ARCHITECTURES",
    "ModelCard",
    "Network",
    "NetworkOptions",
    "build",
    "load_model",
    "read_card",
    "save_model",
]


class Network(nn.Module):
    """A body that gives logits (batch, 1, y, x), fitted to inputs of any size, with a sigmoid in 32
    bits at its end.

    `sees` is the side of the window over which its means are taken, cells; None for all that it is
    given, as in training.
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


@dataclass(frozen=True)
class ModelCard:
    """What is needed to use a trained network, and to know where it came from.

    Parameters
    ----------
    network : its options
    channels : names of its inputs, in order
    statistics : of each channel that is normalised
    training : options of the training, the epoch of the weights, losses
    about : what the caller says of it: digest of the inputs, software version
    checksum : SHA-256 of the weights' file; filled in by `save_model`
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
    check_positive("model.channels", options.channels)
    architecture.check(options)
    return Network(architecture.body(options), architecture.multiple(options)).to(
        memory_format=torch.channels_last
    )


def architecture_of(options: NetworkOptions) -> Architecture:
    """The kind of network that the options ask for; ConfigError where there is none such."""
    check_choice("model.architecture", options.architecture, tuple(ARCHITECTURES))
    return ARCHITECTURES[options.architecture]


def pad(inputs: Tensor, rows: int, columns: int) -> Tensor:
    """Inputs with `rows` more at the bottom and `columns` more at the right: mirrored, or repeated
    where there is too little to mirror.
    """
    if not rows and not columns:
        return inputs
    mirrors = rows < inputs.shape[-2] and columns < inputs.shape[-1]
    return functional.pad(inputs, (0, columns, 0, rows), mode="reflect" if mirrors else "replicate")


def save_model(folder: Path, network: Network, card: ModelCard) -> ModelCard:
    """Write `model.safetensors`, then `model.json`, into `folder`; give the card with the
    checksum.
    """
    state = {
        name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()
    }
    return keep(folder, save(state), card)


def load_model(folder: Path) -> tuple[Network, ModelCard]:
    """The trained network in `folder`, ready to predict on the CPU, and its card; it sees as much
    around a place as in training.

    Raises
    ------
    MissingInputError
        One of the two files is absent.
    FormatError
        One cannot be read, or they do not belong together.
    """
    card = read_card(folder)
    weights = arrays_of(folder, card)
    network = build(replace(card.network, weights=None))
    try:
        network.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise FormatError(
            f"model {weights}: not the weights of such a {card.network.architecture} "
            f"({cause_of(error)}); train the model again"
        ) from error
    network.sees = card.training.get("crop")
    return network.eval(), card


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`; errors as `load_model`."""
    return read_kept_card(folder, _card)


def _card(content: Any) -> ModelCard:
    options: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in content["network"].items()
    }
    content["network"] = NetworkOptions(
        **options
    )  # what an older card does not have has its default
    content["channels"] = tuple(content["channels"])
    content["statistics"] = {
        name: Statistics(**values) for name, values in content["statistics"].items()
    }
    return ModelCard(**content)
