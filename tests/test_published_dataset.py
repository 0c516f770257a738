"""The workflow on the published layout: the twin is exported as the dataset is published, then
trained on, mapped and scored.
"""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio
import yaml

ROOT = Path(__file__).parents[1]
AREA = {
    "name": "tiny",
    "crs": "+proj=aea +lat_1=60 +lat_2=85 +lat_0=0 +lon_0=-40 +datum=WGS84 +units=m +type=crs",
    **{"left": 80000, "top": 7160000, "rows": 48, "columns": 48},
}
SETTINGS = {
    "seasons": {"years": [2019], "months": [7, 8]},
    "sar": {"winter_months": [3], "min_winter_scenes": 2},
    "split": {"training_only_years": []},
    "model": {
        "encoder": "tu-mobilenetv3_small_100",
        "encoder_weights": None,
        "depth": 2,
        "decoder_channels": [8, 8],
    },
    "training": {
        "crop": 32,
        "epochs": 2,
        "steps_per_epoch": 2,
        "validate_every": 1,
        "batch": 2,
        "device": "cpu",
    },
    "map": {"device": "cpu", "tile": None},
    "report": {"day": "2019-07-31"},
}


def run(folder, *command):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def workflow(folder, settings, *targets):
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    areas = [ROOT / "workflow/areas/meltwaterbench.yaml"] if "grid_file" in settings["area"] else []
    files = [str(path) for path in (*areas, folder / "settings.yaml")]
    run(
        folder,
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--cores",
        "2",
        "--configfile",
        *files,
        "--",
        *targets,
    )


def merged(*parts):
    """Settings with those of later parts laid over those of earlier ones."""
    return {
        name: {**{key: value for part in parts for key, value in part.get(name, {}).items()}}
        for part in parts
        for name in part
    }


@pytest.mark.workflow
def test_training_mapping_and_scoring_run_on_the_published_layout(tmp_path):
    twin, published = tmp_path / "twin", tmp_path / "published"
    twin.mkdir()
    published.mkdir()
    workflow(twin, {**SETTINGS, "area": AREA}, "prepare")
    run(
        twin, "daymelt", "export", "meltwaterbench", "--config", "settings.yaml", "--out", "../data"
    )
    data = tmp_path / "data"
    here = {
        "area": {
            "name": "again",
            "grid_file": str(
                data / "raw/Helheim_data/reprojected_100m/GIMP_Mask/landMask_100m.tif"
            ),
        },
        "meltwaterbench": {"folder": str(data)},
        "split": {"file": str(next(data.glob("runs/*/data_v1_4/config")))},
    }
    workflow(published, merged(SETTINGS, here), "all")
    results = published / "results/again"
    assert len(list(results.glob("maps/*/2019/melt_[0-9]*.tif"))) == 62
    assert not list(results.glob("aligned/sar/winter_*"))  # melt fractions need no reference
    with open(results / "benchmark/scores.csv", newline="") as file:
        systems = {row["system"] for row in csv.DictReader(file)}
    assert {
        "unet-smp",
        "threshold-pmw",
        "interpolate-mar",
        "time-interpolated-sar",
    } <= systems


def test_the_area_of_the_dataset_is_planned_without_references_of_our_own(tmp_path):
    with rasterio.open(
        tmp_path / "mask.tif",
        "w",
        driver="GTiff",
        count=1,
        dtype="float32",
        height=2863,
        width=1633,
        crs=AREA["crs"],
        sparse_ok=True,
        transform=rasterio.Affine(100, 0, 0, 0, -100, 7_300_000),
    ):
        pass
    (tmp_path / "here.yaml").write_text(
        yaml.safe_dump({"area": {"grid_file": "mask.tif"}, "split": {"file": None}})
    )
    files = [str(ROOT / "workflow/areas/meltwaterbench.yaml"), "here.yaml"]
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-n",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--cores",
        "1",
        "--configfile",
        *files,
    ]
    plan = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    counts = dict(re.findall(r"^(\w+) +(\d+)$", plan.stdout + plan.stderr, flags=re.MULTILINE))
    assert counts.keys().isdisjoint({"winter_reference", "twin_world", "twin_statistics"})
    assert (counts["retrieve_sentinel1"], counts["melt_fraction"], counts["map"]) == (
        "42",
        "42",
        "7",
    )
