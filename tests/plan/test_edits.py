"""Files of settings edited at random: planned as a whole, or refused in one line."""

import json
import os
from collections import Counter
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from plan.edits import edited
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from daymelt.core.errors import DaymeltError
from daymelt.learn import networks
from daymelt.plan import places
from daymelt.plan.jobs import Jobs
from daymelt.plan.parameters import Parameters
from daymelt.plan.resources import JobResources
from daymelt.plan.settings import load_files, load_run
from daymelt.settings.config import WRITTEN

ROOT = Path(__file__).parents[2]
BASE = ROOT / "config.yaml"
FILES = [BASE, *(ROOT / "workflow" / "areas" / f"{name}.yaml" for name in ("helheim", "full-size"))]
LONGEST = 800  # characters of a message


@cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def loaded(path: Path) -> dict[str, Any]:
    """The settings of a file as Snakemake reads them; not to be changed."""
    return load_configfile(str(path))


@pytest.fixture(autouse=True)
def networks_tried_once(monkeypatch):
    """Networks of the same options, which most edits leave alone, are tried once."""
    monkeypatch.setattr(networks, "check_network", cache(networks.check_network))


def outcome(number: int, folder: Path) -> str:
    """What becomes of the edit of a number: `planned`, `refused`, or `refused by Snakemake`, which
    reads the file first.
    """
    random = Random(number)
    original = random.choice(FILES)
    text, done = edited(read(original), random)
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    below = [] if original == BASE else [BASE]  # config.yaml is edited where it stands
    values: dict[str, Any] = {}
    try:
        for file in below:
            update_config(values, deepcopy(loaded(file)))
        update_config(values, load_configfile(str(path)))
    except Exception:
        return refused_or_read(path, f"edit {number}, {done}")
    try:
        config = load_run(values, [path, *below], compares=random.random() < 0.3)
    except DaymeltError as error:
        assert is_line(error), f"edit {number}, {done}: {error}"
        return "refused"
    plan(config)
    return "planned"


def refused_or_read(path: Path, edit: str) -> str:
    """A file that Snakemake refuses is read by a command, or refused in one line."""
    try:
        load_files([path])
    except DaymeltError as error:
        assert is_line(error), f"{edit}: {error}"
    return "refused by Snakemake"


def is_line(error: DaymeltError) -> bool:
    return "\n" not in str(error) and len(str(error)) < LONGEST


def plan(config) -> None:
    """Paths, parameters and resources of all jobs, as the rules ask for them."""
    jobs, parameters, resources = Jobs(config), Parameters(config), JobResources(config, 8)
    paths = [*jobs.aligned_inputs(), *jobs.map_indices(), *jobs.score_tables()]
    paths += [*jobs.benchmark_tables(), *jobs.report_figures().values(), *jobs.maps_to_draw()]
    paths += jobs.evaluated(places.DAILY, *places.EVALUATION.values())
    assert all("{area}" not in path for path in paths)
    assert set(jobs.wildcard_constraints()) >= {"area", "model", "season"}
    month = f"{jobs.seasons[0]}-{config.seasons.months[0]:02d}"
    for name in config.system_names():
        for trial in jobs.trials.values():
            job = SimpleNamespace(
                season=str(jobs.seasons[0]), model=name, trial=trial.name, split=trial.split
            )
            assert json.loads(parameters.options(*WRITTEN, "system")(job))
            assert jobs.held_out_inputs(places.SAR_AGE)(job) and jobs.model_of_trial(job)
            asked = [resources.training_memory(job, 2), resources.mapping_memory(8)(job, 2)]
            assert all(0 < amount < 1e12 for amount in asked)
    wanted = SimpleNamespace(month=month)
    assert jobs.winter_references(wanted) or config.sentinel1.provider == "meltwaterbench"


def check(count: int, folder: Path, first: int = 0) -> None:
    alone = os.environ.get("DAYMELT_EDIT")
    numbers = [int(alone)] if alone else range(first, first + count)
    counts = Counter(outcome(number, folder) for number in numbers)
    print(dict(counts))
    assert alone or (counts["planned"] > count / 50 and counts["refused"] > count / 50)


@pytest.mark.filterwarnings("ignore")
def test_an_edited_file_is_planned_or_refused_in_one_line(tmp_path):
    check(100, tmp_path)


@pytest.mark.mutations
@pytest.mark.filterwarnings("ignore")
def test_3000_edited_files_are_planned_or_refused_in_one_line(tmp_path):
    check(3000, tmp_path, first=1000)
