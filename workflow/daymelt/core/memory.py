"""Memory of this process: blocks kept for reuse, and large stacks in files."""

import ctypes
import math
import mmap
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import storage_errors

LARGEST_IN_MEMORY = 1 << 28  # of a stack that may lie in a file, bytes
M_TRIM_THRESHOLD, M_MMAP_MAX, NEVER = -1, -4, -1  # glibc's mallopt(3)


def keep_memory() -> None:
    """Keep freed blocks of large fields in this process, for the next ones.

    By default the C library returns large blocks at once, and the system clears every page that it
    hands out, which takes longer than much of the work on fields of a whole area. A setting of
    glibc; without effect with another C library.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, NEVER)


@dataclass(frozen=True)
class Stack:
    """Array for the fields of many days, in memory or mapped from an unnamed file that is removed
    at the end of this process.

    Pages of a file are cached by the system as far as it has memory to spare, and do not count as
    memory of this process.
    """

    fields: NDArray[np.uint8]
    _pages: mmap.mmap | None = None

    def release(self) -> None:
        """Drop the file's pages from this process until they are used again; nothing is lost."""
        if self._pages is not None:
            self._pages.madvise(mmap.MADV_DONTNEED)


def make_stack(shape: tuple[int, ...], folder: Path) -> Stack:
    """A stack of bytes of `shape`, (date, y, x); in a file in `folder` beyond `LARGEST_IN_MEMORY`.

    Raises
    ------
    StorageError
        The folder cannot be written or has too little space.
    """
    size = math.prod(shape)
    if size <= LARGEST_IN_MEMORY:
        return Stack(np.empty(shape, np.uint8))
    with storage_errors(folder / "labelled days"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            # a full disk is an error here, and not a signal when a page is written
            os.posix_fallocate(file.fileno(), 0, size)
            pages = mmap.mmap(file.fileno(), size)
    return Stack(np.frombuffer(pages, np.uint8).reshape(shape), pages)
