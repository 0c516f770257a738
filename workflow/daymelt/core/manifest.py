"""The list of the files of one retrieval, with source, size and checksum of each.

A manifest is written last: where there is one, the retrieval is complete, and later steps open only
the files that it names. They are in its folder, or in the folder `raw` there, whose files are
removed after use. A manifest may name files below another folder, its `root`: they belong to the
user and are neither changed nor deleted.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daymelt.core.atomic import write_json
from daymelt.core.errors import FormatError, MissingInputError

RAW = "raw"  # folder of the files that are removed after use


@dataclass(frozen=True)
class Entry:
    """One retrieved file: its path below the manifest's folder, where it came from, its size in
    bytes and SHA-256.

    `id` and `version` are the provider's, `retrieved_at` is UTC; all three are empty for a file
    that is not from an archive.
    """

    path: str
    url: str
    size: int
    sha256: str
    id: str = ""
    version: str = ""
    retrieved_at: str = ""


def checksum(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry(folder: Path, path: Path, url: str) -> Entry:
    """Entry of a file below `folder`."""
    return Entry(path.relative_to(folder).as_posix(), url, path.stat().st_size, checksum(path))


def listed(folder: Path, names: Iterable[str]) -> list[dict[str, object]]:
    """The files of a folder with these names, each with size and checksum, for a list of them."""
    return [
        {"path": name, "size": (folder / name).stat().st_size, "sha256": checksum(folder / name)}
        for name in names
    ]


def write_manifest(path: Path, entries: Iterable[Entry], about: Mapping[str, Any]) -> None:
    """Write the manifest `path` of files that lie below its folder; `about` names product, provider
    and period.

    With a `root` in `about` they are below that folder instead; a relative one starts at the
    manifest's folder.
    """
    listed = sorted(entries, key=lambda item: item.path)
    write_json(path, {**about, "files": [asdict(item) for item in listed]})


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest as it was written.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no manifest.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        content["files"] = [Entry(**item) for item in content["files"]]
    except FileNotFoundError:
        raise MissingInputError(f"manifest {path}: not found; retrieve its source first") from None
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"manifest {path}: not readable ({error}); delete it and retrieve again"
        ) from None
    return dict(content)


def manifest_files(path: Path, suffix: str = "", verify: bool = False) -> list[Path]:
    """Paths of the files a manifest names, in order, whose names end in `suffix`; with `verify`
    each is read through once.

    Raises
    ------
    MissingInputError
        A named file is gone.
    FormatError
        A named file has another size, with `verify` another checksum, or a name leads outside the
        manifest's folder.
    """
    content = read_manifest(path)
    folder = Path(path).parent / content.get("root", "")
    found = []
    for item in content["files"]:
        file = folder / item.path
        if not file.resolve().is_relative_to(folder.resolve()):
            raise FormatError(
                f"manifest {path}: {item.path!r} leads outside its folder; delete the manifest "
                "and retrieve again"
            )
        if not item.path.endswith(suffix):
            continue
        file = file if file.is_file() else folder / RAW / item.path
        if not file.is_file():
            raise MissingInputError(
                f"{folder / item.path}: named in {path} but not found; delete the manifest and "
                "retrieve again"
            )
        if file.stat().st_size != item.size:
            raise FormatError(
                f"{file}: {file.stat().st_size} bytes, {path} says {item.size}; delete both and "
                "retrieve again"
            )
        if verify and checksum(file) != item.sha256:
            raise FormatError(
                f"{file}: not the content that {path} names by its checksum; delete both and "
                "retrieve again"
            )
        found.append(file)
    return found


def manifest_digest(paths: Iterable[Path]) -> str:
    """One digest of the checksums in several manifests: the identity of a set of inputs, whatever
    its source.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        for item in read_manifest(path)["files"]:
            digest.update(f"{item.path} {item.sha256}\n".encode())
    return digest.hexdigest()
