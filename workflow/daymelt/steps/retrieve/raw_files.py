"""Raw files that are not kept after use: they are moved to a folder of their own, which the
workflow removes.

They are fetched beside the manifest, so that an interrupted retrieval finds the files that have
come. Once it is complete they are moved by renaming; a further retrieval moves them back first.
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
    """Around a retrieval that ends with `manifest`: afterwards the folder `raw` exists, with the
    files if they are to `move`, else empty, with the files beside the manifest.

    Without `raw` there is no such folder, and all files stay beside the manifest.

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
    """Move the files of an earlier retrieval back to `folder`, also those of a run that was killed
    while it moved them.
    """
    for place in (folder / RAW, folder / MOVING):
        for path in sorted(place.glob("[!.]*")):  # names with a dot are files of Snakemake
            os.replace(path, folder / path.name)


def _hand_over(manifest: Path, raw: Path, move: bool) -> None:
    moving = manifest.parent / MOVING
    moving.mkdir(exist_ok=True)
    for path in manifest_files(manifest) if move else []:
        os.replace(path, moving / path.name)
    if raw.is_dir():
        shutil.rmtree(raw)  # of an earlier retrieval; its files have been taken back
    os.replace(moving, raw)
