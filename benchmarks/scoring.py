"""Scores of a full-size day: the window mean that SSIM spends its time on."""

import numpy as np
from common import study_grid
from harness import Case, Setting, Stage
from scipy.ndimage import gaussian_filter

from daymelt.science import windows


def window_case(setting: Setting) -> Case:
    """The Gaussian window of SSIM against scipy's."""
    field, kernel = (
        np.random.default_rng(0).random(study_grid(setting).shape),
        windows.gaussian_kernel(10, 35),
    )

    def ours() -> np.ndarray:
        return np.asarray(windows.inner_mean(field, kernel))

    def scipy() -> np.ndarray:
        return np.asarray(gaussian_filter(field, 10, radius=35)[35:-35, 35:-35])

    def check() -> str:
        difference = float(np.abs(ours() - scipy()).max())
        if difference > 1e-9:
            raise AssertionError(f"window mean: {difference}")
        return f"largest difference {difference:.0e}"

    return Case(ours, scipy, check=check)


STAGES = [Stage("ssim", "window mean of SSIM, one day", "scipy gaussian_filter", None, window_case)]
