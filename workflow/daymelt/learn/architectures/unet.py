"""U-Net with any encoder of segmentation-models-pytorch.

Source: Ronneberger et al. (2015), doi 10.1007/978-3-319-24574-4_28; with Xception71, depth 5 and no
norm in the decoder it is the UNet SMP of Lütjens et al. (2025), arXiv 2512.12142.
"""

from torch import nn

from daymelt.core.errors import ConfigError
from daymelt.learn.encoders import build_around, check_encoder
from daymelt.learn.options import Architecture, NetworkOptions, check_choice

NORMS = {"batchnorm": "batchnorm", "none": False}


def body(options: NetworkOptions) -> nn.Module:
    """The network itself."""
    import segmentation_models_pytorch as smp

    settings = {
        "decoder_channels": options.decoder_channels,
        "decoder_use_norm": NORMS[options.decoder_norm],
    }
    return build_around(smp.Unet, options, settings, "U-Net")


def check(options: NetworkOptions) -> None:
    """ConfigError unless the decoder is as deep as the encoder, and the encoder known."""
    check_choice("model.decoder_norm", options.decoder_norm, tuple(NORMS))
    if (
        len(options.decoder_channels) != options.depth
        or min(options.decoder_channels, default=0) < 1
    ):
        found = f"{list(options.decoder_channels)}"
        raise ConfigError(
            f"model.decoder_channels: found {found}; expected {options.depth} numbers from 1, "
            "one for each level of model.depth"
        )
    check_encoder(options)


ARCHITECTURE = Architecture(body, check=check)
