"""Products of NSIDC in NASA's archive: brightness temperature (NSIDC-0630), the GIMP DEM
(NSIDC-0645), ocean and ice masks (NSIDC-0714).

A collection is searched without a version, and what there is, is read from the names of the files:
version 2 stands before version 1.

Source: user guides of NSIDC-0630, NSIDC-0645 and NSIDC-0714.
"""

import datetime as dt
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from daymelt.archives import cmr
from daymelt.archives.boxes import Box
from daymelt.archives.remote import Remote
from daymelt.core.dates import describe, span
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.sources.microwave.cetb import CETB_GRID, CetbName, parse_name

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MicrowaveOptions:
    """Where to search for brightness temperature, and which.

    One platform, channel and pass make a series. A day that `platform` lacks is taken from the
    first of `fallback_platforms` that has it, which is none by default: platforms pass at different
    local times. `granule_name` narrows the search; {platform} and {channel} are filled in.
    """

    catalogue: cmr.CmrOptions = field(default_factory=cmr.CmrOptions)
    collection: str = "NSIDC-0630"
    platform: str = "F17"
    fallback_platforms: tuple[str, ...] = ()
    channel: str = "37H"
    pass_: str = "M"
    granule_name: str = "*N3.125km?{platform}_*{channel}*"


@dataclass(frozen=True)
class TerrainOptions:
    """Where to search for height and masks. Of the names of a product the first pattern that any
    file fits decides.
    """

    catalogue: cmr.CmrOptions = field(default_factory=cmr.CmrOptions)
    height_collection: str = "NSIDC-0645"
    height_names: tuple[str, ...] = ("gimpdem_90m_v*.tif", "gimpdem_90m*.tif")
    mask_collection: str = "NSIDC-0714"
    ocean_names: tuple[str, ...] = (
        "GimpOceanMask_90m_2015_v*.tif",
        "GimpOceanMask_90m_v*.tif",
        "GimpOceanMask_90m*.tif",
    )
    ice_names: tuple[str, ...] = (
        "GimpIceMask_90m_2015_v*.tif",
        "GimpIceMask_90m_v*.tif",
        "GimpIceMask_90m*.tif",
    )


@dataclass(frozen=True)
class Series:
    """Which days of a series are there, and which are not what the others are."""

    missing: tuple[dt.date, ...]
    older_version: tuple[dt.date, ...]
    other_platform: dict[dt.date, str]


@dataclass(frozen=True)
class _Candidate:
    granule: cmr.Granule
    file: cmr.File
    name: CetbName


def search(box: Box, first: dt.date, last: dt.date, options: MicrowaveOptions) -> list[Remote]:
    """The file of brightness temperature of each day that has one, in order of date.

    The wanted platform stands before its fallbacks, then version 2 before version 1, then the
    newest processing. A day without a file is data, not an error: `series` tells them, and so does
    the log.

    Parameters
    ----------
    box : not asked for: every file covers the hemisphere
    first, last : both included

    Raises
    ------
    RetrievalError, FormatError, ConfigError
        As `cmr.search`; FormatError also where files are listed but none has a name of NSIDC-0630.
    """
    platforms = (options.platform, *options.fallback_platforms)
    patterns = [
        options.granule_name.format(platform=platform, channel=options.channel)
        for platform in platforms
    ]
    best: dict[dt.date, _Candidate] = {}
    for candidate in _candidates(
        cmr.search(options.catalogue, options.collection, (first, last), names=patterns), options
    ):
        day = candidate.name.date
        if first <= day <= last and (
            day not in best or _rank(best[day], platforms) < _rank(candidate, platforms)
        ):
            best[day] = candidate
    remotes = [_remote(candidate) for _, candidate in sorted(best.items())]
    _report(series(remotes, first, last, options.platform), len(remotes), options)
    return remotes


def series(remotes: Iterable[Remote], first: dt.date, last: dt.date, platform: str) -> Series:
    """What a list of files, as `search` returns it, covers: the days that it lacks, and those of
    version 1 or of another platform.
    """
    names = {name.date: name for name in (parse_name(Path(remote.path)) for remote in remotes)}
    return Series(
        missing=tuple(day for day in span(first, last) if day not in names),
        older_version=tuple(day for day, name in sorted(names.items()) if name.version < (2,)),
        other_platform={
            day: name.platform for day, name in sorted(names.items()) if name.platform != platform
        },
    )


def search_height(options: TerrainOptions) -> list[Remote]:
    """The 90 m mosaic of the GIMP DEM.

    Raises
    ------
    MissingInputError
        The collection lists no file of such a name.
    RetrievalError, FormatError, ConfigError
        As `cmr.search`.
    """
    granules = cmr.search(options.catalogue, options.height_collection)
    return [_first_match(granules, options.height_collection, "height", options.height_names)]


def search_masks(options: TerrainOptions) -> list[Remote]:
    """The 90 m ocean mask and the 90 m ice mask, those of 2015 before older ones; errors as
    `search_height`.
    """
    granules = cmr.search(options.catalogue, options.mask_collection)
    wanted = {"ocean": options.ocean_names, "ice": options.ice_names}
    return [
        _first_match(granules, options.mask_collection, product, names)
        for product, names in wanted.items()
    ]


def _candidates(granules: Iterable[cmr.Granule], options: MicrowaveOptions) -> list[_Candidate]:
    """The files of the wanted channel, pass and grid among all that the archive lists."""
    platforms = {options.platform, *options.fallback_platforms}
    wanted = options.channel, options.pass_, "SIR", CETB_GRID
    named: list[_Candidate] = []
    others: list[str] = []
    for granule in granules:
        for file in granule.files:
            try:
                named.append(_Candidate(granule, file, parse_name(Path(file.name))))
            except FormatError:
                others.append(file.name)  # metadata beside the data
    if others and not named:
        raise FormatError(
            f"{options.collection}: no name of an NSIDC-0630 file among {len(others)}, such as "
            f"{others[0]}; its names have changed"
        )
    return [
        candidate
        for candidate in named
        if candidate.name.platform in platforms
        and (
            candidate.name.channel,
            candidate.name.pass_,
            candidate.name.algorithm,
            candidate.name.grid,
        )
        == wanted
    ]


def _rank(
    candidate: _Candidate, platforms: Sequence[str]
) -> tuple[int, tuple[int, ...], str, str, str]:
    """The greatest is taken."""
    name, granule = candidate.name, candidate.granule
    return (
        -platforms.index(name.platform),
        name.version,
        name.processed,
        granule.revised,
        granule.concept,
    )


def _remote(candidate: _Candidate) -> Remote:
    version = " ".join(
        filter(None, ("v" + ".".join(map(str, candidate.name.version)), candidate.name.processed))
    )
    return candidate.file.remote(candidate.granule.id, "netcdf", version)


def _report(found: Series, count: int, options: MicrowaveOptions) -> None:
    source = f"{options.collection} {options.platform} {options.channel} {options.pass_}"
    log.info("%s: %d days, %d of them in version 1", source, count, len(found.older_version))
    if found.other_platform:
        log.warning("%s: other platforms stand in on %s", source, describe(found.other_platform))
    if found.missing:
        log.warning("%s: the archive has no file of %s", source, describe(found.missing))


def _first_match(
    granules: Iterable[cmr.Granule], collection: str, product: str, names: Sequence[str]
) -> Remote:
    files = [(granule, file) for granule in granules for file in granule.files]
    for pattern in names:
        matching = [(granule, file) for granule, file in files if fnmatchcase(file.name, pattern)]
        if matching:
            granule, file = max(
                matching,
                key=lambda pair: (_numbers(pair[1].name), pair[0].revised, pair[0].concept),
            )
            return file.remote(granule.id, "tiff", granule.version)
    some = ", ".join(sorted({file.name for _, file in files})[:5]) or "nothing"
    expected = " or ".join(names)
    raise MissingInputError(
        f"{collection}: no file for {product} (found {some}), expected {expected}; choose "
        "another terrain.provider"
    )


def _numbers(name: str) -> tuple[int, ...]:
    """The numbers in a file name, so that v1.10 comes after v1.9."""
    return tuple(int(digits) for digits in re.findall(r"\d+", name))
