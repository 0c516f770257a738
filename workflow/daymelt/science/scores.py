"""Scores of a predicted melt fraction against an observed one.

Each image is scored over its valid pixels and a table is a mean over images, as in MeltwaterBench.
Precision, recall and F1 of an image without melt are then 1, so dry days raise the mean; pooled
scores, over the pixels of all images at once, do not have this effect. R² of an image is clipped at
-1 as published (`r2_clipped`): the target of a dry image hardly varies, and the mean over images
would be that of a few of them. The pooled R² is taken over the pixels of all images and not
clipped.

Sources: Lütjens et al. (2025), MeltwaterBench, arXiv 2512.12142 (the scores and the wet threshold);
Wang et al. (2004), IEEE Trans. Image Process. 13, 600, eq. 13 (structural similarity), with the
window, the padding and the removed border of torchmetrics.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from daymelt.science.onset import WET
from daymelt.science.windows import gaussian_kernel, inner_mean

Scores: TypeAlias = dict[str, float]

R2_LEAST = -1.0  # R² of an image is clipped there, as published
# share of the sum of squares of a target below which its variance is rounding: it is constant
CONSTANT = 1e-12
SSIM_LUMINANCE, SSIM_CONTRAST = 0.01**2, 0.03**2  # (k · data range)² of Wang et al., data range 1
WINDOW_SIGMAS = 3.5  # half width of the similarity window
SUMS = (  # what a set of pixels is scored from
    "cells",
    "absolute",
    "difference",
    "squared",
    "target",
    "target_squared",
    "wet_predicted",
    "wet_target",
    "wet_both",
)


def image_scores(
    prediction: NDArray[np.float32],
    target: NDArray[np.float32],
    valid: NDArray[np.bool_],
    wet: float = WET,
) -> Scores:
    """Scores of one image over its valid pixels.

    Parameters
    ----------
    prediction, target : melt fraction, (y, x), 0-1
    valid : (y, x); both must have data where it is True
    wet : pixels above it, on either side, count as melting

    Returns
    -------
    As `scores_of`, and r2_clipped, r2 clipped at -1; target_mean and target_square, the means of
    the target and of its square. All NaN without a valid pixel.

    Raises
    ------
    ValueError
        A valid pixel has no data, or the shapes differ.
    """
    pooled = PooledScores(wet)
    pooled.add(prediction, target, valid)
    scores = pooled.result()
    return {**scores, "r2_clipped": float(np.maximum(scores["r2"], R2_LEAST)), **pooled.target()}


def wet_counts(
    prediction: NDArray[np.float32],
    target: NDArray[np.float32],
    valid: NDArray[np.bool_],
    wet: float = WET,
) -> dict[str, int]:
    """Number of valid pixels above `wet` in the prediction, in the target and in both, from which
    pooled precision, recall and F1 follow.
    """
    predicted, observed = (values > wet for values in usable(prediction, target, valid))
    counts = {"wet_predicted": predicted, "wet_target": observed, "wet_both": predicted & observed}
    return {name: int(np.count_nonzero(flags)) for name, flags in counts.items()}


class PooledScores:
    """Scores over the valid pixels of many images at once; only sums are held in memory."""

    def __init__(self, wet: float = WET) -> None:
        self._wet = wet
        self._sums: dict[str, float] = dict.fromkeys(SUMS, 0)

    def add(
        self, prediction: NDArray[np.float32], target: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> None:
        """Add one image; arguments and errors as in `image_scores`."""
        predicted, observed = usable(prediction, target, valid)
        difference = np.subtract(predicted, observed, dtype=np.float64)
        self._count(
            {
                "cells": difference.size,
                "absolute": float(np.abs(difference).sum()),
                "difference": float(difference.sum()),
                "squared": float(np.square(difference).sum()),
                "target": float(observed.sum(dtype=np.float64)),
                "target_squared": float(np.square(observed, dtype=np.float64).sum()),
                **wet_counts(prediction, target, valid, self._wet),
            }
        )

    def add_scored(self, image: Mapping[str, float]) -> None:
        """Add one image by its `image_scores` and `wet_counts`."""
        cells = image["valid_cells"]
        if cells:
            sums = {
                "absolute": image["mae"],
                "difference": image["bias"],
                "squared": image["mse"],
                "target": image["target_mean"],
                "target_squared": image["target_square"],
            }
            self._count(
                {
                    **image,
                    "cells": int(cells),
                    **{name: mean * cells for name, mean in sums.items()},
                }
            )

    def _count(self, sums: Mapping[str, float]) -> None:
        for name in SUMS:
            self._sums[name] += sums[name]

    def result(self) -> Scores:
        """Scores over everything added, as `scores_of`; NaN before any valid pixel."""
        return scores_of(self._sums)

    def target(self) -> Scores:
        """target_mean and target_square, the means of the target and of its square."""
        cells = self._sums["cells"] or np.nan
        return {
            "target_mean": self._sums["target"] / cells,
            "target_square": self._sums["target_squared"] / cells,
        }


def scores_of(sums: Mapping[str, float]) -> Scores:
    """Scores of a set of pixels from its sums.

    Parameters
    ----------
    sums : those named in SUMS: pixels, sum of the absolute error, of the error (prediction -
        target), of its square, of the target and of its square, and the wet pixels of the
        prediction, of the target and of both

    Returns
    -------
    mae, mse, rmse, accuracy, precision, recall, f1, bias, r2, valid_cells; all NaN without a pixel.
    Precision, recall and F1 are 1 where their denominator is 0. r2 is not clipped; of a constant
    target it is 1 for a perfect prediction and 0 for any other.
    """
    cells, absolute, difference, squared, target, target_squared, predicted, observed, both = (
        sums[name] for name in SUMS
    )
    if cells == 0:
        return {
            **dict.fromkeys(
                ("mae", "mse", "rmse", "accuracy", "precision", "recall", "f1", "bias", "r2"),
                np.nan,
            ),
            "valid_cells": 0,
        }
    mse, either = squared / cells, predicted + observed
    return {
        "mae": absolute / cells,
        "mse": mse,
        "rmse": mse**0.5,
        "accuracy": 1 - (either - 2 * both) / cells,
        "precision": _ratio(both, predicted),
        "recall": _ratio(both, observed),
        "f1": _ratio(2 * both, either),
        "bias": difference / cells,
        "r2": _r2(squared, target_squared, target * target / cells),
        "valid_cells": int(cells),
    }


def _r2(squared: float, target_squared: float, of_mean: float) -> float:
    """R² from the sum of squared errors, the target's sum of squares, and that of its mean."""
    scatter = target_squared - of_mean
    if scatter <= CONSTANT * target_squared:
        return float(squared == 0)
    return 1 - squared / scatter


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def usable(
    prediction: NDArray[np.float32], target: NDArray[np.float32], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Values at the valid pixels, which must all have data: leaving out missing predictions would
    improve the score.

    Raises
    ------
    ValueError
        A valid pixel has no data, or the shapes differ.
    """
    if not prediction.shape == target.shape == valid.shape:
        raise ValueError(
            f"prediction {prediction.shape}, target {target.shape} and valid {valid.shape} must "
            "have one shape"
        )
    predicted, observed = prediction[valid], target[valid]
    for name, values in (("prediction", predicted), ("target", observed)):
        missing = values.size - np.count_nonzero(np.isfinite(values))
        if missing:
            raise ValueError(f"{name} has no data at {missing} of {values.size} valid pixels")
    return predicted, observed


def ssim(
    prediction: NDArray[np.float32],
    target: NDArray[np.float32],
    valid: NDArray[np.bool_],
    sigma: float = 10,
) -> float:
    """Structural similarity of two melt fractions, averaged over the valid pixels whose whole
    window lies within the image.

    Parameters
    ----------
    prediction, target : melt fraction, (y, x), 0-1; set to 0 where not valid, on both sides
    valid : (y, x)
    sigma : standard deviation of the Gaussian window, pixels; the window reaches 3.5 sigma, and no
        pixel closer than that to an edge counts

    Returns
    -------
    -1 to 1; NaN where no valid pixel is far enough from the edges.
    """
    reach = int(WINDOW_SIGMAS * sigma + 0.5)
    inner = tuple(slice(reach, max(reach, length - reach)) for length in valid.shape)
    if not valid[inner].any():
        return np.nan
    kernel = gaussian_kernel(sigma, reach)
    # in 64 bits: the variance of a flat field is a small difference of large numbers
    x, y = (np.where(valid, field, 0).astype(np.float64) for field in (prediction, target))

    def mean(field: NDArray[np.float64]) -> NDArray[np.floating]:
        return inner_mean(field, kernel)

    mean_x, mean_y = mean(x), mean(y)
    variance = np.maximum(mean(x * x) - mean_x**2, 0) + np.maximum(mean(y * y) - mean_y**2, 0)
    covariance = mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + SSIM_LUMINANCE) / (mean_x**2 + mean_y**2 + SSIM_LUMINANCE)
    similarity = luminance * (2 * covariance + SSIM_CONTRAST) / (variance + SSIM_CONTRAST)
    return float(similarity[valid[inner]].mean(dtype=np.float64))


def mean_scores(images: Sequence[Mapping[str, float]], weighted: bool = False) -> Scores:
    """Mean of the scores of several images; `valid_cells` is their sum.

    Parameters
    ----------
    images : scores of each image, all of the same names; a NaN (no valid pixel, or none far enough
        from the edges) does not count
    weighted : weight every image by its valid cells instead of equally
    """
    cells = np.array([image["valid_cells"] for image in images], np.float64)
    weights = cells if weighted else np.ones_like(cells)
    means = {
        name: _mean([image[name] for image in images], weights)
        for name in images[0]
        if name != "valid_cells"
    }
    return {**means, "valid_cells": int(cells.sum())}


def _mean(values: Sequence[float], weights: NDArray[np.float64]) -> float:
    known = np.isfinite(values)
    return (
        float(np.average(np.asarray(values)[known], weights=weights[known]))
        if known.any()
        else np.nan
    )


def melt_extent_km2(
    fraction: NDArray[np.float32], cell_area_km2: float | NDArray[np.float64]
) -> float:
    """Melting area of a map.

    Parameters
    ----------
    fraction : melt fraction, (y, x); NaN adds nothing
    cell_area_km2 : area of a cell, km², one number or (y, x); `Grid.true_area_km2` gives the area
        on the ground
    """
    return float(np.nansum(fraction * np.asarray(cell_area_km2, np.float64)))


def extent_errors(predicted: Sequence[float], reference: Sequence[float]) -> Scores:
    """Error of daily melt extents over the days on which both are known.

    Parameters
    ----------
    predicted, reference : (date,), km², of the same days; NaN where there is none

    Returns
    -------
    extent_mae_km2, extent_bias_km2 (predicted - reference), extent_days; NaN without a common day.
    """
    difference = np.subtract(predicted, reference, dtype=np.float64)
    known = difference[np.isfinite(difference)]
    if not known.size:
        return {"extent_mae_km2": np.nan, "extent_bias_km2": np.nan, "extent_days": 0}
    return {
        "extent_mae_km2": float(np.abs(known).mean()),
        "extent_bias_km2": float(known.mean()),
        "extent_days": known.size,
    }
