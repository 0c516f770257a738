"""Check the maps of a finished run from outside: their number, validity and tags.

Reads them with rasterio, rio-cogeo and, where it is installed, GDAL's own command line; uses
nothing of daymelt but the settings and the places of files.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from rio_cogeo.cogeo import cog_validate

from daymelt.core.dates import season_days
from daymelt.plan import places
from daymelt.settings.config import Config
from daymelt.settings.loading import load

SHARE = {"highest": 100, "scale": 0.01}
AGE = {"sar_age": {"highest": 254, "scale": 1.0}}
LAYERS = dict.fromkeys(("melt", "melt_mean", "melt_low", "melt_high"), SHARE) | AGE
TAGS = {
    "AREA": r"[a-z0-9-]+",
    "DATE": r"\d{4}-\d{2}-\d{2}",
    "FILLED": r".+",
    "INPUTS": r"[0-9a-f]{16,64}",
    "MODEL": r".+",
    "MODEL_CHECKSUM": r"[0-9a-f]{16,64}",
    "SOFTWARE": r"daymelt \d+\.\d+\.\d+.*",
}
EVERY = 20  # one file in so many also goes through gdalinfo, which costs a process each


def faults(config: Config, folder: Path) -> Iterator[str]:
    """What is wrong with the maps of a run, one line a fault."""
    for season in config.seasons.years:
        here = folder / str(season)
        days = [day.isoformat() for day in season_days(season, config.seasons.months)]
        for layer in LAYERS:
            wanted = {f"{layer}_{day}.tif": day for day in days}
            found = {path.name for path in here.glob(f"{layer}_[0-9]*.tif")}
            yield from (f"{season}/{name}: missing" for name in sorted(wanted.keys() - found))
            yield from (f"{season}/{name}: not expected" for name in sorted(found - wanted.keys()))
            for name in sorted(wanted.keys() & found):
                for fault in file_faults(here / name, config, layer, wanted[name]):
                    yield f"{season}/{name}: {fault}"
        lists = [name for name in ("melt.qml", "index.json") if not (here / name).is_file()]
        yield from (f"{season}/{name}: missing" for name in lists)


def file_faults(path: Path, config: Config, layer: str, day: str) -> Iterator[str]:
    """What is wrong with one file."""
    valid, errors, warnings = cog_validate(path, strict=True, quiet=True)
    if not valid:
        yield f"no valid COG: {'; '.join([*errors, *warnings])}"
    grid, expected = config.area.grid, LAYERS[layer]
    with rasterio.open(path) as file:
        head = (
            file.count,
            file.dtypes[0],
            file.nodata,
            file.shape,
            file.scales[0],
            file.compression.name if file.compression else None,
        )
        if head != (1, "uint8", 255, grid.shape, expected["scale"], "deflate"):
            yield f"head is {head}"
        if (
            file.transform.to_gdal() != grid.geotransform
            or file.crs != rasterio.crs.CRS.from_user_input(grid.crs)
        ):
            yield (
                f"lies at {file.transform.to_gdal()} in {file.crs}, expected "
                f"{grid.geotransform} in {grid.crs}"
            )
        if not file.overviews(1) or not file.descriptions[0]:
            yield f"overviews {file.overviews(1)}, description {file.descriptions[0]!r}"
        stored, tags = file.read(1), file.tags()
    if not ((stored <= expected["highest"]) | (stored == 255)).all() or (stored == 255).all():
        yield f"holds {np.unique(stored)[-5:]}"
    for name, pattern in TAGS.items():
        if not re.fullmatch(pattern, tags.get(f"DAYMELT_{name}", "")):
            yield f"tag DAYMELT_{name} is {tags.get(f'DAYMELT_{name}')!r}, expected {pattern}"
    if (tags.get("DAYMELT_DATE"), tags.get("DAYMELT_AREA")) != (day, config.area.name):
        yield f"is of {tags.get('DAYMELT_DATE')} in {tags.get('DAYMELT_AREA')}"


def gdalinfo_faults(paths: list[Path]) -> Iterator[str]:
    """Files that are no COG of one byte band with the nodata value to GDAL's command line."""
    for path in paths:
        run = subprocess.run(
            ["gdalinfo", "-json", path], capture_output=True, text=True, check=False
        )
        told = json.loads(run.stdout) if run.returncode == 0 else {}
        bands = [(band["type"], band.get("noDataValue")) for band in told.get("bands", [])]
        layout = told.get("metadata", {}).get("IMAGE_STRUCTURE", {}).get("LAYOUT")
        if run.stderr or bands != [("Byte", 255.0)] or layout != "COG":
            yield f"{path.name}: gdalinfo sees {bands}, layout {layout}, {run.stderr.strip()}"


def main(settings: str = "config.yaml") -> int:
    """0 where all is well."""
    config = load(settings)
    folder = Path(places.at(places.MAPS, area=config.area.name, model=config.model.name))
    wrong = list(faults(config, folder))
    counts = {layer: len(list(folder.glob(f"*/{layer}_[0-9]*.tif"))) for layer in LAYERS}
    sample = sorted(folder.glob("*/*.tif"))[::EVERY] if shutil.which("gdalinfo") else []
    wrong += gdalinfo_faults(sample)
    for fault in wrong[:20]:
        print(fault)
    print(
        f"{folder}: {', '.join(f'{count} {layer}' for layer, count in counts.items())} files, "
        f"{len(sample)} through gdalinfo, {len(wrong)} faults"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
