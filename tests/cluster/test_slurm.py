"""A whole run through the profile for Slurm, on a real Slurm of one machine, beside a local run.

`pytest -m slurm` takes a tiny area, `pytest -m slow tests/cluster` the embedded one as config.yaml
has it, half an hour and more.
"""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from runs import tiny

SCRIPT = Path(__file__).with_name("slurm.sh")
CARD = "results/tiny/models/published/multi-sensor"
# so long a training that it can be ended in its middle
SETTINGS = {
    **tiny.SETTINGS,
    "training": {
        **tiny.SETTINGS["training"],
        "epochs": 30,
        "steps_per_epoch": 4,
        "validate_every": 5,
    },
}
PROFILE = ["--workflow-profile", str(tiny.ROOT / "workflow" / "profiles" / "slurm")]
HERE = [
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--latency-wait",
    "5",
]
THREADS = [
    "--set-threads",
    "train=2",
    "map=2",
]  # here and there: sums of other parts end in other last bits


@pytest.fixture
def slurm(tmp_path):
    """The environment of a user of a Slurm that lives as long as the test, and the folder of its
    notes.
    """
    pytest.importorskip(
        "snakemake_executor_plugin_slurm",
        reason="the plugin comes with `pip install -e '.[cluster]'`",
    )
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.skip("installing Slurm needs root and Debian's packages")
    folder = tmp_path / "slurm"
    done = subprocess.run([SCRIPT, "start", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    yield {**tiny.environment(), "SLURM_CONF": str(folder / "slurm.conf")}, folder
    subprocess.run([SCRIPT, "stop", folder], check=True)


def jobs(folder: Path) -> list[dict[str, str]]:
    """What Slurm gave to each job, in the order of their starts."""
    lines = (folder / "started.txt").read_text().splitlines()
    return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]


def end_training(process: subprocess.Popen, folder: Path, environment: dict[str, str]) -> None:
    """Wait for the first checkpoint of the network, then cancel its job."""
    while process.poll() is None and not (folder / CARD / "checkpoints" / "last.ckpt").exists():
        time.sleep(0.02)
    if process.poll() is not None:
        return
    running = ["squeue", "--noheader", "--partition=gpu", "--states=RUNNING", "--format=%A"]
    numbers = subprocess.run(
        running, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    subprocess.run(["scancel", *numbers], env=environment, check=True)


@pytest.mark.slurm
def test_a_run_through_slurm_whose_training_is_cancelled_ends_in_the_bytes_of_a_local_one(
    tmp_path, slurm
):
    environment, notes = slurm
    folder = tmp_path / "cluster"
    with open(tmp_path / "said.txt", "w") as said:
        command = tiny.command(folder, SETTINGS, *PROFILE, *HERE, *THREADS, "--", "maps")
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=said, stderr=said)
        end_training(process, folder, environment)
        code = process.wait()
    words = (tmp_path / "said.txt").read_text()
    assert code == 0, words[-4000:]

    # it was cancelled, submitted again with more, and went on where it had been
    trainings = [job for job in jobs(notes) if job["Partition"] == "gpu"]
    assert "CANCELLED" in words
    assert re.search(
        r"training resumes after epoch \d+ of 30",
        (folder / "logs/tiny/train/published/multi-sensor.log").read_text(),
    )
    assert len(trainings) == 3  # twice the training, once the maps
    assert int(megabytes(trainings[1])) >= 2 * int(megabytes(trainings[0])) - 2
    assert {job.get("TresPerNode") for job in trainings} == {"gres:gpu:1"}
    others = [job for job in jobs(notes) if job["Partition"] == "cpu"]
    assert {job.get("TresPerNode") for job in others} == {None}
    assert any(
        int(job["NumCPUs"]) > 1 for job in others
    )  # months of Sentinel-1, several in one job
    assert len(others) < words.count("Finished jobid") - 3

    tiny.run(tmp_path / "local", SETTINGS, "--cores", "2", *THREADS, "--", "maps")
    maps = tiny.tree(tmp_path / "local")
    assert len([name for name in maps if "/melt_2019" in name and name.endswith(".tif")]) == 61
    assert tiny.tree(folder) == maps
    assert tiny.left_behind(folder) == []


@pytest.mark.slow
def test_the_embedded_area_through_slurm_ends_in_the_bytes_of_a_local_run(tmp_path, slurm):
    environment, notes = slurm
    folder, local = tmp_path / "cluster", tmp_path / "local"
    command = tiny.command(folder, {}, *PROFILE, *HERE, *THREADS)
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert {job.get("TresPerNode") for job in jobs(notes) if job["Partition"] == "gpu"} == {
        "gres:gpu:1"
    }
    tiny.run(local, {}, "--cores", "2", *THREADS)
    assert len(list(local.glob("results/embedded/maps/*/*/melt_[0-9]*.tif"))) == 7 * 183
    assert tiny.tree(folder) == tiny.tree(local)
    assert tiny.left_behind(folder) == []


def megabytes(job: dict[str, str]) -> str:
    """Memory that a job was given."""
    return re.search(r"mem=(\d+)M", job["TRES"])[1]
