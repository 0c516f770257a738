"""Retrieved files as the manifest lists them."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from daymelt.archives.remote import Fetched, Remote
from daymelt.archives.web import bare
from daymelt.core.manifest import Entry, entry


def entry_of(item: Fetched) -> Entry:
    """A fetched file as the manifest lists it."""
    retrieved_at = item.retrieved_at.isoformat(timespec="seconds")
    return Entry(
        item.path.name,
        bare(item.remote.url),
        item.size,
        item.sha256,
        item.remote.id,
        item.remote.version,
        retrieved_at,
    )


def window_entry(folder: Path, path: Path, remote: Remote) -> Entry:
    """A window cut from a remote file, as the manifest lists it."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return replace(
        entry(folder, path, bare(remote.url)),
        id=remote.id,
        version=remote.version,
        retrieved_at=now,
    )
