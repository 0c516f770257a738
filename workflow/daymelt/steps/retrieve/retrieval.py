"""The one way in which files of a source are retrieved, whatever their provider."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daymelt.archives.remote import Remote, human
from daymelt.core.manifest import write_manifest
from daymelt.steps.retrieve.provider import Request, provider_class
from daymelt.steps.retrieve.raw_files import handed_over


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
        No such provider, or one whose files cannot be adopted.
    MissingInputError, RetrievalError, MissingCredentialError, FormatError, StorageError
        Files are not there, do not come or are not what they should be; no manifest is written.
    """
    provider = provider_class(request.source, request.settings.provider)(request)
    if dry_run:
        return print_files(provider.offer().remotes)
    with handed_over(request.out, raw, move_raw and not provider.in_place):
        retrieved = provider.adopt() if adopt else provider.fetch(provider.offer())
        write_manifest(request.out, retrieved.entries, {**request.about, **retrieved.about})
    return DryRun()


def print_files(remotes: Iterable[Remote]) -> DryRun:
    """Print the files that would be fetched, with their sizes and the sum."""
    listed = list(remotes)
    for remote in listed:
        print(f"{human(remote.size):>10}  {remote.path}")
    unknown = sum(remote.size is None for remote in listed)
    total = DryRun(len(listed), sum(remote.size or 0 for remote in listed), unknown)
    print(total)
    return total
