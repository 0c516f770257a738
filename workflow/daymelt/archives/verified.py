"""What a folder already holds, verified: nothing of it is fetched again.

Each file that has passed its checks gets one line in `.verified.jsonl` just before it gets its
final name. A file counts as held where such a line, or the manifest of an earlier retrieval, names
it with the same address and version, and its size and SHA-256 are still those.
"""

import datetime as dt
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from daymelt.archives.remote import Fetched, Remote
from daymelt.core.atomic import storage_errors

RECORD = ".verified.jsonl"
MANIFEST = "manifest.json"
ADOPTED = ""  # the address of an adopted file whose provider was out of reach


@dataclass(frozen=True)
class _Line:
    """What is known of one file. `version` and `retrieved_at` may be unknown, where an older
    manifest does not tell them.
    """

    path: str
    url: str
    size: int
    sha256: str
    version: str | None = None
    retrieved_at: str | None = None


class Verified:
    """The record of one folder; its methods may be called from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._lines = {**_of_manifest(folder / MANIFEST), **_of_record(folder / RECORD)}

    def find(self, remote: Remote) -> Fetched | None:
        """The file that stands in the folder for `remote`, read through once; None where it must be
        fetched.
        """
        line, path = self._lines.get(remote.path), self._folder / remote.path
        known = (
            line is not None
            and line.url in remote.addresses
            and line.version in {None, remote.version}
        )
        if path.is_symlink() or not path.is_file() or not (known or remote.checksum):
            return None
        size = path.stat().st_size
        if size != (remote.size or size) or (line is not None and known and size != line.size):
            return None
        found = digests(path)
        if remote.checksum not in (
            {f"{name}:{value}" for name, value in found.items()} if remote.checksum else {None}
        ):
            return None
        if line is None or line.sha256 != found["sha256"]:
            return (
                Fetched(remote, path, size, found["sha256"], _changed_at(path))
                if remote.checksum
                else None
            )
        moment = (
            dt.datetime.fromisoformat(line.retrieved_at) if line.retrieved_at else _changed_at(path)
        )
        return Fetched(remote, path, size, line.sha256, moment)

    def is_adopted(self, remote: Remote) -> bool:
        """True where the file was noted without its provider, so that it is yet to be compared."""
        line, path = self._lines.get(remote.path), self._folder / remote.path
        return line is not None and line.url == ADOPTED and path.is_file() and not path.is_symlink()

    def adopt(self, path: Path) -> None:
        """Note an adopted file that can be read, whose provider was out of reach."""
        sha256 = digests(path)["sha256"]
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._write(_Line(path.name, ADOPTED, path.stat().st_size, sha256, None, now))

    def add(self, fetched: Fetched) -> None:
        """Note a file that has passed its checks; on the disk when this returns."""
        remote = fetched.remote
        self._write(
            _Line(
                remote.path,
                remote.url,
                fetched.size,
                fetched.sha256,
                remote.version,
                fetched.retrieved_at.isoformat(),
            )
        )

    def _write(self, line: _Line) -> None:
        path = self._folder / RECORD
        with self._lock, storage_errors(path), open(path, "a+b") as file:
            # a line that a killed run left unfinished is ended first, so that it spoils no other
            text = json.dumps(asdict(line)) + "\n"
            file.write(text.encode() if _ends_with_newline(file) else b"\n" + text.encode())
            file.flush()
            os.fsync(file.fileno())
            self._lines[line.path] = line


def digests(path: Path) -> dict[str, str]:
    """MD5 and SHA-256 of a file, read once in pieces."""
    both = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            for digest in both.values():
                digest.update(piece)
    return {name: digest.hexdigest() for name, digest in both.items()}


def _of_record(path: Path) -> dict[str, _Line]:
    """Lines of the record by path, the last of each; what cannot be read, such as the line of a
    killed run, is as if it were not there.
    """
    lines = {}
    for text in path.read_bytes().splitlines() if path.is_file() else []:
        line = _line(text)
        if line is not None:
            lines[line.path] = line
    return lines


def _of_manifest(path: Path) -> dict[str, _Line]:
    """Lines of a manifest by path; none where there is no manifest or it is broken."""
    try:
        listed = json.loads(path.read_bytes())["files"]
        texts = [
            json.dumps(
                {name: item.get(name) or None for name in _Line.__dataclass_fields__}
            ).encode()
            for item in listed
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {line.path: line for line in map(_line, texts) if line is not None}


def _line(text: bytes) -> _Line | None:
    try:
        line = _Line(**json.loads(text))
        moment = dt.datetime.fromisoformat(line.retrieved_at) if line.retrieved_at else None
    except (ValueError, TypeError):
        return None
    sound = all(
        isinstance(item, str) for item in (line.path, line.url, line.sha256)
    ) and isinstance(line.size, int)
    return line if sound and (moment is None or moment.tzinfo is not None) else None


def _ends_with_newline(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _changed_at(path: Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(path.stat().st_mtime), dt.UTC)
