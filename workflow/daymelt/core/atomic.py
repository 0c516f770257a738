"""Files that are whole or absent.

A file is written under a temporary name in its folder, flushed to the disk and renamed. A killed
run leaves at most a file whose name begins with a dot and holds `.part`, never one that looks
complete. The temporary name holds machine and process, so that the next writer in the folder
removes the temporary files of ended processes, and no others.
"""

import errno
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from daymelt.core.errors import DaymeltError, StorageError

REMEDIES = {
    errno.ENOSPC: "no space left on the device; free some or move the folder",
    errno.EDQUOT: "disk quota exceeded; free some or move the folder",
    errno.EROFS: "the file system is read-only; choose a folder that can be written",
    errno.EACCES: "permission denied; choose a folder that can be written",
}
LEFT = re.compile(r"\..+\.(?P<host>[\w-]+)-(?P<process>\d+)-[0-9a-f]{8}\.part(\.\w+)?")
# age at which a temporary file of another machine, whose processes cannot be seen, is removed
ABANDONED_S = 86400


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the suffix of `path`; on a clean exit it becomes `path`, on any
    error it is removed.

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written.
    """
    path = Path(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent.absolute())
        # the stem comes before `.part`, the suffix last: format drivers choose by suffix
        temporary = path.with_name(
            f".{path.stem}.{machine()}-{os.getpid()}-{secrets.token_hex(4)}.part{path.suffix}"
        )
        try:
            yield temporary
            flush(temporary)
            os.replace(temporary, path)
            flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk, a quota or a read-only folder met while writing `path` into
    StorageError.
    """
    try:
        yield
    except DaymeltError:
        raise
    except Exception as error:
        code = refusal(path, error)
        if code is None:
            raise
        raise StorageError(f"{path}: cannot be written: {REMEDIES[code]}") from error


def refusal(path: Path, error: Exception) -> int | None:
    """Why `path` could not be written, a key of `REMEDIES`; None where the cause is another.

    GDAL reports a full or read-only disk without an errno, HDF5 as a refused permission.
    """
    code = getattr(error, "errno", None)
    if code in REMEDIES and code != errno.EACCES:
        return int(code)
    if status_of(path).f_flag & os.ST_RDONLY:
        return errno.EROFS
    if not has_space(path):
        return errno.ENOSPC
    return code if code in REMEDIES else None


@lru_cache(maxsize=1024)
def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of ended processes; once a folder and process."""
    for path in folder.iterdir():
        left = LEFT.fullmatch(path.name)
        if left and is_abandoned(path, left["host"], int(left["process"])):
            with suppress(OSError):
                path.unlink()


def is_abandoned(path: Path, host: str, process: int) -> bool:
    """True where the process that began a temporary file has ended; on another machine, where the
    file has not changed for a day.
    """
    if host != machine():
        with suppress(OSError):
            return time.time() - path.stat().st_mtime > ABANDONED_S
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:  # a process of another user
        return False
    return False


def machine() -> str:
    """Name of this machine, with the characters that a file name may have."""
    return re.sub(r"[^\w-]", "", socket.gethostname().partition(".")[0]) or "here"


def has_space(path: Path, least: int = 1 << 20) -> bool:
    """True where the file system of `path` has at least `least` bytes left."""
    status = status_of(path)
    return status.f_bavail * status.f_frsize >= least


def status_of(path: Path) -> os.statvfs_result:
    """Status of the file system of `path`."""
    return os.statvfs(next(parent for parent in Path(path).absolute().parents if parent.exists()))


def flush(path: Path) -> None:
    """Force a file, or a folder's list of names, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, keys in the order given, so that equal contents are equal bytes."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
