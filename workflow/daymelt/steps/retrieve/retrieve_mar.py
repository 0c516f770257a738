"""The MAR file of a season as the provider ships it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from daymelt.archives.access import anonymous
from daymelt.core.dates import season_days
from daymelt.settings.inputs import Archives, Area, Mar, MeltwaterBench, Seasons, Twin
from daymelt.sources.mar import server as mar_http
from daymelt.sources.mar.files import open_mar
from daymelt.sources.meltwaterbench import layout as published
from daymelt.steps.retrieve import live, published_files
from daymelt.steps.retrieve.adoption import Wanted, adopt_into
from daymelt.steps.retrieve.live import Plan
from daymelt.steps.retrieve.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files, regional_model


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
) -> Plan:
    """Retrieve the year of daily means that holds a season, or its days."""
    match mar.provider:
        case "twin":
            from_twin(season, out, area, twin)
        case "mar-http":
            return from_http(season, out, seasons, mar, archives, dry_run, adopt)
        case published.PROVIDER:
            published_files.refuse_adoption(adopt)
            from_published(season, out, seasons, meltwaterbench, dry_run)
        case _:
            refuse_provider("mar", mar.provider, ("twin", "mar-http", published.PROVIDER))
    return Plan()


def from_http(
    season: int,
    out: Path,
    seasons: Seasons,
    mar: Mar,
    archives: Archives,
    dry_run: bool,
    adopt: bool,
) -> Plan:
    """The yearly file from the server of MAR: 5 km where it holds the variable, else 10 km."""
    days: list[dt.date] = season_days(season, seasons.months)
    about = {"source": "mar", "season": season, "provider": "mar-http"}
    options = mar_options(mar, archives)
    if adopt:
        wanted = Wanted(
            lambda patient: offer_of(days, out.parent, mar, patient, about),
            partial(is_of, days),
            partial(look, days, mar),
            about,
        )
        return adopt_into(out, wanted, anonymous("the server of MAR"), archives)
    remotes = mar_http.search(days[0], days[-1], options, out.parent)
    if dry_run:
        return live.print_plan(remotes)
    progress = live.Progress(len(remotes), sum(remote.size or 0 for remote in remotes))
    fetched = mar_http.retrieve(days[0], days[-1], out.parent, options, progress)
    lacking = mar_http.lacking_files(out.parent)
    live.write_live_manifest(out, fetched, {**about, **({"lacking": lacking} if lacking else {})})
    return Plan()


def mar_options(mar: Mar, archives: Archives) -> mar_http.MarOptions:
    """Where MAR's files are looked for."""
    return mar_http.MarOptions(
        archives.mar_5km, archives.mar_10km, variable=mar.variable, policy=live.policy(archives)
    )


def offer_of(
    days: Sequence[dt.date], folder: Path, mar: Mar, archives: Archives, about: Mapping[str, Any]
) -> live.Offer:
    """The yearly file to adopt: that which the folder holds, 5 km before 10 km, else the one that
    would be fetched.
    """
    options = mar_options(mar, archives)
    wanted = mar_http.search(days[0], days[-1], options, folder)
    coarser = mar_http.search(days[0], days[-1], replace(options, folder_5km=options.folder_10km))
    here = [remote for remote in (*wanted, *coarser) if (folder / remote.path).is_file()]
    return live.Offer(here[:1] or wanted, about)


def is_of(days: Sequence[dt.date], name: str) -> bool:
    """True for the name of a yearly file that holds a season."""
    found = mar_http.NAME.fullmatch(name)
    return found is not None and int(found["year"]) == days[0].year


def look(days: Sequence[dt.date], mar: Mar, path: Path) -> None:
    """Read the first and the last day of a season from a yearly file."""
    with open_mar(path, mar.variable, depth_m=mar.depth_m) as file:
        for day in (days[0], days[-1]):
            file.read(day)


def from_published(
    season: int, out: Path, seasons: Seasons, meltwaterbench: MeltwaterBench, dry_run: bool
) -> None:
    """Daily rasters of MeltwaterBench."""
    wanted = {published.MAR: published_files.days_wanted(season_days(season, seasons.months))}
    published_files.retrieve(
        wanted, out, meltwaterbench, {"source": "mar", "season": season}, dry_run
    )


def from_twin(season: int, out: Path, area: Area, twin: Twin) -> None:
    """What the twin's regional model says of its world."""
    year = regional_model.simulate(area.grid, season, twin.seed)
    lon, lat = year.grid.lonlat()
    x_km, y_km = year.grid.x / 1000, year.grid.y / 1000
    path = files.write_mar(
        out.parent,
        season,
        year.days,
        year.liquid_water,
        x_km,
        y_km,
        lon,
        lat,
        year.height,
        year.land_percent,
        year.grid.crs,
    )
    write_twin_manifest(out, [path], {"source": "mar", "season": season})
