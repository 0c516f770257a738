"""Where the files of a run lie: every path under `resources/` and `results/`, once.

A place is a pattern with the wildcards of the rules ({area}, {season}, {month}, {model}, {split},
{trial}); `at` fills them in. Readers of a file are told what it holds by name, or find it in its
content; a path is never taken apart again.
"""

from pathlib import Path

from daymelt.core.manifest import RAW

RESOURCES, RESULTS = "resources/{area}", "results/{area}"

# as the providers ship it
WORLD = f"{RESOURCES}/twin/world_{{season}}.nc"
MANIFESTS = {
    "terrain": f"{RESOURCES}/terrain/manifest.json",
    "sentinel1": f"{RESOURCES}/sentinel1/{{month}}/manifest.json",
    "mar": f"{RESOURCES}/mar/{{season}}/manifest.json",
    "microwave": f"{RESOURCES}/microwave/{{season}}/manifest.json",
    "stations": f"{RESOURCES}/stations/manifest.json",
}
MELTWATERBENCH = f"{RESOURCES}/meltwaterbench"  # what comes from the hub, as published
SENTINEL1_RAW = f"{RESOURCES}/sentinel1/{{month}}/{RAW}"

# on the study grid
TERRAIN = f"{RESULTS}/aligned/terrain.nc"
WINTER_REFERENCE = f"{RESULTS}/aligned/sar/winter_{{season}}.nc"
SAR = f"{RESULTS}/aligned/sar/{{month}}.nc"
MAR = f"{RESULTS}/aligned/mar/{{season}}.nc"
MICROWAVE = f"{RESULTS}/aligned/microwave/{{season}}.nc"
MICROWAVE_WINTER = f"{RESULTS}/aligned/microwave/{{season}}_winter.nc"
SPLIT = f"{RESULTS}/splits/{{split}}/{{season}}.csv"
# from the training days of a split, or from all acquisitions (`ALL` in place of a split)
INTERPOLATED = f"{RESULTS}/aligned/time_interpolated/{{split}}/{{season}}.nc"
SAR_AGE = f"{RESULTS}/aligned/sar_age/{{split}}/{{season}}.nc"
ALL = "all"

MODEL = f"{RESULTS}/models/{{split}}/{{model}}/model.json"
CALIBRATION = f"{RESULTS}/models/{{split}}/{{model}}/intervals.json"  # beside the model
TRAINING_RECORD = "logs/{area}/train/{split}/{model}.tsv"  # Snakemake's record: time and memory
MAPS = f"{RESULTS}/maps/{{model}}"
MAP_INDEX = f"{MAPS}/{{season}}/index.json"

# the comparison of systems
BENCHMARK = f"{RESULTS}/benchmark"
DAILY = f"{BENCHMARK}/{{trial}}/{{model}}/{{season}}.csv"
EVALUATION = {
    name: f"{BENCHMARK}/{{trial}}/{{model}}/{{season}}_{name}.csv"
    for name in ("extent", "gaps", "strata", "reliability", "onset", "distribution", "edges")
}
ONSETS = f"{BENCHMARK}/{{trial}}/{{model}}/{{season}}_onset.nc"  # of every cell
INTERVALS = f"{BENCHMARK}/intervals/{{model}}.csv"
SPEED = f"{BENCHMARK}/speed/{{model}}.json"
SCORES, SCORES_TEXT = f"{BENCHMARK}/scores.csv", f"{BENCHMARK}/scores.txt"
TWIN_STATISTICS = f"{BENCHMARK}/twin_statistics.csv"
COMPARISON = {
    "table": f"{BENCHMARK}/table.csv",
    "markdown": f"{BENCHMARK}/table.md",
    "html": f"{BENCHMARK}/table.html",
    "strata": f"{BENCHMARK}/strata.csv",
    "reliability": f"{BENCHMARK}/reliability.csv",
    "distribution": f"{BENCHMARK}/distribution.csv",
    "gaps": f"{BENCHMARK}/gaps.csv",
    "edges": f"{BENCHMARK}/edges.csv",
}
COMPARISON_FIGURES = {
    name: f"{BENCHMARK}/{name}.png" for name in ("maps", "reliability", "error", "gaps", "leakage")
}
INTERVAL_FIGURES = {  # of a system with an interval
    name: f"{BENCHMARK}/{name}.png" for name in ("coverage", "pit", "reliability_change")
}
STATIONS = {"table": f"{BENCHMARK}/stations.csv", "figure": f"{BENCHMARK}/stations.png"}

REPORT = f"{RESULTS}/report"
REPORT_FIGURES = {
    "panel": f"{REPORT}/day_panel.png",
    "curves": f"{REPORT}/melt_extent.png",
    "loss": f"{REPORT}/loss.png",
    "scores": f"{REPORT}/scores.png",
    "availability": f"{REPORT}/availability.png",
}
AVAILABILITY = f"{REPORT}/availability.csv"


# what can be put on a server as it is
PUBLISH = f"{RESULTS}/publish"
SEASON_MAPS = f"{PUBLISH}/{{model}}/seasons/{{season}}/index.json"
CLIMATOLOGY = f"{PUBLISH}/{{model}}/climatology/index.json"
REGIONS = f"{PUBLISH}/regions.fgb"  # their outlines
REGION_CELLS = f"{RESULTS}/aligned/regions.parquet"  # which cells they have
REGION_EXTENTS = {
    "csv": f"{PUBLISH}/{{model}}/regions/{{season}}.csv",
    "parquet": f"{PUBLISH}/{{model}}/regions/{{season}}.parquet",
}
PICTURES = f"{PUBLISH}/{{model}}/pictures"
EXTENT_FIGURE = f"{PICTURES}/melt_extent.png"
SEASON_PICTURES = {
    "animation": f"{PICTURES}/{{season}}.webp",
    "sheet": f"{PICTURES}/{{season}}.png",
}
HEIGHT_MAP = f"{PUBLISH}/height.tif"
QGIS_SEASON = f"{PUBLISH}/{{area}}_{{season}}.qgz"
QGIS_PROJECT = f"{PUBLISH}/{{area}}.qgz"
CUBE = f"{PUBLISH}/{{model}}/cube.json"  # what the Zarr store beside it holds
SEASON_FILE = f"{PUBLISH}/{{model}}/netcdf/{{area}}_{{season}}.nc"
STAC_SEASON = f"{PUBLISH}/{{model}}/maps/{{season}}/collection.json"
STAC_SEASON_MAPS = f"{PUBLISH}/{{model}}/seasons/collection.json"
STAC = f"{PUBLISH}/catalog.json"
VIEWER = f"{PUBLISH}/index.html"


class _Given(dict[str, object]):
    """Values of wildcards; one that is not given stays a wildcard."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def at(place: str, **wildcards: object) -> str:
    """A place with some of its wildcards filled in; those that it lacks have no effect."""
    return place.format_map(_Given(wildcards))


def below(results: Path, place: str, **wildcards: object) -> Path:
    """A place under `results/` in a copy of that folder, such as another run's."""
    return results / Path(at(place, **wildcards)).relative_to("results")
