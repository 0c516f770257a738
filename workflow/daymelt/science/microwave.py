"""Surface melt from 37 GHz horizontally polarised brightness temperature.

Wet snow emits like a black body: brightness temperature jumps by tens of kelvin when a few percent
of liquid water appear. A cell melts where it exceeds a threshold, by default one that rises with
its own dry-snow winter mean.

Sources: Colosio et al. (2021), The Cryosphere 15, 2623, eq. 3 (rising threshold) and their fixed
245 K for persistent melt; Tedesco (2009), Remote Sens. Environ. 113, 2257 (a fixed rise above the
winter mean).
"""

import numpy as np
from numpy.typing import NDArray

WINTER_SLOPE = 0.48  # K of threshold per K of winter mean
WINTER_INTERCEPT_K = 128.0
PERSISTENT_MELT_K = 245.0
WINTER_RISE_K = 30.0


def winter_mean(brightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean brightness temperature over the days with data.

    `brightness` is (date, y, x) in K, the days of January and February; the mean is (y, x), NaN
    where no day has data.
    """
    seen = np.isfinite(brightness)
    days = seen.sum(axis=0)
    total = np.where(seen, brightness, 0).sum(axis=0, dtype=np.float64)
    return np.where(days > 0, total / np.maximum(days, 1), np.nan).astype(np.float32)


def melt_threshold(winter_mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brightness temperature above which a cell melts.

    Parameters
    ----------
    winter_mean : (y, x), K
        Mean of January and February of the same year; NaN where never observed.

    Returns
    -------
    (y, x), K; NaN where `winter_mean` is.
    """
    return WINTER_SLOPE * winter_mean + WINTER_INTERCEPT_K


def melt_flag(
    brightness: NDArray[np.float32], winter_mean: NDArray[np.float32]
) -> NDArray[np.float32]:
    """1 where a cell melts, 0 where it does not, NaN where either input is missing.

    `brightness` is (date, y, x) or (y, x) in K, `winter_mean` (y, x) in K.
    """
    return _above(brightness, melt_threshold(winter_mean))


def melt_flag_fixed(
    brightness: NDArray[np.float32], threshold_k: float = PERSISTENT_MELT_K
) -> NDArray[np.float32]:
    """As `melt_flag`, above one threshold for all cells; finds persistent melt only."""
    return _above(brightness, np.full(brightness.shape[-2:], threshold_k, np.float32))


def melt_flag_above_winter(
    brightness: NDArray[np.float32], winter_mean: NDArray[np.float32], rise_k: float = WINTER_RISE_K
) -> NDArray[np.float32]:
    """As `melt_flag`, where a cell is more than `rise_k` above its winter mean."""
    return _above(brightness, winter_mean + np.float32(rise_k))


def _above(brightness: NDArray[np.float32], threshold: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = np.isnan(brightness) | np.isnan(threshold)
    return np.where(missing, np.float32(np.nan), (brightness > threshold).astype(np.float32))
