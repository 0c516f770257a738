"""Dry-snow backscatter of every orbit in the winter before a season."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from daymelt import cube
from daymelt.config import Area, Sar, Sentinel1
from daymelt.encoding import BACKSCATTER, COUNT
from daymelt.manifest import manifest_digest
from daymelt.science.backscatter import WinterReference
from daymelt.steps.scenes import Scenes, layer_names


def winter_reference(manifests: list[Path], terrain: Path, out: Path, area: Area, sentinel1: Sentinel1, sar: Sar) -> None:
    """Average the winter's passes of each relative orbit, one reading of each file, and count them pixel by pixel."""
    scenes = Scenes(manifests, terrain, area, sentinel1, sar)
    encodings = {name: encoding for orbit in scenes.orbits for name, encoding in zip(layer_names(orbit), (BACKSCATTER, COUNT), strict=True)}
    blocks = (block for orbit in scenes.orbits for block in _reference(scenes, orbit))
    cube.write_layer_rows(out, encodings, blocks, grid=scenes.fine, attributes={"inputs": manifest_digest(manifests)})


def _reference(scenes: Scenes, orbit: int) -> Iterator[tuple[str, int, NDArray[Any]]]:
    """Mean and count of one orbit, band by band: memory is that of one band of one pass, however many passes there are."""
    bands, (mean, count) = scenes.bands(), layer_names(orbit)
    readings = [scenes.reading(bursts, bands) for bursts in scenes.of_orbit(orbit)]
    for band in bands:
        reference = WinterReference((band.last - band.first, scenes.fine.columns))
        for reading in readings:
            reference.add(*reading.band())
        yield mean, band.first, reference.mean(1)
        yield count, band.first, reference.count
