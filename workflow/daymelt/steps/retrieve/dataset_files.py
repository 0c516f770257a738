"""Rasters of the published dataset MeltwaterBench, from a local copy or from the hub.

A local copy is used where it lies: its manifests name the files below a `root`. What comes from the
hub lies in one folder for all retrievals of an area, `resources/{area}/meltwaterbench`, so that the
hub lists its files once.
"""

import datetime as dt
import os
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

from daymelt.archives import hub
from daymelt.archives.remote import Remote
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.manifest import Entry, checksum
from daymelt.settings.inputs import MeltwaterBench
from daymelt.sources.meltwaterbench import layout
from daymelt.sources.meltwaterbench.rasters import find_days
from daymelt.steps.retrieve.provider import Offer, ProviderBase, Retrieved, Settings

MELTWATERBENCH = "meltwaterbench"  # the provider, and the folder of the hub's files
OF_DAYS = frozenset(layout.OF_DAYS.values())
Names = Mapping[PurePosixPath, Collection[str]]


class DatasetFiles(ProviderBase[Settings]):
    """Those of the wanted rasters that the dataset has.

    Attributes
    ----------
    needed : files without which the retrieval fails
    """

    in_place = True
    no_adoption = (
        "--adopt: found with provider meltwaterbench; set meltwaterbench.folder to the copy, "
        "which is used where it lies"
    )
    needed: ClassVar[tuple[PurePosixPath, ...]] = ()

    @abstractmethod
    def wanted(self) -> Names:
        """Names of files by their folder, whether or not they exist."""

    def spared(self) -> Names:
        """Names of days that are not needed where a file is there, by that file."""
        return {}

    @cached_property
    def _copy(self) -> "LocalCopy | HubCopy":
        options = self.request.meltwaterbench
        local = options.folder is not None
        return LocalCopy(options) if local else HubCopy(options, hub_root(self.request.out))

    def offer(self) -> Offer:
        """The files there are.

        Raises
        ------
        MissingInputError
            A folder or a needed file is not in the dataset.
        FormatError
            A raster in a folder of days is not named as a day.
        """
        remotes = [self._copy.remote(path) for path in self._paths()]
        return Offer(remotes, {"root": self._copy.root_from(self.request.folder)})

    def fetch(self, offer: Offer) -> Retrieved:
        """The files, those of the hub fetched."""
        return Retrieved(self._copy.bring(offer.remotes), offer.about)

    def _paths(self) -> list[PurePosixPath]:
        found = [
            path
            for folder, names in self.wanted().items()
            for path in self._copy.find(folder)
            if path.name in names
        ]
        spared = {name for path, names in self.spared().items() if path in found for name in names}
        paths = [path for path in found if path.name not in spared]
        absent = [path for path in self.needed if path not in paths]
        if absent:
            raise MissingInputError(
                f"{self._copy.name}: no {', '.join(map(str, absent))}; expected the layout of "
                f"{self.request.meltwaterbench.repo}"
            )
        return paths


def day_names(days: Iterable[dt.date]) -> list[str]:
    """File names of days."""
    return [layout.day_name(day) for day in days]


def hub_root(out: Path) -> Path:
    """Where the files of the hub lie: beside the folders of the sources, for a manifest at
    `{source}/manifest.json` or one deeper.
    """
    folder = out.absolute().parent.parent
    return (
        folder.parent if folder.name in {"sentinel1", "mar", "microwave"} else folder
    ) / MELTWATERBENCH


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
        if folder in OF_DAYS:
            return [folder / path.name for path in find_days(there).values()]
        return [folder / path.name for path in sorted(there.glob("[!.]*.tif"))]

    def remote(self, path: PurePosixPath) -> Remote:
        """A file as an offer lists it."""
        file = self._root / path
        size = file.stat().st_size or None
        return Remote(str(path), file.as_uri(), path.name, size, None, "tiff", "")

    def bring(self, remotes: Sequence[Remote]) -> list[Entry]:
        """Entries of files, which stay where they are."""
        return [self._entry(PurePosixPath(remote.id)) for remote in remotes]

    def _entry(self, path: PurePosixPath) -> Entry:
        file = self._root / path
        return Entry(str(path), f"{MELTWATERBENCH}:{path}", file.stat().st_size, checksum(file))

    def root_from(self, folder: Path) -> str:
        """The root as the manifest in `folder` states it."""
        return self._root.as_posix()


class HubCopy:
    """The dataset on the hub, at the commit of the revision when the retrieval begins."""

    def __init__(self, options: MeltwaterBench, root: Path) -> None:
        named = hub.Dataset(options.repo, options.revision, options.endpoint)
        self._dataset = hub.Dataset(options.repo, hub.resolve(named), options.endpoint)
        self._root, self._files = root, dict[PurePosixPath, hub.HubFile]()
        self.name = f"dataset {options.repo}, revision {options.revision}"

    def find(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """The rasters of a folder; that of the winter means may be absent."""
        try:
            listed = hub.listing(self._dataset, folder)
        except MissingInputError:
            if folder != layout.WINTER_MEANS:
                raise
            listed = []
        found = {file.path: file for file in listed if file.path.suffix == ".tif"}
        strange = [path for path in found if folder in OF_DAYS and not layout.day_of(path.name)]
        if strange:
            raise FormatError(
                f"{self.name}: {strange[0]}, expected a day as YYYY_MM_DD.tif; choose another "
                "revision"
            )
        self._files |= found
        return list(found)

    def remote(self, path: PurePosixPath) -> Remote:
        """A file as an offer lists it."""
        return Remote(
            str(path),
            hub.address(self._dataset, path),
            path.name,
            self._files[path].size or None,
            None,
            "tiff",
            self._dataset.revision,
        )

    def bring(self, remotes: Sequence[Remote]) -> list[Entry]:
        """Entries of files, after those that are not there have been fetched."""
        files = [self._files[PurePosixPath(remote.id)] for remote in remotes]
        moment = hub.fetch(self._dataset, files, self._root)
        return [self._entry(file.path, moment) for file in files]

    def _entry(self, path: PurePosixPath, moment: dt.datetime) -> Entry:
        file, url = self._root / path, hub.address(self._dataset, path)
        return Entry(
            str(path),
            url,
            file.stat().st_size,
            checksum(file),
            str(path),
            self._dataset.revision,
            moment.isoformat(timespec="seconds"),
        )

    def root_from(self, folder: Path) -> str:
        """The root as the manifest in `folder` states it."""
        return Path(os.path.relpath(self._root, folder.absolute())).as_posix()
