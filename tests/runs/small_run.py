"""A small run of the whole chain: one season of two months, 48 x 48 cells, a tiny network."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from servers.earthdata import TOKEN, Earthdata

from daymelt import cli
from daymelt.settings.config import Config
from daymelt.settings.loading import load

SEASON = 2019
SETTINGS = {
    "area": {"name": "tiny", "rows": 48, "columns": 48},
    "seasons": {"years": [SEASON], "months": [7, 8]},
    "split": {"training_only_years": []},
    "model": {
        "name": "unet-smp",
        "inputs": "published",
        "depth": 2,
        "decoder_channels": [8, 8],
    },
    "training": {"crop": 32, "epochs": 2, "steps_per_epoch": 2, "validate_every": 1, "batch": 2},
    "map": {"device": "cpu"},
    "report": {"day": "2019-07-31"},
}
CONFIG = load(SETTINGS)
SENSORS = load({**SETTINGS, "model": {"depth": 2, "decoder_channels": [8, 8]}})
SECTIONS = {name: section.model_dump(mode="json") for name, section in CONFIG}
OPTIONS = json.dumps({**SECTIONS, "system": CONFIG.system.model_dump(mode="json")})


def call(step: str, *arguments: object, options: str = OPTIONS) -> int:
    """Run a step as its command line would; its exit status."""
    return cli.main([step, "--options", options, *map(str, arguments)])


@dataclass(frozen=True)
class Tree:
    """Where the files of the run lie."""

    root: Path

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    def manifest(self, source: str) -> Path:
        return self.root / "resources" / source / "manifest.json"

    def months(self) -> list[Path]:
        return [self.root / f"sar/{SEASON}-{month:02d}.nc" for month in (7, 8)]

    def copy(self, to: Path) -> "Tree":
        shutil.copytree(self.root, to, dirs_exist_ok=True)
        return Tree(to)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Tree], object]) -> Tree:
    """A tree for all workers of a session: the first that needs it makes it, others wait for it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    tree, done = Tree(shared / name), shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            make(tree)
            done.touch()
    return tree


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Tree:
    """Everything up to the inputs of the network; not to be written to."""
    return made_once(tmp_path_factory, "prepared", prepare)


def prepare(tree: Tree) -> None:
    """Run every step up to the inputs of the network."""
    world, terrain = tree / "world.nc", tree / "terrain.nc"
    steps = [
        ("twin-world", "--season", SEASON, "--world", world),
        ("retrieve-terrain", "--out", tree.manifest("terrain")),
        ("align-terrain", "--manifest", tree.manifest("terrain"), "--out", terrain),
        ("retrieve-mar", "--season", SEASON, "--out", tree.manifest("mar")),
        (
            "align-mar",
            "--season",
            SEASON,
            "--manifest",
            tree.manifest("mar"),
            "--out",
            tree / "mar.nc",
        ),
        ("retrieve-microwave", "--season", SEASON, "--out", tree.manifest("microwave")),
        (
            *("align-microwave", "--season", SEASON, "--manifest", tree.manifest("microwave")),
            *("--out", tree / "microwave.nc", "--winter", tree / "2019_winter.nc"),
        ),
    ]
    for month in (1, 2, 3, 7, 8):
        name = f"{SEASON}-{month:02d}"
        steps.append(
            (
                "retrieve-sentinel1",
                "--month",
                name,
                "--world",
                world,
                "--out",
                tree.manifest(f"sentinel1/{name}"),
            )
        )
    winter = [tree.manifest(f"sentinel1/{SEASON}-{month:02d}") for month in (1, 2, 3)]
    steps.append(
        (
            "winter-reference",
            "--manifests",
            *winter,
            "--terrain",
            terrain,
            "--out",
            tree / "sar/winter.nc",
        )
    )
    for path in tree.months():
        manifest = tree.manifest(f"sentinel1/{path.stem}")
        steps.append(
            (
                "melt-fraction",
                "--manifest",
                manifest,
                "--winters",
                tree / "sar/winter.nc",
                "--terrain",
                terrain,
                "--out",
                path,
            )
        )
    of_season = ("--season", SEASON, "--sar", *tree.months())
    steps += [
        ("split", "--name", "published", *of_season, "--out", tree / "split.csv"),
        ("time-interpolate", *of_season, "--out", tree / "all.nc", "--age", tree / "age.nc"),
        (
            "training-pool",
            *of_season,
            "--split",
            tree / "split.csv",
            "--out",
            tree / "train.nc",
            "--age",
            tree / "train_age.nc",
        ),
    ]
    for step in steps:
        assert call(*step) == 0, step


@pytest.fixture(scope="session")
def trained(prepared, tmp_path_factory) -> Tree:
    """With a network that hardly learned, and the maps of the season; not to be written to."""

    def make(tree: Tree) -> None:
        prepared.copy(tree.root)
        assert call(*train_arguments(tree)) == 0
        assert call(*map_arguments(tree, tree / "maps")) == 0

    return made_once(tmp_path_factory, "trained", make)


def train_arguments(tree: Tree, name: str = "unet-smp") -> list[object]:
    """Command of the training of a system."""
    coarse = (
        "--mar",
        tree / "mar.nc",
        "--microwave",
        tree / "microwave.nc",
        "--terrain",
        tree / "terrain.nc",
    )
    sar = (
        "--sar",
        *tree.months(),
        "--interpolated",
        tree / "train.nc",
        "--splits",
        tree / "split.csv",
    )
    return [
        "train",
        *sar,
        *coarse,
        "--winters",
        tree / "2019_winter.nc",
        "--threads",
        1,
        "--out",
        tree / f"models/{name}/model.json",
    ]


def calibrate_arguments(tree: Tree, name: str = "multi-sensor") -> list[object]:
    """Command of the calibration of a system on its validation days."""
    words = train_arguments(tree, name)
    model = words.pop()
    how = ("--models", model, "--calibration", "validation-days")
    return ["calibrate", *words[1:], model.parent / "intervals.json", *how]


def map_arguments(tree: Tree, folder: Path) -> list[object]:
    """Command of the mapping."""
    coarse = (
        "--mar",
        tree / "mar.nc",
        "--microwave",
        tree / "microwave.nc",
        "--terrain",
        tree / "terrain.nc",
    )
    sar = (
        "--interpolated",
        tree / "all.nc",
        "--age",
        tree / "age.nc",
        "--model-card",
        tree / "models/unet-smp/model.json",
    )
    return [
        "map",
        "--season",
        SEASON,
        *sar,
        *coarse,
        "--winter",
        tree / "2019_winter.nc",
        "--threads",
        1,
        "--out",
        folder / "index.json",
    ]


@pytest.fixture
def step():
    """How a test runs a step."""
    return call


@pytest.fixture
def mapping():
    """How a test names the arguments of the mapping."""
    return map_arguments


@pytest.fixture
def training():
    """How a test names the arguments of a training."""
    return train_arguments


@pytest.fixture
def calibration():
    """How a test names the arguments of a calibration."""
    return calibrate_arguments


@pytest.fixture
def options_of():
    """Function of a system's name that gives the run's configuration for it as JSON."""

    def of(name: str) -> str:
        config = SENSORS if name == SENSORS.model.name else CONFIG
        return json.dumps({**SECTIONS, "system": config.resolve(name).model_dump(mode="json")})

    return of


@pytest.fixture
def options():
    """The run's configuration as JSON."""
    return OPTIONS


@pytest.fixture(scope="session")
def archive(prepared, tmp_path_factory):
    """NASA's archive, holding the twin's files."""
    folder = tmp_path_factory.mktemp("archive")
    for source in ("sentinel1/2019-07", "sentinel1/2019-08", "microwave", "terrain"):
        for path in prepared.manifest(source).parent.iterdir():
            if path.name != "manifest.json":
                shutil.copy(path, folder / path.name)
    with Earthdata(folder) as served:
        yield served


@pytest.fixture
def live(archive, options, monkeypatch):
    """The run's options with live providers and the archive's addresses."""
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    about = archive.about()
    changed = json.loads(options)
    changed["sentinel1"]["provider"], changed["microwave"]["provider"] = "opera", "nsidc-0630"
    changed["archives"] |= {
        "cmr": about["cmr"],
        "earthdata_login": about["login_host"],
        "earthdata_hosts": [about["data_host"]],
    }
    return json.dumps(changed)


@pytest.fixture
def person(live, tmp_path, monkeypatch):
    """How a person calls a command: in a folder of its own, with a file of settings; `settings` are
    changes of sections.
    """
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*words: object, **settings: dict) -> int:
        given = {
            name: section
            for name, section in json.loads(live).items()
            if name in Config.model_fields
        }
        for name, values in settings.items():
            given[name] |= values
        (folder / "mine.yaml").write_text(json.dumps(given))
        return cli.main([*map(str, words), "--config", "mine.yaml"])

    return run
