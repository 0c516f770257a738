"""Options of a network, and the interface of an architecture."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from daymelt.core.errors import ConfigError


@dataclass(frozen=True)
class NetworkOptions:
    """Options of a network; an architecture uses its own and ignores the others.

    Parameters
    ----------
    architecture : a key of `architectures.ARCHITECTURES`
    encoder : name in segmentation-models-pytorch; `tu-` before those of timm
    weights : None for random initial weights, "imagenet" for the published weights of the encoder,
        downloaded once
    depth : halvings of the resolution in the encoder
    decoder_channels : width of each level of the decoder of `unet`, coarsest first
    decoder_norm : of `unet`, "batchnorm" or "none"
    channel_count : number of input channels
    features : width of the finest level of `vanilla-unet`; each level below is twice as wide
    decoder_width : width of the decoder of `deeplabv3plus`
    atrous_rates : its three dilations, in cells of its coarsest level
    output_stride : cells of the input to one of its coarsest level, 8 or 16
    """

    architecture: str
    encoder: str
    weights: str | None
    depth: int
    decoder_channels: tuple[int, ...]
    decoder_norm: str
    channel_count: int
    features: int
    decoder_width: int
    atrous_rates: tuple[int, ...]
    output_stride: int


def as_written(options: NetworkOptions) -> dict[str, Any]:
    """The options as plain data under their names in cards and checkpoints, where the number of
    channels is `channels`.
    """
    return {
        "channels" if name == "channel_count" else name: value
        for name, value in asdict(options).items()
    }


def halvings(options: NetworkOptions) -> int:
    """Side of a cell of the coarsest level, cells of the input, where each level of depth halves
    the resolution.
    """
    return int(2**options.depth)


def no_check(options: NetworkOptions) -> None:
    """The check of an architecture without options of its own."""


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    Parameters
    ----------
    body : makes the network: (batch, channel, y, x), sides multiples of `multiple`, to logits
        (batch, 1, y, x)
    multiple : side of a cell of its coarsest level, cells of the input
    check : raises ConfigError unless its options are possible
    least_batch : smallest number of crops of a training step
    """

    body: Callable[[NetworkOptions], nn.Module]
    multiple: Callable[[NetworkOptions], int] = halvings
    check: Callable[[NetworkOptions], None] = no_check
    least_batch: int = 1


def check_choice(key: str, found: object, allowed: tuple[object, ...]) -> None:
    """ConfigError unless a setting is one of those allowed."""
    if found not in allowed:
        raise ConfigError(f"{key}: found {found!r}; expected one of {', '.join(map(str, allowed))}")


def check_positive(key: str, found: int) -> None:
    """ConfigError unless a setting is 1 or above."""
    if found < 1:
        raise ConfigError(f"{key}: found {found}; expected at least 1")
