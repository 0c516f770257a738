"""Adoption: files that were fetched otherwise and lie in the folder of a retrieval are verified and
listed; none is fetched.
"""

import logging
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

from daymelt.archives.download import adopt_all, adopt_unasked
from daymelt.archives.remote import HEAD_BYTES, is_kind
from daymelt.core.errors import FormatError, MissingInputError, RetrievalError, printable
from daymelt.core.manifest import Entry, entry
from daymelt.steps.retrieve.archive_settings import policy
from daymelt.steps.retrieve.archived import Archived
from daymelt.steps.retrieve.entries import entry_of
from daymelt.steps.retrieve.provider import Offer, Retrieved, Settings

log = logging.getLogger(__name__)
ATTEMPTS = 2  # of a search before files are adopted without it
SHOWN = 5  # names in a line


class Adoptable(Archived[Settings]):
    """Files of an archive that may be adopted.

    Attributes
    ----------
    unlisted : patterns of names of wanted files that `adoptable` does not list
    """

    unlisted: ClassVar[tuple[str, ...]] = ()

    def adopt(self) -> Retrieved:
        """The files in the folder of the request, compared with the archive where it answers."""
        archives = self.request.archives
        hasty = archives.model_copy(update={"attempts": min(archives.attempts, ATTEMPTS)})
        return adopt_files(self, type(self)(replace(self.request, archives=hasty)).adoptable)

    def adoptable(self) -> Offer:
        """The files that may be adopted."""
        return self.offer()

    @abstractmethod
    def belongs(self, name: str) -> bool:
        """True for a name of a file of the request; decides where the archive is out of reach."""

    @abstractmethod
    def check(self, path: Path) -> None:
        """Read a file as the later steps do; FormatError where that fails."""

    def usable(self, names: Collection[str]) -> set[str]:
        """The names of files that are of use, given that these files are there."""
        return set(names)


@dataclass(frozen=True)
class Adoption:
    """Entries of the manifest, by what each file was verified, and the names that are missing."""

    entries: list[Entry]
    verified_by: dict[str, str]
    missing: list[str]


def adopt_files(provider: Adoptable[Any], search: Callable[[], Offer]) -> Retrieved:
    """The files in the folder of a request, each verified; logs what is missing and what is
    unknown.

    Name, size and checksum are compared with those of the archive. Where it is out of reach the
    files are opened only, and the manifest says so (`archive_asked`); a later retrieval compares
    them and keeps the ones that are equal.

    Raises
    ------
    MissingInputError
        The folder holds no file of this request.
    FormatError
        A file differs from the archive's, or cannot be read.
    """
    folder = provider.request.folder
    present = files_beside(provider.request.out)
    offer = _offer(search) if present else None
    adoption = _compared(present, offer, provider) if offer else _opened(present, provider)
    if not adoption.entries:
        found = f" (found {_few(present)})" if present else ""
        raise MissingInputError(
            f"{folder}: no file to adopt{found}; lay files of the archive there first"
        )
    _log(folder, present, adoption)
    about = {
        "adopted": adoption.verified_by,
        "archive_asked": offer is not None,
        "missing": adoption.missing,
    }
    return Retrieved(adoption.entries, {**(offer.about if offer else {}), **about})


def files_beside(out: Path) -> list[str]:
    """Names of the visible files in the folder of a manifest."""
    folder = out.parent
    names = (
        (path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink())
        if folder.is_dir()
        else ()
    )
    return sorted(name for name in names if not name.startswith(".") and name != out.name)


def _offer(search: Callable[[], Offer]) -> Offer | None:
    """The files of the archive; None where it is out of reach."""
    try:
        return search()
    except RetrievalError as error:
        log.warning("%s; files are verified by opening them only", error)
        return None


def _compared(present: list[str], offer: Offer, provider: Adoptable[Any]) -> Adoption:
    """The files that the archive lists, and those that are wanted though it does not list them."""
    folder, listed = provider.request.folder, {remote.path for remote in offer.remotes}
    usable = provider.usable({*present} & listed)
    adopted = adopt_all(
        [remote for remote in offer.remotes if remote.path in usable],
        folder,
        provider.access(),
        policy(provider.request.archives),
    )
    own = [name for name in present if fits(provider.unlisted, name)]
    for name in [*sorted(usable), *own]:
        _check(folder / name, provider)
    lacking = [
        pattern for pattern in provider.unlisted if not any(fits([pattern], name) for name in own)
    ]
    entries = [
        *(entry_of(item.file) for item in adopted),
        *(entry(folder, folder / name, "") for name in own),
    ]
    verified_by = {
        item.file.path.name: f"{item.compared}, opened" for item in adopted
    } | dict.fromkeys(own, "opened")
    return Adoption(entries, verified_by, sorted(listed - usable) + lacking)


def _opened(present: list[str], provider: Adoptable[Any]) -> Adoption:
    """The files whose names are of the request and that can be read."""
    folder = provider.request.folder
    usable = sorted(provider.usable({name for name in present if provider.belongs(name)}))
    paths = [folder / name for name in usable]
    for path in paths:
        _check(path, provider)
    if paths:
        adopt_unasked(paths, folder)
    return Adoption(
        [entry(folder, path, "") for path in paths], dict.fromkeys(usable, "opened"), []
    )


def _check(path: Path, provider: Adoptable[Any]) -> None:
    """FormatError unless a file begins as its format does and can be read."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if not is_kind(head, "netcdf" if path.suffix == ".nc" else "tiff"):
        raise FormatError(
            f"{path}: begins with {head[:8]!r}, expected the first bytes of its format; remove it"
        )
    provider.check(path)


def _log(folder: Path, present: list[str], adoption: Adoption) -> None:
    listed = {item.path for item in adoption.entries}
    log.info("%s: %d files adopted", folder, len(listed))
    unknown = sorted({*present} - listed - {*adoption.missing})
    if unknown:
        log.warning(
            "%s: not adopted and left alone, for they are not of this retrieval or lack their "
            "mask: %s",
            folder,
            _few(unknown),
        )
    if adoption.missing:
        missing = f"{len(adoption.missing)} files missing: {_few(adoption.missing)}"
        log.warning(
            "%s: %s; `daymelt retrieve` without --adopt fetches them and keeps the others",
            folder,
            missing,
        )


def fits(patterns: Iterable[str], name: str) -> bool:
    """True for a name that fits one of some patterns with `*` and `?`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _few(names: Iterable[str]) -> str:
    shown = [printable(name) for name in names]
    return (", ".join(shown[:SHOWN]) or "nothing") + (
        f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    )
