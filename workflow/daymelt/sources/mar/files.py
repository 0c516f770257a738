"""The regional climate model MAR: daily fields of a year on its own 5 km grid.

Versions differ in their dimensions (`TIME`, `y`, `x`; `Y21_199`, `X10_155`), in the unit of their
axes (km, m) and in the projection, which is not always written. The longitude and latitude of every
cell are the truth; the axes are a convenience.

What is given by depth, as WA1(TIME, OUTLAY, y, x) on 18 levels from 0 to 20 m, is averaged over the
uppermost part of the snow, each level weighted by its thickness there. A dimension of length 1
(`SECTOR1_1`) is dropped; any other that is longer is refused.

Source: Fettweis et al. (2017), The Cryosphere 11, 1015; header of a MAR v3.14.3 daily file; levels
and their bounds as public code that opens MAR v3.11 to v3.14.3 states them.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path, storage_errors
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
LEVELS = "OUTLAY"  # how the dimension of levels below the surface is called
DEPTH_M = 1.0  # of snow over which a profile is averaged, unless another is asked for
TOUCHING_M = 1e-3  # by which bounds of neighbouring levels may lie apart
LEAST_WEIGHT = 0.5  # of the levels of a cell that must have data


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
    depth_m: float
    _file: netCDF4.Dataset
    _horizontal: tuple[str, str]

    @cached_property
    def level_weights(self) -> NDArray[np.float64] | None:
        """Share of each level in the uppermost `depth_m`, (level,), which sums to 1; None where the
        variable has no levels.

        Raises
        ------
        FormatError
            The file does not say how thick its levels are, or they do not reach down to `depth_m`.
        """
        level = _level_dimension(self._file.variables[self.variable])
        if level is None:
            return None
        with reading(self.path, "MAR file"):
            bounds = _level_bounds(self._file, level)
        return _shares(bounds, self.depth_m, self.path, level)

    def read(self, day: dt.date) -> NDArray[np.float32]:
        """The field of one day, (y, x), in `units`; NaN where MAR has none.

        Of a profile the mean over the uppermost `depth_m`; levels without data carry no weight, and
        a cell needs data in half of the depth.

        Raises
        ------
        MissingInputError
            The file lacks the day.
        FormatError
            As `level_weights`.
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
        weights, step = self.level_weights, self.dates.index(day)
        with reading(self.path, "MAR file"):
            field = self._file.variables[self.variable]
            if weights is None:
                return _field(field, self._horizontal, step).astype(np.float32)
            profile = _profile(field, self._horizontal, step, _reached(weights))
        return _mean_of_levels(profile, weights[_reached(weights)])

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
            field = self._file.variables[name]
            _check_single(field, self._horizontal, self.path)
            return _field(field, self._horizontal).astype(np.float32)


@contextmanager
def open_mar(
    path: Path,
    variable: str = "WA1",
    units: Collection[str] | None = None,
    depth_m: float = DEPTH_M,
) -> Iterator[MarFile]:
    """Open a daily MAR file.

    Parameters
    ----------
    variable : the field to read
    units : those that the caller can use; None takes any
    depth_m : of a variable given by depth, the uppermost part that is averaged

    Raises
    ------
    MissingInputError
        No such file, or it lacks the variable.
    FormatError
        It is no NetCDF file, the variable has other units or several fields a day, or longitude,
        latitude or time cannot be found.
    """
    with open_netcdf(path, "MAR file") as file:
        with reading(path, "MAR file"):
            opened = _described(file, Path(path), variable, units, depth_m)
        yield opened


def write_day(source: netCDF4.Dataset, path: Path, day: dt.date, variable: str) -> None:
    """Write one day of a variable of an open MAR file, and all variables that do not change in
    time, as a file of the same structure.

    Raises
    ------
    MissingInputError
        The file lacks the variable or the day.
    FormatError
        The variable has no time axis.
    """
    name = source.filepath().partition("#")[0].rpartition("/")[2]
    field = _wanted(source, Path(name), variable, None)
    days, time = _dates(source, Path(name), field, ("", "")), field.dimensions[0]
    if day not in days:
        raise MissingInputError(f"MAR file {name}: no day {day}; it holds {describe(days)}")
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format=source.data_model) as file,
    ):
        file.setncatts({key: source.getncattr(key) for key in source.ncattrs()})
        for dimension, told in source.dimensions.items():
            file.createDimension(dimension, None if dimension == time else told.size)
        for item in source.variables.values():
            if time not in item.dimensions or item.name == variable or item.ndim <= 2:
                _copy_variable(file, item, {time: days.index(day)})


def _copy_variable(
    file: netCDF4.Dataset, item: "netCDF4.Variable[Any]", steps: Mapping[str, int]
) -> None:
    """Copy a variable as stored; of the dimensions in `steps` that step alone."""
    attributes = {key: item.getncattr(key) for key in item.ncattrs()}
    copied = file.createVariable(
        item.name, item.dtype, item.dimensions, fill_value=attributes.pop("_FillValue", None)
    )
    copied.setncatts(attributes)
    part = tuple(
        slice(steps[name], steps[name] + 1) if name in steps else slice(None)
        for name in item.dimensions
    )
    for one in (item, copied):
        one.set_auto_maskandscale(False)
    if item.ndim:
        copied[tuple(slice(0, 1) if n in steps else slice(None) for n in item.dimensions)] = item[
            part
        ]


def _described(
    file: netCDF4.Dataset,
    path: Path,
    variable: str,
    units: Collection[str] | None,
    depth_m: float,
) -> MarFile:
    field = _wanted(file, path, variable, units)
    lat, lon = (_geographic(file, path, name) for name in ("LAT", "LON"))
    y, x = _rows_first(file, lat)
    if set(lon.dimensions) != {y, x} or not {y, x} <= set(field.dimensions):
        dimensions = (
            f"{variable} is on {field.dimensions}, LAT on {lat.dimensions}, LON on {lon.dimensions}"
        )
        raise FormatError(f"MAR file {path}: {dimensions}; expected one grid")
    dates = _dates(file, path, field, (y, x))
    level = _level_dimension(field)
    _check_single(field, (field.dimensions[0], y, x, *([level] if level else [])), path)
    latitude, longitude = _degrees(lat, (y, x), -90, 90), _degrees(lon, (y, x), -180, 360)
    _check_even(longitude, latitude)
    return MarFile(
        path,
        variable,
        str(getattr(field, "units", "")),
        dates,
        longitude,
        latitude,
        _axis_m(file, x),
        _axis_m(file, y),
        depth_m,
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
            "with it, such as the daily one of 10 km"
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


def _level_dimension(variable: "netCDF4.Variable[Any]") -> str | None:
    """Name of the dimension of levels below the surface; None where there is none."""
    return next((name for name in variable.dimensions if name.upper().startswith(LEVELS)), None)


def _check_single(variable: "netCDF4.Variable[Any]", known: Collection[str], path: Path) -> None:
    """FormatError where a dimension that is not among the known ones is longer than 1."""
    sizes = zip(variable.dimensions, variable.shape, strict=True)
    several = {name: size for name, size in sizes if name not in known and size != 1}
    if several:
        found = ", ".join(f"{printable(name)} of length {size}" for name, size in several.items())
        raise FormatError(
            f"MAR file {path}: {variable.name} has a dimension {found}, expected no more than "
            f"time, levels ({LEVELS}), rows and columns; choose a file with one field a day"
        )


def _level_bounds(file: netCDF4.Dataset, name: str) -> NDArray[np.float64]:
    """Upper and lower bound of each level, m below the surface, (level, 2), in the order of the
    file: its own, or the midpoints between levels. ValueError where they are no layers.
    """
    axis = file.variables.get(name)
    if axis is None or axis.dimensions != (name,):
        raise ValueError(f"{name} has no depths")
    units = str(getattr(axis, "units", "")).strip().lower()
    if units not in METRES | NO_UNIT:
        raise ValueError(f"{name} has units {units!r}, expected m")
    stated = file.variables.get(str(getattr(axis, "bounds", f"{name}_bnds")))
    bounds = _midpoints(values(axis), name) if stated is None else values(stated)
    if bounds.shape != (axis.shape[0], 2) or not np.isfinite(bounds).all():
        raise ValueError(f"{name} has bounds of shape {bounds.shape}, expected two of each level")
    bounds = np.sort(bounds, axis=1)
    above, below = np.sort(bounds[:, 0]), np.sort(bounds[:, 1])
    if np.any(above >= below) or np.any(np.abs(above[1:] - below[:-1]) > TOUCHING_M):
        raise ValueError(f"{name} has layers that overlap or leave gaps")
    return bounds


def _midpoints(depths: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Bounds half way between levels, (level, 2); the outermost reach as far beyond their level as
    within.
    """
    steps = np.diff(depths)
    if not steps.size or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ValueError(f"{name} goes to {depths.size} depths that neither rise nor fall")
    between = depths[:-1] + steps / 2
    first, last = depths[0] - steps[0] / 2, depths[-1] + steps[-1] / 2
    edges = np.concatenate([[first], between, [last]])
    return np.column_stack([edges[:-1], edges[1:]])


def _shares(
    bounds: NDArray[np.float64], depth_m: float, path: Path, name: str
) -> NDArray[np.float64]:
    """Share of each level in the uppermost `depth_m`, (level,); what lies above the surface does
    not count.
    """
    thickness = np.diff(np.clip(bounds, 0, depth_m), axis=1)[:, 0]
    if abs(thickness.sum() - depth_m) > TOUCHING_M:
        raise FormatError(
            f"MAR file {path}: levels of {name} cover {thickness.sum():g} m of the uppermost "
            f"{depth_m:g} m; set mar.depth_m to what they reach or choose another file"
        )
    return np.asarray(thickness / thickness.sum())


def _reached(weights: NDArray[np.float64]) -> slice:
    """The levels from the first to the last that carries weight."""
    carrying = np.flatnonzero(weights)
    return slice(int(carrying[0]), int(carrying[-1]) + 1)


def _mean_of_levels(
    profile: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Weighted mean over the levels (level, y, x) that have data, (y, x); NaN where they carry less
    than half of the weight.
    """
    known = np.isfinite(profile)
    total = np.tensordot(weights, np.where(known, profile, 0), 1)
    carried = np.tensordot(weights, known.astype(np.float64), 1)
    enough = carried >= LEAST_WEIGHT
    return np.where(enough, total / np.where(enough, carried, 1), np.nan).astype(np.float32)


def _profile(
    variable: "netCDF4.Variable[Any]", horizontal: tuple[str, str], step: int, levels: slice
) -> NDArray[np.float64]:
    """Some levels of one step of the first dimension, which is time, (level, y, x)."""
    wanted = {str(_level_dimension(variable)): levels}
    wanted |= dict.fromkeys(horizontal, slice(None))
    index: list[Any] = [wanted.get(name, 0) for name in variable.dimensions]
    index[0] = step
    kept = [name for name in variable.dimensions if name in wanted]
    order = [kept.index(name) for name in wanted]
    return _without_fill(variable, tuple(index)).transpose(order)


def _field(
    variable: "netCDF4.Variable[Any]", horizontal: tuple[str, str], step: int | None = None
) -> NDArray[np.float64]:
    """One field (y, x): `step` of the first dimension if it is time; other dimensions that are not
    horizontal have length 1.
    """
    index: list[Any] = [slice(None) if name in horizontal else 0 for name in variable.dimensions]
    if step is not None:
        index[0] = step
    found = _without_fill(variable, tuple(index))
    if found.ndim != 2:
        raise ValueError(
            f"{variable.name} is on {variable.dimensions}, expected {horizontal} among them"
        )
    order = tuple(name for name in variable.dimensions if name in horizontal)
    return found if order == horizontal else found.T


def _without_fill(variable: "netCDF4.Variable[Any]", index: tuple[Any, ...]) -> NDArray[np.float64]:
    """Physical values of a part of a variable, NaN where missing or as large as MAR's fill."""
    stored = stored_numbers(variable, index)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(stored) > HUGE, np.nan, unpack(stored, packing(variable)))
