"""The one way in which files of a source are retrieved, whatever their provider."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daymelt.archives.remote import Remote, human
from daymelt.core.manifest import write_manifest
from daymelt.steps.retrieve.provider import (
    Offer,
    ProviderBase,
    Request,
    Retrieved,
    provider_class,
)
from daymelt.steps.retrieve.raw_files import handed_over

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DryRun:
    """What a dry run listed: number of files, bytes, and how many files of unknown size."""

    files: int = 0
    size: int = 0
    unknown: int = 0

    def __add__(self, other: "DryRun") -> "DryRun":
        return DryRun(
            self.files + other.files, self.size + other.size, self.unknown + other.unknown
        )

    def __str__(self) -> str:
        return f"{human(self.size):>10}  in {self.files} files" + (
            f", {self.unknown} of unknown size" if self.unknown else ""
        )


def retrieve(
    request: Request[Any],
    dry_run: bool = False,
    adopt: bool = False,
    raw: Path | None = None,
    move_raw: bool = False,
) -> DryRun:
    """Ask the provider, list its files, fetch or adopt them, check each, and end with the manifest.

    A dry run lists the files and fetches nothing. `raw` and `move_raw` are those of `handed_over`;
    files that are used where they lie are never moved.

    Raises
    ------
    ConfigError
        No such provider, one whose files cannot be adopted, or one whose archive holds nothing of
        the area or the days.
    MissingInputError, RetrievalError, MissingCredentialError, FormatError, StorageError
        Files are not there, do not come or are not what they should be; no manifest is written.
    """
    provider = provider_class(request.source, request.settings.provider)(request)
    provider.check_held()
    if dry_run:
        return print_files(offered(provider).remotes)
    with handed_over(request.out, raw, move_raw and not provider.in_place):
        retrieved = provider.adopt() if adopt else fetched(provider)
        about = {**request.about, **retrieved.about, **provider.gaps(retrieved.entries)}
        write_manifest(request.out, retrieved.entries, about)
    return DryRun()


def offered(provider: ProviderBase[Any]) -> Offer:
    """What a provider offers; an empty search is logged with what was searched."""
    offer = provider.offer()
    if offer.searched and not offer.remotes:
        log.warning(
            "%s: nothing found of %s; the days are without data",
            provider.request.source,
            offer.searched,
        )
    return offer


def fetched(provider: ProviderBase[Any]) -> Retrieved:
    """The files that a provider offers; the manifest names a search that found none."""
    offer = offered(provider)
    retrieved = provider.fetch(offer)
    if offer.remotes or not offer.searched:
        return retrieved
    return Retrieved(retrieved.entries, {**retrieved.about, "nothing_found": offer.searched})


def print_files(remotes: Iterable[Remote]) -> DryRun:
    """Print the files that would be fetched, with their sizes and the sum."""
    listed = list(remotes)
    for remote in listed:
        print(f"{human(remote.size):>10}  {remote.path}")
    unknown = sum(remote.size is None for remote in listed)
    total = DryRun(len(listed), sum(remote.size or 0 for remote in listed), unknown)
    print(total)
    return total
