"""Threads, memory and run time that jobs ask for, against what was measured."""

import re
import subprocess
import sys

import pytest
from runs.results import MIB, RESULTS, rows

from daymelt.learn.quantiles import LEVELS
from daymelt.plan.resources import FULL_CELLS, JobResources, cells_of, system_needs
from daymelt.systems.multi_sensor import QUANTILES_BYTES
from daymelt.systems.resources import Size, memory_mb, needs_of

MOST = 3  # times the measured memory that a job of a system may ask for

# what the formulas asked for while they stood in rules/common.smk, MB: of a training, of mapping
# as many days (or tiles) at once as the area says, and of mapping one day
BEFORE = {
    "embedded": {
        "unet-smp": (1458, 1380, 1059),
        "unet": (2008, 3110, 1275),
        "deeplabv3plus": (2834, 3110, 1275),
        "random-forest": (1073, 1167, 1166),
        "linear-dem": (1120, 1013, 1013),
        "threshold-pmw": (1120, 1013, 1013),
    },
    "full-size": {
        "unet-smp": (6346, 5208, 5208),
        "unet": (7709, 20636, 20636),
        "deeplabv3plus": (13476, 20636, 20636),
        "random-forest": (3436, 1290, 1290),
        "interpolate-mar": (2503, 1935, 1935),
    },
    "helheim": {
        "unet-smp": (7967, 4032, 2459),
        "unet": (7967, 6129, 2984),
        "deeplabv3plus": (7600, 6129, 2984),
        "random-forest": (5377, 1810, 1782),
        "time-interpolated-sar": (2503, 1935, 1935),
    },
}

PLAN = """\
import sys
from daymelt.plan.jobs import Jobs
from daymelt.plan.parameters import Parameters
from daymelt.plan.settings import load_run

config = load_run({})
Jobs(config).maps_to_draw()
Parameters(config).systems_to_draw()
print("torch" in sys.modules)
"""


@pytest.mark.parametrize("name", BEFORE)
def test_systems_ask_for_what_the_rules_asked_for(area, wildcards, name):
    config = area(name)
    resources = JobResources(config)
    for model, memory in BEFORE[name].items():
        job = wildcards(model=model)
        asked = (
            resources.training_memory(job, 1),
            resources.mapping_memory(config.map.batch)(job, 1),
            resources.mapping_memory(1)(job, 1),
        )
        assert asked == memory, model
        threads = resources.training_threads(job), resources.mapping_threads(job)
        assert threads == ((8, 4) if system_needs(config, model).slow else (1, 1)), model


def production(area, system, job):
    """Kind, options and size of a job of benchmarks/production_memory.py, as it runs there."""
    config = area("full-size" if system.endswith("-full-size") else "helheim")
    found = config.resolve(system.removesuffix("-full-size"))
    options = found.options
    if "training" in options:
        options["training"]["device"] = "cpu"
    else:
        source = (RESULTS.parent / "production_memory.py").read_text(encoding="utf-8")
        names, values = re.search(
            r"^(TRAINING_DAYS, .*?) = \((.*?)\)", source, re.M | re.S
        ).groups()
        constants = dict(zip(names.split(", "), map(int, re.findall(r"\d+", values)), strict=True))
        options["trees"] = constants["TREES"]
    one_day = found.kind == "random-forest" or job == "calibrate"
    batch = 1 if one_day else config.map.batch
    size = Size(cells_of(config), len(area("helheim").seasons.years), batch, config.map.tile)
    return found.kind, options, size


def asked_and_used(area):
    """Memory that each job of a production system asks for and what was measured, MB."""
    for system, job, _, peak in rows("Memory of the production systems on a CPU"):
        needs = needs_of(*production(area, system, job))
        asked = needs.training_mb if job == "train" else needs.mapping_mb
        yield (system, job), asked, float(peak) * MIB


def test_the_memory_of_the_production_systems_is_what_was_measured_and_some_more(area):
    memory = list(asked_and_used(area))
    assert len(memory) == 13
    for job, asked, used in memory:
        assert used <= asked <= MOST * used, job


def test_the_jobs_of_the_main_system_ask_for_a_fifth_more_than_was_measured(area):
    main = area("helheim").model.name
    memory = {
        job: asked / used for (system, job), asked, used in asked_and_used(area) if system == main
    }
    assert set(memory) == {"train", "calibrate", "map"}
    assert min(memory.values()) >= 1.2, memory


def test_the_quantiles_of_a_day_are_counted():
    assert 4 * len(LEVELS) == QUANTILES_BYTES


def test_the_production_systems_stay_within_8_gib():
    measured = rows("Memory of the production systems on a CPU")
    assert max(float(peak) for *_, peak in measured) <= 8 * 1024


def test_the_systems_of_a_season_at_full_size_fit_into_what_they_ask_for(area, wildcards):
    resources = JobResources(config := area("full-size"))
    systems = [wildcards(model=name) for name in [config.model.name, *config.benchmark.always]]
    one_day, batch = resources.mapping_memory(1), resources.mapping_memory(config.map.batch)
    asked = {
        "train": max(resources.training_memory(job, 1) for job in systems),
        "evaluate": max(one_day(job, 1) for job in systems),
        "map": batch(systems[0], 1),
    }
    used = {row[0]: float(row[-1]) * MIB for row in rows("A season at full size")}
    for rule, memory in asked.items():
        assert used[rule] <= memory <= MOST * used[rule], rule


def test_a_system_that_states_nothing_is_taken_as_small_and_fast():
    needs = needs_of("linear-dem", {}, Size(FULL_CELLS))
    assert needs.training_threads == needs.mapping_threads == 1
    assert not needs.slow


def test_more_days_at_once_need_more_memory_up_to_a_tile_each(area):
    config = area("helheim")
    one, four = (system_needs(config, "unet", batch).mapping_mb for batch in (1, 4))
    assert one < four
    whole = config.model_copy(update={"map": config.map.model_copy(update={"tile": None})})
    assert system_needs(whole, "unet").mapping_mb > four


def test_a_cuda_device_holds_the_layers_itself(area):
    config = area("full-size")
    training = config.training.model_copy(update={"device": "cuda"})
    there = config.model_copy(update={"training": training})
    cpu, cuda = (system_needs(one, "unet-smp").training_mb for one in (config, there))
    assert cpu > 3 * cuda


def test_memory_has_a_fixed_part_and_one_for_the_cells_and_may_have_an_end():
    assert memory_mb(10**6, 300, base_mb=250) == 550
    assert memory_mb(10**6, 300, base_mb=250, most_mb=400) == 400


def test_every_further_attempt_gets_as_much_again(area, wildcards):
    resources = JobResources(area("helheim"))
    job = wildcards(model="unet")
    for ask in (
        resources.memory(100),
        resources.minutes(10, 30),
        resources.mapping_memory(1),
        resources.training_memory,
    ):
        assert ask(job, 3) == pytest.approx(3 * ask(job, 1), abs=2)


def test_run_time_grows_with_the_cells_from_what_is_always_allowed(area, wildcards):
    small, full = (
        JobResources(area(name)).minutes(10, 60)(wildcards(), 1)
        for name in ("embedded", "full-size")
    )
    assert (small, full) == (11, 16)  # six times a minute at full size


def test_a_measured_job_has_the_machine_to_itself(area):
    config = area("embedded")
    assert JobResources(config, cores=3).all_cores == 3
    assert JobResources(config).all_cores == 8


def test_the_plan_is_made_without_pytorch():
    done = subprocess.run([sys.executable, "-c", PLAN], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
