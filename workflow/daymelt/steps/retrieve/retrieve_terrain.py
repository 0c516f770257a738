"""Height and masks as the provider ships them."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from daymelt.core.grid import Grid
from daymelt.core.manifest import write_manifest
from daymelt.settings.inputs import Archives, Area, MeltwaterBench, Terrain, Twin
from daymelt.sources.meltwaterbench import layout as published
from daymelt.sources.microwave import nsidc
from daymelt.sources.terrain import arcticdem
from daymelt.sources.terrain.reader import read_flag, read_height
from daymelt.steps.retrieve import live, published_files
from daymelt.steps.retrieve.adoption import Wanted, adopt_into
from daymelt.steps.retrieve.live import Plan
from daymelt.steps.retrieve.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files
from daymelt.twin.terrain import terrain as twin_terrain

ARCTICDEM = "arcticdem*.tif"
HEIGHT_SPACING_M, MASK_SPACING_M, MARGIN_M = 32.0, 90.0, 960.0


def retrieve_terrain(
    out: Path,
    area: Area,
    terrain: Terrain,
    archives: Archives,
    meltwaterbench: MeltwaterBench,
    twin: Twin,
    dry_run: bool = False,
    adopt: bool = False,
) -> Plan:
    """Retrieve the DEM, the ocean mask and the ice mask around the area."""
    match terrain.provider:
        case "twin":
            from_twin(out, area, twin)
        case "nsidc-0645":
            if adopt:
                return adopt_into(
                    out, wanted_of(area, terrain, archives), live.earthdata(archives), archives
                )
            return live.retrieve(
                offer_of(terrain, archives), out, live.earthdata(archives), archives, dry_run
            )
        case "arcticdem":
            if adopt:
                return adopt_into(
                    out, wanted_of(area, terrain, archives), live.earthdata(archives), archives
                )
            return from_arcticdem(out, area, terrain, archives, dry_run)
        case published.PROVIDER:
            published_files.refuse_adoption(adopt)
            from_published(out, meltwaterbench, dry_run)
        case _:
            refuse_provider(
                "terrain", terrain.provider, ("twin", "arcticdem", "nsidc-0645", published.PROVIDER)
            )
    return Plan()


def terrain_options(archives: Archives) -> nsidc.TerrainOptions:
    """Where the GIMP DEM and the masks are looked for."""
    return nsidc.TerrainOptions(
        live.catalogue(archives),
        height_names=archives.height_names,
        ocean_names=archives.ocean_mask_names,
        ice_names=archives.ice_mask_names,
    )


def mosaic_options(archives: Archives) -> arcticdem.ArcticDemOptions:
    """Where ArcticDEM's mosaic lies."""
    return arcticdem.ArcticDemOptions(
        archives.arcticdem,
        archives.s3_endpoint,
        archives.s3_https,
        archives.s3_virtual_hosting,
        policy=live.policy(archives),
    )


def offer_of(terrain: Terrain, archives: Archives) -> live.Offer:
    """The masks from NASA's archive, and for nsidc-0645 the GIMP DEM."""
    options = terrain_options(archives)
    height = nsidc.search_height(options) if terrain.provider == "nsidc-0645" else []
    return live.Offer(
        [*height, *nsidc.search_masks(options)], {"source": "terrain", "provider": terrain.provider}
    )


def wanted_of(area: Area, terrain: Terrain, archives: Archives) -> Wanted:
    """Height and masks as somebody else may have brought them; the height of arcticdem is a GeoTIFF
    of a name like `arcticdem….tif`.
    """
    about = {"source": "terrain", "provider": terrain.provider}
    own = (ARCTICDEM,) if terrain.provider == "arcticdem" else ()
    heights = own or archives.height_names

    def look(path: Path) -> None:
        read = read_height if fits(heights, path.name) else read_flag
        read(path, area.grid)

    belongs = partial(fits, (*heights, *archives.ocean_mask_names, *archives.ice_mask_names))
    return Wanted(partial(offer_of, terrain), belongs, look, about, unlisted=own)


def fits(patterns: Iterable[str], name: str) -> bool:
    """True where a name fits one of some patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def from_arcticdem(
    out: Path, area: Area, terrain: Terrain, archives: Archives, dry_run: bool
) -> Plan:
    """The window of the area from ArcticDEM's mosaic, and the GIMP masks from NASA's archive."""
    options, masks = mosaic_options(archives), offer_of(terrain, archives).remotes
    (mosaic,) = arcticdem.search(options)
    if dry_run:
        return live.print_plan([mosaic, *masks])
    fetched = live.fetch(masks, out, live.earthdata(archives), archives)
    height = arcticdem.read_window(
        mosaic, out.parent, area.grid, options, live.Steps("strips of ArcticDEM")
    )
    entries = [
        live.window_entry(out.parent, height, mosaic),
        *(live.entry_of(item) for item in fetched),
    ]
    write_manifest(out, entries, {"source": "terrain", "provider": "arcticdem"})
    return Plan()


def from_published(out: Path, meltwaterbench: MeltwaterBench, dry_run: bool) -> None:
    """Mask and DEM of MeltwaterBench."""
    needed = (published.MASK, published.HEIGHT)
    wanted = {path.parent: [path.name] for path in needed}
    published_files.retrieve(
        wanted, out, meltwaterbench, {"source": "terrain"}, dry_run, published_files.Rules(needed)
    )


def from_twin(out: Path, area: Area, twin: Twin) -> None:
    """The land of the twin, as an ArcticDEM mosaic and GIMP masks would show it."""
    height_grid, mask_grid = (
        _around(area.grid, spacing) for spacing in (HEIGHT_SPACING_M, MASK_SPACING_M)
    )
    names = (
        "arcticdem_32m_v4.1_dem.tif",
        "GimpOceanMask_90m_2015_v1.2.tif",
        "GimpIceMask_90m_v1.1.tif",
    )
    paths = [out.parent / name for name in names]
    files.write_dem(paths[0], twin_terrain(height_grid, area.grid, twin.seed).height, height_grid)
    surface = twin_terrain(mask_grid, area.grid, twin.seed)
    files.write_mask(paths[1], surface.ocean, mask_grid)
    files.write_mask(paths[2], surface.ice, mask_grid)
    write_twin_manifest(out, paths, {"source": "terrain"})


def _around(area: Grid, spacing_m: float) -> Grid:
    """A grid of another spacing that covers the area and a margin."""
    return area.expand(-int(-MARGIN_M // area.spacing_m)).refine(spacing_m)
