"""Dry-snow backscatter of every track in the winter before a season."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.encoding import BACKSCATTER, COUNT
from daymelt.core.manifest import manifest_digest
from daymelt.science.backscatter import WinterReference
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.steps.prepare.passes import Passes, Track, layer_names, open_passes

log = logging.getLogger(__name__)


def winter_reference(
    manifests: list[Path], terrain: Path, out: Path, area: Area, sentinel1: Sentinel1, sar: Sar
) -> None:
    """Average the winter's passes of each relative orbit, and count the valid ones of each pixel.

    Each file is read once. The satellites of an orbit share a reference unless
    `sar.pool_satellites` keeps them apart; the number of passes of each is recorded.
    """
    passes = open_passes(manifests, terrain, area, sentinel1, sar)
    satellites = passes.satellites
    for orbit, counted in satellites.items():
        if len(counted) > 1:
            told = ", ".join(f"{platform} {count}" for platform, count in counted.items())
            how = "share a reference" if sar.pool_satellites else "have a reference each"
            log.info("%s: passes of several satellites %s: %s", orbit, how, told)
    write_reference(out, passes, {"inputs": manifest_digest(manifests), "satellites": satellites})


def write_reference(out: Path, passes: Passes, attributes: Mapping[str, Any]) -> None:
    """Write mean and count of every track."""
    encodings = {
        name: encoding
        for track in passes.tracks
        for name, encoding in zip(layer_names(track), (BACKSCATTER, COUNT), strict=True)
    }
    blocks = (block for track in passes.tracks for block in reference_blocks(passes, track))
    cube.write_layer_blocks(out, encodings, blocks, grid=passes.fine, attributes=attributes)


def reference_blocks(
    passes: Passes, track: Track
) -> Iterator[tuple[int, int, Mapping[str, NDArray[Any]]]]:
    """First row, first column, and mean and count (y, x) of one track, block by block.

    Memory is that of one band of one pass, however many passes there are.
    """
    mean, count = layer_names(track)
    for columns, stripe in passes.stripes():
        bands = stripe.bands()
        inner = slice(columns.start - stripe.columns.start, columns.stop - stripe.columns.start)
        smoothed = [stripe.smoothed(bursts, bands) for bursts in stripe.of_track(track)]
        for band in bands:
            reference = WinterReference((band.last - band.first, stripe.fine.columns))
            for one_pass in smoothed:
                reference.add(*one_pass.next())
            yield (
                band.first,
                columns.start,
                {mean: reference.mean(1)[:, inner], count: reference.count[:, inner]},
            )
