"""Height and masks as the provider ships them."""

from pathlib import Path

from daymelt.config import Area, Terrain, Twin
from daymelt.grid import Grid
from daymelt.steps.providers import check_provider, write_twin_manifest
from daymelt.twin import files
from daymelt.twin.terrain import terrain as twin_terrain

HEIGHT_SPACING_M, MASK_SPACING_M, MARGIN_M = 32.0, 90.0, 960.0


def retrieve_terrain(out: Path, area: Area, terrain: Terrain, twin: Twin) -> None:
    """Retrieve the DEM, the ocean mask and the ice mask around the area."""
    check_provider("terrain", terrain.provider)
    folder = out.parent
    height_grid, mask_grid = (_around(area.grid, spacing) for spacing in (HEIGHT_SPACING_M, MASK_SPACING_M))
    paths = [folder / name for name in ("arcticdem_32m_v4.1_dem.tif", "GimpOceanMask_90m_2015_v1.2.tif", "GimpIceMask_90m_v1.1.tif")]
    files.write_dem(paths[0], twin_terrain(height_grid, area.grid, twin.seed).height, height_grid)
    surface = twin_terrain(mask_grid, area.grid, twin.seed)
    files.write_mask(paths[1], surface.ocean, mask_grid)
    files.write_mask(paths[2], surface.ice, mask_grid)
    write_twin_manifest(out, paths, {"source": "terrain"})


def _around(area: Grid, spacing_m: float) -> Grid:
    """A grid of another spacing that covers the area and a margin."""
    return area.expand(-int(-MARGIN_M // area.spacing_m)).refine(spacing_m)
