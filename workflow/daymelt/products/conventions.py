"""Attributes of the cube and of the files of a season: CF, and the conventions of GeoZarr.

Sources: CF 1.11, https://cfconventions.org; the Zarr conventions `proj:` and `spatial:`,
https://github.com/zarr-conventions.
"""

import datetime as dt
import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from daymelt.core.dates import EPOCH
from daymelt.core.encoding import NEVER_SEEN, NO_MELT, PERCENT, Encoding
from daymelt.core.grid import Grid

CF_VERSION = "CF-1.11"
# (time, y, x) of a chunk. A map of a day reads 16 days, the curve of a cell in a season 12 chunks;
# measured beside others by benchmarks/chunks.py
CHUNK = (16, 128, 128)
Read = Callable[[str, dt.date], NDArray[np.generic]]
"""Stored numbers (y, x) of a layer on a day."""
GRID_MAPPING = "crs"
TIME = {
    "standard_name": "time",
    "long_name": "UTC day",
    "units": f"days since {EPOCH}",
    "calendar": "standard",
    "units_metadata": "leap_seconds: none",
    "axis": "T",
}
# a reader takes the unit `days` of a variable for a time span, and would give no numbers
UNITS = {"days": "day"}
SEASON = {"long_name": "year of the melt season", "units": "1"}
# layers that say how sure another one is
ANCILLARY = {
    "melt": ("melt_low", "melt_high", "sar_age"),
    "onset": ("onset_earliest", "onset_latest", "observed"),
    "end": ("end_earliest", "end_latest", "observed"),
    "longest_gap": ("observed",),
    "melt_days": ("melt_days_low", "melt_days_high", "observed"),
    "melt_sum": ("melt_sum_low", "melt_sum_high", "observed"),
}
ASIDE = {NEVER_SEEN: "never_observed", NO_MELT: "no_lasting_melt"}  # numbers that measure nothing
CONVENTIONS = (
    {
        "schema_url": "https://raw.githubusercontent.com/zarr-conventions/geo-proj/refs/tags/v1/"
        "schema.json",
        "spec_url": "https://github.com/zarr-conventions/geo-proj/blob/v1/README.md",
        "uuid": "f17cb550-5864-4468-aeb7-f3180cfb622f",
        "name": "proj:",
        "description": "Coordinate reference system information for geospatial data",
    },
    {
        "schema_url": "https://raw.githubusercontent.com/zarr-conventions/spatial/refs/tags/v1/"
        "schema.json",
        "spec_url": "https://github.com/zarr-conventions/spatial/blob/v1/README.md",
        "uuid": "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4",
        "name": "spatial:",
        "description": "Spatial coordinate information",
    },
)


def axis(name: str) -> dict[str, str]:
    """Attributes of the coordinate `x` or `y`: centres of the cells, m."""
    return {
        "standard_name": f"projection_{name}_coordinate",
        "long_name": f"{name} of the centre of the cell",
        "units": "m",
        "axis": name.upper(),
    }


def grid_mapping(grid: Grid) -> dict[str, Any]:
    """Attributes of the variable that holds the crs, with those that GDAL reads beside CF's."""
    crs = CRS(grid.crs)
    found = {name: value for name, value in crs.to_cf().items() if value is not None}
    if found.get("grid_mapping_name") == "polar_stereographic":  # CF asks for the pole too
        pole = math.copysign(90.0, found.get("standard_parallel", 90.0))
        found.setdefault("latitude_of_projection_origin", pole)
    return {
        **found,
        "spatial_ref": crs.to_wkt(),
        "GeoTransform": " ".join(repr(float(number)) for number in grid.geotransform),
    }


def layer(name: str, encoding: Encoding, layers: Collection[str]) -> dict[str, Any]:
    """Attributes of a layer beside its scale and fill value; the numbers in them are stored ones.

    Parameters
    ----------
    name : of the layer
    layers : all layers of the file
    """
    attributes: dict[str, Any] = {
        "long_name": encoding.long_name,
        "units": UNITS.get(encoding.units, encoding.units),
        "grid_mapping": GRID_MAPPING,
    }
    if encoding.highest is not None:
        signed = np.dtype(encoding.dtype).kind == "i"
        attributes["valid_range"] = [-encoding.highest if signed else 0, encoding.highest]
    if encoding.name == PERCENT.name:
        attributes["cell_methods"] = "area: mean"
    if encoding.aside is not None:
        attributes |= {"flag_values": [encoding.aside], "flag_meanings": ASIDE[encoding.aside]}
    beside = [other for other in ANCILLARY.get(name, ()) if other in layers]
    if beside:
        attributes["ancillary_variables"] = " ".join(beside)
    return attributes


def geozarr(grid: Grid) -> dict[str, Any]:
    """Attributes of a group whose arrays lie on a grid."""
    crs = CRS(grid.crs)
    left, spacing, _, top, _, _ = grid.geotransform
    authority = crs.to_authority()
    code = {"proj:code": ":".join(authority)} if authority else {}
    return {
        "zarr_conventions": [dict(convention) for convention in CONVENTIONS],
        **code,
        "proj:wkt2": crs.to_wkt(),
        "spatial:dimensions": ["y", "x"],
        "spatial:shape": list(grid.shape),
        "spatial:transform": [spacing, 0.0, left, 0.0, -spacing, top],
        "spatial:bbox": list(grid.bounds),
        "spatial:registration": "pixel",
    }


def about(what: str, software: str, model: str, inputs: str) -> dict[str, str]:
    """Attributes of a file or group as a whole.

    Parameters
    ----------
    what : area, and season of a file of one
    software : name and version
    model, inputs : checksum of the model, digest of the inputs
    """
    return {
        "Conventions": CF_VERSION,
        "title": f"Daily melting share of the surface, {what}",
        "institution": "daymelt",
        "source": f"{software}; model {model}; inputs {inputs}",
        "history": f"daily maps put together by {software.split()[0]}",
        "references": "https://arxiv.org/abs/2512.12142",
        "comment": "Ocean and cells without data are no data. Model output, not observations.",
    }
