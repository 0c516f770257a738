"""The whole workflow twice: once from the twin, once through the live providers from archives that hold the twin's files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from servers.earthdata import TOKEN, Earthdata
from servers.listing import Listing
from servers.s3 import S3

ROOT = Path(__file__).parents[1]
SETTINGS = {
    "area": {"name": "tiny", "rows": 48, "columns": 48},
    "seasons": {"years": [2019], "months": [8, 9]},
    "split": {"training_only_years": []},
    "model": {"depth": 2, "decoder_channels": [8, 8]},
    "training": {"crop": 32, "epochs": 2, "steps_per_epoch": 2, "validate_every": 1, "batch": 2, "device": "cpu"},
    "map": {"device": "cpu"},
    "report": {"day": "2019-08-15"},
}
LIVE = {"sentinel1": "opera", "microwave": "nsidc-0630", "mar": "mar-http", "terrain": "arcticdem"}


def run(folder: Path, settings: dict) -> dict[str, bytes]:
    """Run the workflow up to the maps; their bytes by name."""
    folder.mkdir()
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--configfile", folder / "settings.yaml", "--cores", "2", "maps"]
    environment = {**os.environ, "EARTHDATA_TOKEN": TOKEN, "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    assert TOKEN not in done.stdout + done.stderr
    maps = folder / "results/tiny/maps/unet-smp/2019"
    return {path.name: path.read_bytes() for path in sorted(maps.iterdir())}


def served(retrieved: Path, folder: Path) -> dict[str, Path]:
    """The retrieved files of a run in the folders that the archives serve."""
    places = {name: folder / name for name in ("earthdata", "mar", "buckets/dems")}
    for place in places.values():
        place.mkdir(parents=True)
    for path in retrieved.rglob("*"):
        if path.suffix == ".tif" and "dem" in path.name:
            shutil.copy(path, places["buckets/dems"] / "mosaic.tif")
        elif path.name.startswith("MARv"):
            shutil.copy(path, places["mar"])
        elif path.suffix in (".tif", ".nc") and not path.name.startswith("world_"):
            shutil.copy(path, places["earthdata"])
    return places


@pytest.mark.workflow
def test_maps_through_the_live_providers_are_those_of_the_twin_byte_for_byte(tmp_path):
    twin = run(tmp_path / "twin", SETTINGS)
    assert len([name for name in twin if name.startswith("melt_")]) == 61
    places = served(tmp_path / "twin/resources", tmp_path / "archives")
    with Earthdata(places["earthdata"]) as nasa, Listing(places["mar"]) as mar, S3(places["buckets/dems"].parent) as s3:
        about = nasa.about()
        archives = {
            **{"cmr": about["cmr"], "earthdata_login": about["login_host"], "earthdata_hosts": [about["data_host"]]},
            **{"mar_5km": f"{mar.base}/", "mar_10km": f"{mar.base}/none/"},
            **{"arcticdem": "/vsis3/dems/mosaic.tif", "s3_endpoint": s3.host, "s3_https": False, "s3_virtual_hosting": False},
        }
        providers = {source: {"provider": provider} for source, provider in LIVE.items()}
        live = run(tmp_path / "live", {**SETTINGS, **providers, "archives": archives})
    assert live.keys() == twin.keys()
    assert [name for name in twin if live[name] != twin[name]] == []
    secrets = [path for path in (tmp_path / "live").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert secrets == []
