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
from daymelt.steps.prepare.scenes import Scenes, layer_names


def winter_reference(
    manifests: list[Path], terrain: Path, out: Path, area: Area, sentinel1: Sentinel1, sar: Sar
) -> None:
    """Average the winter's passes of each relative orbit, one reading of each file, and count them
    pixel by pixel.
    """
    scenes = Scenes(manifests, terrain, area, sentinel1, sar)
    encodings = {
        name: encoding
        for orbit in scenes.orbits
        for name, encoding in zip(layer_names(orbit), (BACKSCATTER, COUNT), strict=True)
    }
    blocks = (block for orbit in scenes.orbits for block in _reference(scenes, orbit))
    cube.write_layer_blocks(
        out, encodings, blocks, grid=scenes.fine, attributes={"inputs": manifest_digest(manifests)}
    )


def _reference(scenes: Scenes, orbit: int) -> Iterator[tuple[int, int, Mapping[str, NDArray[Any]]]]:
    """Mean and count of one orbit, band by band: memory is that of one band of one pass, however
    many passes there are.
    """
    mean, count = layer_names(orbit)
    for columns, stripe in scenes.stripes():
        bands, inner = (
            stripe.bands(),
            slice(columns.start - stripe.columns.start, columns.stop - stripe.columns.start),
        )
        readings = [stripe.reading(bursts, bands) for bursts in stripe.of_orbit(orbit)]
        for band in bands:
            reference = WinterReference((band.last - band.first, stripe.fine.columns))
            for reading in readings:
                reference.add(*reading.band())
            yield (
                band.first,
                columns.start,
                {mean: reference.mean(1)[:, inner], count: reference.count[:, inner]},
            )
