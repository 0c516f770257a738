"""An unfinished file: its bytes so far, hidden beside the final name, and a note by which a later
run decides whether they can be continued.

`name` arrives as `.name.part`; `.name.part.json` holds address, version and what the server said of
the file when its first byte came (ETag, Last-Modified, size). A file that has changed behind the
same name starts again from zero.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from daymelt.archives.remote import Remote
from daymelt.core.atomic import flush, storage_errors, write_json


@dataclass(frozen=True)
class Note:
    """Which file the bytes are of: `size` in bytes, `etag` and `modified` as the server said, None
    where it did not.
    """

    url: str
    version: str
    size: int | None
    etag: str | None
    modified: str | None

    @property
    def condition(self) -> str | None:
        """What an If-Range header may hold: a strong ETag, else the date; None where neither can be
        relied on.
        """
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def note_of(remote: Remote, headers: Mapping[str, str], size: int | None) -> Note:
    """What an answer says of its file."""
    return Note(remote.url, remote.version, size, headers.get("ETag"), headers.get("Last-Modified"))


def content_range(headers: Mapping[str, str]) -> tuple[int, int | None] | None:
    """First byte and size of the whole file, of a Content-Range header; None where it has none that
    can be read.
    """
    found = re.fullmatch(
        r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)",
        headers.get("Content-Range", "").strip(),
    )
    return (int(found[1]), None if found[2] == "*" else int(found[2])) if found else None


def tidy(folder: Path) -> None:
    """Remove the unfinished notes of killed runs; call it with the lock of the folder held."""
    for left in folder.glob("..*.part.json"):  # the temporary names of `.NAME.part.json`
        left.unlink()


class PartialFile:
    """The unfinished file of `remote` in `folder`; `furthest` is the byte that any attempt of this
    run has reached.
    """

    def __init__(self, folder: Path, remote: Remote) -> None:
        self.remote, self.final, self.furthest = remote, folder / remote.path, 0
        self.path = folder / f".{remote.path}.part"
        self.note_path = folder / f".{remote.path}.part.json"

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.is_file() and not self.path.is_symlink() else 0

    @property
    def note(self) -> Note | None:
        """What is known of these bytes; None where nothing is, or they are of another file."""
        try:
            note = Note(**json.loads(self.note_path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return note if (note.url, note.version) == (self.remote.url, self.remote.version) else None

    def resume_point(self) -> int:
        """Bytes that may be kept; the last byte of a whole file is asked for again, which shows
        whether the file has changed.
        """
        note = self.note
        checked = self.remote.checksum or self.remote.checksum_url
        if note is None or (note.condition is None and not checked):
            return 0
        return min(self.size, note.size - 1) if note.size else self.size

    def begin(self, note: Note) -> None:
        """Start from zero: no old byte may ever lie beside a new note, so they go first."""
        self.discard()
        with storage_errors(self.final):
            write_json(self.note_path, asdict(note))

    @contextmanager
    def opened(self, at: int) -> Iterator[Callable[[bytes], None]]:
        """Yield what appends to the first `at` bytes; each piece is handed to the system at once,
        so that a killed run keeps it.

        Raises
        ------
        StorageError
            The disk is full or the folder cannot be written.
        """
        with storage_errors(self.final):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        with open(descriptor, "r+b", buffering=0) as file:
            file.truncate(at)
            file.seek(at)

            def write(data: bytes) -> None:
                view = memoryview(data)
                with storage_errors(self.final):
                    while view:
                        view = view[file.write(view) :]

            yield write

    def discard(self) -> None:
        """Drop bytes and note."""
        for path in (self.path, self.note_path):
            path.unlink(missing_ok=True)

    def publish(self) -> None:
        """Give the file its name. Its bytes are on the disk already; now the name is."""
        with storage_errors(self.final):
            os.replace(self.path, self.final)
            flush(self.final.parent)
            self.note_path.unlink(missing_ok=True)
