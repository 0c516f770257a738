"""Height and masks as the provider ships them."""

from pathlib import Path

from daymelt.settings.inputs import Archives, Area, MeltwaterBench, Terrain, Twin
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.retrieval import DryRun, retrieve


def retrieve_terrain(
    out: Path,
    area: Area,
    terrain: Terrain,
    archives: Archives,
    meltwaterbench: MeltwaterBench,
    twin: Twin,
    dry_run: bool = False,
    adopt: bool = False,
) -> DryRun:
    """Retrieve the DEM, the ocean mask and the ice mask around the area."""
    request = Request(
        "terrain",
        {},
        out,
        area.grid,
        terrain,
        archives=archives,
        meltwaterbench=meltwaterbench,
        twin=twin,
    )
    return retrieve(request, dry_run, adopt)
