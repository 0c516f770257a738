"""Which files of the published dataset a retrieval needs, from a local copy or from the hub, and
the manifest that names them.

A local copy is used where it lies: its manifests name the files below a `root`. What comes from the
hub lies in one folder for all retrievals of an area, `resources/{area}/meltwaterbench`, so that the
hub is asked for its list of files once.
"""

import datetime as dt
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from daymelt.archives import hub
from daymelt.archives.remote import Remote
from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.core.manifest import Entry, checksum, write_manifest
from daymelt.settings.inputs import MeltwaterBench
from daymelt.sources.meltwaterbench import layout as published
from daymelt.sources.meltwaterbench.rasters import find_days
from daymelt.steps.retrieve import live

Wanted = Mapping[
    PurePosixPath, Collection[str]
]  # the names wanted of each folder, whether or not they exist


@dataclass(frozen=True)
class Rules:
    """`needed`: files without which nothing goes on; `spared`: names of days that are not needed
    where a file is there.
    """

    needed: tuple[PurePosixPath, ...] = ()
    spared: Mapping[PurePosixPath, Collection[str]] = field(default_factory=dict)


def refuse_adoption(adopt: bool) -> None:
    """ConfigError where files are to be adopted: a copy of the dataset is used where it lies."""
    if adopt:
        raise ConfigError(
            "--adopt: found with provider meltwaterbench; set meltwaterbench.folder to the copy, "
            "which is used where it lies"
        )


def retrieve(
    wanted: Wanted,
    out: Path,
    options: MeltwaterBench,
    about: Mapping[str, Any],
    dry_run: bool,
    rules: Rules = Rules(),
) -> None:
    """End with a manifest of those of the wanted files that there are; a dry run lists them.

    Raises
    ------
    MissingInputError
        A folder or a needed file is not in the dataset.
    FormatError
        A raster in a folder of days is not named as a day.
    """
    source = LocalCopy(options) if options.folder is not None else HubCopy(options, hub_root(out))
    paths = [
        path
        for folder, names in wanted.items()
        for path in source.find(folder)
        if path.name in names
    ]
    spared = {name for path, names in rules.spared.items() if path in paths for name in names}
    paths = [path for path in paths if path.name not in spared]
    absent = [path for path in rules.needed if path not in paths]
    if absent:
        raise MissingInputError(
            f"{source.name}: no {', '.join(map(str, absent))}; expected the layout of "
            f"{options.repo}"
        )
    if dry_run:
        live.print_plan(source.remote(path) for path in paths)
        return
    source.bring(paths)
    about = {**about, "provider": published.PROVIDER, "root": source.root_from(out.parent)}
    write_manifest(out, [source.entry(path) for path in paths], about)


def days_wanted(days: Iterable[dt.date]) -> list[str]:
    """File names of days."""
    return [published.day_name(day) for day in days]


def hub_root(out: Path) -> Path:
    """Where the files of the hub lie: beside the folders of the sources, for a manifest at
    `{source}/manifest.json` or one deeper.
    """
    folder = out.absolute().parent.parent
    return (
        folder.parent if folder.name in {"sentinel1", "mar", "microwave"} else folder
    ) / published.PROVIDER


class LocalCopy:
    """The dataset in a folder of the user."""

    def __init__(self, options: MeltwaterBench) -> None:
        self._root = Path(options.folder or ".").absolute()
        self.name = str(self._root)
        if not self._root.is_dir():
            raise MissingInputError(
                f"meltwaterbench.folder: {self._root} not found; expected the data root, or null "
                "for the hub"
            )

    def find(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """The rasters of a folder."""
        there = self._root / folder
        if folder in {published.SAR, published.MICROWAVE, published.MAR}:
            return [folder / path.name for path in find_days(there).values()]
        return [folder / path.name for path in sorted(there.glob("[!.]*.tif"))]

    def remote(self, path: PurePosixPath) -> Remote:
        """A file as a dry run lists it."""
        return Remote(
            str(path),
            f"file:{self._root.as_posix()}/{path}",
            path.name,
            (self._root / path).stat().st_size,
            None,
            "tiff",
            "",
        )

    def bring(self, paths: Collection[PurePosixPath]) -> None:
        """Nothing: they are there."""

    def entry(self, path: PurePosixPath) -> Entry:
        """A file as the manifest lists it."""
        file = self._root / path
        return Entry(str(path), f"meltwaterbench:{path}", file.stat().st_size, checksum(file))

    def root_from(self, folder: Path) -> str:
        """The root as the manifest in `folder` states it."""
        return self._root.as_posix()


class HubCopy:
    """The dataset on the hub, at the commit that the revision stands for when the retrieval
    begins.
    """

    def __init__(self, options: MeltwaterBench, root: Path) -> None:
        named = hub.Dataset(options.repo, options.revision, options.endpoint)
        self._dataset = hub.Dataset(options.repo, hub.resolve(named), options.endpoint)
        self._root, self._files = root, dict[PurePosixPath, hub.HubFile]()
        self._retrieved_at = ""
        self.name = f"dataset {options.repo}, revision {options.revision}"

    def find(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """The rasters of a folder; that of the winter means may be absent."""
        try:
            listed = hub.listing(self._dataset, folder)
        except MissingInputError:
            if folder != published.WINTER_MEANS:
                raise
            listed = []
        found = {file.path: file for file in listed if file.path.suffix == ".tif"}
        strange = [
            path
            for path in found
            if folder in {published.SAR, published.MICROWAVE, published.MAR}
            and not published.day_of(path.name)
        ]
        if strange:
            raise FormatError(
                f"{self.name}: {strange[0]}, expected a day as YYYY_MM_DD.tif; choose another "
                "revision"
            )
        self._files |= found
        return list(found)

    def remote(self, path: PurePosixPath) -> Remote:
        """A file as a dry run lists it."""
        return Remote(
            str(path),
            hub.address(self._dataset, path),
            path.name,
            self._files[path].size,
            None,
            "tiff",
            self._dataset.revision,
        )

    def bring(self, paths: Collection[PurePosixPath]) -> None:
        """Fetch what is not there."""
        self._retrieved_at = hub.fetch(
            self._dataset, [self._files[path] for path in paths], self._root
        ).isoformat(timespec="seconds")

    def entry(self, path: PurePosixPath) -> Entry:
        """A file as the manifest lists it."""
        file, url = self._root / path, hub.address(self._dataset, path)
        return Entry(
            str(path),
            url,
            file.stat().st_size,
            checksum(file),
            str(path),
            self._dataset.revision,
            self._retrieved_at,
        )

    def root_from(self, folder: Path) -> str:
        """The root as the manifest in `folder` states it."""
        return Path(os.path.relpath(self._root, folder.absolute())).as_posix()
