"""The Sentinel-1 files of a month as the provider ships them."""

from pathlib import Path

from daymelt.core.dates import month_days, parse_month
from daymelt.settings.inputs import Archives, Area, MeltwaterBench, Sentinel1, Twin
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.retrieval import DryRun, retrieve


def retrieve_sentinel1(
    month: str,
    out: Path,
    area: Area,
    sentinel1: Sentinel1,
    archives: Archives,
    meltwaterbench: MeltwaterBench,
    twin: Twin,
    world: Path | None = None,
    dry_run: bool = False,
    adopt: bool = False,
    raw: Path | None = None,
    move_raw: bool = False,
) -> DryRun:
    """Retrieve every burst of a month that sees the area, backscatter and mask; with `raw` and
    `move_raw` they end there.
    """
    request = Request(
        "sentinel1",
        {"month": month},
        out,
        area.grid,
        sentinel1,
        month_days(*parse_month(month)),
        archives=archives,
        meltwaterbench=meltwaterbench,
        twin=twin,
        world=world,
    )
    return retrieve(request, dry_run, adopt, raw, move_raw)
