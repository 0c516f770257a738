"""The daily melt extent of a region in a season, read from the table of the regions."""

import csv
import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import describe
from daymelt.core.errors import FormatError, MissingInputError

WHOLE_AREA = "whole area"  # name of the region
MELT, LOW, HIGH = "melt_extent_km2", "melt_extent_low_km2", "melt_extent_high_km2"
REMEDY = "delete it and run its step again"


@dataclass(frozen=True)
class Extents:
    """Melt extent of each day, km², (day,), NaN where it is not known; `low` and `high` are None
    where the maps have no interval.
    """

    days: Sequence[dt.date]
    melt: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    @property
    def season(self) -> int:
        """Year."""
        return self.days[0].year

    @property
    def highest(self) -> float:
        """The greatest extent, of the upper bounds where there are some; 0 without any."""
        values = self.melt if self.high is None else np.append(self.melt, self.high)
        known = values[np.isfinite(values)]
        return float(known.max(initial=0))


def read_extents(path: Path, days: Sequence[dt.date] | None = None) -> Extents:
    """Read the extents of the whole area from the table of the regions of a season.

    Parameters
    ----------
    path : the csv
    days : those that are wanted; None for all that the table has

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, it is another one, or it lacks a day.
    """
    extents = _read(path)
    if days is None:
        return extents
    missing = set(days) - set(extents.days)
    if missing:
        raise MissingInputError(f"{path}: no row of {describe(missing)}; {REMEDY}")
    places = [extents.days.index(day) for day in days]
    low, high = (None if side is None else side[places] for side in (extents.low, extents.high))
    return Extents(tuple(days), extents.melt[places], low, high)


def _read(path: Path) -> Extents:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["region"] == WHOLE_AREA]
        columns = {name: np.array(list(_numbers(rows, name))) for name in _columns(rows)}
        days = tuple(dt.date.fromisoformat(row["date"]) for row in rows)
    except FileNotFoundError:
        raise MissingInputError(f"{path}: not found; run the step region-extents first") from None
    except (csv.Error, KeyError, ValueError, TypeError) as error:
        raise FormatError(
            f"{path}: no table of melt extents ({type(error).__name__}: {error}); {REMEDY}"
        ) from None
    if not days:
        raise FormatError(f"{path}: no row of the region {WHOLE_AREA!r}; {REMEDY}")
    return Extents(days, columns[MELT], columns.get(LOW), columns.get(HIGH))


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Columns that are read: the bounds only where the table has them."""
    bounds = [name for name in (LOW, HIGH) if rows and name in rows[0]]
    return [MELT, *(bounds if len(bounds) == 2 else [])]


def _numbers(rows: Sequence[Mapping[str, str]], name: str) -> Iterator[float]:
    for row in rows:
        yield float(row[name]) if row[name] else math.nan
