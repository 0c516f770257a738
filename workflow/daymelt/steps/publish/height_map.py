"""Write the height of the area as a GeoTIFF, for shaded relief below the maps."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from daymelt.core.cube import check_same_grid, read_layers
from daymelt.core.encoding import HEIGHT, encode
from daymelt.core.provenance import software_version
from daymelt.products import cog
from daymelt.settings.inputs import Area

# steps of a quarter of a metre leave no terraces in the shading of an ice sheet
STORED = replace(HEIGHT, dtype="int16", scale=0.25, nodata=-32768, highest=32767)


def height_map(terrain: Path, out: Path, area: Area) -> None:
    """Write the height above the ellipsoid; the ocean is no data.

    Parameters
    ----------
    terrain : height and masks
    """
    layers = read_layers(terrain)
    check_same_grid(layers.grid, area.grid, terrain)
    height = np.where(layers["ocean"] == 1, np.float32(np.nan), layers["height"])
    tags = {"area": area.name, "software": software_version()}
    cog.write_day(out, encode(height, STORED), area.grid, STORED, tags, HEIGHT.long_name)
