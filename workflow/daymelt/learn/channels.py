"""The input channels of a network: their names, their order and their normalisation.

The melt fraction of Sentinel-1 is between 0 and 1 and is not normalised; it is 0 where not
observed. Every other channel is (value − mean) / sd, with mean and sd of the training split; a
missing value is replaced by the mean, which is 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import ConfigError, MissingInputError

SAR = "sar"
HEIGHT = "height"
COARSE = ("microwave", "liquid_water")  # on the coarse posting, upsampled per crop
CHANNELS = (*COARSE, SAR, HEIGHT)


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of one channel over the training split, in the channel's unit;
    `sd` above 0.
    """

    mean: float
    sd: float

    def normalise(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """(value − mean) / sd of any shape; NaN becomes 0."""
        normal: NDArray[np.float32] = (
            np.asarray(values, np.float32) - np.float32(self.mean)
        ) / np.float32(self.sd)
        normal[np.isnan(normal)] = 0
        return normal


def normalised(channels: Sequence[str]) -> tuple[str, ...]:
    """The channels that have statistics, in the order given."""
    return tuple(name for name in channels if name != SAR)


def statistics(fields: Mapping[str, NDArray[np.floating]]) -> dict[str, Statistics]:
    """Mean and standard deviation of each channel over every finite value.

    Parameters
    ----------
    fields : name to values of the training split, any shape, NaN where no data

    Raises
    ------
    MissingInputError
        A channel has no finite value.
    """
    return {name: _statistics(name, values) for name, values in fields.items()}


def check_names(channels: Sequence[str]) -> tuple[str, ...]:
    """The channels as a tuple; ConfigError unless each is known and named once."""
    unknown = [name for name in channels if name not in CHANNELS]
    if unknown:
        raise ConfigError(
            f"model.channels: unknown {', '.join(map(repr, unknown))}; expected any of "
            f"{', '.join(CHANNELS)}"
        )
    if not channels or len(set(channels)) < len(channels):
        raise ConfigError(
            f"model.channels: found {list(channels)}; expected at least one channel and each once"
        )
    return tuple(channels)


def check_channels(
    model_channels: Sequence[str], configured: Sequence[str], source: str = "model"
) -> None:
    """ConfigError unless a model was trained on the channels that are configured, in their order.

    `source` names the model in the message, such as its path.
    """
    if tuple(model_channels) != tuple(configured):
        found, expected = ", ".join(model_channels), ", ".join(configured)
        raise ConfigError(
            f"{source}: trained on the channels {found}; model.channels has {expected}; train "
            "again or change model.channels"
        )


def _statistics(name: str, values: NDArray[np.floating]) -> Statistics:
    finite = np.isfinite(values)
    if not finite.any():
        raise MissingInputError(
            f"channel {name}: no value in the training split; check the input it comes from"
        )
    mean = float(np.mean(values, where=finite, dtype=np.float64))
    sd = float(np.std(values, where=finite, dtype=np.float64))
    # a constant channel becomes 0 everywhere with sd 1, up to rounding of the mean
    return Statistics(mean, sd if sd > 1e-6 * abs(mean) and sd > 0 else 1.0)
