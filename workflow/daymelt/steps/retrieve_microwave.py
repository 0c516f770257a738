"""The passive microwave files of a season as the provider ships them."""

import datetime as dt
from pathlib import Path

from daymelt import published
from daymelt.config import Archives, Area, MeltwaterBench, Microwave, Seasons, Twin
from daymelt.dates import month_days, season_days
from daymelt.sources import nsidc
from daymelt.steps import live, published_files
from daymelt.steps.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files, radiometer

PROCESSING_DELAY = dt.timedelta(days=40, hours=5)


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
) -> None:
    """Retrieve the daily files of the dry-snow winter and of a season."""
    match microwave.provider:
        case "twin":
            from_twin(season, out, area, microwave, twin)
        case "nsidc-0630":
            from_nsidc(season, out, area, seasons, microwave, archives, dry_run)
        case published.PROVIDER:
            from_published(season, out, seasons, microwave, meltwaterbench, dry_run)
        case _:
            refuse_provider("microwave", microwave.provider, ("twin", "nsidc-0630", published.PROVIDER))


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


def from_published(season: int, out: Path, seasons: Seasons, microwave: Microwave, meltwaterbench: MeltwaterBench, dry_run: bool) -> None:
    """Daily rasters of MeltwaterBench, and of the winter its mean or the days that it can be made of."""
    winter, summer = (published_files.days_wanted(season_days(season, months)) for months in (microwave.winter_months, seasons.months))
    mean = published.winter_mean(season)
    wanted = {published.MICROWAVE: [*winter, *summer], mean.parent: [mean.name]}
    rules = published_files.Rules(spared={mean: set(winter) - set(summer)})
    published_files.retrieve(wanted, out, meltwaterbench, {"source": "microwave", "season": season}, dry_run, rules)


def from_twin(season: int, out: Path, area: Area, microwave: Microwave, twin: Twin) -> None:
    """What the twin's radiometer sees of its world."""
    cells = radiometer.window(area.grid)
    paths = []
    for day, brightness in radiometer.observe(area.grid, season, twin.seed):
        processed = dt.datetime.combine(day, dt.time(), dt.UTC) + PROCESSING_DELAY
        identity = (microwave.platform, microwave.channel, microwave.overpass)
        paths.append(files.write_cetb(out.parent, day, *identity, brightness, cells.x, cells.y, processed))
    write_twin_manifest(out, paths, {"source": "microwave", "season": season})
