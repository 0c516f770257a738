"""The ways of mapping that train no network: time-interpolated SAR, rescaled MAR, thresholded passive microwave."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt import cube
from daymelt.science import climate, microwave
from daymelt.science.regrid import upsample
from daymelt.steps.aligned import Aligned
from daymelt.steps.daily_table import MAR, PMW, SAR
from daymelt.steps.streams import Series

BLUR_M = 3300.0  # the published sigma, 33 cells of 100 m


class Baselines:
    """Maps of the days of one season, each (y, x) and complete: a value where a way knows nothing is 0, as published."""

    def __init__(self, aligned: Aligned, winter: Path, curve: tuple[float, float]) -> None:
        self._aligned, self._curve = aligned, curve
        self._weights = aligned.weights()
        self._threshold = self._fine(microwave.melt_threshold(cube.read_layers(winter)["winter_mean"]))

    def predict(self, day: dt.date, interpolated: Series) -> Mapping[str, NDArray[np.float32]]:
        """What each way says of a day; `interpolated` is the pool of acquisitions that may be used."""
        melt = climate.melt_from_liquid_water(blurred_water(self._aligned, self._weights, day), *self._curve)
        brightness = self._fine(self._aligned.coarse["microwave"].read(day))
        flags = {SAR: interpolated.read(day), MAR: melt, PMW: (brightness > self._threshold).astype(np.float32)}
        return {name: np.nan_to_num(field) for name, field in flags.items()}

    def _fine(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        return upsample(field, *self._weights)


def blurred_water(aligned: Aligned, weights: tuple[NDArray[np.float32], NDArray[np.float32]], day: dt.date) -> NDArray[np.float32]:
    """MAR's liquid water of a day on the study grid, blurred as published, kg/kg, (y, x)."""
    fine = upsample(aligned.coarse["liquid_water"].read(day), *weights)
    return climate.blur(fine, BLUR_M / aligned.terrain.grid.spacing_m)
