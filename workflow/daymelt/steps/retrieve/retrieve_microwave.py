"""The passive microwave files of a season as the provider ships them."""

from pathlib import Path

from daymelt.core.dates import winter_to_season
from daymelt.settings.inputs import Archives, Area, MeltwaterBench, Microwave, Seasons, Twin
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.retrieval import DryRun, retrieve


def retrieve_microwave(
    season: int,
    out: Path,
    area: Area,
    seasons: Seasons,
    microwave: Microwave,
    archives: Archives,
    meltwaterbench: MeltwaterBench,
    twin: Twin,
    dry_run: bool = False,
    adopt: bool = False,
) -> DryRun:
    """Retrieve the daily files from the dry-snow winter to the end of a season."""
    request = Request(
        "microwave",
        {"season": season},
        out,
        area.grid,
        microwave,
        winter_to_season(season, microwave.winter_months, seasons.months),
        seasons,
        archives,
        meltwaterbench,
        twin,
    )
    return retrieve(request, dry_run, adopt)
