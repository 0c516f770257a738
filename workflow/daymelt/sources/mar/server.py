"""Yearly files of the regional climate model MAR, found by listing a folder of its server over
plain HTTP.

The minor version in the names varies from year to year, and where the 5 km files lie, and whether
they hold the variable that is needed, is only known once they are looked at: 5 km is taken where it
is there and holds it, else 10 km.

Source: http://ftp.climato.be/fettweis/MARv3.14/Greenland/, folders `ERA5-5km-daily` (believed) and
`ERA5-10km-daily`.
"""

import datetime as dt
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import netCDF4

from daymelt.archives.access import anonymous
from daymelt.archives.download import Fetched, Policy, Remote, fetch_all, fetch_text, size_of
from daymelt.archives.web import bare
from daymelt.core.atomic import write_json
from daymelt.core.errors import (
    ConfigError,
    DaymeltError,
    FormatError,
    MissingInputError,
    RetrievalError,
    printable,
)
from daymelt.sources.mar.files import open_mar, write_day

log = logging.getLogger(__name__)
Found = TypeVar("Found")

SERVER = "http://ftp.climato.be/fettweis/MARv3.14/Greenland"
# beside the files: which of 5 km lack the variable, so that none is fetched twice
LACKING = ".lacking.json"
NAME = re.compile(
    r"MARv(?P<version>\d+(?:\.\d+)+)-(?P<km>\d+)km-daily-ERA5-(?P<year>\d{4})\.nc", re.ASCII
)


@dataclass(frozen=True)
class MarOptions:
    """Folders of the 5 km and of the 10 km files, the version whose newest minor version is wanted,
    and the variable a file must hold.
    """

    folder_5km: str = f"{SERVER}/ERA5-5km-daily/"
    folder_10km: str = f"{SERVER}/ERA5-10km-daily/"
    version: str = "3.14"
    variable: str = "WA1"
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        for folder in (self.folder_5km, self.folder_10km):
            if urlsplit(folder).scheme not in {"http", "https"} or "?" in folder or "@" in folder:
                raise ConfigError(
                    f"MAR folder {bare(folder)}: expected an address of http or https without "
                    "login and query"
                )


def search(
    first: dt.date, last: dt.date, options: MarOptions, folder: Path | None = None
) -> list[Remote]:
    """The file of every year that some days touch: the newest minor version, 5 km where there is
    one, else 10 km; in order of years.

    A 5 km file that an earlier retrieval into `folder` found to lack the variable counts as absent,
    unless the archive has changed it.

    Raises
    ------
    RetrievalError
        Neither folder has a file of a year, or the server does not answer.
    FormatError
        A link with the name of such a file leads elsewhere.
    """
    years = range(first.year, last.year + 1)
    found = {km: _listed(km, options) for km in (5, 10)} if years else {}
    known = _lacking(folder) if folder else []
    chosen = []
    for year in years:
        name = found[5].get(year) or found[10].get(year)
        if name is None:
            raise _missing(
                year, {km: _folder(km, options) for km in found}, {*found[5], *found[10]}
            )
        if year not in found[5]:
            log.info("MAR %d: no 5 km file in %s; taking 10 km", year, options.folder_5km)
        remote = _remote(name, options)
        if year in found[10] and _what_lacks(remote, options.variable) in known:
            log.info(
                "MAR %d: 5 km file %s is known to have no %s; taking 10 km",
                year,
                name,
                options.variable,
            )
            remote = _remote(found[10][year], options)
        chosen.append(remote)
    return chosen


def lacking_files(folder: Path) -> list[dict[str, Any]]:
    """The 5 km files that a retrieval into `folder` has had, found to lack a variable and deleted:
    `path`, `url`, `size`, `variable`.
    """
    return [
        item for item in _lacking(folder) if not (Path(folder) / str(item.get("path"))).exists()
    ]


def _lacking(folder: Path) -> list[dict[str, Any]]:
    """What the folder's note says; a note that cannot be read is as if it were not there."""
    try:
        listed = json.loads((Path(folder) / LACKING).read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _what_lacks(remote: Remote, variable: str) -> dict[str, Any]:
    return {"path": remote.path, "url": remote.url, "size": remote.size, "variable": variable}


def retrieve(
    remotes: Iterable[Remote],
    folder: Path,
    options: MarOptions,
    progress: Callable[[int], None] | None = None,
) -> list[Fetched]:
    """Fetch the files that `search` found, and that of 10 km in place of one at 5 km that lacks the
    variable.

    Raises
    ------
    MissingInputError
        A file at 10 km lacks the variable, too.
    FormatError
        A file cannot be read.
    RetrievalError, StorageError, MissingCredentialError
        As `fetch_all`.
    """
    access = anonymous("the server of MAR")
    fetched = []
    for remote in remotes:
        (came,) = fetch_all([remote], folder, access, options.policy, progress)
        other = fall_back(came, options)
        fetched += (
            [came]
            if other is None
            else fetch_all([other], folder, access, options.policy, progress)
        )
        if other is not None:
            with open_mar(fetched[-1].path, options.variable):
                lacks = _what_lacks(remote, options.variable)
                others = [item for item in _lacking(folder) if item != lacks]
                write_json(Path(folder) / LACKING, [*others, lacks])
                # gigabytes of no use; with the note above they are not fetched again
                came.path.unlink()
    return fetched


def variables(remote: Remote, limit_s: float) -> dict[str, str]:
    """The variables of a remote file with their units, from ranges of its header; nothing is kept.

    Raises
    ------
    RetrievalError
        The header did not come, or not within `limit_s`.
    """

    def read(file: netCDF4.Dataset) -> dict[str, str]:
        return {name: str(getattr(item, "units", "")) for name, item in file.variables.items()}

    return _by_ranges(remote, read, limit_s)


def fetch_day(remote: Remote, day: dt.date, variable: str, folder: Path, limit_s: float) -> Path:
    """One day of a variable of a remote file and all that does not change in time, from ranges, as
    a file of the same name and structure in `folder`.

    Raises
    ------
    MissingInputError
        The file lacks the variable or the day.
    FormatError
        The variable has no time axis.
    RetrievalError
        The ranges did not come, or not within `limit_s`.
    """
    path = Path(folder) / remote.path

    def read(file: netCDF4.Dataset) -> DaymeltError | None:
        try:
            write_day(file, path, day, variable)
        except DaymeltError as error:
            return error
        return None

    if error := _by_ranges(remote, read, limit_s):
        raise error
    return path


def _by_ranges(remote: Remote, read: Callable[[netCDF4.Dataset], Found], limit_s: float) -> Found:
    """What `read` finds in a remote file, of which the library fetches the ranges it needs."""
    found: list[Found] = []

    def open_and_read() -> None:
        with suppress(OSError, RuntimeError), netCDF4.Dataset(f"{remote.url}#mode=bytes") as file:
            found.append(read(file))

    reader = threading.Thread(target=open_and_read, daemon=True)  # the library has no time limit
    reader.start()
    reader.join(limit_s)
    if not found:
        raise RetrievalError(
            f"{bare(remote.url)}: its header did not come within {limit_s:.0f} s; look at a "
            "retrieved file instead"
        )
    return found[0]


def fall_back(came: Fetched, options: MarOptions) -> Remote | None:
    """The 10 km file to fetch instead of a 5 km one that lacks the variable; None where it holds
    it.

    Raises
    ------
    MissingInputError
        The file lacks the variable, and there is no 10 km file of its year, or it is one.
    FormatError
        It is no MAR file.
    """
    try:
        with open_mar(came.path, options.variable):
            return None
    except MissingInputError as error:
        name = NAME.fullmatch(came.remote.path)
        if name is None or name["km"] != "5":
            raise
        lacking = error
    other = _listed(10, options).get(int(name["year"]))
    if other is None:
        raise lacking
    log.info(
        "MAR %s: 5 km file %s has no %s; taking 10 km",
        name["year"],
        came.remote.path,
        options.variable,
    )
    return _remote(other, options)


def newest(names: Iterable[str], version: str, km: int) -> dict[int, str]:
    """Name of the newest minor version of each year among file names; other versions, spacings and
    files are passed over.
    """
    best: dict[int, tuple[tuple[int, ...], str]] = {}
    for name in names:
        found = NAME.fullmatch(name)
        if (
            found is None
            or int(found["km"]) != km
            or not f"{found['version']}.".startswith(f"{version}.")
        ):
            continue
        ranked = tuple(map(int, found["version"].split("."))), name
        best[int(found["year"])] = max(best.get(int(found["year"]), ranked), ranked)
    return {year: name for year, (_, name) in sorted(best.items())}


class _Links(HTMLParser):
    """The addresses that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the address of a link."""
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def file_names(page: str, folder: str) -> list[str]:
    """Names of the files that the page of a folder lists; links to sort it, to its parent and to
    folders are none.

    Raises
    ------
    FormatError
        A link has the name of a MAR file and leads to another place than this folder.
    """
    links = _Links()
    links.feed(page)
    names = []
    for link in links.found:
        try:
            target = urlsplit(urljoin(folder, link))
        except ValueError:
            continue
        name = unquote(target.path.rpartition("/")[2])
        within = urljoin(folder, link) == folder + target.path.rpartition("/")[2]
        if NAME.fullmatch(name) and not within:
            raise FormatError(
                f"MAR folder {folder}: the link of {name} leads to {printable(link)[:120]}, "
                "expected this folder; check it"
            )
        if within and name:
            names.append(name)
    return names


def _folder(km: int, options: MarOptions) -> str:
    return (options.folder_5km if km == 5 else options.folder_10km).rstrip("/") + "/"


def _listed(km: int, options: MarOptions) -> dict[int, str]:
    """Newest file of each year in one folder; none where there is no such folder."""
    folder = _folder(km, options)
    try:
        page = fetch_text(folder, anonymous("the server of MAR"), options.policy)
    except RetrievalError as error:
        if "not found (404)" not in str(error):
            raise
        log.info("MAR: no folder %s", folder)
        return {}
    return newest(file_names(page, folder), options.version, km)


def _remote(name: str, options: MarOptions) -> Remote:
    found = NAME.fullmatch(name)
    if found is None:
        raise FormatError(
            f"MAR file {printable(name)}: not the name of a yearly file, expected {NAME.pattern}"
        )
    url = _folder(int(found["km"]), options) + name
    size = size_of(url, anonymous("the server of MAR"), options.policy)
    return Remote(name.removesuffix(".nc"), url, name, size, None, "netcdf", found["version"])


def _missing(year: int, folders: dict[int, str], years: set[int]) -> DaymeltError:
    held = f"{min(years)} to {max(years)}" if years else "no yearly file at all"
    looked = " and ".join(folders.values())
    return RetrievalError(
        f"MAR {year}: no file in {looked} (they hold {held}); set archives.mar_5km or "
        "archives.mar_10km"
    )
