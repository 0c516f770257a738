"""Settings of several sections that contradict each other, so that no run could use them."""

import datetime as dt
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from daymelt.core.dates import month_days, season_days
from daymelt.core.grid import transformer
from daymelt.settings.base import NETWORKS, memory_of
from daymelt.settings.inputs import MOST_CELLS, TWIN_REACH_M, Area, Stations
from daymelt.settings.learning import (
    LEFT_OUT_YEARS,
    VALIDATION_DAYS,
    Map,
    SystemEntry,
    Training,
)
from daymelt.settings.networks import Contradiction
from daymelt.settings.processing import Sar, Split
from daymelt.settings.protocols import BLOCKED, HINDCAST, LEAVE_OUT, TRUTH

if TYPE_CHECKING:
    from daymelt.settings.config import Config

OUTLINE = 5  # points along each side of an area that must lie on the earth
GREENLAND = (-80.0, 57.0, 0.0, 85.0)  # west, south, east, north, degrees; with a wide margin
OF_GREENLAND = {"mar": ("mar-http",), "terrain": ("arcticdem", "nsidc-0645")}
TWIN_VARIABLES = ("t_surf", "t_u")  # of the stations of the twin
COLDEST_C, WARMEST_C = -100.0, 60.0  # of air and of snow
HELD_OUT_SHARE = 0.15  # of the blocks of a year, in the protocol blocked
FEWEST_DAYS_BETWEEN = 3  # passes of four satellites on one relative orbit of 12 days


def contradictions(config: "Config") -> Iterator[Contradiction]:
    """All of them, of settings whose sections are valid each by itself."""
    yield from place(config)
    yield from postings(config)
    yield from memory(config.training, config.map, config.area)
    yield from days_of_split(config)
    yield from winter_scenes(config)
    yield from stations_of(config.stations)
    yield from comparison(config)


def place(config: "Config") -> Iterator[Contradiction]:
    """An area that its projection cannot show, or that lies outside of what its sources cover."""
    lon, lat = outline(config.area)
    if not np.isfinite(lon).all():
        yield (
            "area",
            f"found an area that {config.area.crs} does not place on the earth; check area.left, "
            "area.top and the size",
        )
        return
    west, south, east, north = GREENLAND
    outside = not bool(((lon > west) & (lon < east) & (lat > south) & (lat < north)).any())
    for section, names in OF_GREENLAND.items() if outside else ():
        provider = getattr(config, section).provider
        if provider in names:
            yield (
                f"{section}.provider",
                f"found {provider} for an area around {np.median(lat):.1f} degrees north, "
                f"{np.median(lon):.1f} east; expected an area in Greenland, which is all that "
                "its files cover",
            )


def outline(area: Area) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of points over an area, degrees; infinite where the projection does
    not lead back to the point.
    """
    left, bottom, right, top = area.grid.bounds
    x, y = map(
        np.ravel, np.meshgrid(np.linspace(left, right, OUTLINE), np.linspace(bottom, top, OUTLINE))
    )
    lon, lat = transformer(area.crs, "EPSG:4326").transform(x, y)
    back = transformer("EPSG:4326", area.crs).transform(lon, lat)
    apart = np.hypot(back[0] - x, back[1] - y)
    placed = np.isfinite(apart) & (apart < area.spacing_m)
    return np.where(placed, lon, np.inf), np.where(placed, lat, np.inf)


def postings(config: "Config") -> Iterator[Contradiction]:
    """Posting grids that reach beyond what the twin's instruments deliver."""
    area, found = config.area.grid, config.regrid.posting_m
    grid = area.posting(found)
    beyond = max(grid.x[-1] - area.right, area.bottom - grid.y[-1])
    if config.microwave.provider == "twin" and beyond > TWIN_REACH_M:
        yield (
            "regrid.posting_m",
            f"found {found:g}, with which the last point lies {beyond / 1000:.3g} km beyond the "
            f"area; expected at most {TWIN_REACH_M / 1000:g} km, where the files of "
            "microwave.provider twin end; choose a smaller posting",
        )


def memory(training: Training, mapping: Map, area: Area) -> Iterator[Contradiction]:
    """More cells at once than any machine holds."""
    crops = training.batch // (training.devices * training.nodes) * training.crop**2
    cells = area.rows * area.columns
    mapped = mapping.batch * min(cells, (mapping.tile or math.isqrt(cells) + 1) ** 2)
    for key, found, count in (
        ("training.batch", training.batch, crops),
        ("map.batch", mapping.batch, mapped),
    ):
        if count > MOST_CELLS:
            yield (
                key,
                f"found {found}; {count:.3g} cells at once, {memory_of(count)} for each input; "
                f"expected at most {MOST_CELLS:.3g} cells",
            )


def days_of_split(config: "Config") -> Iterator[Contradiction]:
    """Splits without a day to train or to test on, however often a satellite passes."""
    split, years = config.split, config.seasons.years
    drawn = split.test_days_per_month + split.validation_days_per_month
    longest = max(len(month_days(years[0], month)) for month in config.seasons.months)
    if split.file is None and drawn >= longest and not set(years) & set(split.training_only_years):
        yield (
            "split.test_days_per_month",
            f"found {split.test_days_per_month}, with split.validation_days_per_month {drawn} days "
            f"of each month; expected less than {longest} together, so that days are left to train",
        )
    if config.intervals.calibration == LEFT_OUT_YEARS and len(years) < 2:
        yield (
            "intervals.calibration",
            f"found {LEFT_OUT_YEARS} with the year {years[0]} alone; expected seasons.years with "
            f"another to train on, or {VALIDATION_DAYS}",
        )
    for trial in config.trials():
        if trial.split.startswith(LEAVE_OUT) and len(years) < 2:
            yield (
                "benchmark.protocols",
                f"found leave-one-year-out with the year {years[0]} alone; expected seasons.years "
                "with another to train on",
            )
        if trial.name == HINDCAST and not set(years) & set(split.hindcast_training_years):
            yield (
                "split.hindcast_training_years",
                f"found {list(split.hindcast_training_years)}; expected one of seasons.years, "
                f"{list(years)}",
            )
        if trial.name == BLOCKED:
            yield from blocks(split, config)


def blocks(split: Split, config: "Config") -> Iterator[Contradiction]:
    """Blocks of which none is drawn for the test."""
    counts = [
        len({(day - dt.date(year, 1, 1)).days // split.block_days for day in days})
        for year in config.seasons.years
        if year not in split.training_only_years
        for days in [season_days(year, config.seasons.months)]
    ]
    if not any(round(HELD_OUT_SHARE * count) for count in counts):
        yield (
            "split.block_days",
            f"found {split.block_days}; a season has at most {max(counts, default=0)} blocks, of "
            "which none is held out for the test; expected shorter blocks",
        )


def winter_scenes(config: "Config") -> Iterator[Contradiction]:
    """More scenes a winter than there can be."""
    sar, years = config.sar, config.seasons.years
    if config.sentinel1.provider == "meltwaterbench":
        return
    most = most_scenes(sar, len(years))
    if sar.min_winter_scenes > most:
        yield (
            "sar.min_winter_scenes",
            f"found {sar.min_winter_scenes}; expected at most {most}, which four satellites on an "
            f"orbit acquire in the months {list(sar.winter_months)} of the winters that are pooled",
        )


def most_scenes(sar: Sar, years: int) -> int:
    """Scenes of a pixel and orbit in the winters that are pooled, at most."""
    winters = 1 + min(sar.reference_years_back, years - 1)
    return winters * (31 * len(sar.winter_months) // FEWEST_DAYS_BETWEEN)


def stations_of(stations: Stations) -> Iterator[Contradiction]:
    """Rules that no station can meet, and variables that the twin does not write."""
    if not stations.sites:
        return
    twin = stations.provider == "twin"
    if twin and stations.variable not in TWIN_VARIABLES:
        yield (
            "stations.variable",
            f"found {stations.variable!r}; expected {' or '.join(TWIN_VARIABLES)}, the variables "
            "of the provider twin",
        )
    if twin and stations.units != "degC":
        yield (
            "stations.units",
            f"found {stations.units!r}; expected degC, the unit of the provider twin",
        )
    if stations.units == "degC" and not COLDEST_C <= stations.threshold <= WARMEST_C:
        yield (
            "stations.threshold",
            f"found {stations.threshold:g} degC; expected a temperature from {COLDEST_C:g} to "
            f"{WARMEST_C:g}",
        )


def comparison(config: "Config") -> Iterator[Contradiction]:
    """A comparison without anything to compare, or of systems without inputs."""
    benchmark, live = config.benchmark, config.sentinel1.provider != "twin"
    if live and set(benchmark.protocols) == {TRUTH}:
        yield (
            "benchmark.protocols",
            f"found {list(benchmark.protocols)}; expected another protocol too, as "
            f"sentinel1.provider {config.sentinel1.provider} has no ground truth",
        )
    if HINDCAST in benchmark.protocols:
        for name in (config.model.name, *config.entries):
            entry = config.entries.get(name, SystemEntry(kind=NETWORKS[0]))
            if list(channels_of(entry, config)) == ["sar"]:
                key = f"benchmark.systems.{name}" if name in config.entries else "model.channels"
                yield (
                    key,
                    "found the channel sar alone; expected another too, as the protocol hindcast "
                    "maps without Sentinel-1",
                )


def channels_of(entry: SystemEntry, config: "Config") -> list[str]:
    """The channels of a system; none of a kind without channels."""
    if entry.kind in NETWORKS:
        return list(entry.model.get("channels", config.model.channels))
    return list(entry.options.get("channels", ()))
