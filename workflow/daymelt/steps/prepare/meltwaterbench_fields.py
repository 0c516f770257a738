"""The rasters of MeltwaterBench, which lie on the study grid already, as aligned streams.

Sentinel-1 stays at 100 m, in whole percent. Passive microwave and MAR were resampled to 100 m by
the nearest cell, 3 to 10 km wide. The edges of those cells carry no information: both are averaged
to the posting grid like every coarse field and upsampled linearly where used.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import winter_days
from daymelt.core.errors import MissingInputError
from daymelt.core.grid import Grid
from daymelt.core.manifest import manifest_files, read_manifest
from daymelt.science import microwave
from daymelt.science.regrid import cell_means
from daymelt.science.temporal import fill_linear
from daymelt.sources.meltwaterbench import layout
from daymelt.sources.meltwaterbench.rasters import (
    FRACTION,
    KELVIN,
    METRES,
    filled_by,
    read_field,
    read_ocean,
)

log = logging.getLogger(__name__)
Day = tuple[dt.date, NDArray[np.float32]]
LIMITS = {layout.MICROWAVE: KELVIN, layout.MAR: FRACTION}
QUANTITIES = {layout.MICROWAVE: "brightness temperature", layout.MAR: "liquid water"}


def is_meltwaterbench(manifest: Path) -> bool:
    """True for a retrieval of MeltwaterBench."""
    return bool(read_manifest(manifest).get("provider") == layout.PROVIDER)


def files_of(manifest: Path, folder: PurePosixPath) -> dict[dt.date, Path]:
    """The days of a folder that a manifest names."""
    days = {
        path: layout.day_of(path.name)
        for path in manifest_files(manifest)
        if path.parent.as_posix().endswith(str(folder))
    }
    return {day: path for path, day in days.items() if day is not None}


def melt_days(manifest: Path, ocean: NDArray[np.bool_], grid: Grid) -> Iterator[Day]:
    """Melt fraction of the days of a month, (y, x), NaN on the ocean; days without a valid cell
    are left out with a warning.
    """
    for day, path in sorted(files_of(manifest, layout.SAR).items()):
        fraction = read_field(path, grid, "melt fraction", FRACTION)
        fraction[ocean] = np.nan
        if np.isfinite(fraction).any():
            yield day, fraction
        else:
            log.warning("%s: no valid cell, the day counts as not acquired", day)


@dataclass(frozen=True)
class Coarse:
    """Daily coarse rasters of a manifest, read as means over the cells of the posting grid."""

    manifest: Path
    folder: PurePosixPath
    grid: Grid
    posting: Grid

    def season(
        self, days: Sequence[dt.date], longest_gap_days: int
    ) -> tuple[NDArray[np.float32], Mapping[dt.date, str]]:
        """Every day of a season, (date, y, x), and the rule by which each missing one was filled;
        GapError beyond the limit.
        """
        files = files_of(self.manifest, self.folder)
        fields, filled = fill_linear(
            self._stack(files, days), days, longest_gap_days, QUANTITIES[self.folder]
        )
        rules = {day: rule for day in days if day in files and (rule := filled_by(files[day]))}
        return fields, {**rules, **filled}

    def first_day(self) -> Day:
        """The first day that the manifest names; MissingInputError where it names none."""
        files = files_of(self.manifest, self.folder)
        if not files:
            raise MissingInputError(f"{self.manifest}: no day of {self.folder}; retrieve it again")
        day = min(files)
        return day, self._read(files[day])

    def winter_mean(self, year: int, months: Sequence[int]) -> NDArray[np.float32]:
        """Winter mean, (y, x): the file of the dataset where there is one, else the mean of the
        winter's days.

        Raises
        ------
        MissingInputError
            Neither is in the manifest.
        """
        name = layout.winter_mean(year).name
        ready = [path for path in manifest_files(self.manifest) if path.name == name]
        if ready:
            return cell_means(
                read_field(ready[0], self.grid, "winter mean", LIMITS[self.folder]),
                self.grid,
                self.posting,
            )
        files = files_of(self.manifest, self.folder)
        days = [day for day in winter_days(year, months) if day in files]
        if not days:
            raise MissingInputError(
                f"microwave {self.manifest}: neither {name} nor a day of the winter {year}; "
                "retrieve it again"
            )
        return microwave.winter_mean(self._stack(files, days))

    def _stack(self, files: Mapping[dt.date, Path], days: Sequence[dt.date]) -> NDArray[np.float32]:
        return np.stack(
            [
                self._read(files[day])
                if day in files
                else np.full(self.posting.shape, np.nan, np.float32)
                for day in days
            ]
        )

    def _read(self, path: Path) -> NDArray[np.float32]:
        return cell_means(
            read_field(path, self.grid, QUANTITIES[self.folder], LIMITS[self.folder]),
            self.grid,
            self.posting,
        )


def terrain(
    manifest: Path, grid: Grid
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Height, ocean, and ice; ice has no data anywhere, as the dataset has no ice mask."""
    height = read_field(_named(manifest, layout.HEIGHT), grid, "DEM", METRES)
    return (
        height,
        read_ocean(_named(manifest, layout.MASK), grid),
        np.full(grid.shape, np.nan, np.float32),
    )


def _named(manifest: Path, path: PurePosixPath) -> Path:
    found = [file for file in manifest_files(manifest) if file.as_posix().endswith(str(path))]
    if not found:
        raise MissingInputError(
            f"manifest {manifest}: names no {path}; delete it and retrieve again"
        )
    return found[0]
