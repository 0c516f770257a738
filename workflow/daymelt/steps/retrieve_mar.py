"""The MAR file of a season as the provider ships it."""

import datetime as dt
from pathlib import Path

from daymelt import published
from daymelt.config import Archives, Area, Mar, MeltwaterBench, Seasons, Twin
from daymelt.dates import season_days
from daymelt.sources import mar_http
from daymelt.steps import live, published_files
from daymelt.steps.providers import refuse_provider, write_twin_manifest
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
) -> None:
    """Retrieve the year of daily means that holds a season, or its days."""
    match mar.provider:
        case "twin":
            from_twin(season, out, area, twin)
        case "mar-http":
            from_http(season, out, seasons, mar, archives, dry_run)
        case published.PROVIDER:
            from_published(season, out, seasons, meltwaterbench, dry_run)
        case _:
            refuse_provider("mar", mar.provider, ("twin", "mar-http", published.PROVIDER))


def from_http(season: int, out: Path, seasons: Seasons, mar: Mar, archives: Archives, dry_run: bool) -> None:
    """The yearly file from the server of MAR: 5 km where it holds the variable, else 10 km."""
    days: list[dt.date] = season_days(season, seasons.months)
    options = mar_http.MarOptions(archives.mar_5km, archives.mar_10km, variable=mar.variable, policy=live.policy(archives))
    remotes = mar_http.search(days[0], days[-1], options)
    if dry_run:
        live.print_plan(remotes)
        return
    progress = live.Progress(len(remotes), sum(remote.size or 0 for remote in remotes))
    fetched = mar_http.retrieve(days[0], days[-1], out.parent, options, progress)
    live.write_live_manifest(out, fetched, {"source": "mar", "season": season, "provider": "mar-http"})


def from_published(season: int, out: Path, seasons: Seasons, meltwaterbench: MeltwaterBench, dry_run: bool) -> None:
    """Daily rasters of MeltwaterBench."""
    wanted = {published.MAR: published_files.days_wanted(season_days(season, seasons.months))}
    published_files.retrieve(wanted, out, meltwaterbench, {"source": "mar", "season": season}, dry_run)


def from_twin(season: int, out: Path, area: Area, twin: Twin) -> None:
    """What the twin's regional model says of its world."""
    year = regional_model.simulate(area.grid, season, twin.seed)
    lon, lat = year.grid.lonlat()
    x_km, y_km = year.grid.x / 1000, year.grid.y / 1000
    path = files.write_mar(
        out.parent, season, year.days, year.liquid_water, x_km, y_km, lon, lat, year.height, year.land_percent, year.grid.crs
    )
    write_twin_manifest(out, [path], {"source": "mar", "season": season})
