"""Published files: second names without a second copy on the disk, and equal content once."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from daymelt.core.atomic import atomic_path


def share(source: Path, target: Path) -> None:
    """Give a file a second name, a copy where the file system has no hard links; does nothing where
    it has that name already.
    """
    if target.exists() and (target.samefile(source) or _alike(source, target)):
        return
    with atomic_path(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError:  # another file system, or one without links
            shutil.copy2(source, temporary)


def write_if_other(path: Path, content: bytes) -> None:
    """Write a file atomically, unless it has that content already."""
    if path.is_file() and path.read_bytes() == content:
        return
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def remove_others(folder: Path, names: Collection[str]) -> None:
    """Remove the files of a folder that have none of these names."""
    for path in folder.iterdir():
        if path.is_file() and path.name not in names and not path.name.startswith("."):
            path.unlink()


def _alike(one: Path, other: Path) -> bool:
    """True where a copy has the size and time of its original."""
    here, there = one.stat(), other.stat()
    return (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)
