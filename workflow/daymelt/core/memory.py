"""How this process deals with memory."""

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
    """Let this process keep what large fields free, for the next ones.

    The C library gives large blocks back at once, and the system clears every page that it hands
    out: where one field of a whole area follows another, that takes longer than much of the work on
    them. glibc has a switch for it; with another library nothing happens.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, NEVER)


@dataclass(frozen=True)
class Stack:
    """Room for the fields of many days, in memory or in a file without a name that ends with this
    process.

    What lies in a file is the system's to keep in memory, as much of it as there is to spare, and
    not this process's.
    """

    fields: NDArray[np.uint8]
    _pages: mmap.mmap | None = None

    def release(self) -> None:
        """Leave the file's pages to the system until they are used again; nothing is lost."""
        if self._pages is not None:
            self._pages.madvise(mmap.MADV_DONTNEED)


def make_stack(shape: tuple[int, ...], folder: Path) -> Stack:
    """Room for bytes of `shape`, (date, y, x); in a file in `folder` beyond `LARGEST_IN_MEMORY`.

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
            os.posix_fallocate(
                file.fileno(), 0, size
            )  # a disk that is too small says so here, not by a signal when a page is written
            pages = mmap.mmap(file.fileno(), size)
    return Stack(np.frombuffer(pages, np.uint8).reshape(shape), pages)
