"""Files of a retrieval that go once they are used: for that they lie in a folder of their own,
which the workflow removes.

While they are fetched they lie where they always do, so that a further run finds what came. Only a
whole retrieval is moved, by renaming, and is taken back before it is looked through again.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daymelt.core.atomic import storage_errors
from daymelt.core.errors import ConfigError
from daymelt.core.manifest import RAW, manifest_files

MOVING = f".{RAW}.part"


@contextmanager
def handed_over(manifest: Path, raw: Path | None, move: bool) -> Iterator[None]:
    """Let a retrieval end in `manifest`; then leave `raw`, with its files where they `move`, empty
    where they stay beside the manifest.

    Without `raw` nothing is left there, and all files stay.

    Raises
    ------
    ConfigError
        `raw` is not where later steps look.
    StorageError
        The folder cannot be written.
    """
    if raw is not None and raw != manifest.parent / RAW:
        raise ConfigError(f"--raw: found {raw}; expected {manifest.parent / RAW}, beside --out")
    take_back(manifest.parent)
    yield
    if raw is not None:
        with storage_errors(raw):
            _hand_over(manifest, raw, move)


def take_back(folder: Path) -> None:
    """Bring the files of an earlier retrieval back to `folder`; a run may have been killed while
    they moved.
    """
    for place in (folder / RAW, folder / MOVING):
        for path in sorted(place.glob("[!.]*")):  # what begins with a dot is Snakemake's own
            os.replace(path, folder / path.name)


def _hand_over(manifest: Path, raw: Path, move: bool) -> None:
    moving = manifest.parent / MOVING
    moving.mkdir(exist_ok=True)
    for path in manifest_files(manifest) if move else []:
        os.replace(path, moving / path.name)
    if raw.is_dir():
        shutil.rmtree(raw)  # of an earlier retrieval; its files have been taken back
    os.replace(moving, raw)
