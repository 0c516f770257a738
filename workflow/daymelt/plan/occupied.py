"""Whether another run works in a folder, which Snakemake's own locks do not tell.

They are files that stay after a run is killed. A lock on an open file ends with its process.
"""

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

LOCKS = Path(".snakemake") / "locks"
OCCUPIED = Path(".snakemake") / "daymelt.occupied"
BUSY = "{folder}: another run is at work in this folder; wait for its end, or use --directory"
STALE = (
    "{folder}: a lock lies here, but no run on this machine holds it; if none is at work on "
    "another machine or a cluster (squeue --me), clear the lock and start again: {unlock}"
)


def occupy(folder: Path) -> IO[bytes] | None:
    """Mark a folder as in use while the returned file is open; None without file locks there."""
    with suppress(OSError):
        (folder / OCCUPIED).parent.mkdir(parents=True, exist_ok=True)
        file = open(folder / OCCUPIED, "ab")  # noqa: SIM115, closed with the process
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return file
    return None


def is_occupied(folder: Path) -> bool:
    """True where a run on this machine, or on one that shares file locks, works in a folder."""
    try:
        with open(folder / OCCUPIED, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # others: no such file, or a file system without locks
        return isinstance(error, BlockingIOError)
    return False


def advice(folder: Path, unlock: str) -> str | None:
    """What to do about a lock in a folder, None without one; `unlock` is the command for it."""
    if not any((folder / LOCKS).glob("*")):
        return None
    return (BUSY if is_occupied(folder) else STALE).format(folder=folder, unlock=unlock)
