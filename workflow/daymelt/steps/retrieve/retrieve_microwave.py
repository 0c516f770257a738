"""The passive microwave files of a season as the provider ships them."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from daymelt.core.dates import season_days, winter_days
from daymelt.core.errors import FormatError
from daymelt.settings.inputs import Archives, Area, MeltwaterBench, Microwave, Seasons, Twin
from daymelt.sources.meltwaterbench import layout as published
from daymelt.sources.microwave import nsidc
from daymelt.sources.microwave.cetb import find_days, read_tb
from daymelt.sources.microwave.window import cetb_bounds
from daymelt.steps.retrieve import live, published_files
from daymelt.steps.retrieve.adoption import Wanted, adopt_into
from daymelt.steps.retrieve.live import Plan
from daymelt.steps.retrieve.providers import refuse_provider, write_twin_manifest
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
    adopt: bool = False,
) -> Plan:
    """Retrieve the daily files of the dry-snow winter and of a season."""
    match microwave.provider:
        case "twin":
            from_twin(season, out, area, microwave, twin)
        case "nsidc-0630":
            days = season_span(season, seasons, microwave)
            wanted = wanted_of(season, days, area, microwave)
            if adopt:
                return adopt_into(out, wanted, live.earthdata(archives), archives)
            return live.retrieve(
                wanted.search(archives), out, live.earthdata(archives), archives, dry_run
            )
        case published.PROVIDER:
            published_files.refuse_adoption(adopt)
            from_published(season, out, seasons, microwave, meltwaterbench, dry_run)
        case _:
            refuse_provider(
                "microwave", microwave.provider, ("twin", "nsidc-0630", published.PROVIDER)
            )
    return Plan()


def season_span(season: int, seasons: Seasons, microwave: Microwave) -> tuple[dt.date, dt.date]:
    """From the first day of the winter months to the last of the season."""
    days = {
        *winter_days(season, microwave.winter_months),
        *season_days(season, seasons.months),
    }
    return min(days), max(days)


def wanted_of(
    season: int, days: tuple[dt.date, dt.date], area: Area, microwave: Microwave
) -> Wanted:
    """NSIDC-0630 from NASA's archive."""
    about = {"source": "microwave", "season": season, "provider": "nsidc-0630"}

    def look(path: Path) -> None:
        read_tb(path, cetb_bounds(area.grid), microwave.channel)

    return Wanted(
        partial(offer_of, days, area, microwave, about),
        partial(is_of, days, microwave),
        look,
        about,
    )


def is_of(days: tuple[dt.date, dt.date], microwave: Microwave, name: str) -> bool:
    """True for the name of a file that a season can use."""
    platforms = (
        microwave.platform,
        microwave.channel,
        microwave.overpass,
        microwave.fallback_platforms,
    )
    try:
        return any(days[0] <= day <= days[1] for day in find_days([Path(name)], *platforms))
    except FormatError:
        return False


def offer_of(
    days: tuple[dt.date, dt.date],
    area: Area,
    microwave: Microwave,
    about: Mapping[str, Any],
    archives: Archives,
) -> live.Offer:
    """What the archive lists, and which days are not what the others are."""
    first, last = days
    options = nsidc.MicrowaveOptions(
        live.catalogue(archives),
        platform=microwave.platform,
        fallback_platforms=microwave.fallback_platforms,
        channel=microwave.channel,
        pass_=microwave.overpass,
        granule_name=archives.microwave_granules,
    )
    remotes = nsidc.search(live.box_of(area.grid), first, last, options)
    found = nsidc.series(remotes, first, last, microwave.platform)
    missing = {
        "missing_days": [day.isoformat() for day in found.missing],
        "older_version": [day.isoformat() for day in found.older_version],
        "other_platform": {
            day.isoformat(): platform for day, platform in found.other_platform.items()
        },
    }
    return live.Offer(remotes, {**about, **missing})


def from_published(
    season: int,
    out: Path,
    seasons: Seasons,
    microwave: Microwave,
    meltwaterbench: MeltwaterBench,
    dry_run: bool,
) -> None:
    """Daily rasters of MeltwaterBench, and of the winter its mean or the days that it can be made
    of.
    """
    winter = published_files.days_wanted(winter_days(season, microwave.winter_months))
    summer = published_files.days_wanted(season_days(season, seasons.months))
    mean = published.winter_mean(season)
    wanted = {published.MICROWAVE: [*winter, *summer], mean.parent: [mean.name]}
    rules = published_files.Rules(spared={mean: set(winter) - set(summer)})
    published_files.retrieve(
        wanted, out, meltwaterbench, {"source": "microwave", "season": season}, dry_run, rules
    )


def from_twin(season: int, out: Path, area: Area, microwave: Microwave, twin: Twin) -> None:
    """What the twin's radiometer sees of its world."""
    cells = radiometer.window(area.grid)
    paths = []
    for day, brightness in radiometer.observe(area.grid, season, twin.seed):
        processed = dt.datetime.combine(day, dt.time(), dt.UTC) + PROCESSING_DELAY
        identity = (microwave.platform, microwave.channel, microwave.overpass)
        paths.append(
            files.write_cetb(out.parent, day, *identity, brightness, cells.x, cells.y, processed)
        )
    write_twin_manifest(out, paths, {"source": "microwave", "season": season})
