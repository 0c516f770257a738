"""The land of the twin, as an ArcticDEM mosaic and GIMP masks would show it."""

from pathlib import Path

from daymelt.core.grid import Grid
from daymelt.settings.inputs import Terrain
from daymelt.steps.retrieve.twin_files import TwinFiles
from daymelt.twin import files
from daymelt.twin.terrain import terrain

HEIGHT_SPACING_M, MASK_SPACING_M, MARGIN_M = 32.0, 90.0, 960.0
NAMES = (
    "arcticdem_32m_v4.1_dem.tif",
    "GimpOceanMask_90m_2015_v1.2.tif",
    "GimpIceMask_90m_v1.1.tif",
)


class Provider(TwinFiles[Terrain]):
    """Height, ocean mask and ice mask."""

    def write(self) -> list[Path]:
        """Write the three rasters on their own grids around the area."""
        area, seed = self.request.area, self.request.twin.seed
        height_grid, mask_grid = (
            _around(area, spacing) for spacing in (HEIGHT_SPACING_M, MASK_SPACING_M)
        )
        paths = [self.request.folder / name for name in NAMES]
        files.write_dem(paths[0], terrain(height_grid, area, seed).height, height_grid)
        surface = terrain(mask_grid, area, seed)
        files.write_mask(paths[1], surface.ocean, mask_grid)
        files.write_mask(paths[2], surface.ice, mask_grid)
        return paths


def _around(area: Grid, spacing_m: float) -> Grid:
    """A grid of another spacing that covers the area and a margin."""
    return area.expand(-int(-MARGIN_M // area.spacing_m)).refine(spacing_m)
