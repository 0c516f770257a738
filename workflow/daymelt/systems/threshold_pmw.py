"""Passive microwave above a threshold: melting or not, at the footprint of the radiometer. Nothing
is fitted.

Sources: see `science.microwave`; the published threshold rises with the winter mean.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from daymelt.science import microwave
from daymelt.science.regrid import upsample
from daymelt.systems.aligned import Aligned
from daymelt.systems.interface import (
    STRICT,
    Ready,
    Running,
    TrainingData,
    each_day,
    read_card,
    write_card,
)

KIND = "threshold-pmw"
Field2D = NDArray[np.float32]


@dataclass(frozen=True, config=STRICT)
class Options:
    """Which threshold: one that rises with the winter mean (published), a fixed one, K, or a fixed
    rise above the winter mean, K.
    """

    rule: Literal["rising", "fixed", "above-winter"] = "rising"
    threshold_k: Annotated[float, Field(gt=0, le=350)] = microwave.PERSISTENT_MELT_K
    rise_k: Annotated[float, Field(gt=0, le=350)] = microwave.WINTER_RISE_K


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Write the card; nothing is fitted."""
    write_card(folder, KIND, data, {}, parameters=0)


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The threshold of the options against the brightness temperature of each day, both upsampled
    linearly.
    """
    _, checksum = read_card(folder, KIND)
    weights = aligned.weights()
    winters: dict[int, Field2D] = {}
    flag = _flag(options)

    def melt(day: dt.date) -> Field2D:
        if day.year not in winters:
            winters[day.year] = upsample(aligned.winter_mean(day.year), *weights)
        return flag(upsample(aligned.coarse["microwave"].read(day), *weights), winters[day.year])

    return Ready(KIND, checksum, 0, each_day(melt))


def _flag(options: Options) -> Callable[[Field2D, Field2D], Field2D]:
    """Function of brightness temperature and winter mean, K, that is 1 where it melts."""
    rules: dict[str, Callable[[Field2D, Field2D], Field2D]] = {
        "rising": microwave.melt_flag,
        "fixed": lambda brightness, winter: microwave.melt_flag_fixed(
            brightness, options.threshold_k
        ),
        "above-winter": lambda brightness, winter: microwave.melt_flag_above_winter(
            brightness, winter, options.rise_k
        ),
    }
    return rules[options.rule]
