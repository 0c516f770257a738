"""Scores by kind of pixel and day: by distance to the nearest observation, by height, at the border
of the area and inside, by month and in named events.

Only sums are held, nine numbers a stratum, so memory does not depend on the number of days. Sums
of several seasons add up.

Source of the classes of distance: the code of MeltwaterBench (Lütjens et al. 2025, arXiv
2512.12142), error over the observation gap.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import NEVER_SEEN, SAR_AGE
from daymelt.science.onset import WET
from daymelt.science.scores import SUMS, scores_of, usable

Bins = tuple[NDArray[np.int16], tuple[str, ...]]

GAPS = ("0", "1", "2-3", "4-6", "above 6", "never")  # days to the nearest observation
GAP_ENDS = (0, 1, 3, 6, NEVER_SEEN - 1, NEVER_SEEN)  # the last age of each class
HEIGHT_STEP_M = 500.0
BORDER_CELLS = 16
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class StrataSums:
    """Sums of the error over the pixels of each stratum, a (kind, bin) such as ("height", "500-1000
    m").

    Parameters
    ----------
    wet : pixels above it, on either side, count as melting
    """

    def __init__(self, wet: float = WET) -> None:
        self._wet = wet
        self._sums: dict[tuple[str, str], NDArray[np.float64]] = {}

    def add(
        self,
        kind: str,
        bins: NDArray[np.integer] | int,
        names: Sequence[str],
        prediction: NDArray[np.float32],
        target: NDArray[np.float32],
        valid: NDArray[np.bool_],
    ) -> None:
        """Add one image.

        Parameters
        ----------
        kind : the property that the pixels are classed by
        bins : (y, x), index into `names`, -1 = in none; or one number for the whole image
        names : of the bins
        prediction, target, valid : as in `scores.image_scores`, errors too
        """
        predicted, observed = usable(prediction, target, valid)
        where = np.broadcast_to(bins, valid.shape)[valid]
        if where.size and not -1 <= where.min() <= where.max() < len(names):
            raise ValueError(
                f"{kind}: bins {where.min()} to {where.max()}; expected -1 to {len(names) - 1} "
                f"for {len(names)} names"
            )
        for name, sums in zip(
            names, self._by_bin(where, len(names), predicted, observed), strict=True
        ):
            if sums[0]:
                self._take(kind, name, sums)

    def _by_bin(
        self,
        where: NDArray[np.integer],
        count: int,
        predicted: NDArray[np.float32],
        observed: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """(bin, sum) in the order of SUMS; pixels of bin -1 fall into a bin of their own that is
        dropped.
        """
        where = where.astype(np.intp) + 1
        error = np.subtract(predicted, observed, dtype=np.float64)
        square = np.square(observed, dtype=np.float64)
        weighted = (
            np.bincount(where, weights, count + 1)
            for weights in (np.abs(error), error, error * error, observed, square)
        )
        state = 4 * where + 2 * (predicted > self._wet) + (observed > self._wet)
        dry, missed, false, both = np.bincount(state, minlength=4 * (count + 1)).reshape(-1, 4).T
        return np.stack(
            [dry + missed + false + both, *weighted, false + both, missed + both, both], axis=1
        )[1:]

    def _take(self, kind: str, name: str, sums: NDArray[np.float64]) -> None:
        self._sums[kind, name] = self._sums.get((kind, name), 0) + sums

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add what `rows` gave for other images, such as another season; numbers may be text."""
        for row in rows:
            self._take(row["kind"], row["bin"], np.array([float(row[name]) for name in SUMS]))

    def rows(self) -> list[dict[str, Any]]:
        """One a stratum with pixels: kind, bin and the sums named in `scores.SUMS`; strata in the
        order in which they first appeared.
        """
        return [
            {"kind": kind, "bin": name, **dict(zip(SUMS, sums.tolist(), strict=True))}
            for (kind, name), sums in self._sums.items()
        ]

    def results(self) -> list[dict[str, Any]]:
        """One a stratum with pixels: kind, bin and the pooled scores of `scores.scores_of`."""
        return [{"kind": row["kind"], "bin": row["bin"], **scores_of(row)} for row in self.rows()]


def gap_bins(age: NDArray[np.uint8]) -> Bins:
    """Class of the days to an observation, and the names of the classes.

    Parameters
    ----------
    age : (y, x), days, as `temporal.observation_age` gives it: 254 = by no acquisition, 255 = no
        data

    Returns
    -------
    (bins, names) : bins (y, x) for `StrataSums.add`
    """
    table = np.searchsorted(GAP_ENDS, np.arange(256)).astype(np.int16)
    table[int(SAR_AGE.nodata)] = -1
    return table[age], GAPS


def height_bins(height: NDArray[np.float32], step_m: float = HEIGHT_STEP_M) -> Bins:
    """Band of height, and the names of the bands from the lowest up; everything below the first
    step is one band.

    Parameters
    ----------
    height : (y, x), m; NaN is in no band
    step_m : height of a band, m

    Returns
    -------
    (bins, names) : bins (y, x) for `StrataSums.add`
    """
    known = np.isfinite(height)
    bins = np.full(height.shape, -1, np.int16)
    bins[known] = np.maximum(np.floor(height[known] / step_m), 0)
    names = (
        f"{band * step_m:g}-{(band + 1) * step_m:g} m"
        for band in range(1, int(bins.max(initial=0)) + 1)
    )
    return bins, (f"below {step_m:g} m", *names)


def border_bins(shape: tuple[int, int], width: int = BORDER_CELLS) -> Bins:
    """Whether a cell lies at the border of the area or inside, and the names of both.

    Parameters
    ----------
    shape : (y, x)
    width : of the border, cells

    Returns
    -------
    (bins, names) : bins (y, x) for `StrataSums.add`
    """
    bins = np.zeros(shape, np.int16)
    bins[width : shape[0] - width, width : shape[1] - width] = 1
    return bins, (f"outer {width} cells", "inside")


def period_of(day: dt.date, events: Mapping[str, tuple[dt.date, dt.date]]) -> list[tuple[str, str]]:
    """The strata that a whole day belongs to: its month, and each event that it lies in.

    Parameters
    ----------
    events : name to first and last day, both included

    Returns
    -------
    (kind, bin) of each, such as ("month", "Jul") and ("event", "July 2019")
    """
    inside = [("event", name) for name, (first, last) in events.items() if first <= day <= last]
    return [("month", MONTHS[day.month - 1]), *inside]
