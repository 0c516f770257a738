"""The passive microwave files of a season as the provider ships them."""

import datetime as dt
from pathlib import Path

from daymelt.config import Archives, Area, Microwave, Seasons, Twin
from daymelt.dates import month_days
from daymelt.sources import nsidc
from daymelt.steps import live
from daymelt.steps.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files, radiometer

PROCESSING_DELAY = dt.timedelta(days=40, hours=5)


def retrieve_microwave(
    season: int, out: Path, area: Area, seasons: Seasons, microwave: Microwave, archives: Archives, twin: Twin, dry_run: bool = False
) -> None:
    """Retrieve the daily files of the dry-snow winter and of a season."""
    match microwave.provider:
        case "twin":
            from_twin(season, out, area, microwave, twin)
        case "nsidc-0630":
            from_nsidc(season, out, area, seasons, microwave, archives, dry_run)
        case _:
            refuse_provider("microwave", microwave.provider, ("twin", "nsidc-0630"))


def from_nsidc(season: int, out: Path, area: Area, seasons: Seasons, microwave: Microwave, archives: Archives, dry_run: bool) -> None:
    """NSIDC-0630 from NASA's archive: from the first day of the winter months to the last of the season."""
    months = sorted({*microwave.winter_months, *seasons.months})
    first, last = month_days(season, months[0])[0], month_days(season, months[-1])[-1]
    options = nsidc.MicrowaveOptions(
        live.catalogue(archives), platform=microwave.platform, channel=microwave.channel, pass_=microwave.overpass
    )
    remotes = nsidc.search(live.box_of(area.grid), first, last, options)
    found = nsidc.series(remotes, first, last, microwave.platform)
    missing = {
        "missing_days": [day.isoformat() for day in found.missing],
        "older_version": [day.isoformat() for day in found.older_version],
    }
    about = {"source": "microwave", "season": season, "provider": "nsidc-0630", **missing}
    live.retrieve(remotes, out, live.earthdata(archives), archives, about, dry_run)


def from_twin(season: int, out: Path, area: Area, microwave: Microwave, twin: Twin) -> None:
    """What the twin's radiometer sees of its world."""
    cells = radiometer.window(area.grid)
    paths = []
    for day, brightness in radiometer.observe(area.grid, season, twin.seed):
        processed = dt.datetime.combine(day, dt.time(), dt.UTC) + PROCESSING_DELAY
        identity = (microwave.platform, microwave.channel, microwave.overpass)
        paths.append(files.write_cetb(out.parent, day, *identity, brightness, cells.x, cells.y, processed))
    write_twin_manifest(out, paths, {"source": "microwave", "season": season})
