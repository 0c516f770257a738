"""Named polygons of a vector file (GeoPackage, Shapefile, GeoJSON and what else GDAL reads), on the
crs of a grid.

A polygon that touches itself in a point, as outlines of raster cells do, is taken apart there; one
that crosses itself has no certain inside and is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError
from shapely.errors import ShapelyError

from daymelt.core.errors import DaymeltError, FormatError, MissingInputError, cause_of, one_line
from daymelt.core.grid import Grid, same_crs, transformer

EARTH_M = 6.37e6  # radius, m
SAME_AREA = 1e-9  # relative difference up to which a polygon taken apart has the area it had
POLYGONS = ("Polygon", "MultiPolygon")
LIBRARY_ERRORS = (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError)


@dataclass(frozen=True)
class Region:
    """A polygon of shapely by its name, and the share of its area that lies in the grid."""

    name: str
    polygon: Any
    inside: float


def read_regions(path: Path, field: str, crs: str | None, grid: Grid) -> list[Region]:
    """The polygons of a file in the crs of a grid, cut at its edges.

    Parameters
    ----------
    field : field of the names
    crs : of a file that states none

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        The file is not readable, has no features, no crs, no such field, a name twice, a geometry
        that is no polygon or crosses itself, or one outside the grid.
    """
    if not path.exists():
        raise MissingInputError(f"region file {path}: not found; expected a vector file")
    with readable(path):
        layer = layer_of(path)
        about = pyogrio.read_info(path, layer=layer)
        check_about(path, about, field)
        _, _, stored, columns = pyogrio.raw.read(path, layer=layer, columns=[field])
        geometries = shapely.force_2d(shapely.from_wkb(stored))
    names = region_names(path, field, columns[0])
    stated = crs_of(path, about["crs"], crs)
    for name, geometry in zip(names, geometries, strict=True):
        check_polygon(path, name, geometry)
    whole = [whole_polygon(path, *pair) for pair in zip(names, geometries, strict=True)]
    placed = [
        in_grid_crs(path, name, polygon, stated, grid)
        for name, polygon in zip(names, whole, strict=True)
    ]
    return [cut(path, name, polygon, grid) for name, polygon in zip(names, placed, strict=True)]


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the libraries say of a damaged file into a FormatError of one line."""
    try:
        yield
    except DaymeltError:
        raise
    except (*LIBRARY_ERRORS, ShapelyError, OSError, ValueError) as error:
        raise FormatError(
            f"region file {path}: not readable ({cause_of(error)}); expected a vector file such as "
            "a GeoPackage, a Shapefile or GeoJSON"
        ) from None


def layer_of(path: Path) -> str:
    """The one layer of a file that has geometries."""
    found = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if len(found) != 1:
        shown = one_line(", ".join(found) or "none")
        raise FormatError(
            f"region file {path}: layers with geometries {shown}; expected one; write the wanted "
            "layer to a file of its own"
        )
    return found[0]


def check_about(path: Path, about: Mapping[str, Any], field: str) -> None:
    """FormatError where a layer has no features or no such field."""
    if not about["features"]:
        raise FormatError(f"region file {path}: no features; expected polygons")
    if field not in about["fields"]:
        shown = one_line(", ".join(about["fields"]) or "none")
        raise FormatError(
            f"region file {path}: no field {field!r} (found {shown}); set regions.name_field to "
            "the field of the names"
        )


def region_names(path: Path, field: str, values: Sequence[Any]) -> list[str]:
    """The names of the features as text, each once and none empty."""
    names = ["" if value is None or value != value else one_line(value) for value in values]
    for name in names:
        if not name:
            raise FormatError(f"region file {path}: a feature without {field}; name every region")
        if names.count(name) > 1:
            raise FormatError(
                f"region file {path}: {names.count(name)} regions with the {field} {name!r}; "
                "expected each name once; merge or rename them"
            )
    return names


def crs_of(path: Path, stated: str | None, given: str | None) -> str:
    """The crs of a file: what it states, or what is given for a file that states none."""
    crs = stated or given
    if crs is None:
        raise FormatError(
            f"region file {path}: states no crs; set regions.crs to its crs, such as EPSG:3413"
        )
    try:
        return str(CRS(crs).to_wkt())
    except CRSError:
        raise FormatError(
            f"region file {path}: crs {one_line(crs, 60)!r} unknown to PROJ; expected one such as "
            "EPSG:3413"
        ) from None


def check_polygon(path: Path, name: str, geometry: Any) -> None:
    """FormatError where a geometry is empty or no polygon."""
    kind = "no geometry" if geometry is None else geometry.geom_type
    if kind not in POLYGONS:
        raise FormatError(f"region file {path}: {name!r} is {kind}; expected a polygon")
    if geometry.is_empty:
        raise FormatError(f"region file {path}: {name!r} is empty; expected a polygon")


def whole_polygon(path: Path, name: str, geometry: Any) -> Any:
    """A polygon taken apart where it touches itself; FormatError where it crosses itself."""
    if shapely.is_valid(geometry):
        return geometry
    mended = shapely.make_valid(geometry)
    if abs(mended.area - geometry.area) > SAME_AREA * geometry.area:
        raise FormatError(
            f"region file {path}: {name!r} crosses itself ({shapely.is_valid_reason(geometry)}); "
            "mend its outline, such as with the tool Fix geometries of QGIS"
        )
    return mended


def in_grid_crs(path: Path, name: str, polygon: Any, crs: str, grid: Grid) -> Any:
    """A polygon in the crs of a grid; edges that are straight in its own crs are followed to a
    cell.
    """
    if same_crs(crs, grid.crs):
        return polygon
    dense = shapely.segmentize(polygon, cell_in(crs, grid))
    try:
        moved = shapely.transform(
            dense, transformer(crs, grid.crs).transform, include_z=False, interleaved=False
        )
    except (ProjError, ShapelyError) as error:
        raise FormatError(
            f"region file {path}: {name!r} has no place in {one_line(grid.crs, 60)} "
            f"({cause_of(error)}); check the crs of the file"
        ) from None
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise FormatError(
            f"region file {path}: {name!r} has no place in {one_line(grid.crs, 60)}; check the crs "
            "of the file"
        )
    return moved if shapely.is_valid(moved) else shapely.make_valid(moved)


def cell_in(crs: str, grid: Grid) -> float:
    """About the side of a cell in the units of another crs."""
    found = CRS(crs)
    factor: float = found.axis_info[0].unit_conversion_factor
    return grid.spacing_m / (factor * (EARTH_M if found.is_geographic else 1))


def cut(path: Path, name: str, polygon: Any, grid: Grid) -> Region:
    """The part of a polygon within a grid; FormatError where there is none."""
    part = shapely.intersection(polygon, shapely.box(*grid.bounds))
    if not part.area > 0:
        west, south, east, north = (f"{edge:.0f}" for edge in polygon.bounds)
        raise FormatError(
            f"region file {path}: {name!r} lies outside the area, at x {west} to {east}, y {south} "
            f"to {north} in its crs; expected a region within {grid.bounds}"
        )
    return Region(name, part, float(part.area / polygon.area))
