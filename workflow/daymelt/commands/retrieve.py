"""Retrieval by hand: one month, one season or the terrain, to the paths of the workflow."""

from pathlib import Path

from daymelt.core.dates import month_name, parse_month, winter_months
from daymelt.core.errors import ConfigError
from daymelt.core.manifest import RAW
from daymelt.plan import places
from daymelt.settings.config import Config
from daymelt.steps.retrieve.retrieval import DryRun
from daymelt.steps.retrieve.retrieve_mar import retrieve_mar
from daymelt.steps.retrieve.retrieve_microwave import retrieve_microwave
from daymelt.steps.retrieve.retrieve_sentinel1 import retrieve_sentinel1
from daymelt.steps.retrieve.retrieve_stations import retrieve_stations
from daymelt.steps.retrieve.retrieve_terrain import retrieve_terrain

SOURCES = ("sentinel1", "microwave", "mar", "terrain", "stations")
FIRST_YEAR, LAST_YEAR = 1981, 2100


def retrieve(
    source: str,
    /,
    config: Config,
    month: str | None = None,
    season: int | None = None,
    dry_run: bool = False,
    adopt: bool = False,
) -> None:
    """Retrieve sentinel1, microwave or mar (--month or --season), terrain or stations; --dry-run
    lists, --adopt takes files that are there.

    A season of sentinel1 is all its months, those of its winter reference included. The other
    sources are retrieved by the season; a month means its season.
    """
    periods = periods_of(source, config, month, season)
    if adopt and source == "stations":
        raise ConfigError(
            "stations: found --adopt; a file of your own is served by an address, archives.promice"
        )
    if dry_run and adopt:
        raise ConfigError("--dry-run with --adopt: adopting fetches nothing; leave one of them out")
    if getattr(config, source).provider == "twin":
        raise ConfigError(
            f"{source}.provider: found 'twin', whose files the workflow makes itself; "
            "name a live provider in a file of settings and give it with --config"
        )
    plans = [retrieve_one(source, config, period, dry_run, adopt) for period in periods]
    if dry_run and len(plans) > 1:
        print(f"{sum(plans, DryRun())}, {len(plans)} months")


def periods_of(source: str, config: Config, month: str | None, season: int | None) -> list[str]:
    """The months or the season of a retrieval, as the folders name them; one empty name for the
    terrain.
    """
    if source not in SOURCES:
        raise ConfigError(f"source {source!r}: expected one of {', '.join(SOURCES)}")
    if month is not None and season is not None:
        raise ConfigError(f"--month {month} and --season {season}: expected one of them")
    if season is not None and not FIRST_YEAR <= season <= LAST_YEAR:
        raise ConfigError(f"--season {season}: expected a year, {FIRST_YEAR} to {LAST_YEAR}")
    match source:
        case "terrain" | "stations" if month is None and season is None:
            return [""]
        case "terrain" | "stations":
            raise ConfigError(
                f"{source}: found --month or --season, but it comes whole; leave them out"
            )
        case _ if month is None and season is None:
            raise ConfigError(
                f"{source}: no period; give --month, such as 2019-07, or --season, such as 2019"
            )
        case "sentinel1" if month is not None:
            return [month_name(*parse_month(month))]
        case "sentinel1" if season is not None:
            winter = winter_months(season, config.sar.winter_months)
            months = {*winter, *((season, month) for month in config.seasons.months)}
            return [month_name(*month) for month in sorted(months)]
        case _:
            return [str(season if month is None else parse_month(month)[0])]


def retrieve_one(source: str, config: Config, period: str, dry_run: bool, adopt: bool) -> DryRun:
    """One retrieval of the workflow."""
    area = config.area
    out = Path(places.at(places.MANIFESTS[source], area=area.name, month=period, season=period))
    origins = (config.archives, config.meltwaterbench, config.twin)
    if dry_run and period:
        print(f"{source} {period}")
    match source:
        case "sentinel1":
            raw = out.parent / RAW
            return retrieve_sentinel1(
                period,
                out,
                area,
                config.sentinel1,
                *origins,
                None,
                dry_run,
                adopt,
                raw=raw,
                move_raw=not config.sentinel1.keep_raw,
            )
        case "microwave":
            return retrieve_microwave(
                int(period), out, area, config.seasons, config.microwave, *origins, dry_run, adopt
            )
        case "mar":
            return retrieve_mar(
                int(period), out, area, config.seasons, config.mar, *origins, dry_run, adopt
            )
        case "stations":
            return retrieve_stations(
                out, area, config.seasons, config.stations, config.archives, config.twin, dry_run
            )
        case _:
            return retrieve_terrain(out, area, config.terrain, *origins, dry_run, adopt)
