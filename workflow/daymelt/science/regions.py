"""Melt extent of regions: which share of each cell lies in a region, and sums over its cells.

A cell that the border of a polygon cuts counts by the share of its area within. A cell of an
elevation band belongs to the band of its height as a whole.

The melt extent of a region is the sum over its cells of the mean melt fraction times the area of
the cell on the ground within the region. Its bounds are the same sums of the lower and upper bounds
of the cells, as if the errors of all cells of a day went together. They are no interval of a stated
probability: errors of distant cells are partly independent, which makes it too wide, and cells that
are wrongly dry beyond doubt add nothing to its width, which makes it too narrow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse

from daymelt.core.grid import Grid

WHOLE = 1 - 1e-9  # share of its area from which on a window lies in a polygon as a whole
Field = NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Rectangles of cells, each with the part of a polygon in it: first row and column, rows and
    columns, (window, 4), and parts (window,).
    """

    places: NDArray[np.int64]
    parts: NDArray[Any]

    def boxes(self, grid: Grid) -> NDArray[Any]:
        """Their outlines in the crs of the grid, (window,)."""
        row, column, rows, columns = self.places.T
        left = grid.left + column * grid.spacing_m
        top = grid.top - row * grid.spacing_m
        return np.asarray(
            shapely.box(left, top - rows * grid.spacing_m, left + columns * grid.spacing_m, top)
        )

    def halves(self) -> "Windows":
        """Each window cut across its longer side; parts are those of the whole window."""
        row, column, rows, columns = self.places.T
        tall = rows >= columns
        first_rows, first_columns = (
            np.where(tall, rows // 2, rows),
            np.where(tall, columns, columns // 2),
        )
        first = np.stack([row, column, first_rows, first_columns], 1)
        second = np.stack(
            [
                np.where(tall, row + first_rows, row),
                np.where(tall, column, column + first_columns),
                np.where(tall, rows - first_rows, rows),
                np.where(tall, columns, columns - first_columns),
            ],
            1,
        )
        return Windows(np.concatenate([first, second]), np.concatenate([self.parts, self.parts]))

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Windows":
        return Windows(self.places[chosen], self.parts[chosen])


def polygon_shares(polygon: Any, grid: Grid) -> NDArray[np.float32]:
    """Share of each cell that lies in a polygon, (y, x), 0-1, exact to rounding.

    The grid is halved again and again where the border of the polygon passes: the work grows with
    the cells on the border, not with the area.

    Parameters
    ----------
    polygon : of shapely, in the crs of the grid, valid
    """
    shares = np.zeros(grid.shape, np.float32)
    windows = Windows(np.array([[0, 0, grid.rows, grid.columns]]), np.array([polygon]))
    while len(windows.parts):
        boxes = windows.boxes(grid)
        windows = Windows(windows.places, shapely.intersection(windows.parts, boxes))
        share = shapely.area(windows.parts) / shapely.area(boxes)
        single = windows.places[:, 2:].max(axis=1) == 1
        for place, value in zip(
            windows.places[single | (share > WHOLE)], share[single | (share > WHOLE)], strict=True
        ):
            row, column, rows, columns = place
            shares[row : row + rows, column : column + columns] = min(value, 1)
        windows = windows[~single & (share > 0) & (share <= WHOLE)].halves()
    return shares


def elevation_bands(height: Field, band_m: float) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and cells of each elevation band that has cells, the lowest first.

    Parameters
    ----------
    height : (y, x), m, NaN where no band counts the cell
    band_m : height of a band, m; the lower limit of a band belongs to it
    """
    number = np.floor(height / band_m)
    for band in np.unique(number[np.isfinite(number)]):
        name = f"{band * band_m:g} to {(band + 1) * band_m:g} m"
        yield name, number == band


@dataclass(frozen=True)
class RegionCells:
    """Regions by name, and the area on the ground of each cell within each: (region, cell), km²."""

    names: Sequence[str]
    area_km2: sparse.csr_array

    def sums(self, fields: Mapping[str, Field]) -> dict[str, NDArray[np.float64]]:
        """Sum of field times area over the cells of each region, (region,), by name; a cell without
        data counts as 0.
        """
        return {
            name: self.area_km2 @ np.nan_to_num(field.ravel()) for name, field in fields.items()
        }


def extents(
    regions: RegionCells, layers: Mapping[str, Field], age: Field, observed_within: int
) -> dict[str, NDArray[np.float64]]:
    """Melt extent and what belongs to it of each region on one day, (region,) by name.

    Parameters
    ----------
    layers : melt, and melt_mean, melt_low and melt_high of maps with an interval; (y, x), 0-1, NaN
        where there are no data
    age : days to the nearest acquisition, (y, x)
    observed_within : greatest distance of an acquisition from an observed day, days

    Returns
    -------
    area_km2, area with data; melt_extent_km2 and, with an interval, melt_extent_low_km2 and
    melt_extent_high_km2; mean_fraction, of the area with data, and observed_share, of the same area
    with an acquisition near in time; NaN without data.
    """
    data = np.isfinite(layers["melt"])
    fields = {
        "area_km2": data.astype(np.float32),
        "melt_extent_km2": layers.get("melt_mean", layers["melt"]),
        "observed": (data & (age <= observed_within)).astype(np.float32),
    }
    for bound in ("low", "high"):
        if f"melt_{bound}" in layers:
            fields[f"melt_extent_{bound}_km2"] = layers[f"melt_{bound}"]
    sums = regions.sums(fields)
    area, observed = sums["area_km2"], sums.pop("observed")
    whole = np.where(area > 0, area, np.nan)
    shares = {"mean_fraction": sums["melt_extent_km2"] / whole, "observed_share": observed / whole}
    return {**sums, **shares}
