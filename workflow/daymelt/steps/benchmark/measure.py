"""Measure how fast a system maps, and in how much memory."""

import resource
import sys
import time
from collections import deque
from pathlib import Path

from daymelt.core.atomic import write_json
from daymelt.core.dates import season_days
from daymelt.settings.inputs import Seasons
from daymelt.settings.learning import Map, System
from daymelt.steps.running import load_system, running
from daymelt.systems.aligned import open_aligned

DAYS = 24  # timed, in the middle of the season


def measure(
    season: int,
    model_card: Path,
    interpolated: Path,
    mar: Path,
    microwave: Path,
    winter: Path,
    terrain: Path,
    out: Path,
    seasons: Seasons,
    system: System,
    map: Map,
    threads: int = 0,
) -> None:
    """Map some days and write days a second, peak memory in MB and the number of parameters.

    The time is that of reading the inputs and computing the maps, without writing them, after one
    batch to warm up.
    """
    how = running(map, threads)
    days = season_days(season, seasons.months)
    first = max(0, (len(days) - DAYS) // 2)
    with open_aligned(terrain, [interpolated], [mar], [microwave], [winter]) as aligned:
        ready = load_system(system, model_card.parent, aligned, how)
        deque(ready.predict(days[: how.batch]), maxlen=0)
        started = time.perf_counter()
        deque(ready.predict(days[first : first + DAYS]), maxlen=0)
        seconds = time.perf_counter() - started
    timed = min(DAYS, len(days))
    write_json(
        out,
        {
            "days_per_s": timed / seconds,
            "peak_mb": peak_memory_mb(),
            "parameters": ready.parameters,
            "threads": threads,
        },
    )


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
