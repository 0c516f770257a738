"""Folders in which libraries keep caches: compiled loops, fonts, weights of encoders."""

import tempfile
from collections.abc import MutableMapping
from pathlib import Path

OWN = Path(".snakemake") / "caches"  # in the working folder, which a step can write


def can_be_made(folder: Path) -> bool:
    """True where a folder can be made and written; nothing stays of it."""
    try:
        there = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
        with tempfile.TemporaryDirectory(dir=there):
            return True
    except OSError:
        return False


def usual_folder(named: str) -> Path | None:
    """The folder that XDG_CACHE_HOME names, else that of the user; None for a user without HOME."""
    try:
        return Path(named or "~/.cache").expanduser()
    except RuntimeError:
        return None


def use_writable(environment: MutableMapping[str, str], here: Path) -> None:
    """Where the folder of caches cannot be written, as with a read-only HOME, name one below the
    working folder `here` in `environment`; numba, matplotlib, torch and the hub's client read it.
    """
    usual = usual_folder(environment.get("XDG_CACHE_HOME", ""))
    if usual is not None and can_be_made(usual.absolute()):
        return
    environment["XDG_CACHE_HOME"] = str(here / OWN)
    environment.setdefault("MPLCONFIGDIR", str(here / OWN / "matplotlib"))
