"""The worked example of docs/add-a-model.md, done as it says."""

import csv
import datetime as dt
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from daymelt import systems
from daymelt.core import cube
from daymelt.plan.resources import cells_of, system_needs
from daymelt.settings.loading import load
from daymelt.steps.splits import read_split
from daymelt.systems import interface
from daymelt.systems.resources import Needs, Size, default_needs
from daymelt.systems.streams import open_series

TEXT = (Path(__file__).parents[2] / "docs" / "add-a-model.md").read_text(encoding="utf-8")
NAME = "climatology"


def block(language):
    return re.search(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)[1]


@pytest.fixture
def added(tmp_path, monkeypatch):
    """The module in its room, and the settings of its entry."""
    (tmp_path / "monthly_mean.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path)])
    return load(
        yaml.safe_load(block("yaml"))
        | {
            "benchmark": {
                "systems": yaml.safe_load(block("yaml"))["benchmark"]["systems"],
                "always": [],
            }
        }
    )


def test_the_example_is_one_file_and_one_entry_and_is_scored_like_the_others(
    added, prepared, training, step, options, tmp_path
):
    own = added.resolve(NAME)
    assert interface.read_options(own.kind, own.options).least_days == 3
    mine = json.dumps({**json.loads(options), "system": own.model_dump(mode="json")})
    tree = prepared.copy(tmp_path / "copy")
    assert step(*training(tree, NAME), options=mine) == 0
    pools = (
        "--pool",
        tree / "train.nc",
        "--pool-age",
        tree / "train_age.nc",
        "--everything",
        tree / "all.nc",
        "--everything-age",
        tree / "age.nc",
    )
    coarse = (
        "--mar",
        tree / "mar.nc",
        "--microwave",
        tree / "microwave.nc",
        "--winter",
        tree / "2019_winter.nc",
    )
    ends = (
        "--terrain",
        tree / "terrain.nc",
        "--split",
        tree / "split.csv",
        "--world",
        tree / "world.nc",
    )
    card = (
        "--season",
        2019,
        "--name",
        NAME,
        "--model-card",
        tree / f"models/{NAME}/model.json",
        "--sar",
        *tree.months(),
    )
    out = tmp_path / "scores/2019.csv"
    assert step("evaluate", *card, *pools, *coarse, *ends, "--out", out, options=mine) == 0
    with open(out, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["against"] for row in rows} == {"held-out SAR", "truth, unobserved days"}
    first = rows[0]
    assert float(first["mae"]) == pytest.approx(
        error_of_monthly_mean(tree, dt.date.fromisoformat(first["date"])), abs=1e-5
    )


def test_its_jobs_ask_for_what_it_states_or_for_what_suits_a_small_system(added, monkeypatch):
    cells = cells_of(added)
    assert system_needs(added, NAME) == Needs(1000 + 300e-6 * cells, 1000 + 100e-6 * cells)
    monkeypatch.delattr(interface.system(added.resolve(NAME).kind), "needs")
    assert system_needs(added, NAME) == default_needs(None, Size(cells))


def error_of_monthly_mean(tree, held_out):
    """The example's error of one day, computed the obvious way."""
    split, ocean = (
        read_split(tree / "split.csv"),
        cube.read_layers(tree / "terrain.nc")["ocean"] == 1,
    )
    with open_series(tree.months()) as observed:
        days = [
            day for day in observed.days if split[day] == "train" and day.month == held_out.month
        ]
        stack, target = np.stack([observed.read(day) for day in days]), observed.read(held_out)
    count = np.isfinite(stack).sum(0)
    mean = np.where(count >= 3, np.nansum(stack, 0) / np.maximum(count, 1), np.nanmean(stack))
    valid = np.isfinite(target) & ~ocean
    return np.abs(mean - target)[valid].mean()
