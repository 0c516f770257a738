"""Passive-microwave brightness temperature: NSIDC-0630 (CETB) versions 1 and 2, 3.125 km, EASE-Grid
2.0 North.

Source: NSIDC-0630 user guide; file headers of v1.3 and v2.0 (nsidc/pmesdr).
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from daymelt.core.errors import FormatError, GridError, MissingInputError, printable
from daymelt.core.grid import same_crs
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

CETB_CRS = "EPSG:6931"
CETB_GRID = "EASE2_N3.125km"
SPACING_M = 3125.0
FIRST_CENTRE_M = -9_000_000 + SPACING_M / 2
CELLS = 5760  # a side of the grid
# packed: fill of every version, missing of version 1; whether or not an attribute says so
NEVER_DATA = (0, 60000)
# the valid range of every version, 50 to 350 K, and one step of its packing
LOWEST_K, HIGHEST_K = (49.99, 350.01)
METRES = frozenset({"m", "meter", "meters", "metre", "metres"})
KELVIN = frozenset({"k", "kelvin"})
EASE_NORTH = {  # what a grid mapping in CF's terms must say, where it says anything
    "grid_mapping_name": "lambert_azimuthal_equal_area",
    "latitude_of_projection_origin": 90.0,
    "longitude_of_projection_origin": 0.0,
    "false_easting": 0.0,
    "false_northing": 0.0,
    "semi_major_axis": 6378137.0,
}

Bounds = tuple[float, float, float, float]

NAMES = (
    re.compile(  # version 1: day of year
        r"(?a)NSIDC-0630-(?P<grid>EASE2_[NST][\d.]+km)-(?P<platform>\w+?)_(?P<sensor>\w+)-(?P<day>\d{7})-(?P<channel>\d+[HV])"
        r"-(?P<pass_>[MEAD])-(?P<algorithm>SIR|GRD)-(?P<processed>\w+)-v(?P<version>\d+\.\d+)\.nc"
    ),
    re.compile(  # version 2: calendar day, stamp of processing
        r"(?a)NSIDC-?0630_(?P<algorithm>SIR|GRD)_(?P<grid>EASE2_[NST][\d.]+km)_(?P<platform>[A-Z0-9]+)_(?P<sensor>\w+)_(?P<pass_>[MEAD])"
        r"_(?P<channel>\d+[HV])_(?P<day>\d{8})(?:_(?P<processed>\d{10}))?_v(?P<version>\d+\.\d+)\.nc"
    ),
)


@dataclass(frozen=True)
class CetbName:
    """What a CETB file name says. `pass_` is M (morning) or E (evening), `version` such as (2,
    0).
    """

    date: dt.date
    platform: str
    sensor: str
    channel: str
    pass_: str
    algorithm: str
    grid: str
    version: tuple[int, ...]
    processed: str


@dataclass(frozen=True)
class CetbWindow:
    """Cells of the EASE-Grid that a file holds within some bounds: centres in m, x ascending, y
    descending, and where they are stored.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    crs: str = CETB_CRS


def parse_name(path: Path) -> CetbName:
    """Read a CETB file name of version 1 or 2.

    Raises
    ------
    FormatError
        It is neither.
    """
    found = next(
        (match for pattern in NAMES if (match := pattern.fullmatch(Path(path).name))), None
    )
    if found is None:
        raise FormatError(
            f"CETB file {printable(path)}: not the name of an NSIDC-0630 file of version 1 or 2; "
            "leave it out"
        )
    stamp = "%Y%j" if len(found["day"]) == 7 else "%Y%m%d"
    try:
        date = dt.datetime.strptime(found["day"], stamp).date()
        possible = f"{date:{stamp}}" == found["day"]  # strptime takes day 366 of any year
    except ValueError:
        possible = False
    if not possible:
        raise FormatError(
            f"CETB file {path}: {found['day']} is no day of the calendar; leave it out"
        )
    version = tuple(int(number) for number in found["version"].split("."))
    same = {
        key: found[key] for key in ("platform", "sensor", "channel", "pass_", "algorithm", "grid")
    }
    return CetbName(date=date, version=version, processed=found["processed"] or "", **same)


def find_days(
    paths: Iterable[Path],
    platform: str,
    channel: str,
    pass_: str,
    fallback_platforms: Sequence[str] = (),
) -> dict[dt.date, Path]:
    """The enhanced-resolution file of each day, one channel and pass, in order of date.

    A day of `platform` stands before one of the fallbacks, which stand in their order; then version
    2 before version 1, then the newest processing. Other platforms, channels, passes, grids and
    files that are not NetCDF are passed over; a day without a file is simply absent.
    """
    platforms = (platform, *fallback_platforms)
    best: dict[dt.date, tuple[tuple[int, tuple[int, ...], str], Path]] = {}
    for path in (Path(path) for path in paths if Path(path).suffix == ".nc"):
        name = parse_name(path)
        if (name.channel, name.pass_, name.algorithm, name.grid) != (
            channel,
            pass_,
            "SIR",
            CETB_GRID,
        ) or name.platform not in platforms:
            continue
        rank = -platforms.index(name.platform), name.version, name.processed
        if name.date not in best or best[name.date][0] < rank:
            best[name.date] = rank, path
    return {date: best[date][1] for date in sorted(best)}


def read_window(path: Path, bounds: Bounds | None = None) -> CetbWindow:
    """The cells whose centres lie within `bounds` (left, bottom, right, top; EPSG:6931, m), or all
    of the file's.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is not on the 3.125 km EASE-Grid 2.0 North.
    GridError
        No cell of the file lies within the bounds.
    """
    with open_netcdf(path, "CETB file") as file, reading(path, "CETB file"):
        return _window(file, path, bounds)


def read_tb(
    path: Path, bounds: Bounds | None, channel: str
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Brightness temperature of one file within some bounds.

    Cells without an observation are NaN, and so is a whole day that has none: that is data, not an
    error.

    Parameters
    ----------
    bounds : (left, bottom, right, top), EPSG:6931, m; None for the whole file
    channel : what the file must hold, such as `37H`

    Returns
    -------
    tb : float32 (y, x), K
    x, y : centres, m; x ascending, y descending, whichever way the file has them

    Raises
    ------
    MissingInputError, FormatError, GridError
        As `read_window`; also where the file has no TB, or another channel.
    """
    with open_netcdf(path, "CETB file") as file, reading(path, "CETB file"):
        window = _window(file, path, bounds)
        variable = _brightness(file, path, channel)
        _check_day(file, path)
        stored = _take(variable, window)
        return _kelvin(stored, variable), window.x, window.y


def _window(file: netCDF4.Dataset, path: Path, bounds: Bounds | None) -> CetbWindow:
    _check_crs(file, path)
    left, bottom, right, top = bounds or (-np.inf, -np.inf, np.inf, np.inf)
    columns, x = _axis(file, path, "x", left, right)
    rows, y = _axis(file, path, "y", bottom, top)
    if not (x.size and y.size):
        ends = [float(file.variables[name][index]) for name in "xy" for index in (0, -1)]
        found = f"x {ends[0]:g} to {ends[1]:g}, y {ends[2]:g} to {ends[3]:g}"
        raise GridError(
            f"CETB file {path}: no cell within {bounds} (its centres: {found}); choose a file "
            "that covers the area"
        )
    return CetbWindow(x, y[::-1], columns, rows[::-1])


def _axis(
    file: netCDF4.Dataset, path: Path, name: str, least: float, most: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices and centres, ascending, within [least, most]. The axis is the truth: some v2 headers
    carry a wrong GeoTransform.
    """
    axis = file.variables.get(name)
    if axis is None or axis.dimensions != (name,) or not 0 < axis.size <= CELLS:
        raise FormatError(
            f"CETB file {path}: no axis {name} (found {listed(file.variables)}); retrieve it again"
        )
    one_of(axis, "units", METRES)
    centres = values(axis)
    if not _on_the_grid(centres):
        step = abs(float(centres[1] - centres[0])) if centres.size > 1 else float("nan")
        found = f"{name} of {step:g} m spacing from {centres[0]:.10g} m"
        raise FormatError(
            f"CETB file {path}: {found}, expected the 3125 m cells of {CETB_GRID}; choose a file "
            "of that grid"
        )
    order = np.argsort(centres)
    kept = order[(centres[order] >= least) & (centres[order] <= most)]
    return kept, centres[kept]


def _on_the_grid(centres: NDArray[np.float64]) -> bool:
    """True where centres are those of neighbouring cells, in either direction."""
    cells = (centres - FIRST_CENTRE_M) / SPACING_M
    steps = np.diff(cells)
    whole = np.abs(cells - np.rint(cells)) < 1e-3
    even = np.abs(steps - np.sign(steps[:1])) < 1e-3
    within = (cells > -0.5) & (cells < CELLS - 0.5)
    return bool(
        whole.all() and even.all() and within.all() and (steps.size == 0 or abs(steps[0]) > 0.5)
    )


def _check_crs(file: netCDF4.Dataset, path: Path) -> None:
    mapping = file.variables.get(str(getattr(file.variables.get("TB"), "grid_mapping", "crs")))
    if mapping is None or not _says_ease_north(mapping):
        found = getattr(mapping, "srid", None) or getattr(mapping, "long_name", None) or "none"
        raise FormatError(
            f"CETB file {path}: crs {printable(str(found))}, expected {CETB_CRS}; choose a file "
            "of the northern EASE-Grid 2.0"
        )


def _says_ease_north(mapping: "netCDF4.Variable[Any]") -> bool:
    """True where a grid mapping says EASE-Grid 2.0 North in at least one way, and nothing else in
    any other.
    """
    told = {key: mapping.getncattr(key) for key in mapping.ncattrs()}
    described = [str(told[key]) for key in ("crs_wkt", "proj4text") if told.get(key)]
    if not described or not all(_is_ease_north(text) for text in described):
        return False
    srid = str(told.get("srid", CETB_CRS))
    return srid.endswith(CETB_CRS[-4:]) and all(
        _equal(told.get(key, value), value) for key, value in EASE_NORTH.items()
    )


def _equal(found: Any, expected: Any) -> bool:
    return bool(np.all(np.asarray(found) == np.asarray(expected)))


@lru_cache(maxsize=16)
def _is_ease_north(described: str) -> bool:
    try:
        return same_crs(described, CETB_CRS) or CRS(described).to_epsg() == 6931
    except CRSError:
        return False


def _brightness(file: netCDF4.Dataset, path: Path, channel: str) -> "netCDF4.Variable[Any]":
    variable = file.variables.get("TB")
    if variable is None:
        raise MissingInputError(
            f"CETB file {path}: no variable TB (found {listed(file.variables)}); retrieve it again"
        )
    found = getattr(variable, "frequency_and_polarization", None)
    found = parse_name(path).channel if found is None else str(found)
    if found != channel:
        named = printable(found) or "unnamed"
        raise FormatError(
            f"CETB file {path}: TB is channel {named}, expected {channel}; choose a file of it "
            "or set microwave.channel"
        )
    if (
        variable.dimensions[-2:] != ("y", "x")
        or variable.size != variable.shape[-2] * variable.shape[-1]
    ):
        shape = ", ".join(
            f"{printable(name)} {size}"
            for name, size in zip(variable.dimensions, variable.shape, strict=True)
        )
        raise FormatError(
            f"CETB file {path}: TB is ({shape}), expected (time 1, y, x); retrieve it again"
        )
    one_of(variable, "units", KELVIN)
    return variable


def _check_day(file: netCDF4.Dataset, path: Path) -> None:
    """FormatError where the time in a file is not the day of its name: a renamed or mixed-up
    file.
    """
    time = file.variables.get("time")
    if time is None:
        return
    units, calendar = str(getattr(time, "units", "")), str(getattr(time, "calendar", "standard"))
    moment = np.atleast_1d(np.asarray(netCDF4.num2date(values(time), units, calendar)))[0]
    found, expected = (moment.year, moment.month, moment.day), parse_name(path).date
    if found != (expected.year, expected.month, expected.day):
        raise FormatError(
            f"CETB file {path}: its time is {moment}, its name says {expected}; retrieve it again"
        )


def _take(variable: "netCDF4.Variable[Any]", window: CetbWindow) -> NDArray[Any]:
    """Stored numbers (y, x) of a window, read as one block: fancy indexing would read row by
    row.
    """
    rows, columns = window.rows, window.columns
    leading = (0,) * (variable.ndim - 2)
    block = stored_numbers(
        variable,
        (*leading, slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)),
    )
    return block[np.ix_(rows - rows.min(), columns - columns.min())]


def _kelvin(stored: NDArray[Any], variable: "netCDF4.Variable[Any]") -> NDArray[np.float32]:
    """Brightness temperature of stored numbers; ValueError where it is none, which tells a wrong
    packing.
    """
    tb = np.where(np.isin(stored, NEVER_DATA), np.nan, unpack(stored, packing(variable)))
    known = tb[~np.isnan(tb)]
    if known.size and not (known.min() >= LOWEST_K and known.max() <= HIGHEST_K):
        raise ValueError(
            f"TB of {known.min():g} to {known.max():g} K, expected {LOWEST_K:g} to {HIGHEST_K:g} K"
        )
    return tb.astype(np.float32)
