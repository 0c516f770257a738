"""Days, months and melt seasons.

A season is named by its year and a month by `YYYY-MM`; both are lists of `datetime.date`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from daymelt.core.errors import ConfigError

EPOCH = dt.date(1970, 1, 1)
FIRST_OF_AUTUMN = 7  # from this month on a winter month lies in the year before its season


def parse_date(text: str) -> dt.date:
    """`2019-07-31` as a date; ConfigError for anything else."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # fromisoformat also reads 20190731 and 2019-W31-3
        raise ConfigError(f"date {text!r}: not a day of the calendar; expected YYYY-MM-DD")
    return day


def parse_month(text: str) -> tuple[int, int]:
    """`2019-07` as (2019, 7); ConfigError for anything else."""
    first = parse_date(f"{text}-01")
    return first.year, first.month


def month_name(year: int, month: int) -> str:
    """(2019, 7) as `2019-07`."""
    return f"{year:04d}-{month:02d}"


def month_days(year: int, month: int) -> list[dt.date]:
    """Every day of one month."""
    first = dt.date(year, month, 1)
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return [first + dt.timedelta(n) for n in range((following - first).days)]


def season_days(year: int, months: Sequence[int]) -> list[dt.date]:
    """Every day of the season `year`, the 31sts included; `months` in rising order."""
    return [day for month in months for day in month_days(year, month)]


def winter_months(season: int, months: Iterable[int]) -> list[tuple[int, int]]:
    """(year, month) of the months of the winter before a season, in order of time: those from July
    on lie in the year before.
    """
    return sorted((season - (month >= FIRST_OF_AUTUMN), month) for month in months)


def winter_days(season: int, months: Iterable[int]) -> list[dt.date]:
    """Every day of the winter before a season."""
    return [day for place in winter_months(season, months) for day in month_days(*place)]


def winter_to_season(season: int, winter: Iterable[int], months: Sequence[int]) -> list[dt.date]:
    """Every day from the first of the winter before a season to the last of the season."""
    days = {*winter_days(season, winter), *season_days(season, months)}
    return span(min(days), max(days))


def span(first: dt.date, last: dt.date) -> list[dt.date]:
    """Every day from `first` to `last`, both included."""
    return [first + dt.timedelta(n) for n in range((last - first).days + 1)]


def describe(days: Iterable[dt.date], most: int = 6) -> str:
    """Days for a message: the first few by name, the rest by number."""
    named = [day.isoformat() for day in sorted(days)]
    shown = ", ".join(named[:most])
    return shown if len(named) <= most else f"{shown} and {len(named) - most} more"
