"""The MAR file of a season as the provider ships it."""

from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.settings.inputs import Archives, Area, Mar, MeltwaterBench, Seasons, Twin
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.retrieval import DryRun, retrieve


def retrieve_mar(
    season: int,
    out: Path,
    area: Area,
    seasons: Seasons,
    mar: Mar,
    archives: Archives,
    meltwaterbench: MeltwaterBench,
    twin: Twin,
    dry_run: bool = False,
    adopt: bool = False,
) -> DryRun:
    """Retrieve the year of daily means that holds a season, or its days."""
    request = Request(
        "mar",
        {"season": season},
        out,
        area.grid,
        mar,
        season_days(season, seasons.months),
        seasons,
        archives,
        meltwaterbench,
        twin,
    )
    return retrieve(request, dry_run, adopt)
