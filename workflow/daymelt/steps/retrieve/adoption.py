"""Files that somebody has fetched otherwise and laid into the folder of a retrieval: verified and
listed, none fetched.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from daymelt.archives.access import Access
from daymelt.archives.download import adopt_all, adopt_unasked
from daymelt.archives.remote import HEAD_BYTES, is_kind
from daymelt.archives.retry import Policy
from daymelt.core.errors import FormatError, MissingInputError, RetrievalError, printable
from daymelt.core.manifest import Entry, entry, write_manifest
from daymelt.settings.inputs import Archives
from daymelt.steps.retrieve import live

log = logging.getLogger(__name__)
ATTEMPTS = 2  # an archive that is out of reach is not waited for
SHOWN = 5  # names in a line


@dataclass(frozen=True)
class Wanted:
    """What a retrieval can use.

    `search` asks the archive; `belongs` tells by its name whether a file is of this retrieval, for
    when no archive can be asked; `look` reads a file as the later steps do; `group` names what is
    of use together only, such as a burst and its mask; `unlisted` are patterns of names that are
    wanted though no archive lists them.
    """

    search: Callable[[Archives], live.Offer]
    belongs: Callable[[str], bool]
    look: Callable[[Path], None]
    about: Mapping[str, Any]
    group: Callable[[str], str] | None = None
    unlisted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adoption:
    """Entries of the manifest, by what each file was verified, and the names that are missing."""

    entries: list[Entry]
    verified_by: dict[str, str]
    missing: list[str]


def adopt_into(out: Path, wanted: Wanted, who: Access, archives: Archives) -> live.Plan:
    """List in the manifest `out` the files that lie beside it, once each is verified; say what is
    missing and what is unknown.

    Name, size and checksum are compared with what the archive says. Where it is out of reach the
    files are opened only, and the manifest says so (`archive_asked`); a later retrieval compares
    them and keeps what is the archive's.

    Raises
    ------
    MissingInputError
        The folder holds no file of this retrieval.
    FormatError
        A file is not the archive's, or cannot be read; no manifest is written.
    """
    present = files_beside(out)
    if not present:
        raise MissingInputError(
            f"{out.parent}: no file to adopt; lay files of the archive there first"
        )
    offer = _offer(wanted, archives)
    adoption = (
        _compared(out, present, offer, wanted, live.policy(archives), who)
        if offer
        else _opened(out, present, wanted)
    )
    if not adoption.entries:
        raise MissingInputError(
            f"{out.parent}: no file to adopt (found {_few(present)}); lay files of the archive "
            "there first"
        )
    _say(out, present, adoption)
    about = {
        "adopted": adoption.verified_by,
        "archive_asked": offer is not None,
        "missing": adoption.missing,
    }
    write_manifest(out, adoption.entries, {**(offer.about if offer else wanted.about), **about})
    return live.Plan()


def files_beside(out: Path) -> list[str]:
    """Names of the visible files in the folder of a manifest."""
    folder = out.parent
    names = (
        (path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink())
        if folder.is_dir()
        else ()
    )
    return sorted(name for name in names if not name.startswith(".") and name != out.name)


def _offer(wanted: Wanted, archives: Archives) -> live.Offer | None:
    """What the archive has; None where it is out of reach."""
    try:
        return wanted.search(
            archives.model_copy(update={"attempts": min(archives.attempts, ATTEMPTS)})
        )
    except RetrievalError as error:
        log.warning("%s; files are verified by opening them only", error)
        return None


def _compared(
    out: Path, present: list[str], offer: live.Offer, wanted: Wanted, policy: Policy, who: Access
) -> Adoption:
    """What the archive knows among the files, and those that it does not list though they are
    wanted.
    """
    folder, listed = out.parent, {remote.path for remote in offer.remotes}
    usable = _whole({*present} & listed, wanted)
    adopted = adopt_all(
        [remote for remote in offer.remotes if remote.path in usable], folder, who, policy
    )
    own = [name for name in present if _fits(name, wanted.unlisted)]
    for name in [*sorted(usable), *own]:
        _look(folder / name, wanted)
    lacking = [
        pattern for pattern in wanted.unlisted if not any(_fits(name, [pattern]) for name in own)
    ]
    entries = [
        *(live.entry_of(item.file) for item in adopted),
        *(entry(folder, folder / name, "") for name in own),
    ]
    verified_by = {
        item.file.path.name: f"{item.compared}, opened" for item in adopted
    } | dict.fromkeys(own, "opened")
    return Adoption(entries, verified_by, sorted(listed - usable) + lacking)


def _opened(out: Path, present: list[str], wanted: Wanted) -> Adoption:
    """The files that belong here by their names and can be read."""
    usable = sorted(_whole({name for name in present if wanted.belongs(name)}, wanted))
    paths = [out.parent / name for name in usable]
    for path in paths:
        _look(path, wanted)
    if paths:
        adopt_unasked(paths, out.parent)
    return Adoption(
        [entry(out.parent, path, "") for path in paths], dict.fromkeys(usable, "opened"), []
    )


def _whole(names: set[str], wanted: Wanted) -> set[str]:
    """Without those that lack the other file of their pair."""
    if wanted.group is None:
        return names
    pairs = Counter(map(wanted.group, names))
    return {name for name in names if pairs[wanted.group(name)] > 1}


def _look(path: Path, wanted: Wanted) -> None:
    """FormatError unless a file begins as its format does and our reader can read it."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if not is_kind(head, "netcdf" if path.suffix == ".nc" else "tiff"):
        raise FormatError(
            f"{path}: begins with {head[:8]!r}, expected the first bytes of its format; remove it"
        )
    wanted.look(path)


def _say(out: Path, present: list[str], adoption: Adoption) -> None:
    folder, listed = out.parent, {item.path for item in adoption.entries}
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


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _few(names: Iterable[str]) -> str:
    shown = [printable(name) for name in names]
    return (", ".join(shown[:SHOWN]) or "nothing") + (
        f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    )
