"""Rehearse a run: of every source of the settings the smallest true retrieval, through search,
download, verification, reading and the alignment of one day.
"""

import datetime as dt
import logging
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from daymelt.archives.remote import Remote, human
from daymelt.commands import probe
from daymelt.commands.probe import AS_ASSUMED, NOT_ASKED, WRONG
from daymelt.commands.shareable import shareable
from daymelt.core.atomic import write_json
from daymelt.core.dates import month_days, month_name, season_days, winter_to_season
from daymelt.core.errors import (
    DaymeltError,
    MissingCredentialError,
    MissingInputError,
    RetrievalError,
)
from daymelt.core.manifest import manifest_files, read_manifest, write_manifest
from daymelt.core.provenance import software_version
from daymelt.settings.config import Config
from daymelt.settings.inputs import Area
from daymelt.steps.prepare.first_day import align_first_day, central_window, centre_of_area
from daymelt.steps.retrieve.provider import ProviderBase, Request, Retrieved, provider_class
from daymelt.steps.retrieve.twin_world import twin_world
from daymelt.steps.station_sites import sites_in

log = logging.getLogger(__name__)
# a file of MAR is read by ranges, by a thread that cannot be ended: last
SOURCES = ("terrain", "sentinel1", "microwave", "stations", "mar")
ATTEMPTS = 2
NOTHING = "no station in the area"
SHOWN = 2  # names of files in a report


@dataclass(frozen=True)
class Done:
    """A step that was rehearsed: its time in s, and what it found."""

    step: str
    seconds: float
    found: str


@dataclass
class Outcome:
    """What the rehearsal of a source came to.

    `notes` are the answers of the questions of `daymelt probe`; `season` and `total` bytes and
    seconds of one season and of all, by extrapolation, None where unknown.
    """

    source: str
    provider: str
    state: str = AS_ASSUMED
    steps: list[Done] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    volume: "Volume | None" = None

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is appended to the list is what it found."""
        found: list[str] = []
        began = time.monotonic()
        yield found
        self.steps.append(Done(name, time.monotonic() - began, "; ".join(found)))


@dataclass(frozen=True)
class Volume:
    """Bytes and seconds of one season and of all, extrapolated from what was fetched."""

    season_bytes: float
    season_seconds: float
    seasons: int

    def __str__(self) -> str:
        one = f"{human(self.season_bytes)} in {duration(self.season_seconds)}"
        every = (
            f"{human(self.season_bytes * self.seasons)} in "
            f"{duration(self.season_seconds * self.seasons)}"
        )
        return one + (f"; all {self.seasons} seasons: {every}" if self.seasons > 1 else "")


def rehearse(config: Config, keep: bool = False, report: Path | None = None) -> int:
    """Rehearse every source of the settings and write a report; 1 where something is other than
    assumed, 2 where no source could be reached, else 0.

    The sources are independent: one that fails leaves the others rehearsed. All files lie in a new
    folder `rehearsal-…` of the current one, which is removed afterwards unless `keep`.
    """
    archives = config.archives.model_copy(
        update={"attempts": min(config.archives.attempts, ATTEMPTS)}
    )
    asked = config.model_copy(update={"archives": archives})
    name = f"rehearsal-{config.area.name}"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir="."))
    try:
        outcomes = []
        for source in SOURCES:
            outcomes.append(rehearse_source(source, asked, folder / source))
            print("\n".join(lines_of(outcomes[-1])), flush=True)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    out = report or Path(f"{name}.json")
    write_json(out, shareable(report_of(config, outcomes)))
    print(f"report: {out}" + (f"; files: {folder}" if keep else ""))
    asked_for = [outcome for outcome in outcomes if outcome.state != NOTHING]
    live = [outcome for outcome in asked_for if not is_computed(outcome)]
    return probe.exit_status([outcome.state for outcome in live or asked_for])


def is_computed(outcome: Outcome) -> bool:
    """True for a source that needs no archive, which is no sign that one can be reached."""
    return provider_class(outcome.source, outcome.provider).computed


def rehearse_source(source: str, config: Config, folder: Path) -> Outcome:
    """Rehearse one source into `folder`; errors become its state."""
    outcome = Outcome(source, getattr(config, source).provider)
    if source == "stations" and not sites_in(config.stations, config.area.grid):
        outcome.state = NOTHING
        return outcome
    try:
        retrieve_and_align(outcome, config, folder)
    except (RetrievalError, MissingCredentialError) as error:
        outcome.state, outcome.error = NOT_ASKED, str(error)
    except DaymeltError as error:
        outcome.state, outcome.error = WRONG, str(error)
    for name in probe.questions_of(source, outcome.provider):
        state, text = probe.ask(name, config)
        outcome.notes.append(text)
        if state == WRONG:
            outcome.state = WRONG
    return outcome


def retrieve_and_align(outcome: Outcome, config: Config, folder: Path) -> None:
    """Search, fetch, verify, read and align; what succeeded is in `outcome` also where a later
    step fails.
    """
    make = provider_class(outcome.source, outcome.provider)
    wide = make(request_of(outcome.source, config, config.area, folder, whole=True))
    area = config.area if make.in_place else small_area(config)
    request = request_of(outcome.source, config, area, folder)
    if outcome.source == "mar" and not make.in_place:  # a file of a year: one day of it is fetched
        request = replace(request, days=request.days[:1])
    if outcome.source == "sentinel1" and make.computed:
        year = request.days[0].year
        request = replace(request, world=folder / "world.nc")
        twin_world(year, folder / "world.nc", area, config.twin)
    provider = make(request)
    with outcome.step("search") as found:
        offered = wide.offer().remotes
        found.append("computed, nothing to search" if make.computed else listed(offered, wide))
    with outcome.step("download") as found:
        retrieved = sample(provider)
        write_manifest(request.out, retrieved.entries, {**request.about, **retrieved.about})
        size = sum(item.size for item in retrieved.entries)
        found.append(f"{len(retrieved.entries)} files, {human(size)}")
        found.extend([f"account {make.account} accepted"] if make.account else [])
        found.extend(["of 10 km, as 5 km lacks it"] if "lacking" in retrieved.about else [])
    described = read_manifest(request.out)["files"][: SHOWN + 1]
    outcome.files = [{"path": Path(item.path).name, "size": item.size} for item in described]
    if not make.computed:
        outcome.volume = extrapolated(offered, outcome, size, len(retrieved.entries), config, area)
    with outcome.step("verify") as found:
        paths = manifest_files(request.out, verify=True)
        found.append(f"{len(paths)} checksums as in the manifest")
    with outcome.step("read") as found:
        for path in paths[: SHOWN + 1]:
            provider.check(path)
        found.append(paths[0].name if paths else "no file")
    with outcome.step("align") as found:
        found.append(str(align_first_day(outcome.source, request.out, area, config)))


def sample(provider: ProviderBase[Any]) -> Retrieved:
    """The smallest retrieval of a provider; ConfigError where its archive holds nothing of the area
    or the days, MissingInputError where it offers nothing.
    """
    provider.check_held()
    offer = provider.offer()
    if not offer.remotes and not provider.computed:
        days = provider.request.days
        when = f" from {days[0]} to {days[-1]}" if days else ""
        raise MissingInputError(
            f"{provider.request.source}: no file offered for the area{when}; see `daymelt probe` "
            "and check the settings of the source"
        )
    return provider.sample(offer)


def request_of(
    source: str, config: Config, area: Area, folder: Path, whole: bool = False
) -> Request[Any]:
    """What is asked of a source: the middle month of the last season, or the `whole` of what a
    season needs, which of Sentinel-1 is a month too.
    """
    year, months = config.seasons.years[-1], config.seasons.months
    middle = months[len(months) // 2]
    days = month_days(year, middle)
    if whole and source == "mar":
        days = season_days(year, months)
    if whole and source == "microwave":
        days = winter_to_season(year, config.microwave.winter_months, months)
    settings = getattr(config, source)
    if source == "stations" and not whole:
        sites = tuple(sites_in(settings, area.grid)) or settings.sites
        settings = settings.model_copy(update={"sites": sites[:1]})
    wanted = months if whole else (middle,)
    return Request(
        source,
        {"month": month_name(year, middle)},
        folder / "manifest.json",
        area.grid,
        settings,
        () if source in ("terrain", "stations") else days,
        config.seasons.model_copy(update={"years": (year,), "months": wanted}),
        config.archives,
        config.meltwaterbench,
        config.twin,
    )


def small_area(config: Config) -> Area:
    """A window in the middle of the area, which keeps retrieval and alignment small."""
    return central_window(config.area, *centre_of_area(config.area))


def listed(remotes: Sequence[Remote], provider: ProviderBase[Any]) -> str:
    """Number and bytes of offered files, and the days they are of."""
    days = provider.request.days
    unknown = sum(remote.size is None for remote in remotes)
    when = f", {days[0]} to {days[-1]}" if days else ""
    size = human(sum(remote.size or 0 for remote in remotes))
    return (
        f"{len(remotes)} files, {size}" + (f", {unknown} of unknown size" if unknown else "") + when
    )


def extrapolated(
    offered: Sequence[Remote], outcome: Outcome, size: int, files: int, config: Config, area: Area
) -> Volume | None:
    """Volume and time of a season; at most, as a run has several connections.

    A file of unknown size is a window of the area: it counts as the one that was fetched, times the
    share of the area that this covers.
    """
    if not size or not offered:
        return None
    cells = config.area.rows * config.area.columns / (area.rows * area.columns)
    window = size / files * cells
    known = sum(window if remote.size is None else remote.size for remote in offered)
    months = len({*config.sar.winter_months, *config.seasons.months})
    whole = known * (months if outcome.source == "sentinel1" else 1)
    seconds = outcome.steps[-1].seconds / size * whole
    once = outcome.source in ("terrain", "stations")
    return Volume(whole, seconds, 1 if once else len(config.seasons.years))


def duration(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def lines_of(outcome: Outcome) -> list[str]:
    """The outcome of a source as the screen shows it."""
    lines = [f"{outcome.source}, {outcome.provider}: {outcome.state}"]
    lines += [f"  {done.step:<9}{done.seconds:8.1f} s  {done.found}" for done in outcome.steps]
    lines += [f"  season     at most  {outcome.volume}"] if outcome.volume else []
    lines += [f"  {outcome.error}"] if outcome.error else []
    return lines + [f"  {line}" for note in outcome.notes for line in note.splitlines()]


def report_of(config: Config, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What the report says, before it is made shareable."""
    area = config.area
    return {
        "software": software_version(),
        "python": platform.python_version(),
        "system": platform.system(),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "area": {
            "crs": area.crs,
            "spacing_m": area.spacing_m,
            "left": area.left,
            "top": area.top,
            "rows": area.rows,
            "columns": area.columns,
        },
        "seasons": {"years": list(config.seasons.years), "months": list(config.seasons.months)},
        "sources": [entry_of(outcome) for outcome in outcomes],
    }


def entry_of(outcome: Outcome) -> dict[str, Any]:
    """One source in the report."""
    volume = outcome.volume
    return {
        "source": outcome.source,
        "provider": outcome.provider,
        "state": outcome.state,
        "steps": [
            {"step": done.step, "seconds": round(done.seconds, 2), "found": done.found}
            for done in outcome.steps
        ],
        "files": outcome.files,
        "season": {
            "bytes": round(volume.season_bytes),
            "seconds": round(volume.season_seconds),
            "seasons": volume.seasons,
        }
        if volume
        else None,
        "error": outcome.error,
        "answers": outcome.notes,
    }
