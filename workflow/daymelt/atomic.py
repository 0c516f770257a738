"""Files that are whole or absent.

A file is written under a temporary name beside its place, flushed to the disk and renamed. A killed run leaves at most a name that
begins with a dot and ends in `.part`, never something that looks complete.
"""

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daymelt.errors import DaymeltError, StorageError

REMEDIES = {
    errno.ENOSPC: "no space left on the device; free some or move the folder",
    errno.EDQUOT: "disk quota exceeded; free some or move the folder",
    errno.EROFS: "the file system is read-only; choose a folder that can be written",
    errno.EACCES: "permission denied; choose a folder that can be written",
}


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the suffix of `path`; on a clean exit it becomes `path`, on any error it is removed.

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written.
    """
    path = Path(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # the stem comes before `.part`, the suffix last: format drivers choose by suffix
        temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
        try:
            yield temporary
            flush(temporary)
            os.replace(temporary, path)
            flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk, a quota or a read-only folder met while writing `path` into one clear line."""
    try:
        yield
    except DaymeltError:
        raise
    except Exception as error:  # a full disk comes without an errno from GDAL, and as a refused permission from HDF5
        code = getattr(error, "errno", None) if has_space(path) else errno.ENOSPC
        if code not in REMEDIES:
            raise
        raise StorageError(f"{path}: cannot be written: {REMEDIES[code]}") from error


def has_space(path: Path, least: int = 1 << 20) -> bool:
    """True where the file system of `path` has at least `least` bytes left."""
    folder = next(parent for parent in Path(path).absolute().parents if parent.exists())
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize >= least


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
