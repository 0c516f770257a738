"""The regional climate model MAR: daily fields of a year on its own 5 km grid.

Versions differ in their dimensions (`TIME`, `y`, `x`; `Y21_199`, `X10_155`), in the unit of their
axes (km, m) and in the projection, which is not always written. The longitude and latitude of every
cell are the truth; the axes are a convenience.

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

from daymelt.core.dates import describe
from daymelt.core.errors import FormatError, MissingInputError, printable
from daymelt.sources.formats.netcdf import (
    listed,
    one_of,
    open_netcdf,
    packing,
    reading,
    stored_numbers,
    unpack,
    values,
)

HUGE = 1e18  # MAR's -1e19, also where no attribute says so
KILOMETRES = {"km", "kilometer", "kilometre", "kilometers", "kilometres"}
METRES = {"m", "meter", "metre", "meters", "metres"}
NO_UNIT = {"", "1", "-", "level"}  # what MAR writes where it says nothing
DEGREES = frozenset(
    {"degree", "degrees", "degrees_north", "degrees_east", "degree_north", "degree_east", "deg"}
)
YEARS = range(1800, 2201)  # of reanalyses and projections
CALENDARS = {"standard", "gregorian", "proleptic_gregorian"}
FINEST_M, COARSEST_M = 100, 1_000_000  # steps of a grid between which every MAR grid lies
EARTH_M = 2.1e7  # no centre of a map lies further from its origin
# times by which a step between neighbouring cells may differ from the usual one; projections
# stretch by far less
UNEVEN = 2.0


@dataclass(frozen=True)
class MarFile:
    """An open file and one of its variables.

    `lon` and `lat` (y, x) are degrees, NaN where the file has none; `x` and `y` are the axes in m
    as the file orders them, or None; fields come in the same order of rows and columns.
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
            held = (
                f"{self.dates[0]} to {self.dates[-1]}, {len(self.dates)} days"
                if self.dates
                else "none"
            )
            raise MissingInputError(
                f"MAR file {self.path}: no day {day} (it holds {held}); retrieve a whole year"
            )
        with reading(self.path, "MAR file"):
            return _field(
                self._file.variables[self.variable], self._horizontal, self.dates.index(day)
            ).astype(np.float32)

    @property
    def mask(self) -> NDArray[np.float32]:
        """Share of ice, percent, (y, x)."""
        return self.fixed("MSK")

    @property
    def height(self) -> NDArray[np.float32]:
        """Surface height, m, (y, x)."""
        return self.fixed("SH")

    def fixed(self, name: str) -> NDArray[np.float32]:
        """A variable that does not change in time, (y, x); MissingInputError where the file has
        none of that name.
        """
        if name not in self._file.variables:
            raise MissingInputError(
                f"MAR file {self.path}: no variable {name} (found "
                f"{listed(self._file.variables)}); choose a file with it"
            )
        with reading(self.path, "MAR file"):
            return _field(self._file.variables[name], self._horizontal).astype(np.float32)


@contextmanager
def open_mar(
    path: Path, variable: str = "WA1", units: Collection[str] | None = None
) -> Iterator[MarFile]:
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
        It is no NetCDF file, the variable has other units, or longitude, latitude or time cannot be
        found.
    """
    with open_netcdf(path, "MAR file") as file:
        with reading(path, "MAR file"):
            opened = _described(file, Path(path), variable, units)
        yield opened


def _described(
    file: netCDF4.Dataset, path: Path, variable: str, units: Collection[str] | None
) -> MarFile:
    field = _wanted(file, path, variable, units)
    lat, lon = (_geographic(file, path, name) for name in ("LAT", "LON"))
    y, x = _rows_first(file, lat)
    if set(lon.dimensions) != {y, x} or not {y, x} <= set(field.dimensions):
        dimensions = (
            f"{variable} is on {field.dimensions}, LAT on {lat.dimensions}, LON on {lon.dimensions}"
        )
        raise FormatError(f"MAR file {path}: {dimensions}; expected one grid")
    latitude, longitude = _degrees(lat, (y, x), -90, 90), _degrees(lon, (y, x), -180, 360)
    _check_even(longitude, latitude)
    return MarFile(
        path,
        variable,
        str(getattr(field, "units", "")),
        _dates(file, path, field, (y, x)),
        longitude,
        latitude,
        _axis_m(file, x),
        _axis_m(file, y),
        file,
        (y, x),
    )


def _rows_first(file: netCDF4.Dataset, lat: "netCDF4.Variable[Any]") -> tuple[str, str]:
    """Names of the dimensions (y, x) of LAT, which may be stored either way."""
    first, second = lat.dimensions
    if first == second:
        raise ValueError(f"{lat.name} is on {lat.dimensions}")
    return (second, first) if _runs_along(file, first) == "X" else (first, second)


def _runs_along(file: netCDF4.Dataset, dimension: str) -> str:
    """`X` or `Y`, from what the file says of a dimension or else from its name (`x`, `X10_155`)."""
    stated = getattr(file.variables.get(dimension), "axis", None)
    return str(stated if stated in ("X", "Y") else dimension[:1]).upper()


def _degrees(
    variable: "netCDF4.Variable[Any]", horizontal: tuple[str, str], least: float, most: float
) -> NDArray[np.float64]:
    """Latitudes or longitudes (y, x); ValueError where they cannot be such."""
    if "units" in variable.ncattrs():
        one_of(variable, "units", DEGREES)
    found = _field(variable, horizontal)
    if not np.isfinite(found).any() or np.nanmin(found) < least or np.nanmax(found) > most:
        raise ValueError(f"{variable.name} is not within {least} to {most} degrees")
    return found


def _check_even(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> None:
    """ValueError where neighbouring cells are much further apart, or nearer, than is usual in the
    file: a damaged LAT or LON.
    """
    lam, phi = np.radians(lon), np.radians(lat)
    place = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    for axis, name in ((1, "rows"), (2, "columns")):
        steps = np.sqrt((np.diff(place, axis=axis) ** 2).sum(0))
        known = steps[np.isfinite(steps)]
        if known.size and not (
            known.max() < UNEVEN * np.median(known) and known.min() > np.median(known) / UNEVEN
        ):
            raise ValueError(f"LAT and LON jump between {name}")


def _wanted(
    file: netCDF4.Dataset, path: Path, variable: str, units: Collection[str] | None
) -> "netCDF4.Variable[Any]":
    if variable not in file.variables:
        times = {name for name, axis in file.variables.items() if _counts_time(axis)}
        daily = [
            name
            for name, field in file.variables.items()
            if field.ndim >= 3 and field.dimensions[0] in times
        ]
        raise MissingInputError(
            f"MAR file {path}: no variable {variable} (found {listed(daily)}); choose a file "
            "with it, such as that of 10 km daily of v3.14"
        )
    field = file.variables[variable]
    found = getattr(field, "units", None)
    if units is not None and found not in units:
        expected = " or ".join(repr(unit) for unit in units)
        raise FormatError(
            f"MAR file {path}: variable {variable} has units {found!r}, expected {expected}; use a "
            "file of v3.14"
        )
    return field


def _geographic(file: netCDF4.Dataset, path: Path, name: str) -> "netCDF4.Variable[Any]":
    """LAT or LON (y, x), whichever way it is written."""
    spellings = {name, name.lower(), {"LAT": "latitude", "LON": "longitude"}[name]}
    found = [file.variables[spelling] for spelling in sorted(spellings & set(file.variables))]
    if not found or found[0].ndim != 2:
        raise FormatError(
            f"MAR file {path}: no {name} of every cell (found {listed(file.variables)}); choose "
            "a file with LAT and LON"
        )
    return found[0]


def _dates(
    file: netCDF4.Dataset, path: Path, field: "netCDF4.Variable[Any]", horizontal: tuple[str, str]
) -> tuple[dt.date, ...]:
    """UTC day of every step, from the coordinate of the variable's first dimension (`TIME`, `time`,
    ...).
    """
    name = field.dimensions[0]
    time = file.variables.get(name)
    if name in horizontal or time is None or not _counts_time(time):
        raise FormatError(
            f"MAR file {path}: no time axis of {field.name} with units 'days since ...' (found "
            f"{printable(name)}); choose a daily file"
        )
    try:
        days = _days(time)
    except (ValueError, OverflowError) as error:
        raise FormatError(
            f"MAR file {path}: {printable(f'{name} cannot be read as days ({error})')}; choose a "
            "daily file"
        ) from error
    doubled = [day for day, following in pairwise(days) if following <= day]
    if doubled:
        raise FormatError(
            f"MAR file {path}: {printable(name)} does not rise by days (at {describe(doubled)}); "
            "expected one field a day"
        )
    return days


def _days(time: "netCDF4.Variable[Any]") -> tuple[dt.date, ...]:
    calendar = str(getattr(time, "calendar", "standard")).lower()
    if calendar not in CALENDARS:
        raise ValueError(f"calendar {calendar!r}, expected {listed(CALENDARS)}")
    steps = values(time)
    if not np.isfinite(steps).all():
        raise ValueError("a step is missing")
    moments = np.atleast_1d(np.asarray(netCDF4.num2date(steps, time.units, calendar)))
    days = tuple(dt.date(moment.year, moment.month, moment.day) for moment in moments)
    strange = [day for day in days if day.year not in YEARS]
    if strange:
        raise ValueError(f"it reaches {strange[0]}")
    return days


def _counts_time(axis: "netCDF4.Variable[Any]") -> bool:
    return axis.ndim == 1 and " since " in str(getattr(axis, "units", "")).lower()


def _axis_m(file: netCDF4.Dataset, name: str) -> NDArray[np.float64] | None:
    """Centres along a dimension, m; None where the file has none. A unit that says nothing is told
    from the step: no MAR grid is 100 m.

    ValueError where they are no axis of a grid.
    """
    axis = file.variables.get(name)
    if axis is None or axis.dimensions != (name,):
        return None
    centres = values(axis)
    units = str(getattr(axis, "units", "")).strip().lower()
    if units not in KILOMETRES | METRES | NO_UNIT:
        raise ValueError(f"{name} has units {units!r}, expected km or m")
    steps = np.diff(centres)
    step = float(np.median(steps)) if steps.size else 0.0
    kilometres = units in KILOMETRES or (units in NO_UNIT and abs(step) < FINEST_M)
    metres = 1000.0 if kilometres else 1.0
    even = np.abs(steps - step) <= 0.01 * abs(step)
    if not (np.isfinite(centres).all() and even.all()):
        raise ValueError(f"{name} does not go in even steps")
    if (steps.size and not FINEST_M <= abs(step) * metres <= COARSEST_M) or np.abs(
        centres
    ).max() * metres > EARTH_M:
        raise ValueError(f"{name} goes in steps of {abs(step):g} {units or '(no unit)'}")
    return centres * metres


def _field(
    variable: "netCDF4.Variable[Any]", horizontal: tuple[str, str], step: int | None = None
) -> NDArray[np.float64]:
    """One field (y, x): `step` of the first dimension if it is time, the first of every other
    dimension that is not horizontal.
    """
    index: list[Any] = [slice(None) if name in horizontal else 0 for name in variable.dimensions]
    if step is not None:
        index[0] = step
    stored = stored_numbers(variable, tuple(index))
    if stored.ndim != 2:
        raise ValueError(
            f"{variable.name} is on {variable.dimensions}, expected {horizontal} among them"
        )
    with np.errstate(invalid="ignore"):
        found = np.where(np.abs(stored) > HUGE, np.nan, unpack(stored, packing(variable)))
    order = tuple(name for name in variable.dimensions if name in horizontal)
    return found if order == horizontal else found.T
