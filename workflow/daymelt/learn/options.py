"""What a network is made of, and what a kind of network has to say of itself."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from daymelt.core.errors import ConfigError


@dataclass(frozen=True)
class NetworkOptions:
    """What a network is made of; an architecture takes those of its own and leaves the others
    alone.

    Parameters
    ----------
    architecture : a key of `architectures.ARCHITECTURES`
    encoder : name in segmentation-models-pytorch; `tu-` before those of timm
    weights : None for a random start, "imagenet" for the published weights of the encoder, fetched
    once
    depth : halvings of the resolution in the encoder
    decoder_channels : width of each level of the decoder of `unet`, coarsest first
    decoder_norm : of `unet`, "batchnorm" or "none"
    channels : number of input channels
    features : width of the finest level of `vanilla-unet`; each level below is twice as wide
    decoder_width : width of the decoder of `deeplabv3plus`
    atrous_rates : its three dilations, in cells of its coarsest level
    output_stride : cells of the input to one of its coarsest level, 8 or 16
    """

    architecture: str = "unet"
    encoder: str = "tu-mobilenetv3_small_100"
    weights: str | None = None
    depth: int = 4
    decoder_channels: tuple[int, ...] = (64, 32, 16, 16)
    decoder_norm: str = "batchnorm"
    channels: int = 4
    features: int = 64
    decoder_width: int = 256
    atrous_rates: tuple[int, ...] = (6, 12, 18)
    output_stride: int = 8


def halvings(options: NetworkOptions) -> int:
    """Cells of the input that make one cell of the coarsest level, where each level of depth halves
    the resolution.
    """
    return int(2**options.depth)


def anything(options: NetworkOptions) -> None:
    """The check of an architecture without options of its own."""


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    Parameters
    ----------
    body : makes the network: (batch, channel, y, x), sides multiples of `multiple`, to logits
    (batch, 1, y, x)
    multiple : cells of the input that make one cell of its own coarsest grid
    check : ConfigError unless its options are possible
    least_batch : crops that a training step needs at least
    """

    body: Callable[[NetworkOptions], nn.Module]
    multiple: Callable[[NetworkOptions], int] = halvings
    check: Callable[[NetworkOptions], None] = anything
    least_batch: int = 1


def check_choice(key: str, found: object, allowed: tuple[object, ...]) -> None:
    """ConfigError unless a setting is one of those allowed."""
    if found not in allowed:
        raise ConfigError(f"{key}: found {found!r}; expected one of {', '.join(map(str, allowed))}")


def check_positive(key: str, found: int) -> None:
    """ConfigError unless a setting is 1 or above."""
    if found < 1:
        raise ConfigError(f"{key}: found {found}; expected at least 1")
