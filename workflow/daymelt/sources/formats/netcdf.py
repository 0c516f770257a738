"""Provider NetCDF files: opened with one-line errors, numbers as their attributes say, missing
values as NaN.

Every attribute that changes what a number means is honoured, or refused where it makes no sense;
none is passed over.

Source: CF conventions 1.11, section 2.5.1 and 8.1; NetCDF attribute conventions.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import DaymeltError, FormatError, MissingInputError, cause_of, printable
from daymelt.sources.formats.hdf5 import check_opens
from daymelt.sources.formats.netcdf_length import check_length

# values read at once: four times the largest grid of any source; beyond it a header is damaged
LARGEST = 2**27

# What the NetCDF library and numpy raise over a damaged file. Inside `reading` also what our own
# checks of its numbers raise.
FAULTS = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    KeyError,
    OverflowError,
    MemoryError,
)


@contextmanager
def open_netcdf(path: Path, thing: str) -> Iterator[netCDF4.Dataset]:
    """Open a provider's file with its numbers as stored; `thing` names it in messages (`MAR file`).

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        It is no NetCDF file, or is cut short.
    """
    if not Path(path).is_file():
        raise MissingInputError(f"{thing} {path}: not found; retrieve it again")
    with reading(path, thing):
        check_length(path)
        check_opens(path)
        file = netCDF4.Dataset(path)
        file.set_auto_maskandscale(False)
    with file:
        yield file


@contextmanager
def reading(path: Path, thing: str) -> Iterator[None]:
    """Tell in one line what cannot be read. Only reads go inside: a caller's own OSError, a full
    disk say, must stay what it is.
    """
    try:
        yield
    except DaymeltError:
        raise
    except FAULTS as error:
        reason = cause_of(error)
        raise FormatError(
            f"{thing} {path}: not a whole readable NetCDF file ({reason}); delete it and "
            "retrieve it again"
        ) from error


def listed(names: Any) -> str:
    """Names for a message, in order and on one line, whatever a damaged file calls its
    variables.
    """
    return printable(", ".join(sorted(names))) or "none"


@dataclass(frozen=True)
class Packing:
    """What stored numbers of a variable mean: `value = stored * scale + offset` unless `missing` or
    outside `least` to `most`.
    """

    scale: float
    offset: float
    missing: tuple[float, ...]
    least: float
    most: float
    unsigned: bool  # signed in the file, to be read as unsigned


def values(variable: "netCDF4.Variable[Any]", index: Any = ...) -> NDArray[np.float64]:
    """Physical values of a part of a variable, NaN where missing.

    Raises
    ------
    ValueError
        The variable holds no numbers, its attributes are no packing, or the part is larger than any
        source is.
    """
    return unpack(stored_numbers(variable, index), packing(variable))


def stored_numbers(variable: "netCDF4.Variable[Any]", index: Any = ...) -> NDArray[Any]:
    """Numbers of a part of a variable as stored; ValueError where it holds none or too many."""
    if np.dtype(variable.dtype).kind not in "iuf":
        raise ValueError(f"{variable.name} is of type {variable.dtype}, expected numbers")
    wanted = index if isinstance(index, tuple) else (slice(None),) * variable.ndim
    lengths = [
        len(range(*index.indices(size)))
        for index, size in zip(wanted, variable.shape, strict=True)
        if isinstance(index, slice)
    ]
    if math.prod(lengths) > LARGEST:
        raise ValueError(
            f"{variable.name} has {math.prod(lengths)} values, expected at most {LARGEST}"
        )
    return np.asarray(variable[index])


def packing(variable: "netCDF4.Variable[Any]") -> Packing:
    """The packing that the attributes of a variable state; ValueError where they make no sense."""
    scale, offset = (
        _number(variable, name, default)
        for name, default in (("scale_factor", 1.0), ("add_offset", 0.0))
    )
    if scale == 0:
        raise ValueError(f"{variable.name} has scale_factor 0")
    least, most = _limits(variable)
    return Packing(scale, offset, _missing_values(variable), least, most, _unsigned(variable))


def unpack(stored: NDArray[Any], packed: Packing) -> NDArray[np.float64]:
    """Physical values of stored numbers (any shape), NaN where missing."""
    if packed.unsigned:
        stored = stored.view(stored.dtype.str.replace("i", "u"))
    with np.errstate(invalid="ignore", over="ignore"):
        missing = (stored < packed.least) | (stored > packed.most)
        for value in packed.missing:
            missing |= _equal(stored, value)
        return np.where(missing, np.nan, stored.astype(np.float64) * packed.scale + packed.offset)


def one_of(variable: "netCDF4.Variable[Any]", name: str, expected: frozenset[str]) -> None:
    """ValueError unless an attribute is one of some words."""
    found = getattr(variable, name, None)
    if not isinstance(found, str) or found.strip().lower() not in expected:
        raise ValueError(f"{variable.name} has {name} {found!r}, expected {listed(expected)}")


def _equal(stored: NDArray[Any], value: float) -> NDArray[np.bool_]:
    """Where stored numbers are a fill value. A float32 variable may state it as a double, so that
    it must be rounded first.
    """
    return np.asarray(stored == (stored.dtype.type(value) if stored.dtype.kind == "f" else value))


def _missing_values(variable: "netCDF4.Variable[Any]") -> tuple[float, ...]:
    given = [_numbers(variable, name) for name in ("_FillValue", "missing_value")]
    # the library's own fill of cells that were never written
    if not given[0] and np.dtype(variable.dtype).itemsize > 1:
        given[0] = [float(netCDF4.default_fillvals[np.dtype(variable.dtype).str[1:]])]
    if _unsigned(variable):
        modulus = 2.0 ** (8 * np.dtype(variable.dtype).itemsize)
        given = [[value % modulus for value in found] for found in given]
    return tuple(value for found in given for value in found)


def _limits(variable: "netCDF4.Variable[Any]") -> tuple[float, float]:
    """Least and most stored number that is valid: within `valid_range`, `valid_min` and
    `valid_max`, whichever of them are given.
    """
    both = _numbers(variable, "valid_range") or [-math.inf, math.inf]
    if len(both) != 2:
        raise ValueError(f"{variable.name} has a valid_range of {len(both)} numbers, expected 2")
    edges = [
        *both,
        _number(variable, "valid_min", -math.inf, -math.inf),
        _number(variable, "valid_max", math.inf, math.inf),
    ]
    if _unsigned(variable):
        modulus = 2.0 ** (8 * np.dtype(variable.dtype).itemsize)
        edges = [edge % modulus if math.isfinite(edge) else edge for edge in edges]
    least, most = max(edges[0], edges[2]), min(edges[1], edges[3])
    if not least < most:
        raise ValueError(f"{variable.name} is valid from {least:g} to {most:g}, which is nothing")
    return least, most


def _unsigned(variable: "netCDF4.Variable[Any]") -> bool:
    found = getattr(variable, "_Unsigned", None)
    if found is None:
        return False
    signed = np.dtype(variable.dtype).kind
    if (
        str(found).lower() not in ("true", "false")
        or signed == "f"
        or (str(found).lower() == "false" and signed == "u")
    ):
        raise ValueError(f"{variable.name} has _Unsigned {found!r}, its type is {variable.dtype}")
    return str(found).lower() == "true" and signed == "i"


def _number(
    variable: "netCDF4.Variable[Any]", name: str, default: float, unbounded: float | None = None
) -> float:
    """One finite number of an attribute, `default` where there is none."""
    found = _numbers(variable, name)
    if not found:
        return default
    if len(found) != 1 or not (math.isfinite(found[0]) or found[0] == unbounded):
        raise ValueError(f"{variable.name} has {name} {found}, expected one number")
    return found[0]


def _numbers(variable: "netCDF4.Variable[Any]", name: str) -> list[float]:
    """Numbers of an attribute, none where it is absent; ValueError where it holds anything else."""
    if name not in variable.ncattrs():
        return []
    found = np.atleast_1d(np.asarray(variable.getncattr(name)))
    if found.dtype.kind not in "iuf" or found.ndim != 1 or not found.size:
        raise ValueError(f"{variable.name} has {name} {found.tolist()!r}, expected numbers")
    return [float(number) for number in found]
