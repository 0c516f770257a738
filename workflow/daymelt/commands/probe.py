"""Compare what the archives hold, as seen from the user's network, with what daymelt assumes."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import CRS

from daymelt.archives import cmr
from daymelt.archives.access import anonymous
from daymelt.archives.boxes import box_of
from daymelt.archives.ranges import open_remote
from daymelt.archives.remote import human
from daymelt.core.dates import month_days, season_days, winter_to_season
from daymelt.core.errors import (
    DaymeltError,
    MissingCredentialError,
    MissingInputError,
    RetrievalError,
    printable,
)
from daymelt.core.grid import same_crs, transformer
from daymelt.science.climate import liquid_water_in_kg_per_kg
from daymelt.settings.config import Config
from daymelt.sources.mar import server
from daymelt.sources.microwave import nsidc
from daymelt.sources.microwave.cetb import CETB_GRID, parse_name
from daymelt.sources.sentinel1 import opera
from daymelt.sources.sentinel1.bursts import parse_burst
from daymelt.steps.retrieve.archive_settings import catalogue, earthdata, policy
from daymelt.steps.retrieve.nsidc_access import terrain_options
from daymelt.steps.retrieve.providers.mar import mar_http
from daymelt.steps.retrieve.providers.sentinel1.opera import options_of

MASK = "raw/Helheim_data/reprojected_100m/GIMP_Mask/landMask_100m.tif"
ALBERS = {
    "grid_mapping_name": "albers_conical_equal_area",
    "standard_parallel": (60.0, 85.0),
    "longitude_of_central_meridian": -40.0,
}
PLATFORMS, PASSES = ("F16", "F17", "F18", "F19"), ("M", "E")
ATTEMPTS, HEADER_S = 2, 60.0
NOTHING = np.empty((0, 0), np.float32)
AS_ASSUMED, WRONG, NOT_ASKED = "as assumed", "WRONG", "not asked"


@dataclass(frozen=True)
class Answer:
    """What was found, and if an assumption is wrong what to change."""

    lines: tuple[str, ...]
    wrong: str = ""


@dataclass(frozen=True)
class Question:
    """A question about an archive, and the providers of sources (source, provider) that depend on
    its answer.
    """

    ask: Callable[[Config], Answer]
    about: tuple[tuple[str, str], ...] = ()


def probe(config: Config) -> int:
    """Check the assumptions about the archives; 1 where one is wrong, 2 where no archive could be
    reached, else 0.

    The questions are independent: an archive out of reach does not affect the others.
    Sentinel-1 is counted in the middle month of each season.
    """
    archives = config.archives.model_copy(
        update={"attempts": min(config.archives.attempts, ATTEMPTS)}
    )
    asked = config.model_copy(update={"archives": archives})
    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        states = list(pool.map(lambda name: ask(name, asked), QUESTIONS))
    for _, text in states:
        print(text)
    return exit_status([state for state, _ in states])


def exit_status(states: Collection[str]) -> int:
    """1 where a state is `WRONG`, 2 where all are `NOT_ASKED`, else 0."""
    return 1 if WRONG in states else 2 if {*states} == {NOT_ASKED} else 0


def ask(name: str, config: Config) -> tuple[str, str]:
    """How one of the `QUESTIONS` ended, and the lines that say so."""
    return tell(name, lambda: QUESTIONS[name].ask(config))


def questions_of(source: str, provider: str) -> list[str]:
    """Names of the questions about a provider of a source."""
    return [name for name, asked in QUESTIONS.items() if (source, provider) in asked.about]


def tell(name: str, ask: Callable[[], Answer]) -> tuple[str, str]:
    """How a question ended, and the lines that say so."""
    try:
        answer = ask()
    except (RetrievalError, MissingCredentialError) as error:
        return NOT_ASKED, f"{name}: {NOT_ASKED}\n  {error}"
    except DaymeltError as error:
        return WRONG, f"{name}: {WRONG}\n  {error}"
    state = WRONG if answer.wrong else AS_ASSUMED
    return state, "\n  ".join([f"{name}: {state}", *answer.lines, *filter(None, [answer.wrong])])


def ask_benchmark(config: Config) -> Answer:
    """Crs and place of the benchmark's land mask."""
    url = config.archives.benchmark.rstrip("/") + "/" + MASK
    with open_remote(
        url, anonymous("the benchmark"), policy(config.archives), "mask", measured=False
    ) as mask:
        raster = mask.raster
        crs, bounds, shape, spacing = (
            raster.crs.to_wkt(),
            tuple(raster.bounds),
            (raster.height, raster.width),
            raster.res[0],
        )
    left, bottom, right, top = bounds
    x, y = transformer(crs, config.area.crs).transform(
        [left, right, left, right], [top, top, bottom, bottom]
    )
    grid = config.area.grid
    inside = sum(
        grid.left <= a <= grid.right and grid.bottom <= b <= grid.top
        for a, b in zip(x, y, strict=True)
    )
    other = (
        "the same as area.crs"
        if same_crs(crs, config.area.crs)
        else f"area.crs is {config.area.crs}, so comparing needs a warp"
    )
    told = CRS(crs).to_cf()
    code = CRS(crs).to_epsg()
    name = (
        f"EPSG:{code}"
        if code
        else ", ".join(f"{key} {told[key]}" for key in ALBERS if key in told) or crs[:80]
    )
    place = (
        f"{shape[0]} x {shape[1]} cells of {spacing:g} m, left {left:.10g}, top {top:.10g}; "
        f"{inside} of 4 corners in the area; {other}"
    )
    if all(told.get(key) == value for key, value in ALBERS.items()):
        return Answer((printable(name), place))
    where = f"area.crs, left {left:.10g}, top {top:.10g}, rows {shape[0]}, columns {shape[1]}"
    return Answer(
        (printable(name), place),
        f"expected Albers 60/85/-40; for an area on the benchmark's cells set {where}",
    )


def ask_mar(config: Config) -> Answer:
    """Address of the file of the last season, whether it has the variable, and in which units."""
    days = season_days(config.seasons.years[-1], config.seasons.months)
    options = mar_http.options_of(config.mar, config.archives)
    (remote,) = server.search(days[0], days[-1], options)
    found = server.variables(remote, HEADER_S)
    line = f"{remote.url}, {human(remote.size)}"
    variable = config.mar.variable
    if variable not in found:
        has = ", ".join(sorted(found)[:12])
        return Answer(
            (line,),
            f"no {variable} (it has {printable(has)}); set archives.mar_5km to the folder of "
            "archives.mar_10km",
        )
    liquid_water_in_kg_per_kg(NOTHING, found[variable], f"{remote.path}, mar.variable")
    line += f"; {variable} in {found[variable] or 'no units'}"
    if "-5km-" not in remote.path:
        return Answer(
            (line,), "no 5 km file; set archives.mar_5km if it lies elsewhere, else 10 km is taken"
        )
    return Answer((line,))


def ask_opera(config: Config) -> Answer:
    """Granules of the wanted polarisation per relative orbit in the middle month of each season."""
    lines, empty = [], []
    for year in config.seasons.years:
        found = found_bursts(config, year)
        orbits = Counter(
            parse_burst(Path(remote.path)).relative_orbit for remote in found.remotes[::2]
        )
        told = (
            ", ".join(f"{count} of {orbit:03d}" for orbit, count in sorted(orbits.items()))
            or "none"
        )
        others = Counter(item.reason.partition(" by ")[0] for item in found.passed_over)
        passed = "".join(f"; {count} {reason}" for reason, count in sorted(others.items()))
        lines.append(f"{middle(config, year)[0]:%Y-%m}: {told}{passed}")
        empty += [] if orbits else [str(year)]
    wrong = (
        f"no {config.sentinel1.polarisation} in {', '.join(empty)}; set "
        "sentinel1.polarisation or sentinel1.provider"
    )
    return Answer(tuple(lines), wrong if empty else "")


def ask_burst(config: Config) -> Answer:
    """Crs and spacing of one burst, from its header."""
    remotes = found_bursts(config, config.seasons.years[-1]).remotes
    if not remotes:
        raise MissingInputError(
            "no burst to look at; set sentinel1.polarisation, or sentinel1.provider"
        )
    with open_remote(
        remotes[0].url, earthdata(config.archives), policy(config.archives), "burst"
    ) as burst:
        crs, spacing = burst.raster.crs, burst.raster.res[0]
    same = (
        "the area's"
        if same_crs(crs.to_wkt(), config.area.crs)
        else f"another than the area's, {config.area.crs}: bursts are warped"
    )
    wrong = "" if spacing == 30 else f"expected 30 m; set sentinel1.spacing_m to {spacing:g}"
    return Answer((f"{remotes[0].path}: {printable(str(crs))}, {same}; {spacing:g} m",), wrong)


def ask_microwave(config: Config) -> Answer:
    """Days of each platform and pass in each season, its winter months included."""
    lines, short = [], []
    for year in config.seasons.years:
        days = winter_to_season(year, config.microwave.winter_months, config.seasons.months)
        held = microwave_days(config, days)
        told = ", ".join(f"{key[0]} {key[1]} {len(held[key])}" for key in sorted(held)) or "none"
        lines.append(f"{year}, of {len(days)}: {told}")
        wanted = held.get((config.microwave.platform, config.microwave.overpass), set())
        if longest_gap(days, wanted) > config.microwave.longest_gap_days:
            short.append(str(year))
    what = (
        f"{config.microwave.platform} {config.microwave.overpass} lacks more than "
        f"{config.microwave.longest_gap_days} days in a row in"
    )
    remedy = "set microwave.platform, microwave.overpass or microwave.fallback_platforms"
    return Answer(tuple(lines), f"{what} {', '.join(short)}; {remedy}" if short else "")


def microwave_days(config: Config, days: list[dt.date]) -> dict[tuple[str, str], set[dt.date]]:
    """Days of the enhanced-resolution channel by platform and pass."""
    names = [
        config.archives.microwave_granules.format(platform=name, channel=config.microwave.channel)
        for name in PLATFORMS
    ]
    granules = cmr.search(
        catalogue(config.archives), "NSIDC-0630", (days[0], days[-1]), names=names
    )
    held: dict[tuple[str, str], set[dt.date]] = {}
    for granule in granules:
        for file in granule.files:
            try:
                name = parse_name(Path(file.name))
            except DaymeltError:
                continue
            if (name.algorithm, name.grid, name.channel) == (
                "SIR",
                CETB_GRID,
                config.microwave.channel,
            ) and name.date in days:
                held.setdefault((name.platform, name.pass_), set()).add(name.date)
    return held


def longest_gap(days: Iterable[dt.date], held: set[dt.date]) -> int:
    """Most days in a row that are not held."""
    longest = run = 0
    for day in days:
        run = 0 if day in held else run + 1
        longest = max(longest, run)
    return longest


def ask_terrain(config: Config) -> Answer:
    """Names of the DEM and of the masks."""
    options = terrain_options(config.archives)
    lines, wrong = [], []
    for setting, search in (
        ("height_names", nsidc.search_height),
        ("ocean_mask_names and archives.ice_mask_names", nsidc.search_masks),
    ):
        try:
            lines += [f"{remote.path}, {human(remote.size)}" for remote in search(options)]
        except MissingInputError as error:
            wrong.append(f"{error}; or set archives.{setting}")
    return Answer(tuple(lines), "; ".join(wrong))


def found_bursts(config: Config, year: int) -> opera.Found:
    """What OPERA has of the area in the middle month of a season."""
    options = options_of(config.sentinel1, config.archives)
    days = middle(config, year)
    return opera.find(box_of(config.area.grid), days[0], days[-1], options)


def middle(config: Config, year: int) -> list[dt.date]:
    """The days of the middle month of a season."""
    return month_days(year, config.seasons.months[len(config.seasons.months) // 2])


QUESTIONS: Mapping[str, Question] = {
    "grid of the published benchmark": Question(ask_benchmark),
    "MAR at 5 km": Question(ask_mar, (("mar", "mar-http"),)),
    "OPERA bursts": Question(ask_opera, (("sentinel1", "opera"),)),
    "crs of OPERA bursts": Question(ask_burst, (("sentinel1", "opera"),)),
    "NSIDC-0630, days a season": Question(ask_microwave, (("microwave", "nsidc-0630"),)),
    "names of masks and DEM": Question(
        ask_terrain, (("terrain", "nsidc-0645"), ("terrain", "arcticdem"))
    ),
}
