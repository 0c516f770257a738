"""The truth of the twin, for the instruments to look at and the scores to compare with."""

from pathlib import Path

from daymelt.core import cube
from daymelt.core.encoding import PERCENT
from daymelt.settings.inputs import Area, Twin
from daymelt.twin.nature import true_melt


def twin_world(season: int, world: Path, area: Area, twin: Twin) -> None:
    """Write the true melt fraction of every day from 1 January to 30 September of a season."""
    attributes = {"inputs": f"twin, seed {twin.seed}"}
    cube.write_stream(
        world,
        true_melt(area.grid, season, twin.seed),
        grid=area.grid,
        encoding=PERCENT,
        attributes=attributes,
    )
