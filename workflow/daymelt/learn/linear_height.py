"""Melt fraction from height alone: a linear map for each calendar month, followed by a smooth
plateau function.

Melt occurs in a band of low heights and not well above it: two numbers a month are the position of
the band and the width of its transition. It is the simplest trained system and a lower bound for
the others.

Source: the linear DEM of Lütjens et al. (2025), arXiv 2512.12142 (MeltwaterBench).
"""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.learn.channels import Statistics, statistics

MONTHS = range(1, 13)
BIN_M = 1.0  # heights are binned by the metre
STEEPNESS = np.array([0, *np.geomspace(0.05, 50, 25)])  # weights of the starts, 1 / sd of height
CENTRES = 61  # heights of the centre of the plateau from which the fit is started
STARTS = 4  # the best of all starts are followed to their minimum
# beyond them the plateau is a step function or outside of all heights
LARGEST_WEIGHT, LARGEST_BIAS = 200.0, 1000.0


@dataclass(frozen=True)
class LinearHeight:
    """A linear map of the normalised height for each month, January first.

    Parameters
    ----------
    height : mean and sd by which heights in m are normalised
    weights, biases : 12 numbers each
    days : training days of each month; a month without any has the map of the nearest month with
        some
    """

    height: Statistics
    weights: tuple[float, ...]
    biases: tuple[float, ...]
    days: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """How many numbers are fitted."""
        return len(self.weights) + len(self.biases)

    def to_json(self) -> str:
        """As JSON text; `from_json` restores it exactly."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @staticmethod
    def from_json(text: str, source: str = "linear-dem") -> "LinearHeight":
        """From the text of `to_json`; FormatError, naming `source`, where it is another."""
        try:
            content = json.loads(text)
            weights, biases = (
                tuple(float(number) for number in content[name]) for name in ("weights", "biases")
            )
            days = tuple(int(number) for number in content["days"])
            if not len(weights) == len(biases) == len(days) == len(MONTHS):
                raise ValueError(
                    f"found {len(weights)} weights, {len(biases)} biases and {len(days)} counts, "
                    "expected 12 of each"
                )
            return LinearHeight(Statistics(**content["height"]), weights, biases, days)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{source}: not a linear map of height ({error}); fit it again"
            ) from None


def shelf(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Near 1 within 4 of 0, 0 far from it: 0.5 (tanh(4 + x) + tanh(4 − x)), of any shape."""
    value: NDArray[np.floating] = (np.tanh(4 + x) + np.tanh(4 - x)) / 2
    return value


def fit(
    days: Iterable[tuple[dt.date, NDArray[np.floating]]], height: NDArray[np.floating]
) -> LinearHeight:
    """The maps with the least mean square error over all valid cells of the training days.

    Parameters
    ----------
    days : day and melt fraction (y, x), 0-1, NaN where not valid; read one at a time
    height : (y, x), m, NaN where unknown

    Raises
    ------
    MissingInputError
        No cell of any day is valid and has a height.
    """
    sums = _Sums(height)
    for day, melt in days:
        sums.add(day.month, melt)
    if not sums.cells.any():
        raise MissingInputError(
            "linear-dem: no valid cell with a height in the training split; widen seasons or "
            "change split"
        )
    scale = statistics({"height": height})["height"]
    fitted = {
        month: _fit_month(*sums.of(month), scale) for month in MONTHS if sums.cells[month - 1].any()
    }
    maps = [fitted[nearest_month(month, fitted)] for month in MONTHS]
    weights, biases = zip(*maps, strict=True)
    return LinearHeight(scale, weights, biases, tuple(int(count) for count in sums.days))


def predict(model: LinearHeight, height: NDArray[np.floating], month: int) -> NDArray[np.float32]:
    """Melt fraction (y, x) in a month, 1 to 12, of heights (y, x) in m; NaN where the height is."""
    normal = (height - model.height.mean) / model.height.sd
    return shelf(model.weights[month - 1] * normal + model.biases[month - 1]).astype(np.float32)


def nearest_month(month: int, months: Iterable[int]) -> int:
    """The nearest of `months` to a month, December next to January; of two as near the earlier."""
    return min(
        months,
        key=lambda other: (min((month - other) % 12, (other - month) % 12), (month - other) % 12),
    )


class _Sums:
    """Number, height and melt of the valid cells of each month, summed by metre of height: the
    sufficient statistics of the fit.
    """

    def __init__(self, height: NDArray[np.floating]) -> None:
        self.height = np.asarray(height, np.float64)
        known = np.isfinite(self.height)
        lowest = np.floor(self.height[known].min(initial=0) / BIN_M)
        self.place = np.where(known, self.height / BIN_M - lowest, -1).astype(np.int64)
        shape = len(MONTHS), int(self.place.max(initial=0)) + 1
        self.cells, self.heights, self.melt = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.days = np.zeros(len(MONTHS), np.int64)

    def add(self, month: int, melt: NDArray[np.floating]) -> None:
        """Add the valid cells of a day (y, x)."""
        valid = np.isfinite(melt) & (self.place >= 0)
        place, count = self.place[valid], self.cells.shape[1]
        self.cells[month - 1] += np.bincount(place, minlength=count)
        self.heights[month - 1] += np.bincount(place, self.height[valid], count)
        self.melt[month - 1] += np.bincount(place, melt[valid], count)
        self.days[month - 1] += bool(valid.any())

    def of(
        self, month: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Number, mean height and mean melt of the height bins with valid cells in a month."""
        cells = self.cells[month - 1]
        used = cells > 0
        return (
            cells[used],
            self.heights[month - 1][used] / cells[used],
            self.melt[month - 1][used] / cells[used],
        )


def _fit_month(
    cells: NDArray[np.float64],
    height: NDArray[np.float64],
    melt: NDArray[np.float64],
    scale: Statistics,
) -> tuple[float, float]:
    """Weight and bias with the least square error against the mean melt of each height bin,
    weighted by its number of cells.

    The variance within a bin adds a constant to the error, so that the means suffice.
    """
    from scipy.optimize import least_squares

    normal = (height - scale.mean) / scale.sd
    share = np.sqrt(cells / cells.sum())

    def residuals(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(share * (shelf(numbers[0] * normal + numbers[1]) - melt))

    def slopes(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        x = numbers[0] * normal + numbers[1]
        slope = share * (np.tanh(4 - x) ** 2 - np.tanh(4 + x) ** 2) / 2
        return np.stack([slope * normal, slope], axis=1)

    limits = np.array([LARGEST_WEIGHT, LARGEST_BIAS])
    starts = sorted(
        _starts(normal), key=lambda start: float(np.sum(residuals(np.array(start)) ** 2))
    )[:STARTS]
    found = [
        least_squares(
            residuals,
            start,
            slopes,
            bounds=([0, -limits[1]], limits),
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-12,
        )
        for start in starts
    ]
    best = min(found, key=lambda result: float(result.cost))
    return float(best.x[0]), float(best.x[1])


def _starts(normal: NDArray[np.float64]) -> list[tuple[float, float]]:
    """A grid of weights and biases; the plateau is symmetric, so that no weight is negative."""
    lowest, highest = float(normal.min()), float(normal.max())
    flat = [(0.0, float(bias)) for bias in np.linspace(0, 8, CENTRES)]
    reach = [
        (weight, np.linspace(lowest - 5 / weight, highest + 5 / weight, CENTRES))
        for weight in STEEPNESS[1:]
    ]
    return flat + [
        (float(weight), float(-weight * centre)) for weight, centres in reach for centre in centres
    ]
