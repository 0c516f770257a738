"""Height and masks as the provider ships them."""

from pathlib import Path

from daymelt import published
from daymelt.config import Archives, Area, MeltwaterBench, Terrain, Twin
from daymelt.grid import Grid
from daymelt.manifest import write_manifest
from daymelt.sources import arcticdem, nsidc
from daymelt.sources.download import fetch_all
from daymelt.steps import live, published_files
from daymelt.steps.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files
from daymelt.twin.terrain import terrain as twin_terrain

HEIGHT_SPACING_M, MASK_SPACING_M, MARGIN_M = 32.0, 90.0, 960.0


def retrieve_terrain(
    out: Path, area: Area, terrain: Terrain, archives: Archives, meltwaterbench: MeltwaterBench, twin: Twin, dry_run: bool = False
) -> None:
    """Retrieve the DEM, the ocean mask and the ice mask around the area."""
    match terrain.provider:
        case "twin":
            from_twin(out, area, twin)
        case "nsidc-0645":
            from_nsidc(out, archives, dry_run)
        case "arcticdem":
            from_arcticdem(out, area, archives, dry_run)
        case published.PROVIDER:
            from_published(out, meltwaterbench, dry_run)
        case _:
            refuse_provider("terrain", terrain.provider, ("twin", "arcticdem", "nsidc-0645", published.PROVIDER))


def from_nsidc(out: Path, archives: Archives, dry_run: bool) -> None:
    """The GIMP DEM and masks from NASA's archive."""
    options = nsidc.TerrainOptions(live.catalogue(archives))
    remotes = [*nsidc.search_height(options), *nsidc.search_masks(options)]
    live.retrieve(remotes, out, live.earthdata(archives), archives, {"source": "terrain", "provider": "nsidc-0645"}, dry_run)


def from_arcticdem(out: Path, area: Area, archives: Archives, dry_run: bool) -> None:
    """The window of the area from ArcticDEM's mosaic, and the GIMP masks from NASA's archive."""
    options = arcticdem.ArcticDemOptions(
        archives.arcticdem, archives.s3_endpoint, archives.s3_https, archives.s3_virtual_hosting, policy=live.policy(archives)
    )
    (mosaic,) = arcticdem.search(options)
    masks = nsidc.search_masks(nsidc.TerrainOptions(live.catalogue(archives)))
    if dry_run:
        live.print_plan([mosaic, *masks])
        return
    fetched = fetch_all(masks, out.parent, live.earthdata(archives), live.policy(archives))
    height = arcticdem.read_window(mosaic, out.parent, area.grid, options)
    entries = [live.window_entry(out.parent, height, mosaic), *(live.entry_of(item) for item in fetched)]
    write_manifest(out, entries, {"source": "terrain", "provider": "arcticdem"})


def from_published(out: Path, meltwaterbench: MeltwaterBench, dry_run: bool) -> None:
    """Mask and DEM of MeltwaterBench."""
    needed = (published.MASK, published.HEIGHT)
    wanted = {path.parent: [path.name] for path in needed}
    published_files.retrieve(wanted, out, meltwaterbench, {"source": "terrain"}, dry_run, published_files.Rules(needed))


def from_twin(out: Path, area: Area, twin: Twin) -> None:
    """The land of the twin, as an ArcticDEM mosaic and GIMP masks would show it."""
    height_grid, mask_grid = (_around(area.grid, spacing) for spacing in (HEIGHT_SPACING_M, MASK_SPACING_M))
    names = ("arcticdem_32m_v4.1_dem.tif", "GimpOceanMask_90m_2015_v1.2.tif", "GimpIceMask_90m_v1.1.tif")
    paths = [out.parent / name for name in names]
    files.write_dem(paths[0], twin_terrain(height_grid, area.grid, twin.seed).height, height_grid)
    surface = twin_terrain(mask_grid, area.grid, twin.seed)
    files.write_mask(paths[1], surface.ocean, mask_grid)
    files.write_mask(paths[2], surface.ice, mask_grid)
    write_twin_manifest(out, paths, {"source": "terrain"})


def _around(area: Grid, spacing_m: float) -> Grid:
    """A grid of another spacing that covers the area and a margin."""
    return area.expand(-int(-MARGIN_M // area.spacing_m)).refine(spacing_m)
