"""The whole workflow twice: once from the twin, once through the live providers from archives that
hold the twin's files.

Every file of the results is compared byte for byte: streams, splits, model, maps. `pytest -m
workflow tests/test_end_to_end.py` does it for one season of a part of the embedded area, all its
months and acquisitions; `pytest -m full -n 0 -s` for the embedded area as config.yaml has it, all
seasons of it, and prints what it compared. Only the training is short: how well a network learnt
has no part in where its inputs came from.
"""

import filecmp
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import pytest
import yaml
from servers.earthdata import TOKEN, Earthdata
from servers.listing import Listing
from servers.s3 import S3

ROOT = Path(__file__).parents[1]
CPU = {"device": "cpu"}
ALL_SEASONS = {
    "training": {
        "epochs": 1,
        "steps_per_epoch": 2,
        "restart_epochs": 1,
        "validate_every": 1,
        "crop": 64,
        "threads": 1,  # a number: a validation on two ends in other last bits
        **CPU,
    },
    "map": CPU,
}
ONE_SEASON = ALL_SEASONS | {
    "area": {"rows": 80, "columns": 80},
    "seasons": {"years": [2019]},
    "split": {"training_only_years": []},
}
TINY = ONE_SEASON | {
    "area": {"rows": 48, "columns": 48},
    "seasons": {"years": [2019], "months": [8]},
    "sar": {"winter_months": [2, 3], "min_winter_scenes": 2},
    "report": {"day": "2019-08-15"},
    "training": {"crop": 32},
}
LIVE = {"sentinel1": "opera", "microwave": "nsidc-0630", "mar": "mar-http", "terrain": "arcticdem"}


def snakemake(folder: Path, settings: dict[str, Any], target: str) -> str:
    """Run the workflow up to a target; what it said."""
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
    ]
    command += ["--configfile", folder / "settings.yaml", "--cores", "2", target]
    environment = {**os.environ, "EARTHDATA_TOKEN": TOKEN, "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    assert TOKEN not in said
    return said


@dataclass
class Archives:
    """The servers and what the section `archives` says of them."""

    nasa: Earthdata
    mar: Listing
    s3: S3

    @property
    def settings(self) -> dict[str, Any]:
        about = self.nasa.about()
        return {
            **{
                "cmr": about["cmr"],
                "earthdata_login": about["login_host"],
                "earthdata_hosts": [about["data_host"]],
            },
            **{"mar_5km": f"{self.mar.base}/", "mar_10km": f"{self.mar.base}/none/"},
            **{
                "arcticdem": "/vsis3/dems/mosaic.tif",
                "s3_endpoint": self.s3.host,
                "s3_https": False,
                "s3_virtual_hosting": False,
            },
        }

    def requests(self) -> list[str]:
        """Every request that has arrived at one of them for a file as a whole."""
        return [f"{seen.host} {seen.path}" for seen in self.nasa.asked("data")] + [
            f"mar {path}" for path in self.mar.paths("GET")
        ]


@contextmanager
def archives_of(retrieved: Path, folder: Path) -> Iterator[Archives]:
    """Archives that serve the retrieved files of a run."""
    places = {name: folder / name for name in ("earthdata", "mar", "buckets/dems")}
    for place in places.values():
        place.mkdir(parents=True)
    for path in retrieved.rglob("*"):
        if path.suffix == ".tif" and "dem" in path.name:
            os.link(path, places["buckets/dems"] / "mosaic.tif")
        elif path.name.startswith("MARv"):
            os.link(path, places["mar"] / path.name)
        elif path.suffix in (".tif", ".nc") and not path.name.startswith("world_"):
            os.link(path, places["earthdata"] / path.name)
    with (
        Earthdata(places["earthdata"]) as nasa,
        Listing(places["mar"]) as mar,
        S3(places["buckets/dems"].parent) as s3,
    ):
        yield Archives(nasa, mar, s3)


@dataclass
class Runs:
    """The two finished runs, the archives of the second, and its settings."""

    twin: Path
    live: Path
    archives: Archives
    settings: dict[str, Any]


@contextmanager
def both(folder: Path, settings: dict[str, Any]) -> Iterator[Runs]:
    """The maps from the twin; the archives; and everything up to the maps from these, first the
    streams alone.
    """
    snakemake(folder / "twin", settings, "maps")
    with archives_of(folder / "twin/resources", folder / "archives") as archives:
        providers = {source: {"provider": provider} for source, provider in LIVE.items()}
        providers["sentinel1"]["keep_raw"] = False
        chosen = {**settings, **providers, "archives": archives.settings}
        yield Runs(folder / "twin/results", folder / "live/results", archives, chosen)


def files_below(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def layers(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes and layers of a file but for `files`, the digest of what was retrieved: a window
    of the mosaic, or the whole of it.
    """
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        content = {
            name: (repr(variable.__dict__), variable[...].tobytes())
            for name, variable in file.variables.items()
        }
        told = {**file.__dict__, "daymelt": json.loads(file.daymelt)}
    del told["daymelt"]["files"]
    return told, content


def losses(path: Path) -> list[str]:
    """The table of losses but for its last column, seconds."""
    return [line.rpartition(",")[0] for line in path.read_text().splitlines()]


# Files that say how long something took or what exactly was retrieved: all else of them must be the
# same.
APART: dict[str, Callable[[Path], Any]] = {
    "terrain.nc": layers,
    "loss.csv": losses,
    "last.ckpt": lambda _: (
        None
    ),  # the same seconds, in the state to go on from; the model itself is compared
}


def same(one: Path, other: Path) -> bool:
    look = APART.get(one.name)
    return filecmp.cmp(one, other, shallow=False) if look is None else look(one) == look(other)


def differences(twin: Path, live: Path, partly: bool = False) -> list[str]:
    """Compare every file of two folders; names of those that differ or stand on one side alone.
    Prints what was compared.

    `partly`: of `twin` only what `live` has.
    """
    one, other = files_below(twin), files_below(live)
    found = [
        f"{path}: only on one side" for path in sorted(one ^ other if not partly else other - one)
    ]
    counts, sizes = Counter(), Counter()
    for path in sorted(one & other):
        kind = str(path.parent.parent if path.parent.name.isdigit() else path.parent)
        counts[kind] += 1
        sizes[kind] += (twin / path).stat().st_size
        if not same(twin / path, live / path):
            found.append(f"{path}: other bytes")
    for kind, count in sorted(counts.items()):
        print(f"{count:6} files {sizes[kind] / 1e6:9.1f} MB  {kind}")
    print(
        f"{counts.total():6} files {sizes.total() / 1e6:9.1f} MB  compared, {len(found)} differ; "
        f"partly: {', '.join(APART)}"
    )
    return found


@pytest.fixture(scope="module")
def season(tmp_path_factory):
    """One season of a part of the embedded area, from the twin and from the archives."""
    with both(tmp_path_factory.mktemp("season"), ONE_SEASON) as runs:
        snakemake(runs.live.parent, runs.settings, "maps")
        yield runs


@pytest.mark.workflow
@pytest.mark.xdist_group("season")
def test_a_season_through_the_live_providers_is_that_of_the_twin_byte_for_byte(season):
    assert len(list(season.live.glob("embedded/maps/*/2019/melt_[0-9]*.tif"))) == 183
    assert differences(season.twin, season.live) == []


@pytest.mark.workflow
@pytest.mark.xdist_group("season")
def test_no_file_is_fetched_twice_and_used_ones_go(season):
    requests = season.archives.requests()
    assert sum("_HH.tif" in name for name in requests) > 400
    fetched = [name for name in requests if not name.endswith("/")]  # but for listings
    assert [name for name, count in Counter(fetched).items() if count > 1] == []
    assert list(season.live.parent.glob("resources/*/sentinel1/**/*.tif")) == []
    assert len(list(season.live.parent.glob("resources/*/sentinel1/*/manifest.json"))) == 9
    assert "Nothing to be done" in snakemake(season.live.parent, season.settings, "maps")
    assert "time_interpolate" in snakemake(
        season.live.parent, season.settings | {"temporal": {"acquisitions_before": 2}}, "prepare"
    )
    assert season.archives.requests() == requests


@pytest.mark.workflow
@pytest.mark.xdist_group("season")
def test_the_token_is_in_no_file(season):
    written = [path for path in season.live.parent.rglob("*") if path.is_file()]
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []


@pytest.mark.full
def test_all_seasons_through_the_live_providers_are_those_of_the_twin_byte_for_byte(tmp_path):
    with both(tmp_path, ALL_SEASONS) as runs:
        snakemake(runs.live.parent, runs.settings, "prepare")
        assert differences(runs.twin, runs.live, partly=True) == []
        snakemake(runs.live.parent, runs.settings, "maps")
    assert len(list(runs.live.glob("embedded/maps/*/*/melt_[0-9]*.tif"))) == 7 * 183
    assert differences(runs.twin, runs.live) == []


@pytest.mark.workflow
def test_streams_do_not_depend_on_whether_files_are_kept(tmp_path):
    kept, gone = tmp_path / "kept", tmp_path / "gone"
    snakemake(kept, TINY, "prepare")
    snakemake(gone, TINY | {"sentinel1": {"keep_raw": False}}, "prepare")
    assert differences(kept / "results", gone / "results") == []
    assert len(list(kept.glob("resources/*/sentinel1/*/*.tif"))) > 20
    assert list(gone.glob("resources/*/sentinel1/*/**/*.tif")) == []
