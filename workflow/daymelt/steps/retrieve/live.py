"""Retrieval from the archives: what every source shares once its files are known."""

import datetime as dt
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from daymelt.archives import access, cmr
from daymelt.archives.download import fetch_all
from daymelt.archives.remote import Fetched, Remote
from daymelt.archives.retry import Policy
from daymelt.archives.web import bare
from daymelt.core.grid import Grid
from daymelt.core.manifest import Entry, entry, write_manifest
from daymelt.settings.inputs import Archives

MARGIN_DEG = 0.05
OUTLINE_POINTS = 64  # along each edge: the extremes of longitude and latitude lie on it


def box_of(area: Grid) -> cmr.Box:
    """West, south, east and north of an area with a small margin, degrees."""
    x, y = (
        np.linspace(area.left, area.right, OUTLINE_POINTS),
        np.linspace(area.top, area.bottom, OUTLINE_POINTS),
    )
    edge_x = np.concatenate([x, x, np.full_like(y, area.left), np.full_like(y, area.right)])
    edge_y = np.concatenate([np.full_like(x, area.top), np.full_like(x, area.bottom), y, y])
    lon, lat = area.points_in(edge_x, edge_y, "EPSG:4326")
    west, south, east, north = lon.min(), lat.min(), lon.max(), lat.max()
    return (
        math.floor(1e4 * (west - MARGIN_DEG)) / 1e4,
        max(south - MARGIN_DEG, -90),
        east + MARGIN_DEG,
        min(north + MARGIN_DEG, 90),
    )


def catalogue(archives: Archives) -> cmr.CmrOptions:
    """Where granules are searched."""
    return cmr.CmrOptions(archives.cmr, policy(archives))


def policy(archives: Archives) -> Policy:
    """How patiently."""
    return Policy(
        archives.connections_per_host, archives.timeout_s, archives.timeout_s, archives.attempts
    )


def earthdata(archives: Archives) -> access.Access:
    """Who asks NASA's archives."""
    return access.earthdata(archives.earthdata_hosts, archives.earthdata_login)


@dataclass(frozen=True)
class Plan:
    """What a dry run listed: number of files, bytes, and how many files of unknown size."""

    files: int = 0
    size: int = 0
    unknown: int = 0

    def __add__(self, other: "Plan") -> "Plan":
        return Plan(self.files + other.files, self.size + other.size, self.unknown + other.unknown)

    def __str__(self) -> str:
        return f"{human(self.size):>10}  in {self.files} files" + (
            f", {self.unknown} of unknown size" if self.unknown else ""
        )


@dataclass(frozen=True)
class Offer:
    """What an archive has for a retrieval, and what its manifest says besides the files."""

    remotes: Sequence[Remote]
    about: Mapping[str, Any]


def retrieve(
    offer: Offer, out: Path, who: access.Access, archives: Archives, dry_run: bool
) -> Plan:
    """Fetch files into the folder of `out` and end with the manifest `out`; a dry run lists them
    and fetches nothing.
    """
    if dry_run:
        return print_plan(offer.remotes)
    fetched = fetch(offer.remotes, out, who, archives)
    write_live_manifest(out, fetched, offer.about)
    return Plan()


def fetch(
    remotes: Sequence[Remote], out: Path, who: access.Access, archives: Archives
) -> list[Fetched]:
    """Fetch files into the folder of `out`, with a progress bar."""
    total = sum(remote.size or 0 for remote in remotes)
    return fetch_all(remotes, out.parent, who, policy(archives), Progress(len(remotes), total))


def write_live_manifest(out: Path, fetched: Iterable[Fetched], about: Mapping[str, Any]) -> None:
    """End a retrieval: list what was fetched."""
    write_manifest(out, [entry_of(item) for item in fetched], about)


def entry_of(item: Fetched) -> Entry:
    """A fetched file as the manifest lists it."""
    retrieved_at = item.retrieved_at.isoformat(timespec="seconds")
    return Entry(
        item.path.name,
        bare(item.remote.url),
        item.size,
        item.sha256,
        item.remote.id,
        item.remote.version,
        retrieved_at,
    )


def window_entry(folder: Path, path: Path, remote: Remote) -> Entry:
    """A window cut from a remote file, as the manifest lists it."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return replace(
        entry(folder, path, bare(remote.url)),
        id=remote.id,
        version=remote.version,
        retrieved_at=now,
    )


def print_plan(remotes: Iterable[Remote]) -> Plan:
    """What would be fetched, with sizes and their sum."""
    listed = list(remotes)
    for remote in listed:
        print(f"{human(remote.size):>10}  {remote.path}")
    unknown = sum(remote.size is None for remote in listed)
    known = sum(remote.size or 0 for remote in listed)
    plan = Plan(len(listed), known, unknown)
    print(plan)
    return plan


def human(size: float | None) -> str:
    """A number of bytes as a person reads it."""
    if size is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes all")


class Steps:
    """Says on standard error how many pieces of a retrieval have come, where their bytes are not
    known before.
    """

    def __init__(self, thing: str) -> None:
        self._thing, self._start = thing, dt.datetime.now(dt.UTC)

    def __call__(self, done: int, count: int) -> None:
        seconds = (dt.datetime.now(dt.UTC) - self._start).total_seconds()
        line = f"{done} of {count} {self._thing}, {seconds:.0f} s"
        if sys.stderr.isatty():
            print(f"\r{line}", end="\n" if done == count else "", file=sys.stderr, flush=True)
        elif 10 * done // count > 10 * (done - 1) // count:
            print(line, file=sys.stderr, flush=True)


class Progress:
    """Says on standard error how far a retrieval is: a line that renews itself on a terminal, a
    line every tenth elsewhere.
    """

    def __init__(self, count: int, total: int) -> None:
        self._count, self._total, self._done, self._told = count, total, 0, -1
        self._start = dt.datetime.now(dt.UTC)

    def __call__(self, added: int) -> None:
        self._done += added
        tenth = 10 * self._done // self._total if self._total else 0
        if sys.stderr.isatty():
            print(
                f"\r{self._line()}",
                end="\n" if self._done >= self._total > 0 else "",
                file=sys.stderr,
                flush=True,
            )
        elif tenth > self._told:
            self._told = tenth
            print(self._line(), file=sys.stderr, flush=True)

    def _line(self) -> str:
        seconds = max((dt.datetime.now(dt.UTC) - self._start).total_seconds(), 1e-3)
        whole = f" of {human(self._total)}" if self._total else ""
        return f"{self._count} files: {human(self._done)}{whole}, {human(self._done / seconds)}/s"
