"""Melting share of the cells on every acquisition day of a month."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.digests import combine
from daymelt.core.encoding import PERCENT, encode
from daymelt.core.grid import Grid
from daymelt.core.manifest import manifest_digest, read_manifest
from daymelt.science import backscatter
from daymelt.science.bands import Band, RollingRows, SmoothedBands
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.steps.prepare.gaps import warn_if_empty
from daymelt.steps.prepare.meltwaterbench_fields import is_meltwaterbench, melt_days
from daymelt.steps.prepare.passes import Passes, PassKey, layer_names, open_passes

log = logging.getLogger(__name__)
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
    with too few scenes. Melt fractions of the published dataset need none; they are used as they
    are.
    """
    digest = manifest_digest([manifest])
    if is_meltwaterbench(manifest):
        days = melt_days(manifest, cube.read_layers(terrain)["ocean"] == 1, area.grid)
        cube.write_stream(
            out, days, grid=area.grid, encoding=PERCENT, attributes={"inputs": digest}
        )
    else:
        passes = open_passes([manifest], terrain, area, sentinel1, sar)
        write_month(out, passes, winters, area.grid, sar, digest)
    warn_if_empty(out, read_manifest(manifest).get("month", ""))


def write_month(
    out: Path, passes: Passes, winters: Sequence[Path], grid: Grid, sar: Sar, digest: str
) -> None:
    """Write the melt fraction of every day of a month; `digest` is that of the passes."""
    with open_references(winters, passes.fine, sar.min_winter_scenes) as references:
        month = Month(passes, references, grid, sar)
        attributes = {
            "inputs": combine([digest, *references.digests]),
            "scenes": month.used,
        }
        cube.write_stream(out, month.days(), grid=grid, encoding=PERCENT, attributes=attributes)


class References:
    """Winter references by orbit, pooled over years where the season's own has too few scenes.

    Parameters
    ----------
    files : layers of each winter, the season's own first
    min_scenes : scenes that a pixel needs
    """

    def __init__(self, files: Sequence[cube.LayerFile], min_scenes: int) -> None:
        self._files, self._min_scenes = files, min_scenes

    @property
    def digests(self) -> list[str]:
        """Digest of the inputs of each winter."""
        return [file.attributes["inputs"] for file in self._files]

    def has(self, orbit: int) -> bool:
        """Whether an orbit has a reference in any winter."""
        return any(layer_names(orbit)[0] in file.names for file in self._files)

    def rolling(self, orbit: int, bands: Sequence[Band], columns: slice) -> RollingRows:
        """Reference of an orbit on some columns, linear power, to be read band by band."""
        starts, ends = [band.first for band in bands], [band.read_to for band in bands]
        return RollingRows(
            lambda first, last: (self._read(orbit, slice(first, last), columns),), starts, ends
        )

    def _read(self, orbit: int, rows: slice, columns: slice) -> NDArray[np.float32]:
        """A part of the reference of one orbit, pooled from the winters that have it."""
        mean, count = layer_names(orbit)
        seen = [
            (file.read(mean, rows, columns), file.read(count, rows, columns))
            for file in self._files
            if mean in file.names
        ]
        return backscatter.pool(seen, self._min_scenes)[0]


@contextmanager
def open_references(winters: Sequence[Path], fine: Grid, min_scenes: int) -> Iterator[References]:
    """Open the winter references of a season; they must lie on the grid of its passes."""
    with ExitStack() as stack:
        files = [stack.enter_context(cube.open_layers(path)) for path in winters]
        for file in files:
            cube.check_same_grid(file.grid, fine, file.path)
        yield References(files, min_scenes)


class Month:
    """The melt fractions of a month: all days side by side, stripe by stripe and band by band."""

    def __init__(self, passes: Passes, references: References, grid: Grid, sar: Sar) -> None:
        self._passes, self._references, self._grid, self._sar = passes, references, grid, sar
        self._shares = backscatter.cell_shares(passes.fine, grid)
        self._bursts = {
            key: passes.bursts[key] for key in sorted(passes.bursts) if self._has_reference(*key)
        }
        self.used: dict[str, list[str]] = {}  # passes of each day that `days` has given so far

    def days(self) -> Iterator[tuple[dt.date, NDArray[np.uint8]]]:
        """Every day with a valid cell and its melt fraction in percent, (y, x)."""
        fields = self._fields()
        for day in self._passes.days:
            field = fields.pop(day, None)
            if field is None or (field == PERCENT.nodata).all():
                log.warning("%s: no valid cell, the day counts as not acquired", day)
                continue
            self.used[day.isoformat()] = [
                f"T{orbit:03d} {bursts[0].platform}"
                for (of, orbit), bursts in self._bursts.items()
                if of == day
            ]
            yield day, field

    def _has_reference(self, day: dt.date, orbit: int) -> bool:
        if not self._references.has(orbit):
            log.warning("%s orbit %d: no winter reference, the pass is left out", day, orbit)
            return False
        return True

    def _fields(self) -> dict[dt.date, NDArray[np.uint8]]:
        """Melt fraction of every day in percent, (y, x): one byte a cell and day."""
        fields = {day: np.empty(self._grid.shape, np.uint8) for day, _ in self._bursts}
        for columns, shares, stripe in self._passes.stripes_of_cells(self._shares):
            for rows, day, fraction in self._stripe(stripe, shares):
                fields[day][rows, columns] = encode(fraction, PERCENT)
        return fields

    def _stripe(
        self, stripe: Passes, shares: backscatter.CellShares
    ) -> Iterator[tuple[slice, dt.date, NDArray[np.float32]]]:
        """Melt fraction (y, x) of the cells of a stripe on every day, one band of rows after the
        other.
        """
        cells, bands = zip(*stripe.bands_of_cells(shares), strict=True)
        smoothed = {key: stripe.smoothed(bursts, bands) for key, bursts in self._bursts.items()}
        orbits = sorted({orbit for _, orbit in self._bursts})
        references = {
            orbit: self._references.rolling(orbit, bands, stripe.columns) for orbit in orbits
        }
        for rows, band in zip(cells, bands, strict=True):
            of_rows = shares.part(rows.start, rows.stop)
            for day, fraction in self._band(of_rows, band, smoothed, references):
                yield rows, day, fraction

    def _band(
        self,
        shares: backscatter.CellShares,
        band: Band,
        smoothed: Mapping[PassKey, SmoothedBands],
        references: Mapping[int, RollingRows],
    ) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
        """Melt fraction (y, x) of some rows of cells on every day."""
        found: dict[PassKey, Fraction] = {}
        for orbit, rolling in references.items():
            start, ((above, reference),) = rolling.parts()
            reference = reference[max(0, band.first - start - len(above)) :]
            above = above[band.first - start :]
            for key in (key for key in smoothed if key[1] == orbit):
                seen, sar = smoothed[key].next(), self._sar
                found[key] = backscatter.melt_fraction(
                    *seen, reference, sar.threshold_db, shares, sar.min_valid_share, above
                )
        for day in sorted({day for day, _ in found}):
            of_day = [found[key] for key in sorted(found) if key[0] == day]
            yield day, backscatter.merge_passes(of_day)[0]
