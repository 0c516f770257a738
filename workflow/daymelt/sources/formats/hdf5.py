"""Whether the HDF5 library survives opening a file and reading its attributes.

A damaged NetCDF-4 file can send that library round in circles for ever, or bring it down, and
nothing inside the process can end it. A child process opens such a file first, with a limit on its
processor time: a slow disk may take as long as it wants.
"""

import gc
import os
import resource
import signal
import warnings
from pathlib import Path
from typing import Any

import netCDF4

SIGNATURE = b"\x89HDF\r\n\x1a\n"
LIMIT_S = 5  # seconds of processor time; the largest file of any source takes a hundredth of one


def check_opens(path: Path) -> None:
    """Refuse, by ValueError, a file that the library does not finish opening; files of other
    formats pass.
    """
    with open(path, "rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return
    with warnings.catch_warnings():
        # of forking beside threads: the child calls one library and ends
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _open_and_leave(path)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        end = os.WTERMSIG(status)
        what = (
            f"comes to no end within {LIMIT_S} s"
            if end == signal.SIGXCPU
            else f"fails with signal {end}"
        )
        raise ValueError(f"the HDF5 library {what} when it opens the file")


def _open_and_leave(path: Path) -> None:
    """What the child does: no finaliser, no buffer and no handler of the parent runs in it."""
    try:
        gc.disable()
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # of its own: what the parent used does not count
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S + 1))
        file = netCDF4.Dataset(path)
        parts: tuple[Any, ...] = (file, *file.variables.values())
        for part in parts:
            dict(part.__dict__)  # attributes are read no sooner than asked for
    finally:
        os._exit(0)
