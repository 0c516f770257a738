"""Provider NetCDF files: opened with one-line errors, numbers as stored, missing values as NaN."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from daymelt.errors import DaymeltError, FormatError, MissingInputError


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
        file = netCDF4.Dataset(path)
    with file:
        file.set_auto_maskandscale(False)
        yield file


@contextmanager
def reading(path: Path, thing: str) -> Iterator[None]:
    """Tell in one line what HDF5 cannot read. Only reads go inside: a caller's own OSError, a full disk say, must stay what it is."""
    try:
        yield
    except DaymeltError:
        raise
    except (OSError, RuntimeError) as error:  # HDF5 tells of a cut file by either
        raise FormatError(f"{thing} {path}: not a whole readable NetCDF file ({error}); delete it and retrieve it again") from error


def listed(names: Any) -> str:
    """Names for a message, in order."""
    return ", ".join(sorted(names)) or "none"


def fill_values(variable: "netCDF4.Variable[Any]") -> list[float]:
    """The numbers by which a variable says that it has none: `_FillValue` and `missing_value`."""
    attributes = [getattr(variable, name, None) for name in ("_FillValue", "missing_value")]
    return [float(value) for value in attributes if value is not None]


def is_fill(stored: NDArray[Any], variable: "netCDF4.Variable[Any]") -> NDArray[np.bool_]:
    """True where stored numbers mean no data: equal to a fill value, or NaN."""
    missing = np.isnan(stored) if stored.dtype.kind == "f" else np.zeros(stored.shape, np.bool_)
    for value in fill_values(variable):
        missing |= stored == np.asarray(value).astype(stored.dtype)
    return np.asarray(missing)
