"""The passive microwave files of a season as the provider ships them."""

from pathlib import Path

from daymelt.core.dates import month_days, span
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
    months = sorted({*microwave.winter_months, *seasons.months})
    request = Request(
        "microwave",
        {"season": season},
        out,
        area.grid,
        microwave,
        span(month_days(season, months[0])[0], month_days(season, months[-1])[-1]),
        seasons,
        archives,
        meltwaterbench,
        twin,
    )
    return retrieve(request, dry_run, adopt)
