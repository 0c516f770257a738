"""The passive microwave files of a season as the provider ships them."""

import datetime as dt
from pathlib import Path

from daymelt.config import Area, Microwave, Twin
from daymelt.steps.providers import check_provider, write_twin_manifest
from daymelt.twin import files, radiometer

PROCESSING_DELAY = dt.timedelta(days=40, hours=5)


def retrieve_microwave(season: int, out: Path, area: Area, microwave: Microwave, twin: Twin) -> None:
    """Retrieve the daily files from the dry-snow winter to the end of a season."""
    check_provider("microwave", microwave.provider)
    cells = radiometer.window(area.grid)
    paths = []
    for day, brightness in radiometer.observe(area.grid, season, twin.seed):
        processed = dt.datetime.combine(day, dt.time(), dt.UTC) + PROCESSING_DELAY
        identity = (microwave.platform, microwave.channel, microwave.overpass)
        paths.append(files.write_cetb(out.parent, day, *identity, brightness, cells.x, cells.y, processed))
    write_twin_manifest(out, paths, {"source": "microwave", "season": season})
