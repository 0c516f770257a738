"""Terrain-corrected Sentinel-1 scenes of the Planetary Computer: 10 m, of which only the window of
an area is read.

A window keeps the pixels of its scene: same crs, same cells. It is written like a burst of OPERA,
backscatter and mask, so that one reader takes both; the mask only says where there are data, since
this provider marks neither layover nor shadow.

Source: STAC collection sentinel-1-rtc (microsoft/planetary-computer-tasks): gamma0 in linear power,
nodata -32768, and scenes of zeros; its end in microsoft/PlanetaryComputer issue 489.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daymelt.archives.access import Access, planetary
from daymelt.archives.boxes import Box
from daymelt.archives.ranges import Whole
from daymelt.archives.retry import Policy
from daymelt.archives.web import bare, is_private
from daymelt.core.errors import ConfigError, FormatError, RetrievalError, printable
from daymelt.core.grid import Grid
from daymelt.sources.sentinel1.stac_items import POLARISATIONS, RtcItem, parse_item
from daymelt.sources.sentinel1.windows import Scene, find_scenes, read_scene_tags, read_window

__all__ = [
    "PlanetaryOptions",
    "Retrieved",
    "Scene",
    "check_held",
    "find_scenes",
    "read_scene_tags",
    "read_window",
    "retrieve",
    "search",
]
FIRST_DAY = dt.date(2014, 10, 10)  # of the collection's temporal extent
LAST_DAY = dt.date(2026, 6, 25)  # no scene has been added since
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlanetaryOptions:
    """Where to search, where tokens come from, whose addresses they sign, and which collection and
    polarisation (`hh`, ...) are wanted.
    """

    endpoint: str = "https://planetarycomputer.microsoft.com/api/stac/v1"
    token_endpoint: str = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
    storage_hosts: tuple[str, ...] = (".blob.core.windows.net",)
    collection: str = "sentinel-1-rtc"
    polarisation: str = "hh"
    page_size: int = 100
    policy: Policy = field(default_factory=Policy)

    def access(self, key: str | None = None, environ: Mapping[str, str] | None = None) -> Access:
        """How its storage is asked; the key is PC_SDK_SUBSCRIPTION_KEY unless given."""
        return planetary(self.token_endpoint, key, environ, self.storage_hosts, self.policy)


@dataclass(frozen=True)
class Retrieved:
    """Files of the windows, backscatter before its mask, in the order of the scenes; and the scenes
    that had no valid pixel there.
    """

    paths: tuple[Path, ...]
    empty: tuple[Scene, ...]


def check_held(first: dt.date, last: dt.date) -> None:
    """ConfigError where all of some days are before the collection; nothing is asked."""
    if last < FIRST_DAY:
        raise ConfigError(
            f"sentinel1.provider planetary-computer: found days {first} to {last}; expected days "
            f"from {FIRST_DAY} on, the first of the collection; leave out earlier seasons.years "
            "and their winters"
        )


def search(box: Box, first: dt.date, last: dt.date, options: PlanetaryOptions) -> list[Scene]:
    """Every scene of one polarisation that may see a box on some days, in order of time.

    Of a scene that is listed twice the item that was updated last stands. What is passed over is
    counted in the log.

    Parameters
    ----------
    box : (west, south, east, north), degrees
    first, last : UTC days, both included

    Raises
    ------
    RetrievalError, FormatError
        The catalogue does not answer, or answers with something else than items.
    ConfigError
        No such polarisation.
    """
    # its client takes a while to load, of which only a retrieval has need
    from daymelt.archives import stac_search

    if options.polarisation not in POLARISATIONS:
        raise ConfigError(
            f"polarisation {options.polarisation!r}: expected one of {', '.join(POLARISATIONS)}"
        )
    if last > LAST_DAY:
        log.warning(
            "%s: no scene after %s, when the collection ended; for days up to %s set "
            "sentinel1.provider: opera",
            options.collection,
            LAST_DAY,
            last,
        )
    items = stac_search.items(
        options.endpoint, options.collection, box, (first, last), options.policy, options.page_size
    )
    passed_over: Counter[str] = Counter()
    newest: dict[tuple[str, int, dt.datetime], Scene] = {}
    for scene in _scenes(items, options.polarisation, passed_over):
        if not first <= scene.acquired_at.date() <= last:
            passed_over["of other days"] += 1
            continue
        key = scene.platform, scene.relative_orbit, scene.acquired_at.replace(microsecond=0)
        passed_over["superseded"] += key in newest
        if key not in newest or _rank(newest[key]) < _rank(scene):
            newest[key] = scene
    told = (
        ", ".join(f"{count} {why}" for why, count in sorted(passed_over.items()) if count) or "none"
    )
    log.info(
        "%s %s to %s: %d scenes; passed over: %s",
        options.collection,
        first,
        last,
        len(newest),
        told,
    )
    return sorted(newest.values(), key=lambda scene: (scene.acquired_at, scene.id))


def retrieve(
    scenes: Sequence[Scene],
    folder: Path,
    grid: Grid,
    access: Access,
    policy: Policy = Policy(),  # noqa: B008 - frozen
    progress: Callable[[Scene], None] | None = None,
) -> Retrieved:
    """Read the window of every scene, some at a time; those that are there already are kept.

    Parameters
    ----------
    grid : what the windows must cover
    progress : called with each scene once it is done, in their order

    Raises
    ------
    MissingCredentialError, FormatError, StorageError
        As `read_window`, at once; what came is kept.
    RetrievalError
        Scenes that did not come, once all the others did.
    """
    paths: list[Path] = []
    empty: list[Scene] = []
    failed: list[RetrievalError] = []
    with ThreadPoolExecutor(policy.connections_per_host) as pool:
        try:
            outcomes = pool.map(lambda scene: _window(scene, folder, grid, access, policy), scenes)
            for scene, outcome in zip(scenes, outcomes, strict=True):
                if isinstance(outcome, RetrievalError):
                    failed.append(outcome)
                    continue
                paths += outcome
                empty += [] if outcome else [scene]
                if progress is not None:
                    progress(scene)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for scene in empty:
        log.info("scene %s: no valid pixel in the area; left out", scene.id)
    if len(failed) > 1:
        raise RetrievalError(
            f"{len(failed)} of {len(scenes)} scenes did not come, the others are kept; the "
            f"first: {failed[0]}"
        )
    for error in failed:
        raise error
    return Retrieved(tuple(paths), tuple(empty))


def _window(
    scene: Scene, folder: Path, grid: Grid, access: Access, policy: Policy
) -> list[Path] | RetrievalError:
    """A scene that does not come lets the others come first; any other error ends the retrieval at
    once.
    """
    try:
        return read_window(scene, folder, grid, access, policy)
    except RetrievalError as error:
        return error


def _scenes(
    items: Iterable[Mapping[str, Any]], polarisation: str, passed_over: Counter[str]
) -> Iterator[Scene]:
    for item in items:
        try:
            parsed = parse_item(item)
            if polarisation in parsed.assets:
                yield _scene(parsed, item["properties"], polarisation)
            else:
                passed_over[f"without {polarisation}"] += 1
        except FormatError as error:
            # one bad record of a catalogue must not hide a month of good ones
            passed_over["unreadable"] += 1
            log.warning("%s", error)


def _scene(item: RtcItem, properties: Mapping[str, Any], polarisation: str) -> Scene:
    asset = item.assets[polarisation]
    url, updated = asset.href, _stamp(properties.get("updated") or properties.get("created"))
    if not is_private(url):
        raise FormatError(
            f"STAC item {item.id}: {polarisation} at {printable(bare(url))[:100]}, expected an "
            "https address; leave it out"
        )
    return Scene(
        item.id,
        bare(url),
        f"{item.id}_{polarisation.upper()}.tif",
        None,
        None,
        "tiff",
        updated or asset.checksum or "",
        acquired_at=item.acquired_at,
        platform=item.platform,
        relative_orbit=item.relative_orbit,
        orbit_pass=item.orbit_pass,
        polarisation=polarisation,
        updated=updated,
        whole=Whole(asset.size, asset.checksum),
    )


def _stamp(moment: object) -> str:
    """An instant as ISO 8601 in UTC; empty where there is none that can be read."""
    try:
        found = dt.datetime.fromisoformat(str(moment))
        return (
            found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
        ).isoformat()
    except (ValueError, OverflowError):
        return ""


def _rank(scene: Scene) -> tuple[str, str, str]:
    return scene.updated, scene.id, scene.url
