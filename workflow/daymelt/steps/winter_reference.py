"""Dry-snow backscatter of every orbit in the winter before a season."""

from pathlib import Path

from daymelt import cube
from daymelt.config import Area, Sar, Sentinel1
from daymelt.encoding import BACKSCATTER, COUNT
from daymelt.manifest import manifest_digest
from daymelt.science.backscatter import WinterReference
from daymelt.steps.scenes import Scenes, layer_names


def winter_reference(manifests: list[Path], terrain: Path, out: Path, area: Area, sentinel1: Sentinel1, sar: Sar) -> None:
    """Average the winter's passes of each relative orbit, one reading of each file, and count them pixel by pixel."""
    scenes = Scenes(manifests, terrain, area, sentinel1, sar)
    layers = {}
    for orbit in scenes.orbits:
        reference = WinterReference(scenes.fine.shape)
        for bursts in scenes.of_orbit(orbit):
            reference.add(*scenes.read(bursts))
        mean, count = layer_names(orbit)
        layers[mean] = (reference.mean(1), BACKSCATTER)
        layers[count] = (reference.count.astype("f4"), COUNT)
    cube.write_layers(out, layers, grid=scenes.fine, attributes={"inputs": manifest_digest(manifests)})
