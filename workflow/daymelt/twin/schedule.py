"""When Sentinel-1 passes, and over which part of the area: the pattern of MeltwaterBench.

Five descending relative orbits see the area. Satellite A repeats each every 12 days, B six days
after A; B failed on 23 December 2021. The acquired orbits differ from year to year, and some passes
were missed. Source: the dates of the published benchmark (MeltwaterBench, version
1_4) modulo 12 days; its number of days a season.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from daymelt.twin.nature import nature_days
from daymelt.twin.noise import stream

CYCLE = dt.date(2017, 3, 26)  # first day of a 12-day cycle of satellite A
REPEAT_DAYS = 12
B_AFTER_A_DAYS = 6
B_FAILED = dt.date(2021, 12, 23)
MISSED_SHARE = 0.06  # outside the seasons of the benchmark
LAST_BENCHMARK_DAY = {2023: dt.date(2023, 8, 29)}
BENCHMARK_DAYS = {  # days of MeltwaterBench, 1 April to 30 September
    2017: 14,
    2018: 90,
    2019: 72,
    2020: 92,
    2021: 131,
    2022: 72,
    2023: 58,
}


@dataclass(frozen=True)
class Orbit:
    """A relative orbit: day of the cycle, time of day (UTC), and the strip of the area seen, as
    shares of its width from the west.
    """

    number: int
    phase: int
    time: dt.time
    west: float
    east: float


# from east to west; the share of the area that each sees is that of the benchmark
ORBITS = {
    orbit.number: orbit
    for orbit in (
        Orbit(68, 2, dt.time(8, 46, 12), 0.68, 1.0),
        Orbit(141, 7, dt.time(8, 54, 48), 0.14, 1.0),
        Orbit(39, 0, dt.time(9, 3, 5), 0.0, 0.99),
        Orbit(112, 5, dt.time(9, 11, 20), 0.0, 0.59),
        Orbit(10, 10, dt.time(9, 19, 37), 0.0, 0.16),
    )
}

_FULL_A = dict.fromkeys(ORBITS, "A")
_THREE = {10: "AB", 112: "AB", 141: "AB"}
ACQUIRED = {  # satellites that acquired each orbit, by year
    2017: {10: "A"},
    2018: _THREE,
    2019: {**_THREE, 10: "A"},
    2020: _THREE,
    2021: {**dict.fromkeys(ORBITS, "AB"), 39: "A"},
    2022: _FULL_A,
    2023: _FULL_A,
}


@dataclass(frozen=True)
class Pass:
    """One overflight: its orbit, platform (`S1A`, `S1B`) and instant."""

    orbit: Orbit
    platform: str
    acquired_at: dt.datetime


def passes(season: int, seed: int) -> list[Pass]:
    """Every acquisition of the year's nature, in order of time."""
    planned = [item for day in nature_days(season) for item in _passes_of(day, season)]
    summer = [item for item in planned if item.acquired_at.month >= 4]
    winter = [item for item in planned if item.acquired_at.month < 4]
    random = stream(seed, "missed", season)
    last = LAST_BENCHMARK_DAY.get(season, dt.date.max)
    summer = [item for item in summer if item.acquired_at.date() <= last]
    of_winter = round(len(winter) * (1 - MISSED_SHARE))
    of_summer = BENCHMARK_DAYS.get(season, round(len(summer) * (1 - MISSED_SHARE)))
    return _acquire(winter, of_winter, random) + _acquire(summer, of_summer, random)


def _passes_of(day: dt.date, season: int) -> list[Pass]:
    acquired = ACQUIRED.get(season, _FULL_A)
    found = []
    for number, satellites in acquired.items():
        orbit = ORBITS[number]
        for satellite, delay in (("A", 0), ("B", B_AFTER_A_DAYS)):
            due = (day - CYCLE).days % REPEAT_DAYS == (orbit.phase + delay) % REPEAT_DAYS
            if due and satellite in satellites and (satellite == "A" or day < B_FAILED):
                found.append(
                    Pass(orbit, f"S1{satellite}", dt.datetime.combine(day, orbit.time, dt.UTC))
                )
    return sorted(found, key=lambda item: item.acquired_at)


def _acquire(planned: list[Pass], count: int, random: np.random.Generator) -> list[Pass]:
    """`count` of the planned passes; the others are missed at random, but never the first or the
    last.
    """
    if count >= len(planned):
        return planned
    inner = np.sort(random.choice(np.arange(1, len(planned) - 1), count - 2, replace=False))
    return [planned[index] for index in (0, *inner, len(planned) - 1)]


def month_passes(season: int, month: int, seed: int) -> list[Pass]:
    """The acquisitions of one month."""
    return [item for item in passes(season, seed) if item.acquired_at.month == month]
