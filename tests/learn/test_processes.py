"""Training in several processes: on a CPU of one machine, as on the devices of one or more
nodes.
"""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from daymelt.core.errors import ConfigError
from daymelt.learn import networks, processes
from daymelt.learn.processes import Share

SCRIPT = Path(__file__).with_name("train_shared.py")
LAUNCHED = (
    "LOCAL_RANK",
    "WORLD_SIZE",
    "TORCHELASTIC_RUN_ID",
    "NODE_RANK",
    "SLURM_STEP_NUM_TASKS",
    "SLURM_LOCALID",
)


@pytest.fixture
def alone(monkeypatch):
    """No launcher of several processes in the environment."""
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def run(*command):
    environment = {name: value for name, value in os.environ.items() if name not in LAUNCHED}
    environment |= {
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def in_one_process(folder, epochs):
    """The same training here; its script is no module of a package."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        specification = importlib.util.spec_from_file_location("train_shared", SCRIPT)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        module.shared_training(folder, 1, epochs)
    finally:
        sys.path.remove(str(SCRIPT.parent))
        networks.ARCHITECTURES.pop("plain", None)


def losses(folder):
    rows = list(csv.DictReader((folder / "loss.csv").read_text().splitlines()))
    return np.array(
        [
            [
                float(row[name] or "nan")
                for name in ("epoch", "step", "train_loss", "validation_loss")
            ]
            for row in rows
        ]
    )


@pytest.mark.workflow
def test_two_processes_learn_as_one_and_go_on_from_each_others_checkpoint(tmp_path, alone):
    one, two = tmp_path / "one", tmp_path / "two"
    in_one_process(one, 4)
    run(SCRIPT, two, "2", "2")  # the second process is started here
    run(
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--local-addr",
        "127.0.0.1",
        "--nproc-per-node",
        "2",
        SCRIPT,
        two,
        "2",
        "4",
    )  # both by torchrun
    # a sum of floats in another order: 1e-7 of a loss of about 0.3 at the first step, which Adam's
    # steps carry on
    np.testing.assert_allclose(losses(two), losses(one), rtol=0, atol=2e-6)
    expected, found = (load_file(folder / "model.safetensors") for folder in (one, two))
    for name, weights in expected.items():
        np.testing.assert_allclose(found[name], weights, rtol=0, atol=2e-5)
    files = [
        sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        for folder in (one, two)
    ]
    assert files[0] == files[1]
    cards = [json.loads((folder / "model.json").read_text()) for folder in (one, two)]
    assert cards[0]["training"].keys() == cards[1]["training"].keys()
    assert cards[0]["training"]["epoch"] == cards[1]["training"]["epoch"]


@given(st.integers(1, 8), st.integers(1, 8))
def test_the_shares_of_all_processes_are_the_crops_of_a_step_once_each_and_equally_many(part, of):
    crops = list(range(part * of))
    shares = [crops[Share(rank, of).cut(len(crops))] for rank in range(of)]
    assert [crop for share in shares for crop in share] == crops
    assert {len(share) for share in shares} == {part}


def test_a_batch_that_cannot_be_dealt_out_evenly_is_refused():
    assert processes.count(2, 2, 8) == 4
    with pytest.raises(
        ConfigError,
        match=r"training\.batch: found 8; expected a multiple of 3, training\.devices times "
        r"training\.nodes",
    ):
        processes.count(3, 1, 8)


@pytest.mark.parametrize(
    ("launched", "devices", "nodes", "kind"),
    [
        ({}, 1, 1, "LightningEnvironment"),
        ({}, 2, 1, "LightningEnvironment"),
        (
            {"SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "8"},
            1,
            1,
            "LightningEnvironment",
        ),  # the stage is set for others
        (
            {"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "1"},
            4,
            1,
            "LightningEnvironment",
        ),  # a job of Snakemake
        (
            {"SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "8", "SLURM_NTASKS_PER_NODE": "4"},
            4,
            2,
            "SLURMEnvironment",
        ),
        ({"TORCHELASTIC_RUN_ID": "1", "WORLD_SIZE": "8"}, 4, 2, "TorchElasticEnvironment"),
        ({"NODE_RANK": "1"}, 4, 2, "LightningEnvironment"),  # started by hand
    ],
)
def test_who_starts_the_processes_is_found_out(alone, launched, devices, nodes, kind):
    for name, value in launched.items():
        alone.setenv(name, value)
    assert type(processes.environment(devices, nodes)).__name__ == kind


@pytest.mark.parametrize(
    ("launched", "devices", "nodes", "words"),
    [
        (
            {"TORCHELASTIC_RUN_ID": "1", "WORLD_SIZE": "2"},
            1,
            1,
            r"training\.devices: found 1, .* torchrun has started 2",
        ),
        (
            {},
            2,
            2,
            r"training\.nodes: found 2, but the other processes are not started; start 4 with srun "
            r"or torchrun",
        ),
    ],
)
def test_another_number_of_processes_than_configured_is_refused(
    alone, launched, devices, nodes, words
):
    for name, value in launched.items():
        alone.setenv(name, value)
    with pytest.raises(ConfigError, match=words):
        processes.environment(devices, nodes)


@pytest.mark.parametrize(
    ("launched", "devices", "rank"),
    [
        ({}, 2, 0),
        ({"LOCAL_RANK": "1"}, 2, 1),
        ({"SLURM_LOCALID": "1"}, 2, 1),
        ({"LOCAL_RANK": "1", "SLURM_LOCALID": "0"}, 2, 1),
        ({"LOCAL_RANK": "1"}, 1, 0),
    ],
)
def test_the_device_of_a_process_is_that_of_its_place_on_the_node(alone, launched, devices, rank):
    for name, value in launched.items():
        alone.setenv(name, value)
    assert processes.local_rank(devices) == rank
