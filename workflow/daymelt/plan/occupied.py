"""Whether a run is at work in a folder: what to do about the locks that Snakemake left there.

Snakemake's own locks are files that outlive a killed run, so they cannot say whether it lives. A
lock that the system holds for an open file ends with the process, however it ends.
"""

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

LOCKS = Path(".snakemake") / "locks"
OCCUPIED = Path(".snakemake") / "daymelt.plan.occupied"
BUSY = (
    "{folder}: another run is at work in this folder; nothing was harmed; wait until it has "
    "ended, or use another folder with --directory"
)
STALE = (
    "{folder}: a lock lies here, but no run on this machine holds it; an earlier run was killed, "
    "and what it finished is kept; "
    "if none is at work on another machine and no job of it on a cluster (squeue --me), clear "
    "the lock and start again: {unlock}"
)


def occupy(folder: Path) -> IO[bytes] | None:
    """Say that a run is at work in `folder` for as long as the returned file is open; None where
    the file system knows no such locks.
    """
    with suppress(OSError):
        (folder / OCCUPIED).parent.mkdir(parents=True, exist_ok=True)
        file = open(folder / OCCUPIED, "ab")  # noqa: SIM115, closed with the process
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return file
    return None


def is_occupied(folder: Path) -> bool:
    """True where a run on this machine, or on one that shares the file system's locks, is at work
    in `folder`.
    """
    try:
        with open(folder / OCCUPIED, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no such file, or a file system without locks: nobody is known to be at work
        return False
    return False


def advice(folder: Path, unlock: str) -> str | None:
    """What a user who will meet a lock in `folder` should know; None where there is none. `unlock`
    is the command that clears it.
    """
    locks = folder / LOCKS
    if not locks.is_dir() or not any(locks.iterdir()):
        return None
    return (BUSY if is_occupied(folder) else STALE).format(folder=folder, unlock=unlock)
