"""DeepLabv3+: an encoder of limited output stride, parallel convolutions of several dilations, and
a small decoder at a quarter of the resolution.

A mean over the surroundings is one of its features, so that a map in tiles differs slightly from
one in one pass.

Source: Chen et al. (2018), arXiv 1802.02611; settings of Lütjens et al. (2025), arXiv 2512.12142:
output stride 8, rates 6, 12 and 18, 256 channels, upsampling by 4.
"""

from torch import nn

from daymelt.core.errors import ConfigError
from daymelt.learn.encoders import build_around, check_encoder
from daymelt.learn.options import Architecture, NetworkOptions, check_choice, check_positive

UPSAMPLING = 4  # the decoder ends at a quarter of the resolution for all options
STRIDES = (8, 16)
DEPTHS = (3, 4, 5)


def body(options: NetworkOptions) -> nn.Module:
    """The network itself."""
    import segmentation_models_pytorch as smp

    settings = {
        "encoder_output_stride": options.output_stride,
        "decoder_channels": options.decoder_width,
        "decoder_atrous_rates": options.atrous_rates,
        "upsampling": UPSAMPLING,
    }
    return build_around(
        smp.DeepLabV3Plus,
        options,
        settings,
        f"DeepLabv3+ with output stride {options.output_stride}",
    )


def multiple(options: NetworkOptions) -> int:
    """The output stride: further levels of depth are dilated instead of halved."""
    return options.output_stride


def check(options: NetworkOptions) -> None:
    """ConfigError unless strides, rates and width are possible, and the encoder known."""
    check_choice("model.output_stride", options.output_stride, STRIDES)
    check_choice("model.depth", options.depth, DEPTHS)
    if options.depth == 3 and options.output_stride != 8:
        raise ConfigError(
            f"model.output_stride: found {options.output_stride}; expected 8, as far as "
            "model.depth 3 reaches"
        )
    check_positive("model.decoder_width", options.decoder_width)
    if len(options.atrous_rates) != 3 or min(options.atrous_rates) < 1:
        raise ConfigError(
            f"model.atrous_rates: found {list(options.atrous_rates)}; expected three numbers "
            "from 1, such as [6, 12, 18]"
        )
    check_encoder(options)


# the mean over the crop is one value a channel, and batch norm needs two
ARCHITECTURE = Architecture(body, multiple, check, least_batch=2)
