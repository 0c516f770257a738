"""The U-Net as it was published, with batch norm and convolutions that keep the size.

Each level has two 3x3 convolutions, with 2x2 max pooling between levels of the encoder and 2x2
transposed convolutions and skip connections in the decoder. With depth 4, 64 features and 4
channels it has 31.0 million parameters.

Source: Ronneberger et al. (2015), doi 10.1007/978-3-319-24574-4_28; settings of Lütjens et al.
(2025), arXiv 2512.12142.
"""

import torch
from torch import Tensor, nn

from daymelt.learn.options import Architecture, NetworkOptions, check_positive


class VanillaUNet(nn.Module):
    """The body: (batch, channel, y, x), sides multiples of 2 to the power of the depth, to logits
    (batch, 1, y, x).
    """

    def __init__(self, channels: int, features: int, depth: int) -> None:
        super().__init__()
        widths = [features * 2**level for level in range(depth + 1)]
        first, *others = [
            double_convolution(*pair) for pair in zip([channels, *widths], widths, strict=False)
        ]
        ups = [
            nn.ConvTranspose2d(2 * width, width, kernel_size=2, stride=2)
            for width in widths[-2::-1]
        ]
        joins = [double_convolution(2 * width, width) for width in widths[-2::-1]]
        self.first = first
        self.down = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), convolutions) for convolutions in others
        )
        self.up = nn.ModuleList(Rise(*parts) for parts in zip(ups, joins, strict=True))
        self.head = nn.Conv2d(features, 1, kernel_size=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (batch, 1, y, x)."""
        field: Tensor = self.first(inputs)
        passed = []
        for down in self.down:
            passed.append(field)
            field = down(field)
        for up in self.up:
            field = up(field, passed.pop())
        logits: Tensor = self.head(field)
        return logits


class Rise(nn.Module):
    """A level of the decoder: the field at twice its resolution, concatenated with the skip
    connection.
    """

    def __init__(self, up: nn.ConvTranspose2d, join: nn.Module) -> None:
        super().__init__()
        self.up, self.join = up, join

    def forward(self, field: Tensor, passed: Tensor) -> Tensor:
        """(batch, channel, y, x) of the finer level."""
        joined: Tensor = self.join(torch.cat([passed, self.up(field)], dim=1))
        return joined


def double_convolution(channels: int, features: int) -> nn.Sequential:
    """Twice: 3x3 convolution that keeps the size, without bias, batch norm, ReLU."""
    layers: list[nn.Module] = []
    for width in (channels, features):
        convolution = nn.Conv2d(width, features, kernel_size=3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(features), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def body(options: NetworkOptions) -> nn.Module:
    """The network itself."""
    return VanillaUNet(options.channel_count, options.features, options.depth)


def check(options: NetworkOptions) -> None:
    """ConfigError unless depth and width are at least 1."""
    check_positive("model.depth", options.depth)
    check_positive("model.features", options.features)


ARCHITECTURE = Architecture(body, check=check)
