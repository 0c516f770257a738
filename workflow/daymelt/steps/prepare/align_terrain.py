"""Height and masks on the study grid."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.encoding import FLAG, HEIGHT
from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.core.manifest import manifest_digest, manifest_files
from daymelt.settings.inputs import Area
from daymelt.sources.terrain.reader import read_flag, read_height
from daymelt.steps.prepare import meltwaterbench_fields


def align_terrain(manifest: Path, out: Path, area: Area) -> None:
    """Bring the DEM, the ocean mask and the ice mask of a retrieval onto the study grid.

    The digest `inputs` is that of the aligned fields, as a window cut from a mosaic and a whole
    file may have the same heights.
    """
    ready = meltwaterbench_fields.is_meltwaterbench(manifest)
    read = meltwaterbench_fields.terrain if ready else _provided
    height, ocean, ice = read(manifest, area.grid)
    content = hashlib.sha256(
        b"".join(field.tobytes() for field in (height, ocean, ice))
    ).hexdigest()
    attributes = {"inputs": content, "files": manifest_digest([manifest])}
    layers = {
        "height": (height, HEIGHT),
        "ocean": (_numbers(ocean), FLAG),
        "ice": (_numbers(ice), FLAG),
    }
    cube.write_layers(out, layers, grid=area.grid, attributes=attributes)


def _provided(
    manifest: Path, grid: Grid
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Height, ocean and ice from a DEM and two masks."""
    height = read_height(_file(manifest, "dem"), grid)
    ocean, ice = (read_flag(_file(manifest, name), grid) for name in ("OceanMask", "IceMask"))
    return height, ocean, ice


def _file(manifest: Path, part: str) -> Path:
    """The only file of a manifest whose name contains `part`."""
    found = [path for path in manifest_files(manifest) if part in path.name]
    if len(found) != 1:
        raise FormatError(
            f"manifest {manifest}: {len(found)} files named *{part}*, expected 1; delete it and "
            "retrieve again"
        )
    return found[0]


def _numbers(flag: NDArray[np.generic]) -> NDArray[np.float32]:
    return flag.astype(np.float32)
