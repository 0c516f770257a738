"""The curve from MAR's liquid water to melt fraction, fitted to the training days."""

from pathlib import Path

import numpy as np

from daymelt.atomic import write_json
from daymelt.science.climate import fit_melt_curve
from daymelt.steps.aligned import open_aligned
from daymelt.steps.baselines import blurred_water
from daymelt.steps.splits import read_split
from daymelt.steps.streams import open_series

SAMPLES = 200_000  # cells of all training days together that the search looks at


def fit_mar_curve(
    sar: list[Path], interpolated: list[Path], mar: list[Path], microwave: list[Path], terrain: Path, split: Path, out: Path
) -> None:
    """Write brightness and gamma of the least mean absolute error over evenly thinned cells of the training days."""
    splits = read_split(split)
    with open_aligned(terrain, interpolated, mar, microwave) as aligned, open_series(sar) as observed:
        days = [day for day in observed.days if splits[day] == "train"]
        weights = aligned.weights()
        every = max(1, len(days) * aligned.ocean.size // SAMPLES)
        water, melt = [], []
        for index, day in enumerate(days):
            start = index % every  # other cells on other days
            melt.append(observed.read(day).ravel()[start::every])
            water.append(blurred_water(aligned, weights, day).ravel()[start::every])
        brightness, gamma = fit_melt_curve(np.concatenate(water), np.concatenate(melt))
    write_json(out, {"brightness": brightness, "gamma": gamma})
