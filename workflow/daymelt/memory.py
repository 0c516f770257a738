"""How this process deals with memory."""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_MAX, NEVER = -1, -4, -1  # glibc's mallopt(3)


def keep_memory() -> None:
    """Let this process keep what large fields free, for the next ones.

    The C library gives large blocks back at once, and the system clears every page that it hands out: where one field of a whole area
    follows another, that takes longer than much of the work on them. glibc has a switch for it; with another library nothing happens.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, NEVER)
