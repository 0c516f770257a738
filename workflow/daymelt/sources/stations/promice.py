"""Automatic weather stations: one hourly variable of a PROMICE or GC-Net level 3 file.

A file holds the whole record of a station. Its variables are on `time`; the position is a variable
(`lat`, `lon`, `alt`, gap-filled, or `gps_lat` and so on as measured), else an attribute. Older
files give the longitude west as a positive number, so a caller should compare the position with the
one it expects.

Source: Fausto et al. (2021), Earth Syst. Sci. Data 13, 3819; names, units and attributes as the
open processing code `pypromice` of the Geological Survey of Denmark and Greenland writes them.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.sources.formats.netcdf import listed, open_netcdf, reading, values

THING = "station file"
CELSIUS = "degC"
CELSIUS_NAMES = {
    "c",
    "°c",
    "degc",
    "deg_c",
    "degrees_c",
    "degree_c",
    "celsius",
    "degree_celsius",
    "degrees_celsius",
}
KELVIN_NAMES = {"k", "kelvin", "kelvins", "degrees_k", "degree_k"}
ICE_POINT_K = 273.15
# beyond every temperature measured at a station: another unit, or damage
COLDEST_C, WARMEST_C = (-100.0, 70.0)
SECONDS = {
    "second": 1.0,
    "sec": 1.0,
    "s": 1.0,
    "minute": 60.0,
    "min": 60.0,
    "hour": 3600.0,
    "hr": 3600.0,
    "h": 3600.0,
    "day": 86400.0,
}
CALENDARS = {"standard", "gregorian", "proleptic_gregorian"}
YEARS = range(1950, 2201)
HOUR_S = 3600
JITTER_S = 1.0  # by which a stored time may miss its full hour: days as a floating-point number do
POSITIONS = (
    ("lat", "gps_lat", "latitude", 90.0),
    ("lon", "gps_lon", "longitude", 180.0),
    ("alt", "gps_alt", "altitude", 9000.0),
)


@dataclass(frozen=True)
class HourlyRecord:
    """One variable of a station.

    `hours` (hour,) are UTC, datetime64[h], rising; hours without a record are left out. `values`
    (hour,) are float64 in `units`, NaN where missing. `lat`, `lon` are degrees and `alt` m, NaN
    where the file does not tell.
    """

    path: Path
    variable: str
    units: str
    hours: NDArray[np.datetime64]
    values: NDArray[np.float64]
    lat: float
    lon: float
    alt: float


def read_hourly(path: Path, variable: str, units: str = CELSIUS) -> HourlyRecord:
    """Read one variable of a station's file.

    Parameters
    ----------
    units : those of the result; `degC` takes a temperature in degrees Celsius or kelvin, any other
        must be that of the file

    Raises
    ------
    MissingInputError
        No such file, or it lacks the variable.
    FormatError
        It is no NetCDF file, the variable has other units or impossible values, or its time axis is
        not one of full hours.
    """
    with open_netcdf(path, THING) as file, reading(path, THING):
        field = _wanted(file, Path(path), variable)
        found = _in_units(values(field), field, Path(path), units)
        lat, lon, alt = (_position(file, *names) for names in POSITIONS)
        return HourlyRecord(
            Path(path), variable, units, _hours(file, field, Path(path)), found, lat, lon, alt
        )


def _wanted(file: netCDF4.Dataset, path: Path, variable: str) -> "netCDF4.Variable[Any]":
    """The variable, which is on time alone."""
    series = {
        name
        for name, found in file.variables.items()
        if found.ndim == 1 and name not in file.dimensions
    }
    if variable not in file.variables:
        raise MissingInputError(
            f"{THING} {path}: no variable {variable} (found {listed(series)}); set "
            "stations.variable"
        )
    if file.variables[variable].ndim != 1:
        raise ValueError(
            f"{variable} is on {file.variables[variable].dimensions}, expected time alone"
        )
    return file.variables[variable]


def _in_units(
    found: NDArray[np.float64], field: "netCDF4.Variable[Any]", path: Path, units: str
) -> NDArray[np.float64]:
    """Values in the units that are asked for; infinite ones and impossible temperatures are
    refused.
    """
    stated = getattr(field, "units", None)
    word = "_".join(stated.split()).lower() if isinstance(stated, str) else None
    fits = word in CELSIUS_NAMES | KELVIN_NAMES if units == CELSIUS else stated == units
    if not fits:
        expected = "degC or K" if units == CELSIUS else repr(units)
        raise FormatError(
            f"{THING} {path}: variable {field.name} has units {stated!r}, expected {expected}; "
            "set stations.units"
        )
    if units == CELSIUS and word in KELVIN_NAMES:
        found = found - ICE_POINT_K
    known = found[~np.isnan(found)]
    least, most = (
        (COLDEST_C, WARMEST_C)
        if units == CELSIUS
        else (-np.finfo(np.float64).max, np.finfo(np.float64).max)
    )
    if known.size and not (known.min() >= least and known.max() <= most):
        raise ValueError(f"{field.name} goes from {known.min():g} to {known.max():g} {units}")
    return found


def _hours(
    file: netCDF4.Dataset, field: "netCDF4.Variable[Any]", path: Path
) -> NDArray[np.datetime64]:
    """The hour of every value, from the coordinate of the variable's dimension; refused unless full
    hours, mostly one after the other.
    """
    axis = file.variables.get(field.dimensions[0])
    if axis is None or axis.ndim != 1 or " since " not in str(getattr(axis, "units", "")):
        raise FormatError(
            f"{THING} {path}: no time axis of {field.name} with units '... since ...' (found "
            f"{field.dimensions[0]})"
        )
    seconds = _seconds(axis)
    hours = np.rint(seconds / HOUR_S)
    steps = np.diff(hours)
    if (np.abs(seconds - hours * HOUR_S) > JITTER_S).any():
        raise FormatError(
            f"{THING} {path}: {axis.name} is not on full hours; expected the hourly file"
        )
    if (steps <= 0).any():
        raise ValueError(f"{axis.name} does not rise")
    if steps.size and np.median(steps) != 1:
        raise FormatError(
            f"{THING} {path}: {axis.name} goes in steps of {np.median(steps):g} hours; expected "
            "the hourly file"
        )
    found = hours.astype(np.int64).astype("datetime64[h]")
    years = (
        found[[0, -1]].astype("datetime64[Y]").astype(int) + 1970
        if found.size
        else np.array([], int)
    )
    if strange := [int(year) for year in years if year not in YEARS]:
        raise ValueError(f"{axis.name} reaches the year {strange[0]}")
    return found


def _seconds(axis: "netCDF4.Variable[Any]") -> NDArray[np.float64]:
    """Seconds since 1970 of a time axis; ValueError where it cannot be read as such."""
    calendar = str(getattr(axis, "calendar", "standard")).lower()
    if calendar not in CALENDARS:
        raise ValueError(f"{axis.name} has calendar {calendar!r}, expected {listed(CALENDARS)}")
    word = str(axis.units).split()[0].lower()
    scale = SECONDS.get(word) or SECONDS.get(word.removesuffix("s"))
    if scale is None:
        raise ValueError(f"{axis.name} counts {word!r}, expected seconds, minutes, hours or days")
    steps = values(axis)
    if not np.isfinite(steps).all():
        raise ValueError(f"{axis.name}: a step is missing")
    first: Any = np.asarray(netCDF4.num2date(np.zeros(1), axis.units, calendar))[0]
    if first.year not in range(1600, 2201):  # before that the calendars differ
        raise ValueError(f"{axis.name} counts from the year {first.year}")
    zero = np.datetime64(first.isoformat(), "us").astype(np.int64) / 1e6
    return np.asarray(steps * scale + zero)


def _position(
    file: netCDF4.Dataset, filled: str, measured: str, attribute: str, most: float
) -> float:
    """A coordinate as one number, NaN where the file has none: the median of a variable, else an
    attribute.
    """
    for name in (filled, measured):
        if name in file.variables and file.variables[name].ndim <= 1:
            found = values(file.variables[name])
            known = found[np.isfinite(found)]
            if known.size:
                return _checked(float(np.median(known)), name, most)
    stated: Any = getattr(file, attribute, None)
    if isinstance(stated, int | float | np.number) or (
        isinstance(stated, str) and re.fullmatch(r"\s*[-+]?[0-9]+(\.[0-9]*)?\s*", stated)
    ):
        return _checked(float(stated), attribute, most)
    return float("nan")


def _checked(number: float, name: str, most: float) -> float:
    """ValueError where a coordinate is none on Earth."""
    if abs(number) > most:
        raise ValueError(f"{name} is {number:g}, expected at most {most:g}")
    return number
