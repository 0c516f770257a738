"""What the archives hold of the configured days, as far as it is known before they are asked."""

import datetime as dt
from collections.abc import Iterator, Mapping

from daymelt.core.dates import winter_months
from daymelt.settings.config import Config
from daymelt.settings.inputs import MeltwaterBench
from daymelt.settings.networks import Contradiction
from daymelt.sources.meltwaterbench import layout

# first and last year of the SSMIS radiometers: launches of the satellites F16 to F19 of DMSP, and
# the end of F19 in February 2016
PLATFORM_YEARS: Mapping[str, tuple[int, int]] = {
    "F16": (2003, 9999),
    "F17": (2006, 9999),
    "F18": (2009, 9999),
    "F19": (2014, 2016),
}
LIVE = {
    "sentinel1": ("opera", "planetary-computer"),
    "microwave": ("nsidc-0630",),
    "mar": ("mar-http",),
}


def not_held(config: Config, today: dt.date) -> Iterator[Contradiction]:
    """Seasons of which an archive holds nothing."""
    yield from later(config, today)
    yield from of_sentinel1(config)
    yield from of_microwave(config)
    yield from of_dataset(config)


def later(config: Config, today: dt.date) -> Iterator[Contradiction]:
    """Seasons that have not begun, of a provider that observes."""
    year, month = config.seasons.years[-1], config.seasons.months[0]
    for source, names in LIVE.items():
        provider = getattr(config, source).provider
        if provider in names and dt.date(year, month, 1) > today:
            yield (
                "seasons.years",
                f"found {year}, whose season has not begun; expected years up to "
                f"{today.year - (dt.date(today.year, month, 1) > today)} with {source}.provider "
                f"{provider}",
            )


def of_sentinel1(config: Config) -> Iterator[Contradiction]:
    """Months of winters and seasons outside of the days of an archive of Sentinel-1."""
    provider, seasons = config.sentinel1.provider, config.seasons
    if provider in ("opera", "planetary-computer"):
        # imports libraries of the archives
        from daymelt.sources.sentinel1 import opera, planetary_computer

        began = (opera if provider == "opera" else planetary_computer).FIRST_DAY
        first = first_month(config, seasons.years[0])
        if first < (began.year, began.month):
            yield (
                "seasons.years",
                f"found {seasons.years[0]}, whose first month of Sentinel-1 is {first[0]}-"
                f"{first[1]:02d}; expected none before {began}, the first day of "
                f"sentinel1.provider {provider}; leave out the earlier years",
            )
    if provider == "planetary-computer":
        from daymelt.sources.sentinel1.planetary_computer import LAST_DAY

        year, month = seasons.years[-1], seasons.months[0]
        if dt.date(year, month, 1) > LAST_DAY:
            yield (
                "seasons.years",
                f"found {year}; expected none after {LAST_DAY}, the last day of "
                "sentinel1.provider planetary-computer; set it to opera or leave out the later "
                "years",
            )


def first_month(config: Config, season: int) -> tuple[int, int]:
    """Year and month of the first month that a season needs of Sentinel-1."""
    return min(
        [*winter_months(season, config.sar.winter_months), (season, config.seasons.months[0])]
    )


def of_microwave(config: Config) -> Iterator[Contradiction]:
    """Years in which no wanted radiometer observed."""
    microwave = config.microwave
    if microwave.provider != "nsidc-0630":
        return
    platforms = (microwave.platform, *microwave.fallback_platforms)
    for year in config.seasons.years:
        observed = [PLATFORM_YEARS[name] for name in platforms]
        if not any(first <= year <= last for first, last in observed):
            yield (
                "microwave.platform",
                f"found {microwave.platform}, which did not observe in {year}; expected another, "
                "or microwave.fallback_platforms with one that did",
            )


def is_published(config: Config) -> bool:
    """True where the provider meltwaterbench is the published dataset, and no copy or other."""
    dataset = config.meltwaterbench
    return dataset.folder is None and dataset.repo == MeltwaterBench().repo


def of_dataset(config: Config) -> Iterator[Contradiction]:
    """Years outside of those of the published dataset, where it comes from the hub."""
    if not is_published(config):
        return
    for source, (first, last) in layout.YEARS.items():
        outside = [year for year in config.seasons.years if not first <= year <= last]
        if getattr(config, source).provider == layout.PROVIDER and outside:
            yield (
                "seasons.years",
                f"found {outside[0]}; expected {first} to {last}, the years of {source}.provider "
                f"{layout.PROVIDER}; leave out the others",
            )
