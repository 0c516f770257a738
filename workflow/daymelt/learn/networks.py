"""The networks, and the form in which a trained one is kept.

A network takes (batch, channel, y, x) of any size and gives the melt fraction (batch, y, x) between 0 and 1. A kept model is two files:
the weights as `model.safetensors` and what is needed to use them as `model.json`, written last. Neither can carry code.
"""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from daymelt.atomic import atomic_path, write_json
from daymelt.errors import ConfigError, FormatError, MissingInputError
from daymelt.learn.channels import Statistics
from daymelt.manifest import checksum

WEIGHTS = "model.safetensors"
CARD = "model.json"
NORMS = {"batchnorm": "batchnorm", "none": False}


@dataclass(frozen=True)
class NetworkOptions:
    """What a network is made of.

    Parameters
    ----------
    architecture : a key of `ARCHITECTURES`
    encoder : name in segmentation-models-pytorch; `tu-` before those of timm
    weights : None for a random start, "imagenet" for the published weights of the encoder, fetched once
    depth : halvings of the resolution in the encoder
    decoder_channels : width of each level of the decoder, coarsest first
    decoder_norm : "batchnorm" or "none"
    channels : number of input channels
    """

    architecture: str = "unet"
    encoder: str = "tu-mobilenetv3_small_100"
    weights: str | None = None
    depth: int = 4
    decoder_channels: tuple[int, ...] = (64, 32, 16, 16)
    decoder_norm: str = "batchnorm"
    channels: int = 4

    @property
    def multiple(self) -> int:
        """Cells of the input that make one cell of the coarsest level."""
        return int(2**self.depth)


class Network(nn.Module):
    """A body that gives logits (batch, 1, y, x), fitted to inputs of any size, with a sigmoid in 32 bits at its end."""

    def __init__(self, body: nn.Module, multiple: int) -> None:
        super().__init__()
        self.body = body
        self.multiple = multiple

    def forward(self, inputs: Tensor) -> Tensor:
        """Melt fraction (batch, y, x) of inputs (batch, channel, y, x)."""
        height, width = inputs.shape[-2:]
        padded = pad(inputs, -height % self.multiple, -width % self.multiple)
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
    _check(options)
    body = ARCHITECTURES[options.architecture](options)
    return Network(body, options.multiple).to(memory_format=torch.channels_last)


def pad(inputs: Tensor, rows: int, columns: int) -> Tensor:
    """Inputs with `rows` more at the bottom and `columns` more at the right: mirrored, or repeated where there is too little to mirror."""
    if not rows and not columns:
        return inputs
    mirrors = rows < inputs.shape[-2] and columns < inputs.shape[-1]
    return functional.pad(inputs, (0, columns, 0, rows), mode="reflect" if mirrors else "replicate")


def save_model(folder: Path, network: Network, card: ModelCard) -> ModelCard:
    """Write `model.safetensors`, then `model.json`, into `folder`; give the card with the checksum."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save(state))  # the library's own writer makes files that only their owner can read
    card = replace(card, checksum=checksum(folder / WEIGHTS))
    write_json(folder / CARD, asdict(card))
    return card


def load_model(folder: Path) -> tuple[Network, ModelCard]:
    """The trained network in `folder`, ready to predict on the CPU, and its card.

    Raises
    ------
    MissingInputError
        One of the two files is absent.
    FormatError
        One cannot be read, or they do not belong together.
    """
    card = read_card(folder)
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise MissingInputError(f"model {weights}: not found; train the model again")
    if checksum(weights) != card.checksum:
        raise FormatError(f"model {weights}: its checksum is not the one in {CARD}; train the model again")
    network = build(replace(card.network, weights=None))
    try:
        network.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise FormatError(
            f"model {weights}: not the weights of {card.network.encoder} ({_one_line(error)}); train the model again"
        ) from error
    return network.eval(), card


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`; errors as `load_model`."""
    path = folder / CARD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        options = content["network"]
        content["network"] = NetworkOptions(**{**options, "decoder_channels": tuple(options["decoder_channels"])})
        content["channels"] = tuple(content["channels"])
        content["statistics"] = {name: Statistics(**values) for name, values in content["statistics"].items()}
        return ModelCard(**content)
    except FileNotFoundError:
        raise MissingInputError(f"model {path}: not found; train the model first") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"model {path}: not readable ({_one_line(error)}); train the model again") from None


def _unet(options: NetworkOptions) -> nn.Module:
    """U-Net with any encoder of segmentation-models-pytorch."""
    import segmentation_models_pytorch as smp

    settings = {
        "encoder_depth": options.depth,
        "decoder_channels": options.decoder_channels,
        "decoder_use_norm": NORMS[options.decoder_norm],
        "in_channels": options.channels,
    }
    with torch.device("meta"):  # without weights first: what fails here is the setting's fault, what fails below the network's
        try:
            body: nn.Module = smp.Unet(options.encoder, encoder_weights=None, **settings)
        except (ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
            found = f"encoder {options.encoder} with depth {options.depth}"
            raise ConfigError(f"model: no U-Net with {found} ({_one_line(error)}); choose another model.encoder or model.depth") from error
    try:
        body = smp.Unet(options.encoder, encoder_weights=_published(options), **settings)
    except Exception as error:  # whatever the client of the registry raises: no network, no such file, a broken download
        if options.weights is None:
            raise
        raise ConfigError(
            f"model.encoder_weights: the {options.weights} weights of {options.encoder} could not be fetched ({_one_line(error)}); "
            "connect once, fill the Hugging Face cache, or set model.encoder_weights to null"
        ) from error
    return body


ARCHITECTURES: dict[str, Callable[[NetworkOptions], nn.Module]] = {"unet": _unet}


def _published(options: NetworkOptions) -> str | bool | None:
    """The weights as segmentation-models-pytorch wants them named: timm's encoders have one set, which is there or not."""
    return True if options.weights and options.encoder.startswith("tu-") else options.weights


def _check(options: NetworkOptions) -> None:
    choices = {
        "model.architecture": (options.architecture, tuple(ARCHITECTURES)),
        "model.decoder_norm": (options.decoder_norm, tuple(NORMS)),
        "model.encoder_weights": (options.weights, (None, "imagenet")),
    }
    for key, (found, allowed) in choices.items():
        if found not in allowed:
            raise ConfigError(f"{key}: found {found!r}; expected one of {', '.join(map(str, allowed))}")
    if options.channels < 1:
        raise ConfigError(f"model.channels: found {options.channels}; expected at least 1")
    if len(options.decoder_channels) != options.depth or min(options.decoder_channels, default=0) < 1:
        found = f"{list(options.decoder_channels)}"
        raise ConfigError(
            f"model.decoder_channels: found {found}; expected {options.depth} numbers from 1, one for each level of model.depth"
        )
    _check_encoder(options.encoder)


def _check_encoder(name: str) -> None:
    import timm
    from segmentation_models_pytorch.encoders import encoders

    plain = name.removeprefix("tu-")
    known = timm.is_model(plain) if name.startswith("tu-") else name in encoders
    if not known:
        offered = [f"tu-{model}" for model in timm.list_models()] + sorted(encoders)
        near = difflib.get_close_matches(name, offered, n=1, cutoff=0)
        raise ConfigError(f"model.encoder: found {name!r}, unknown to segmentation-models-pytorch; nearest is {near[0]}")


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else f"{text[:157]}..."
