"""A north-up raster grid: where the cells of a field lie.

Source of the conventions: cell centres half a spacing inside the edges, rows counted from the top,
bounds as (left, bottom, right, top). Any projected crs works.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from daymelt.core.errors import GridError


@dataclass(frozen=True)
class Grid:
    """A north-up grid of square cells.

    Parameters
    ----------
    crs : anything that pyproj reads (`EPSG:3413`, WKT, PROJ)
    spacing_m : side of a cell, in units of the crs (metres)
    left, top : outer edges of the first column and the first row, in units of the crs
    rows, columns : number of cells
    """

    crs: str
    spacing_m: float
    left: float
    top: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1:
            raise GridError(
                f"grid of {self.rows} rows and {self.columns} columns: both must be at least 1"
            )
        if not self.spacing_m > 0:
            raise GridError(f"grid spacing {self.spacing_m} m: must be above 0")
        check_crs(self.crs)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def right(self) -> float:
        """Outer edge of the last column."""
        return self.left + self.columns * self.spacing_m

    @property
    def bottom(self) -> float:
        """Outer edge of the last row."""
        return self.top - self.rows * self.spacing_m

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top)."""
        return self.left, self.bottom, self.right, self.top

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """GDAL's six numbers: left, spacing, 0, top, 0, -spacing."""
        return self.left, self.spacing_m, 0.0, self.top, 0.0, -self.spacing_m

    @property
    def cell_km2(self) -> float:
        """Area of a cell on the map, km²; see `true_area_km2` for its area on the ground."""
        return (self.spacing_m / 1000) ** 2

    @property
    def x(self) -> NDArray[np.float64]:
        """Centres of the columns, left to right."""
        return self.left + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.spacing_m

    @property
    def y(self) -> NDArray[np.float64]:
        """Centres of the rows, top to bottom (descending)."""
        return self.top - (np.arange(self.rows, dtype=np.float64) + 0.5) * self.spacing_m

    def refine(self, spacing_m: float) -> "Grid":
        """The grid of another spacing from the same corner that covers this one: its last row and
        column may reach beyond.
        """
        return Grid(
            self.crs,
            spacing_m,
            self.left,
            self.top,
            math.ceil(self.rows * self.spacing_m / spacing_m - 1e-9),
            math.ceil(self.columns * self.spacing_m / spacing_m - 1e-9),
        )

    def expand(self, cells: int) -> "Grid":
        """The same grid with `cells` more cells on every side."""
        return Grid(
            self.crs,
            self.spacing_m,
            self.left - cells * self.spacing_m,
            self.top + cells * self.spacing_m,
            self.rows + 2 * cells,
            self.columns + 2 * cells,
        )

    def posting(self, spacing_m: float) -> "Grid":
        """The coarse grid that carries smooth fields for this one: `spacing_m` apart, one cell
        beyond each edge.

        The margin is what lets a field be interpolated linearly up to the outermost cell centre of
        this grid.
        """
        return self.refine(spacing_m).expand(1)

    def centres_in(self, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates (x, y) of every cell centre in another crs, each (y, x)."""
        columns, rows = np.meshgrid(self.x, self.y)
        x, y = transformer(self.crs, crs).transform(columns, rows)
        return np.asarray(x), np.asarray(y)

    def points_in(
        self, x: NDArray[np.float64], y: NDArray[np.float64], crs: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of this grid's crs, (point,) each, in another crs."""
        there = transformer(self.crs, crs).transform(x, y)
        return np.asarray(there[0]), np.asarray(there[1])

    def lonlat(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude (degrees, WGS84) of every cell centre, each (y, x)."""
        return self.centres_in("EPSG:4326")

    def cell_at(self, lon: float, lat: float) -> tuple[int, int] | None:
        """Row and column of the cell that holds a place (degrees, WGS84); None outside the grid."""
        x, y = transformer("EPSG:4326", self.crs).transform(lon, lat)
        if not (
            self.left <= x < self.right and self.bottom < y <= self.top
        ):  # infinite where the projection ends
            return None
        row, column = int((self.top - y) / self.spacing_m), int((x - self.left) / self.spacing_m)
        return min(row, self.rows - 1), min(column, self.columns - 1)

    def window_of(self, inner: "Grid") -> tuple[int, int]:
        """Row and column of this grid at which `inner` begins; GridError where it does not lie cell
        on cell within.
        """
        row, column = (
            (self.top - inner.top) / self.spacing_m,
            (inner.left - self.left) / self.spacing_m,
        )
        nested = abs(row - round(row)) < 1e-6 and abs(column - round(column)) < 1e-6
        within = (
            0 <= round(row) <= self.rows - inner.rows
            and 0 <= round(column) <= self.columns - inner.columns
        )
        if not (
            nested
            and within
            and self.spacing_m == inner.spacing_m
            and same_crs(self.crs, inner.crs)
        ):
            found, expected = (
                f"{inner.bounds} at {inner.spacing_m} m",
                f"{self.bounds} at {self.spacing_m} m",
            )
            raise GridError(f"grid {found} does not lie cell on cell within {expected}")
        return round(row), round(column)

    def cells_of(self, finer: "Grid") -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Open index (rows, columns) into a field of this grid that gives, for each cell of
        `finer`, the cell its centre lies in.

        Centres beyond the edge, as the last row of a finer grid that does not nest may have, take
        the outermost cell.
        """
        rows = np.clip(
            np.floor((self.top - finer.y) / self.spacing_m).astype(np.intp), 0, self.rows - 1
        )
        columns = np.clip(
            np.floor((finer.x - self.left) / self.spacing_m).astype(np.intp), 0, self.columns - 1
        )
        return rows[:, None], columns[None, :]

    def true_area_km2(self) -> NDArray[np.float64]:
        """Area on the ground of the cells of each place, km², (y, x): the map's area over the
        projection's areal scale.
        """
        from pyproj import Proj

        lon, lat = self.lonlat()
        factors = Proj(CRS(self.crs)).get_factors(lon, lat)
        return self.cell_km2 / np.asarray(factors.areal_scale)


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> Transformer:
    """Transformer between two crs, x before y on both sides."""
    return Transformer.from_crs(CRS(source), CRS(target), always_xy=True)


@lru_cache(maxsize=64)
def same_crs(one: str, other: str) -> bool:
    """True where two descriptions mean the same crs."""
    return CRS(one) == CRS(other) or CRS(one).equals(CRS(other), ignore_axis_order=True)


@lru_cache(maxsize=64)
def check_crs(crs: str) -> None:
    """GridError unless `crs` is a projected crs in metres."""
    try:
        parsed = CRS(crs)
    except CRSError:
        raise GridError(
            f"crs {crs!r}: unknown to PROJ; expected a projected crs such as EPSG:3413"
        ) from None
    units = {axis.unit_name: axis.unit_conversion_factor for axis in parsed.axis_info}
    if not parsed.is_projected or any(factor != 1 for factor in units.values()):
        raise GridError(
            f"crs {crs!r}: {parsed.type_name} in {', '.join(units)}; expected a projected crs in "
            "metres, such as EPSG:3413"
        )
