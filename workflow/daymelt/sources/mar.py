"""The regional climate model MAR: daily fields of a year on its own 5 km grid.

Versions differ in their dimensions (`TIME`, `y`, `x`; `Y21_199`, `X10_155`), in the unit of their axes (km, m) and in the projection, which
is not always written. The longitude and latitude of every cell are the truth; the axes are a convenience.

Source: Fettweis et al. (2017), The Cryosphere 11, 1015; header of a MAR v3.14.3 daily file.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from daymelt.dates import describe
from daymelt.errors import FormatError, MissingInputError
from daymelt.sources.netcdf import is_fill, listed, open_netcdf, reading

HUGE = 1e18  # MAR's -1e19, also where no attribute says so
KILOMETRES = {"km", "kilometer", "kilometre", "kilometers", "kilometres"}
METRES = {"m", "meter", "metre", "meters", "metres"}


@dataclass(frozen=True)
class MarFile:
    """An open file and one of its variables.

    `lon` and `lat` (y, x) are degrees, NaN where the file has none; `x` and `y` are the axes in m as the file orders them, or None;
    fields come in the same order of rows and columns.
    """

    path: Path
    variable: str
    units: str
    dates: tuple[dt.date, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    x: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    _file: netCDF4.Dataset
    _horizontal: tuple[str, str]

    def read(self, day: dt.date) -> NDArray[np.float32]:
        """The field of one day, (y, x), in `units`; NaN where MAR has none.

        Raises
        ------
        MissingInputError
            The file lacks the day.
        """
        if day not in self.dates:
            held = f"{self.dates[0]} to {self.dates[-1]}, {len(self.dates)} days" if self.dates else "none"
            raise MissingInputError(f"MAR file {self.path}: no day {day} (it holds {held}); retrieve a whole year")
        with reading(self.path, "MAR file"):
            return _field(self._file.variables[self.variable], self._horizontal, self.dates.index(day))

    @property
    def mask(self) -> NDArray[np.float32]:
        """Share of ice, percent, (y, x)."""
        return self.fixed("MSK")

    @property
    def height(self) -> NDArray[np.float32]:
        """Surface height, m, (y, x)."""
        return self.fixed("SH")

    def fixed(self, name: str) -> NDArray[np.float32]:
        """A variable that does not change in time, (y, x); MissingInputError where the file has none of that name."""
        if name not in self._file.variables:
            raise MissingInputError(
                f"MAR file {self.path}: no variable {name} (found {listed(self._file.variables)}); choose a file with it"
            )
        with reading(self.path, "MAR file"):
            return _field(self._file.variables[name], self._horizontal)


@contextmanager
def open_mar(path: Path, variable: str = "WA1", units: Collection[str] | None = None) -> Iterator[MarFile]:
    """Open a daily MAR file.

    Parameters
    ----------
    variable : the field to read; of several sectors or levels the first is taken
    units : those that the caller can use; None takes any

    Raises
    ------
    MissingInputError
        No such file, or it lacks the variable.
    FormatError
        It is no NetCDF file, the variable has other units, or longitude, latitude or time cannot be found.
    """
    with open_netcdf(path, "MAR file") as file:
        with reading(path, "MAR file"):
            opened = _described(file, Path(path), variable, units)
        yield opened


def _described(file: netCDF4.Dataset, path: Path, variable: str, units: Collection[str] | None) -> MarFile:
    field = _wanted(file, path, variable, units)
    lat, lon = (_geographic(file, path, name) for name in ("LAT", "LON"))
    y, x = lat.dimensions
    if not {y, x} <= set(field.dimensions):
        raise FormatError(f"MAR file {path}: {variable} is on {field.dimensions}, LAT on {lat.dimensions}; expected one grid")
    return MarFile(
        path,
        variable,
        str(getattr(field, "units", "")),
        _dates(file, path, field, (y, x)),
        _unfilled(lon[:], lon).astype(np.float64),
        _unfilled(lat[:], lat).astype(np.float64),
        _axis_m(file, x),
        _axis_m(file, y),
        file,
        (y, x),
    )


def _wanted(file: netCDF4.Dataset, path: Path, variable: str, units: Collection[str] | None) -> "netCDF4.Variable[Any]":
    if variable not in file.variables:
        times = {name for name, axis in file.variables.items() if _counts_time(axis)}
        daily = [name for name, field in file.variables.items() if field.ndim >= 3 and field.dimensions[0] in times]
        raise MissingInputError(
            f"MAR file {path}: no variable {variable} (found {listed(daily)}); choose a file with it or set mar.variable"
        )
    field = file.variables[variable]
    found = getattr(field, "units", None)
    if units is not None and found not in units:
        expected = " or ".join(repr(unit) for unit in units)
        raise FormatError(f"MAR file {path}: variable {variable} has units {found!r}, expected {expected}; set mar.variable or use v3.14")
    return field


def _geographic(file: netCDF4.Dataset, path: Path, name: str) -> "netCDF4.Variable[Any]":
    """LAT or LON (y, x), whichever way it is written."""
    spellings = {name, name.lower(), {"LAT": "latitude", "LON": "longitude"}[name]}
    found = [file.variables[spelling] for spelling in sorted(spellings & set(file.variables))]
    if not found or found[0].ndim != 2:
        raise FormatError(f"MAR file {path}: no {name} of every cell (found {listed(file.variables)}); choose a file with LAT and LON")
    return found[0]


def _dates(file: netCDF4.Dataset, path: Path, field: "netCDF4.Variable[Any]", horizontal: tuple[str, str]) -> tuple[dt.date, ...]:
    """UTC day of every step, from the coordinate of the variable's first dimension (`TIME`, `time`, ...)."""
    name = field.dimensions[0]
    time = file.variables.get(name)
    if name in horizontal or time is None or not _counts_time(time):
        raise FormatError(f"MAR file {path}: no time axis of {field.name} with units 'days since ...' (found {name}); choose a daily file")
    try:
        calendar = getattr(time, "calendar", "standard").lower()
        moments = np.atleast_1d(np.asarray(netCDF4.num2date(np.asarray(time[:], np.float64), time.units, calendar)))
        days = tuple(dt.date(moment.year, moment.month, moment.day) for moment in moments)
    except ValueError as error:
        raise FormatError(f"MAR file {path}: {name} cannot be read as days ({error}); choose a daily file") from error
    doubled = [day for day, following in pairwise(days) if following <= day]
    if doubled:
        raise FormatError(f"MAR file {path}: {name} does not rise by days (at {describe(doubled)}); expected one field a day")
    return days


def _counts_time(axis: "netCDF4.Variable[Any]") -> bool:
    return axis.ndim == 1 and " since " in str(getattr(axis, "units", "")).lower()


def _axis_m(file: netCDF4.Dataset, name: str) -> NDArray[np.float64] | None:
    """Centres along a dimension, m; None where the file has none. A unit that says nothing is told from the step: no MAR grid is 100 m."""
    axis = file.variables.get(name)
    if axis is None or axis.ndim != 1:
        return None
    centres = np.asarray(axis[:], np.float64)
    units = str(getattr(axis, "units", "")).strip().lower()
    step = float(np.median(np.abs(np.diff(centres)))) if centres.size > 1 else np.inf
    kilometres = units in KILOMETRES or (units not in METRES and step < 100)
    return centres * 1000 if kilometres else centres


def _field(variable: "netCDF4.Variable[Any]", horizontal: tuple[str, str], step: int | None = None) -> NDArray[np.float32]:
    """One field (y, x): `step` of the first dimension if it is time, the first of every other dimension that is not horizontal."""
    index: list[Any] = [slice(None) if name in horizontal else 0 for name in variable.dimensions]
    if step is not None:
        index[0] = step
    values = _unfilled(np.asarray(variable[tuple(index)]), variable)
    order = [name for name in variable.dimensions if name in horizontal]
    return values if tuple(order) == horizontal else values.T


def _unfilled(stored: NDArray[Any], variable: "netCDF4.Variable[Any]") -> NDArray[np.float32]:
    stored = np.asarray(stored)
    with np.errstate(invalid="ignore"):
        missing = is_fill(stored, variable) | (np.abs(stored) > HUGE)
    return np.where(missing, np.nan, stored).astype(np.float32)
