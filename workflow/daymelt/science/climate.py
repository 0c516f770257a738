"""Melt from a regional climate model: liquid water of the top metre of snow, blurred, scaled and
raised to a power.

Source of the curve: Lütjens et al. (2025), MeltwaterBench, arXiv 2512.12142, "Interpolate MAR": a
Gaussian blur, a brightness, a clip to [0, 1] and a power, the last two numbers fitted to the
training days: the published code minimises the mean over images of the mean absolute error of each,
which its table scores too. The error pooled over all pixels has another minimum.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import FormatError
from daymelt.science.windows import gaussian_kernel, inner_mean

# liquid water and melt fraction of the same pixels, (sample,) each
Image: TypeAlias = tuple[NDArray[np.floating], NDArray[np.floating]]

KG_PER_KG = {
    "kg/kg": 1.0,
    "kg kg-1": 1.0,
    "kg.kg-1": 1.0,
    "1": 1.0,
    "g/kg": 1e-3,
    "g kg-1": 1e-3,
    "%": 1e-2,
    "percent": 1e-2,
}
ROUNDING = 1e-6  # kg/kg beyond [0, 1] that a file's own packing may cause
REACH_SIGMAS = 46 / 33  # half width of the published kernel of 93 pixels at sigma 33
START_QUANTILES, START_GAMMAS = (0.3, 0.6, 0.9, 0.99), (0.3, 1.0, 3.0, 10.0, 30.0)


def liquid_water_in_kg_per_kg(
    values: NDArray[np.floating], units: str, source: str
) -> NDArray[np.float32]:
    """Liquid water content as a mass fraction, kg/kg, from any unit of `KG_PER_KG`.

    Parameters
    ----------
    values : any shape, in `units`; NaN = no data
    units : as the file states them
    source : what to call the file and variable in a message

    Raises
    ------
    FormatError
        The unit is unknown, or the values are no mass fraction in it.
    """
    factor = KG_PER_KG.get(" ".join(units.lower().replace("^", "").replace("**", "").split()))
    if factor is None:
        raise FormatError(
            f"{source}: units {units!r}, expected a mass fraction ({', '.join(KG_PER_KG)}); "
            "choose another variable or file"
        )
    content = np.asarray(values * np.float32(factor), np.float32)
    known = content[np.isfinite(content)]
    if known.size and (known.min() < -ROUNDING or known.max() > 1 + ROUNDING):
        found = f"{known.min():.4g} to {known.max():.4g} kg/kg from units {units!r}"
        raise FormatError(f"{source}: {found}, expected 0 to 1; choose another variable or file")
    return np.clip(content, 0, 1)


def blur(field: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Gaussian blur over the pixels with data.

    Parameters
    ----------
    field : (y, x), NaN = no data; missing pixels and those beyond the edges carry no weight
    sigma_px : standard deviation, pixels; the kernel reaches 46/33 of it, as the published one does

    Returns
    -------
    (y, x), float32; NaN where the field is.
    """
    reach = round(REACH_SIGMAS * sigma_px)
    kernel = gaussian_kernel(sigma_px, reach)
    known = np.isfinite(field)
    total = _filter(np.where(known, field, np.float32(0)), kernel)
    if known.all():  # the weight at the edges is then a product of two lines
        rows, columns = (
            np.convolve(np.ones(length), kernel)[reach : reach + length] for length in field.shape
        )
        return np.asarray(total / np.outer(rows, columns), np.float32)
    weight = _filter(known.astype(np.float32), kernel)
    return np.where(known, total / np.where(known, weight, 1), np.nan).astype(np.float32)


def _filter(field: NDArray[np.float32], kernel: NDArray[np.float64]) -> NDArray[np.floating]:
    """Weighted sum over the window, nothing beyond the edges."""
    return inner_mean(np.pad(field, len(kernel) // 2), kernel)


def melt_from_liquid_water(
    blurred: NDArray[np.float32], brightness: float, gamma: float
) -> NDArray[np.float32]:
    """Melt fraction, 0-1, of blurred liquid water content: clip(blurred * brightness, 0, 1) **
    gamma; NaN stays NaN.
    """
    bent: NDArray[np.float32] = np.clip(blurred * np.float32(brightness), 0, 1) ** np.float32(gamma)
    return bent


def fit_melt_curve(images: Sequence[Image]) -> tuple[float, float]:
    """Brightness and gamma of `melt_from_liquid_water` with the least mean over images of the mean
    absolute error of each.

    The error is neither smooth nor convex, so a simplex search starts from the best of several
    brightnesses and powers.

    Parameters
    ----------
    images : pixels of each training image: liquid water (sample,), kg/kg, blurred, and melt
        fraction (sample,); pairs with a NaN do not count, nor does an image without a pair

    Raises
    ------
    ValueError
        No pair has liquid water: nothing to fit.
    """
    from scipy.optimize import minimize

    water, melt, weight = _weighted(images)

    def error(logs: NDArray[np.float64]) -> float:
        brightness, gamma = np.exp(logs)
        return float(weight @ np.abs(np.clip(water * brightness, 0, 1) ** gamma - melt))

    wet = np.quantile(water[water > 0], START_QUANTILES)
    starts = [np.log([1 / level, gamma]) for level in wet for gamma in START_GAMMAS]
    best = sorted(starts, key=error)[:3]
    found = [
        minimize(
            error,
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-4, "fatol": 1e-7, "maxiter": 400},
        )
        for start in best
    ]
    brightness, gamma = np.exp(min(found, key=lambda result: result.fun).x)
    return float(brightness), float(gamma)


def _weighted(
    images: Sequence[Image],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Water and melt of all pairs with both, and their weights: equal sums for all images."""
    pairs = [np.asarray(image, np.float64) for image in images]
    both = [pair[:, np.isfinite(pair).all(axis=0)] for pair in pairs]
    both = [pair for pair in both if pair.size]
    water, melt = np.concatenate(both, axis=1) if both else np.empty((2, 0))
    if not np.any(water > 0):
        raise ValueError(
            f"melt curve: none of {water.size} samples has liquid water; nothing to fit"
        )
    sizes = [pair.shape[1] for pair in both]
    return water, melt, np.repeat(1 / np.array(sizes) / len(sizes), sizes)
