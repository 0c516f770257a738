"""Encoders of segmentation-models-pytorch: check of their names, and networks built around them."""

import difflib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from daymelt.core.errors import ConfigError, cause_of
from daymelt.learn.options import NetworkOptions, check_choice

# raised by the libraries where an encoder does not support the settings
REFUSALS = (
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    IndexError,
)
TRIAL = 64  # side of the input of the trial, cells


def check_encoder(options: NetworkOptions) -> None:
    """ConfigError unless the encoder is known and the weights are none, or imagenet and published
    for it; the message about an unknown one has the nearest name that is known.
    """
    import timm
    from segmentation_models_pytorch.encoders import encoders

    check_choice("model.encoder_weights", options.weights, (None, "imagenet"))
    name = options.encoder
    plain = name.removeprefix("tu-")
    known = timm.is_model(plain) if name.startswith("tu-") else name in encoders
    if not known:
        offered = [f"tu-{model}" for model in timm.list_models()] + sorted(encoders)
        near = difflib.get_close_matches(name, offered, n=1, cutoff=0)
        raise ConfigError(
            f"model.encoder: found {name!r}, unknown to segmentation-models-pytorch; nearest is "
            f"{near[0]}"
        )
    if options.weights is not None and not has_weights(name):
        raise ConfigError(
            f"model.encoder_weights: found {options.weights}, which segmentation-models-pytorch "
            f"does not have for {name}; set it to null or choose another model.encoder"
        )


def has_weights(encoder: str) -> bool:
    """True where weights of a known encoder are published that were trained on ImageNet."""
    import timm
    from segmentation_models_pytorch.encoders import encoders

    if encoder.startswith("tu-"):
        published = timm.get_pretrained_cfg(encoder.removeprefix("tu-"))
        return published is not None and published.has_weights
    return "imagenet" in encoders[encoder]["pretrained_settings"]


def build_around(
    make: Callable[..., nn.Module], options: NetworkOptions, settings: dict[str, Any], kind: str
) -> nn.Module:
    """A network of segmentation-models-pytorch around the encoder of the options.

    Parameters
    ----------
    make : its class
    options : encoder, weights, depth and number of channels are used
    settings : further arguments of the class
    kind : name of the network in the message of an error

    Raises
    ------
    ConfigError
        The encoder does not support such a network, or its published weights cannot be fetched.
    """
    settings = {
        "encoder_depth": options.depth,
        "in_channels": options.channel_count,
        "classes": options.outputs,
        **settings,
    }
    with torch.device(
        "meta"
        # without weights first: what fails here is the setting's fault, what fails below the
        # network's
    ):
        try:
            trial = make(options.encoder, encoder_weights=None, **settings).eval()
            found = trial(torch.empty(1, options.channel_count, TRIAL, TRIAL)).shape
            if found != (1, options.outputs, TRIAL, TRIAL):
                raise ValueError(f"{TRIAL} x {TRIAL} cells become {found[-2]} x {found[-1]}")
        except REFUSALS as error:
            asked = f"encoder {options.encoder} with depth {options.depth}"
            raise ConfigError(
                f"model: no {kind} with {asked} ({cause_of(error)}); choose another "
                "model.encoder or model.depth"
            ) from error
    try:
        return make(options.encoder, encoder_weights=_published(options), **settings)
    # whatever the client of the registry raises: no network, no such file, a broken download
    except Exception as error:
        if options.weights is None:
            raise
        raise ConfigError(
            f"model.encoder_weights: the {options.weights} weights of {options.encoder} could "
            f"not be fetched ({cause_of(error)}); "
            "connect once, fill the Hugging Face cache, or set model.encoder_weights to null"
        ) from error


def _published(options: NetworkOptions) -> str | bool | None:
    """The argument of segmentation-models-pytorch for the weights: True for the only set of timm's
    encoders, else their name.
    """
    return True if options.weights and options.encoder.startswith("tu-") else options.weights
