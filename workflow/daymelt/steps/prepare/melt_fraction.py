"""Melting share of the cells on every acquisition day of a month."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.digests import combine
from daymelt.core.encoding import PERCENT, encode
from daymelt.core.manifest import manifest_digest
from daymelt.science import backscatter
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.steps.prepare.published_fields import is_published, melt_days
from daymelt.steps.prepare.scenes import Band, Reading, Rolling, Scenes, layer_names

log = logging.getLogger(__name__)
Key = tuple[dt.date, int]  # of a pass: day and relative orbit
Fraction = tuple[NDArray[np.float32], NDArray[np.float32]]


def melt_fraction(
    manifest: Path,
    winters: list[Path],
    terrain: Path,
    out: Path,
    area: Area,
    sentinel1: Sentinel1,
    sar: Sar,
) -> None:
    """Threshold every pass of a month against the winter reference of its orbit and aggregate it to
    the study grid.

    `winters` are the references of the season itself and then of earlier ones, which serve pixels
    with too few scenes. Published melt fractions need none; they are taken as they are.
    """
    if is_published(manifest):
        published = melt_days(manifest, cube.read_layers(terrain)["ocean"] == 1, area.grid)
        cube.write_stream(
            out,
            published,
            grid=area.grid,
            encoding=PERCENT,
            attributes={"inputs": manifest_digest([manifest])},
        )
        return
    scenes = Scenes([manifest], terrain, area, sentinel1, sar)
    with References(winters, scenes, sar.min_winter_scenes) as references:
        month = Month(scenes, references, area, sar)
        attributes = {
            "inputs": combine([manifest_digest([manifest]), *references.digests]),
            "scenes": month.used,
        }
        cube.write_stream(
            out, month.days(), grid=area.grid, encoding=PERCENT, attributes=attributes
        )


class References:
    """Winter references by orbit, pooled over years where the season's own has too few scenes."""

    def __init__(self, winters: list[Path], scenes: Scenes, min_scenes: int) -> None:
        self._min_scenes = min_scenes
        with ExitStack() as stack:
            self._files = [stack.enter_context(cube.open_layers(path)) for path in winters]
            for file in self._files:
                cube.check_same_grid(file.grid, scenes.fine, file.path)
            self._open = stack.pop_all()
        self.digests = [file.attributes["inputs"] for file in self._files]

    def __enter__(self) -> "References":
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    def has(self, orbit: int) -> bool:
        """Whether any winter saw an orbit."""
        return any(layer_names(orbit)[0] in file.names for file in self._files)

    def reading(self, orbit: int, bands: Sequence[Band], columns: slice) -> Rolling:
        """Reference of an orbit on some columns, linear power, to be read band by band."""
        starts, ends = [band.first for band in bands], [band.read_to for band in bands]
        return Rolling(
            lambda first, last: (self._read(orbit, slice(first, last), columns),), starts, ends
        )

    def _read(self, orbit: int, rows: slice, columns: slice) -> NDArray[np.float32]:
        """A part of the reference of one orbit from the winters that saw it, the season's own
        first.
        """
        mean, count = layer_names(orbit)
        seen = [
            (file.read(mean, rows, columns), file.read(count, rows, columns))
            for file in self._files
            if mean in file.names
        ]
        return backscatter.pool(seen, self._min_scenes)[0]


class Month:
    """The melt fractions of a month: all days side by side, stripe by stripe and band by band."""

    def __init__(self, scenes: Scenes, references: References, area: Area, sar: Sar) -> None:
        self._scenes, self._references, self._grid, self._sar = scenes, references, area.grid, sar
        self._shares = backscatter.cell_shares(scenes.fine, area.grid)
        self._passes = {
            key: bursts
            for key, bursts in sorted(scenes.passes.items())
            if self._has_reference(*key)
        }
        self.used: dict[str, list[str]] = {}  # the passes behind each day that was given so far

    def days(self) -> Iterator[tuple[dt.date, NDArray[np.uint8]]]:
        """Every day with a valid cell and its melt fraction in percent, (y, x)."""
        fields = self._fields()
        for day in self._scenes.days:
            field = fields.pop(day, None)
            if field is None or (field == PERCENT.nodata).all():
                log.warning("%s: no valid cell, the day counts as not acquired", day)
                continue
            self.used[day.isoformat()] = [
                f"T{orbit:03d} {bursts[0].platform}"
                for (of, orbit), bursts in self._passes.items()
                if of == day
            ]
            yield day, field

    def _has_reference(self, day: dt.date, orbit: int) -> bool:
        if not self._references.has(orbit):
            log.warning("%s orbit %d: no winter reference, the pass is left out", day, orbit)
            return False
        return True

    def _fields(self) -> dict[dt.date, NDArray[np.uint8]]:
        """Melt fraction of every day in percent: a byte a cell and day is all that a month holds
        besides its band.
        """
        fields = {day: np.empty(self._grid.shape, np.uint8) for day, _ in self._passes}
        for columns, shares, stripe in self._scenes.stripes_of_cells(self._shares):
            for rows, day, fraction in self._stripe(stripe, shares):
                fields[day][rows, columns] = encode(fraction, PERCENT)
        return fields

    def _stripe(
        self, stripe: Scenes, shares: backscatter.CellShares
    ) -> Iterator[tuple[slice, dt.date, NDArray[np.float32]]]:
        """Melt fraction (y, x) of the cells of a stripe on every day, rows after rows."""
        cells, bands = zip(*stripe.bands_of_cells(shares), strict=True)
        readings = {key: stripe.reading(bursts, bands) for key, bursts in self._passes.items()}
        orbits = sorted({orbit for _, orbit in self._passes})
        references = {
            orbit: self._references.reading(orbit, bands, stripe.columns) for orbit in orbits
        }
        for rows, band in zip(cells, bands, strict=True):
            for day, fraction in self._band(
                shares.part(rows.start, rows.stop), band, readings, references
            ):
                yield rows, day, fraction

    def _band(
        self,
        shares: backscatter.CellShares,
        band: Band,
        readings: Mapping[Key, Reading],
        references: Mapping[int, Rolling],
    ) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
        """Melt fraction (y, x) of some rows of cells on every day."""
        found: dict[Key, Fraction] = {}
        for orbit, rolling in references.items():
            start, ((above, reference),) = rolling.parts()
            reference = reference[max(0, band.first - start - len(above)) :]
            above = above[band.first - start :]
            for key in (key for key in readings if key[1] == orbit):
                seen, sar = readings[key].band(), self._sar
                found[key] = backscatter.melt_fraction(
                    *seen, reference, sar.threshold_db, shares, sar.min_valid_share, above
                )
        for day in sorted({day for day, _ in found}):
            yield (
                day,
                backscatter.merge_passes([found[key] for key in sorted(found) if key[0] == day])[0],
            )
