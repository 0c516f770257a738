"""Retrieval for a person: one month, one season, or the terrain, to the places where the workflow looks for them."""

from pathlib import Path

from daymelt.config import Config
from daymelt.dates import month_name, parse_month
from daymelt.errors import ConfigError
from daymelt.manifest import RAW
from daymelt.steps.live import Plan
from daymelt.steps.retrieve_mar import retrieve_mar
from daymelt.steps.retrieve_microwave import retrieve_microwave
from daymelt.steps.retrieve_sentinel1 import retrieve_sentinel1
from daymelt.steps.retrieve_terrain import retrieve_terrain

SOURCES = ("sentinel1", "microwave", "mar", "terrain")
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
    """Retrieve sentinel1 (--month or --season), microwave or mar (--season), or terrain; --dry-run lists, --adopt takes what lies there.

    A season of sentinel1 is all its months, those of its winter reference included.
    """
    periods = periods_of(source, config, month, season)
    if dry_run and adopt:
        raise ConfigError("--dry-run with --adopt: adopting fetches nothing; leave one of them out")
    if getattr(config, source).provider == "twin":
        raise ConfigError(
            f"{source}.provider: found 'twin', whose files the workflow makes itself; "
            "name a live provider in a file of settings and give it with --config"
        )
    plans = [retrieve_one(source, config, period, dry_run, adopt) for period in periods]
    if dry_run and len(plans) > 1:
        print(f"{sum(plans, Plan())}, {len(plans)} months")


def periods_of(source: str, config: Config, month: str | None, season: int | None) -> list[str]:
    """The months or the season of a retrieval, as the folders name them; one empty name for the terrain."""
    if source not in SOURCES:
        raise ConfigError(f"source {source!r}: expected one of {', '.join(SOURCES)}")
    if month is not None and season is not None:
        raise ConfigError(f"--month {month} and --season {season}: expected one of them")
    if season is not None and not FIRST_YEAR <= season <= LAST_YEAR:
        raise ConfigError(f"--season {season}: expected a year, {FIRST_YEAR} to {LAST_YEAR}")
    match source:
        case "terrain" if month is None and season is None:
            return [""]
        case "terrain":
            raise ConfigError("terrain: found --month or --season, but it does not change; leave them out")
        case "sentinel1" if month is not None:
            return [month_name(*parse_month(month))]
        case "sentinel1" if season is not None:
            return [month_name(season, number) for number in sorted({*config.sar.winter_months, *config.seasons.months})]
        case "sentinel1":
            raise ConfigError("sentinel1: no period; give --month, such as 2019-07, or --season, such as 2019")
        case _ if season is not None:
            return [str(season)]
    year = parse_month(month)[0] if month is not None else 2019
    found = f"--month {month}" if month is not None else "no period"
    raise ConfigError(f"{source}: found {found}, but it comes by the season; give --season {year}")


def retrieve_one(source: str, config: Config, period: str, dry_run: bool, adopt: bool) -> Plan:
    """One retrieval of the workflow."""
    out = Path("resources") / config.area.name / source / period / "manifest.json"
    area, archives, twin, how = config.area, config.archives, config.twin, {"dry_run": dry_run, "adopt": adopt}
    if dry_run and period:
        print(f"{source} {period}")
    match source:
        case "sentinel1":
            place = {"raw": out.parent / RAW, "move_raw": not config.sentinel1.keep_raw}
            return retrieve_sentinel1(period, out, area, config.sentinel1, archives, twin, **how, **place)
        case "microwave":
            return retrieve_microwave(int(period), out, area, config.seasons, config.microwave, archives, twin, **how)
        case "mar":
            return retrieve_mar(int(period), out, area, config.seasons, config.mar, archives, twin, **how)
        case _:
            return retrieve_terrain(out, area, config.terrain, archives, twin, **how)
