"""Retrieval by hand: one month, one season or the terrain, to the paths of the workflow."""

import datetime as dt
from collections.abc import Mapping, Sequence
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
WHOLE = ("terrain", "stations")  # without a period
PUBLISHED_FRACTIONS = "meltwaterbench"  # the provider of melt fractions, which need no winter
Months = Mapping[int, Sequence[tuple[int, int]]]  # (year, month) of a season's months


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
    sources are retrieved by the season; a month means its season. Seasons and months are those of
    the settings that have begun.
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


def periods_of(
    source: str,
    config: Config,
    month: str | None,
    season: int | None,
    today: dt.date | None = None,
) -> list[str]:
    """The months or the season of a retrieval, as the folders name them; one empty name for the
    terrain and the stations.

    Raises
    ------
    ConfigError
        No source, no period where one is needed, or one that the settings do not retrieve or that
        has not begun by `today`.
    """
    if source not in SOURCES:
        raise ConfigError(f"source {source!r}: expected one of {', '.join(SOURCES)}")
    if month is not None and season is not None:
        raise ConfigError(f"--month {month} and --season {season}: expected one of them")
    if source in WHOLE and month is None and season is None:
        return [""]
    if source in WHOLE:
        raise ConfigError(
            f"{source}: found --month or --season, but it comes whole; leave them out"
        )
    months, today = months_of(source, config), today or dt.date.today()
    if month is not None:
        place = parse_month(month)
        season = season_of(place, months, today)
        return [month_name(*place) if source == "sentinel1" else str(season)]
    if season is None:
        raise ConfigError(
            f"{source}: no period; give --month, such as 2019-07, or --season, such as 2019"
        )
    begun = begun_months(season, months, today)
    return begun if source == "sentinel1" else [str(season)]


def months_of(source: str, config: Config) -> Months:
    """The months that the settings need of a source, by season."""
    winter: tuple[int, ...] = ()
    if source == "sentinel1" and config.sentinel1.provider != PUBLISHED_FRACTIONS:
        winter = config.sar.winter_months
    elif source == "microwave":
        winter = config.microwave.winter_months
    return {
        year: sorted(
            {*winter_months(year, winter), *((year, month) for month in config.seasons.months)}
        )
        for year in config.seasons.years
    }


def season_of(place: tuple[int, int], months: Months, today: dt.date) -> int:
    """The season that needs a month, given as (year, month).

    Raises
    ------
    ConfigError
        None does, or the month has not begun.
    """
    name, needed = month_name(*place), {month for each in months.values() for month in each}
    if place not in needed:
        numbers = ", ".join(map(str, sorted({number for _, number in needed})))
        raise ConfigError(
            f"--month {name}: expected a month that the settings retrieve, {numbers} of the "
            f"seasons {', '.join(map(str, months))}; check seasons and the winter months"
        )
    if dt.date(*place, 1) > today:
        raise ConfigError(f"--month {name}: has not begun; retrieve it later")
    return next(season for season, each in months.items() if place in each)


def begun_months(season: int, months: Months, today: dt.date) -> list[str]:
    """Names of the months of a season that have begun.

    Raises
    ------
    ConfigError
        The settings lack the season, or none of its months has begun.
    """
    if season not in months:
        raise ConfigError(
            f"--season {season}: expected a year of seasons.years, {', '.join(map(str, months))}; "
            "add it there to retrieve it"
        )
    begun = [month_name(*place) for place in months[season] if dt.date(*place, 1) <= today]
    if not begun:
        raise ConfigError(f"--season {season}: has not begun; retrieve it later")
    return begun


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
