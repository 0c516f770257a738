"""MAR's liquid water, blurred and mapped to a melt fraction by a curve that is fitted to the
training days: every image counts equally, as in the published code and in the table of scores.

Source: Lütjens et al. (2025), arXiv 2512.12142, "Interpolate MAR"; see `science.climate`.
"""

import datetime as dt
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from daymelt.science.climate import blur, fit_melt_curve, melt_from_liquid_water
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

KIND = "interpolate-mar"
PARAMETERS = 4  # width of kernel, sigma, brightness, gamma, as the published table counts
SAMPLES = 200_000  # cells of all training days together that the curve is fitted to


@dataclass(frozen=True, config=STRICT)
class Options:
    """Standard deviation of the blur, m: the published one is 33 cells of 100 m."""

    blur_m: Annotated[float, Field(gt=0, le=100_000)] = 3300.0


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Fit brightness and gamma for the least mean over the training days of the mean absolute error
    of each, taken over evenly spread observed cells.
    """
    days, aligned = data.days("train"), data.aligned
    weights = aligned.weights()
    images = []
    for index, day in enumerate(days):
        melt = data.observed.read(day)
        cells = spread(np.isfinite(melt), max(1, SAMPLES // len(days)), index)
        water = blurred_water(aligned, weights, options.blur_m, day)
        images.append((water.ravel()[cells], melt.ravel()[cells]))
    brightness, gamma = fit_melt_curve(images)
    write_card(folder, KIND, data, {"brightness": brightness, "gamma": gamma}, PARAMETERS)


def spread(valid: NDArray[np.bool_], count: int, start: int) -> NDArray[np.intp]:
    """At most `count` of the valid cells, every n-th from one that `start` moves, as positions in
    the flat field.
    """
    cells = np.flatnonzero(valid)
    every = max(1, -(-cells.size // count))
    return cells[start % every :: every]


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The fitted curve over the blurred liquid water of each day."""
    learnt, checksum = read_card(folder, KIND)
    weights = aligned.weights()

    def melt(day: dt.date) -> NDArray[np.float32]:
        return melt_from_liquid_water(
            blurred_water(aligned, weights, options.blur_m, day),
            learnt["brightness"],
            learnt["gamma"],
        )

    return Ready(KIND, checksum, PARAMETERS, each_day(melt))


def blurred_water(
    aligned: Aligned,
    weights: tuple[NDArray[np.float32], NDArray[np.float32]],
    blur_m: float,
    day: dt.date,
) -> NDArray[np.float32]:
    """MAR's liquid water of a day on the study grid, blurred, kg/kg, (y, x)."""
    return blur(
        upsample(aligned.coarse["liquid_water"].read(day), *weights),
        blur_m / aligned.terrain.grid.spacing_m,
    )
