"""Intervals of the melt fraction that hold what they promise on days that were not trained on.

A network predicts quantiles (`learn.quantiles`). An interval is taken between two levels of them,
found on days that the network was not trained on: a share `MISSED` of Sentinel-1's reports lies
below it, and as many above. This is the recalibration of quantiles of Kuleshov et al. (2018), arXiv
1807.00263; on new days of the same kind it holds as split conformal prediction does (Vovk et al.
2005). A year unlike those of the training is promised nothing.

Half of all cells are certainly dry or wet. Only cells whose interval is wider than `CERTAIN` count,
or the others would hide what the interval misses. Sentinel-1's reports err themselves, and what is
wanted lies somewhat more often outside of an interval than they do: hence 4 % a side where a 90 %
interval would leave 5.

A cell that was seen on the day has its report. How far the truth may lie from it is taken from
pairs of acquisitions a day apart: what the second look reported where the first had reported a
certain melt fraction. The change of a day is in it, so it is too wide rather than too narrow.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import write_json
from daymelt.core.errors import FormatError, MissingInputError, cause_of
from daymelt.learn.quantiles import LEVELS

FILE = "intervals.json"  # beside the card of the model that it belongs to

MISSED = 0.04  # share of the reports below, and above, the interval
CERTAIN = 0.02  # width of an interval below which a cell is certain
ROUNDING = 0.005  # half a step of the stored melt fractions is no difference
KEPT = 1 << 18  # cells that a calibration keeps
LEAST_CELLS = 2000  # uncertain cells without which the nominal levels stay
LEAST_PAIRS = 500  # second looks at a reported melt fraction and its neighbours
CODES = 101  # melt fractions in whole percent

Field = NDArray[np.float32]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """How the bounds of an interval are found.

    Parameters
    ----------
    levels : of the lower and the upper bound where a cell was not seen on the day
    seen : (2, 101), bounds where it was, by the reported melt fraction in percent; None where too
        few cells were seen twice within a day
    calibration : the days on which both were found, a value of `intervals.calibration`
    """

    levels: Bounds = (LEVELS[0], LEVELS[-1])
    seen: Field | None = None
    calibration: str = "none"

    @property
    def title(self) -> str:
        """The calibration in words, for the tags of maps."""
        low, high = self.levels
        return f"levels {low:.2f} to {high:.2f}, {self.calibration}"

    def bounds(self, quantiles: Field) -> tuple[Field, Field]:
        """Lower and upper bound of cells that were not seen, (y, x) of (level, y, x)."""
        low, high = (quantile_at(quantiles, level) for level in self.levels)
        return low, high

    def with_report(self, low: Field, high: Field, report: Field) -> tuple[Field, Field]:
        """Bounds of a day with those of the cells that were seen, all (y, x); `report` is NaN where
        a cell was not seen. Without second looks the bounds are widened to hold the report.
        """
        there = np.isfinite(report)
        if self.seen is None:
            return (
                np.where(there, np.fmin(low, report), low),
                np.where(there, np.fmax(high, report), high),
            )
        code = np.rint(np.where(there, report, 0) * (CODES - 1)).astype(np.intp)
        below, above = self.seen
        return np.where(there, below[code], low), np.where(there, above[code], high)


@dataclass
class Coverage:
    """Cells of calibration days with what was reported there; every `every`-th uncertain cell."""

    every: int = 1
    quantiles: list[Field] = field(default_factory=list)
    reports: list[Field] = field(default_factory=list)

    def add(self, quantiles: Field, report: Field, valid: NDArray[np.bool_]) -> None:
        """Add a day: `quantiles` (level, y, x), the others (y, x)."""
        counted = valid & (quantiles[-1] - quantiles[0] >= CERTAIN)
        self.quantiles.append(quantiles[:, counted][:, :: self.every])
        self.reports.append(report[counted][:: self.every])

    def levels(self) -> Bounds:
        """The levels between which the interval is taken; the nominal ones with too few cells."""
        if sum(reports.size for reports in self.reports) < LEAST_CELLS:
            return LEVELS[0], LEVELS[-1]
        return missed_evenly(np.concatenate(self.quantiles, 1), np.concatenate(self.reports))


@dataclass
class SecondLooks:
    """Reports of pairs of acquisitions a day apart, as counts (first report, second report)."""

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((CODES, CODES), np.int64))

    def add(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> None:
        """Add two acquisitions (y, x) in percent, 255 where not seen; each is once the first."""
        both = (first < CODES) & (second < CODES)
        codes = first[both].astype(np.int64) * CODES + second[both]
        found = np.bincount(codes, minlength=CODES**2).reshape(CODES, CODES)
        self.counts += found + found.T

    def bounds(self) -> Field | None:
        """Bounds of a cell by its report, (2, 101); None where a report has too few second looks
        although its neighbours within ten percent are taken with it.

        The bounds hold the report itself.
        """
        found = np.empty((2, CODES), np.float32)
        for code in range(CODES):
            looks = self._looks(code)
            if looks is None:
                return None
            share = np.cumsum(looks) / looks.sum()
            found[0, code] = min(code, int(np.searchsorted(share, MISSED, side="right")))
            found[1, code] = max(code, int(np.searchsorted(share, 1 - MISSED)))
        return found / np.float32(CODES - 1)

    def _looks(self, code: int) -> NDArray[np.int64] | None:
        """Second reports where the first was about `code`; 0 and 100 % stand for themselves."""
        for reach in (0, 1, 2, 5, 10):
            lowest, highest = (code, code) if code in (0, CODES - 1) else (1, CODES - 2)
            first, last = max(code - reach, lowest), min(code + reach, highest)
            looks = self.counts[first : last + 1].sum(axis=0)
            if looks.sum() >= LEAST_PAIRS:
                return np.asarray(looks, np.int64)
        return None


def write_intervals(path: Path, intervals: Intervals, days: int) -> None:
    """Write how bounds are found, and on how many days that was found out."""
    seen = None if intervals.seen is None else np.rint(100 * intervals.seen).astype(int).tolist()
    content = {"calibration": intervals.calibration, "days": days, "levels": intervals.levels}
    write_json(path, {**content, "seen_percent": seen})


def read_intervals(path: Path) -> Intervals:
    """What `write_intervals` wrote.

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        It cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        low, high = map(float, content["levels"])
        seen = content["seen_percent"]
        percent = None if seen is None else np.asarray(seen, np.float32).reshape(2, CODES)
        bounds = None if percent is None else percent / np.float32(100)
        return Intervals((low, high), bounds, str(content["calibration"]))
    except FileNotFoundError:
        raise MissingInputError(f"intervals {path}: not found; calibrate the model first") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"intervals {path}: not readable ({cause_of(error)}); calibrate the model again"
        ) from error


def missed_evenly(quantiles: Field, reports: Field) -> Bounds:
    """The levels between which an interval misses a share `MISSED` on either side.

    `quantiles` is (level, cell), `reports` (cell,). Only cells that the interval itself leaves
    uncertain count, so the levels are found step by step; they stay within those predicted.
    """
    levels = LEVELS[0], LEVELS[-1]
    for _ in range(30):
        low, high = (quantile_at(quantiles, level) for level in levels)
        counted = high - low >= CERTAIN
        if not counted.any():
            break
        own, reported = quantiles[:, counted], reports[counted]
        below = float(np.quantile(level_of(own, reported + ROUNDING), MISSED))
        above = float(np.quantile(level_of(own, reported - ROUNDING), 1 - MISSED))
        wanted = min(max(below, LEVELS[0]), 0.5), max(min(above, LEVELS[-1]), 0.5)
        if max(abs(new - old) for new, old in zip(wanted, levels, strict=True)) < 1e-3:
            break
        levels = (levels[0] + wanted[0]) / 2, (levels[1] + wanted[1]) / 2
    return levels


def quantile_at(quantiles: Field, level: float, levels: Sequence[float] = LEVELS) -> Field:
    """The quantile of a level, linear between those predicted, (…) of (level, …)."""
    place = float(np.interp(level, levels, np.arange(len(levels))))
    lower = min(int(place), len(levels) - 2)
    share = np.float32(place - lower)
    return np.asarray(quantiles[lower] * (1 - share) + quantiles[lower + 1] * share, np.float32)


def level_of(quantiles: Field, value: Field, levels: Sequence[float] = LEVELS) -> Field:
    """The lowest level whose quantile is at least a value, linear between levels, (cell,).

    0 where all quantiles are, 1 where none is. `quantiles` is (level, cell), `value` (cell,).
    """
    reached = quantiles >= value
    first = reached.argmax(axis=0)
    above = np.clip(first, 1, None)
    cells = np.arange(value.size)
    lower, upper = quantiles[above - 1, cells], quantiles[above, cells]
    grid = np.asarray(levels, np.float32)
    rise = np.maximum(upper - lower, np.float32(1e-9))
    share = np.clip((value - lower) / rise, 0, 1)
    level = grid[above - 1] + share * (grid[above] - grid[above - 1])
    level = np.where(first == 0, np.float32(0), level)
    return np.asarray(np.where(reached.any(axis=0), level, np.float32(1)), np.float32)
