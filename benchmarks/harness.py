"""How a stage is timed, how its peak memory is found, and what a module of stages has to define.

Every measurement runs in a process of its own, started from one that has imported no large library,
so that the peak is that of the stage. Two implementations are timed in turn, not one after the
other, so that other load of the machine affects both.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FULL_ROWS, FULL_COLUMNS, FULL_DAYS = 2863, 1633, 183  # the production area at 100 m, and a season
MODULES = (
    *("sentinel1", "coarse", "temporal", "maps", "scoring", "learning", "sensors", "plan"),
    "publishing",
)


@dataclass(frozen=True)
class Setting:
    """The size of a run: cells of the study grid, days (or passes), and with what a network
    runs.
    """

    folder: str
    rows: int = FULL_ROWS
    columns: int = FULL_COLUMNS
    days: int = FULL_DAYS
    quick: bool = False
    device: str = "cpu"
    model: str | None = None

    def area(self, factor: float) -> "Setting":
        """The same shape with so many times the area."""
        side = factor**0.5
        return Setting(
            **{
                **asdict(self),
                "rows": round(self.rows * side),
                "columns": round(self.columns * side),
            }
        )


@dataclass
class Case:
    """A stage at one size, ready to run.

    Parameters
    ----------
    ours : our way
    common : what the target compares it with; None where nothing does
    floor : what no way can do without
    check : how far both ways are apart, or what else must hold, in words; raises where it does not
    hold
    measured_share : share of the common way that `common` runs; its time is extrapolated by it
    facts : found beside the times, such as sizes; filled by `ours` or `check`
    value : for a stage that is no ratio of two times: what the target speaks of, from the times
    (ours, common, floor)
    """

    ours: Callable[[], object]
    common: Callable[[], object] | None = None
    floor: Callable[[], object] | None = None
    check: Callable[[], str] = lambda: ""
    measured_share: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)
    value: Callable[[float, float, float], float] | None = None


@dataclass(frozen=True)
class Stage:
    """A row of the table.

    Parameters
    ----------
    name : for `--only`
    title : what it is
    common : the way it is compared with
    target : at most this ratio (ours / common), or at most this value
    load : a setting to the case, reading what `prepare` left in the setting's folder
    prepare : writes the inputs
    days : how many days (passes, files) the full size has; None where the stage has none
    growth : largest area of the growth study, in full areas; None leaves the stage out
    """

    name: str
    title: str
    common: str
    target: float | None
    load: Callable[[Setting], Case]
    floor: str = ""
    prepare: Callable[[Setting], None] = lambda setting: None
    days: int | None = None
    growth: float | None = 4.0
    days_growth: bool = False
    repeats: int = 3
    cuda: bool = False
    scale: float = 1.0  # of the area, at which the table is measured


def stages(modules: Sequence[str] = MODULES) -> dict[str, Stage]:
    """The stages of some modules, in the order of the table; imports all that they need."""
    import importlib

    found = [stage for module in modules for stage in importlib.import_module(module).STAGES]
    return {stage.name: stage for stage in found}


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(case: Case, repeats: int, warm: bool = True) -> dict[str, Any]:
    """Medians of both ways and of the floor, timed in turn after one uncounted call of each, and
    the median of their ratios.
    """
    ways = [way for way in (case.ours, case.common, case.floor) if way is not None]
    if warm:
        for way in ways:
            way()
    rounds = [[timed(way) for way in ways] for _ in range(repeats)]
    times = iter(statistics.median(column) for column in zip(*rounds, strict=True))
    ours = next(times)
    common = next(times) / case.measured_share if case.common else None
    floor = next(times) if case.floor else None
    ratio = (
        statistics.median(one[0] / one[1] for one in rounds) * case.measured_share
        if case.common
        else None
    )
    if case.value:
        ratio = case.value(ours, common or 0.0, floor or 0.0)
    return {
        "ours": ours,
        "common_seconds": common,
        "floor_seconds": floor,
        "ratio": ratio,
        "share": case.measured_share,
    }


def peak_mb() -> float:
    """Largest resident memory of this process so far, MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def child(task: dict[str, Any]) -> dict[str, Any]:
    """What a process of its own does: `prepare` the inputs, run `ours` for its time and memory, or
    time a `pair`.
    """
    setting = Setting(**task["setting"])
    if task["mode"] == "stages":
        return {
            name: {**_words(stage), "module": module}
            for module in MODULES
            for name, stage in stages([module]).items()
        }
    stage = stages([task["module"]])[task["stage"]]
    if task["mode"] in ("prepare", "quick"):
        stage.prepare(setting)
    if task["mode"] == "prepare":
        return {}
    case = stage.load(setting)
    if task["mode"] == "ours":
        seconds = min(
            timed(case.ours), timed(case.ours)
        )  # the first fills new memory page by page, which can take longer than the work
        return {"seconds": seconds, "peak": peak_mb()}
    found = paired(case, 1 if task["mode"] == "quick" else stage.repeats, warm=stage.repeats > 1)
    return {**found, "check": case.check(), "facts": case.facts, "peak": peak_mb()}


def _words(stage: Stage) -> dict[str, Any]:
    return {key: value for key, value in vars(stage).items() if not callable(value)}


def start(mode: str, setting: Setting, stage: str = "", module: str = "") -> dict[str, Any]:
    """Run a task in a process of its own; RuntimeError with what it said where it failed."""
    task = {"mode": mode, "setting": asdict(setting), "stage": stage, "module": module}
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--task", json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{stage} ({mode}): {done.stderr.strip()[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def growth_line(points: Sequence[tuple[float, float]]) -> float:
    """Exponent with which the second number grows with the first, from the first to the last
    point.
    """
    from math import log

    (x0, y0), (x1, y1) = points[0], points[-1]
    return log(max(y1, 1e-9) / max(y0, 1e-9)) / log(x1 / x0)
