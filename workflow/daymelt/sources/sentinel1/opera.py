"""Sentinel-1 bursts of OPERA RTC-S1 in NASA's archive: which files there are for an area and some
days.

Source: OPERA RTC-S1 product guide (ASF, of March 2026: days and places that the archive holds);
product specification JPL D-108758.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from daymelt.archives import cmr
from daymelt.archives.boxes import Box
from daymelt.archives.remote import Remote
from daymelt.core.errors import ConfigError, FormatError
from daymelt.sources.sentinel1.bursts import Burst, parse_burst

COLLECTION = "OPERA_L2_RTC-S1_V1"
FIRST_DAY = dt.date(2016, 4, 14)
SOUTHERNMOST = -60.0  # degrees: all land but Antarctica
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OperaOptions:
    """Where to search, in which collection, for which polarisation (`hh`, `hv`, `vv` or `vh`)."""

    catalogue: cmr.CmrOptions = field(default_factory=cmr.CmrOptions)
    collection: str = COLLECTION
    polarisation: str = "hh"


@dataclass(frozen=True)
class PassedOver:
    """A granule that the archive lists and that is not taken, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Found:
    """The files of a search, and the granules that it passed over, in order of their names."""

    remotes: list[Remote]
    passed_over: list[PassedOver]


@dataclass(frozen=True)
class _Candidate:
    """One burst as one granule candidates it: backscatter and mask."""

    granule: cmr.Granule
    burst: Burst
    files: tuple[cmr.File, cmr.File]


def check_held(box: Box, first: dt.date, last: dt.date) -> None:
    """ConfigError where the archive holds nothing of a box or of some days; nothing is asked."""
    if last < FIRST_DAY:
        raise ConfigError(
            f"sentinel1.provider opera: found days {first} to {last}; expected days from "
            f"{FIRST_DAY} on, the first of the archive; leave out earlier seasons.years and their "
            "winters, or choose another provider"
        )
    if box[3] < SOUTHERNMOST:
        raise ConfigError(
            f"sentinel1.provider opera: found an area south of {-SOUTHERNMOST:g}° S; expected one "
            "north of it, as the archive leaves out Antarctica; choose another provider"
        )
    if first < FIRST_DAY:
        log.warning("%s: nothing before %s, the first day of the archive", COLLECTION, FIRST_DAY)


def search(box: Box, first: dt.date, last: dt.date, options: OperaOptions) -> list[Remote]:
    """The files that `find` finds."""
    return find(box, first, last, options).remotes


def find(box: Box, first: dt.date, last: dt.date, options: OperaOptions) -> Found:
    """Backscatter and mask of every burst that sees a box on some days, in order of time, each
    backscatter before its mask.

    Of a burst that the archive holds more than once the newest processing stands. What is passed
    over is named with its reason, and counted in the log: granules without the polarisation (over
    Greenland most have hh alone), without a mask, of other days.

    Parameters
    ----------
    box : (west, south, east, north), degrees
    first, last : UTC days, both included

    Raises
    ------
    RetrievalError, FormatError, ConfigError
        As `cmr.search`; FormatError also for a backscatter file whose name is not OPERA's,
        ConfigError also as `check_held`.
    """
    check_held(box, first, last)
    granules = cmr.search(options.catalogue, options.collection, (first, last), box)
    passed_over: dict[str, PassedOver] = {}
    newest = _newest(
        _candidates(granules, first, last, options.polarisation, passed_over), passed_over
    )
    counted = Counter(item.reason.partition(" by ")[0] for item in passed_over.values())
    told = ", ".join(f"{count} {why}" for why, count in sorted(counted.items())) or "none"
    log.info(
        "%s %s to %s: %d bursts of %d granules; passed over: %s",
        options.collection,
        first,
        last,
        len(newest),
        len(granules),
        told,
    )
    remotes = [_remote(candidate, file) for candidate in newest for file in candidate.files]
    return Found(remotes, sorted(passed_over.values(), key=lambda item: (item.id, item.reason)))


def _candidates(
    granules: Iterable[cmr.Granule],
    first: dt.date,
    last: dt.date,
    polarisation: str,
    passed_over: dict[str, PassedOver],
) -> Iterable[_Candidate]:
    ending = f"_{polarisation.upper()}.tif"
    for granule in granules:
        files = {file.name: file for file in granule.files}
        image = next((file for name, file in files.items() if name.endswith(ending)), None)
        if image is None:
            passed_over[granule.concept] = PassedOver(granule.id, f"without {polarisation}")
            continue
        burst = _parsed(image.name)
        mask = files.get(burst.mask_path.name)
        if mask is None:
            passed_over[granule.concept] = PassedOver(granule.id, "without a mask")
        elif not first <= burst.acquired_at.date() <= last:
            passed_over[granule.concept] = PassedOver(granule.id, "of other days")
        else:
            yield _Candidate(granule, burst, (image, mask))


def _parsed(name: str) -> Burst:
    try:
        return parse_burst(Path(name))
    except FormatError as error:
        raise FormatError(f"granule of OPERA RTC-S1: {error}") from None


def _newest(
    candidates: Iterable[_Candidate], passed_over: dict[str, PassedOver]
) -> list[_Candidate]:
    """One candidate a burst and day: a track returns after six days at the earliest."""
    rivals: dict[tuple[str, dt.date], list[_Candidate]] = {}
    for candidate in candidates:
        rivals.setdefault(
            (candidate.burst.burst_id, candidate.burst.acquired_at.date()), []
        ).append(candidate)
    best = {key: max(several, key=_rank) for key, several in rivals.items()}
    for key, several in rivals.items():
        for candidate in several:
            if candidate is not best[key]:
                passed_over[candidate.granule.concept] = PassedOver(
                    candidate.granule.id, f"superseded by {best[key].granule.id}"
                )
    return sorted(
        best.values(), key=lambda candidate: (candidate.burst.acquired_at, candidate.burst.burst_id)
    )


def _rank(candidate: _Candidate) -> tuple[dt.datetime, str, str]:
    return candidate.burst.processed_at, candidate.granule.revised, candidate.granule.concept


def _remote(candidate: _Candidate, file: cmr.File) -> Remote:
    version = f"{candidate.granule.version} {candidate.burst.processed_at:%Y%m%dT%H%M%SZ}".strip()
    return file.remote(candidate.granule.id, "tiff", version)
