"""Dry-snow backscatter of every orbit in the winter before a season."""

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
from daymelt.steps.prepare.passes import Passes, layer_names, open_passes


def winter_reference(
    manifests: list[Path], terrain: Path, out: Path, area: Area, sentinel1: Sentinel1, sar: Sar
) -> None:
    """Average the winter's passes of each relative orbit, and count the valid ones of each pixel.

    Each file is read once.
    """
    passes = open_passes(manifests, terrain, area, sentinel1, sar)
    write_reference(out, passes, {"inputs": manifest_digest(manifests)})


def write_reference(out: Path, passes: Passes, attributes: Mapping[str, str]) -> None:
    """Write mean and count of every orbit."""
    encodings = {
        name: encoding
        for orbit in passes.orbits
        for name, encoding in zip(layer_names(orbit), (BACKSCATTER, COUNT), strict=True)
    }
    blocks = (block for orbit in passes.orbits for block in reference_blocks(passes, orbit))
    cube.write_layer_blocks(out, encodings, blocks, grid=passes.fine, attributes=attributes)


def reference_blocks(
    passes: Passes, orbit: int
) -> Iterator[tuple[int, int, Mapping[str, NDArray[Any]]]]:
    """First row, first column, and mean and count (y, x) of one orbit, block by block.

    Memory is that of one band of one pass, however many passes there are.
    """
    mean, count = layer_names(orbit)
    for columns, stripe in passes.stripes():
        bands = stripe.bands()
        inner = slice(columns.start - stripe.columns.start, columns.stop - stripe.columns.start)
        smoothed = [stripe.smoothed(bursts, bands) for bursts in stripe.of_orbit(orbit)]
        for band in bands:
            reference = WinterReference((band.last - band.first, stripe.fine.columns))
            for one_pass in smoothed:
                reference.add(*one_pass.next())
            yield (
                band.first,
                columns.start,
                {mean: reference.mean(1)[:, inner], count: reference.count[:, inner]},
            )
