"""Runs that are killed time and again end in the bytes of one that was not.

`-m kills` kills one run of a tiny area in each of its steps, in the training of each system, in a
training that resumes from a checkpoint and before the first job; the moment within a step is drawn
at random, its end included. `-m slow` kills runs of the embedded area at random moments.
"""

import contextlib
import csv
import logging
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from runs import tiny

# all steps: a month, a small network, and epochs enough to resume among them
SETTINGS = {
    **tiny.SETTINGS,
    "seasons": {"years": [2019], "months": [9]},
    "sar": {"winter_months": [2, 3], "min_winter_scenes": 2},
    "training": {**tiny.SETTINGS["training"], "epochs": 8, "validate_every": 4},
    "model": {"architecture": "vanilla-unet", "depth": 2, "features": 4},
    "report": {"day": "2019-09-15"},
}
Whole = tuple[dict[str, str], float]  # what an undisturbed run leaves, by name, and its seconds
# sizes of a disk that fills up, as shares of what a run leaves there: retrieval, alignment,
# training and what follows each find it full
SIZES = 0.2, 0.6, 0.88, 0.94, 0.98
EMBEDDED: dict = {}  # config.yaml as it stands
log = logging.getLogger(__name__)
LOOK_S = 0.1  # between two looks at what is at work
MOST_RUNS = 4  # after which every step was met in a kill
START_S = 2  # about what Snakemake takes up to its first job
EARLY = 0.1  # share of the kills that fall before the first job
SHORT, LONG = 0.005, 0.05  # longest time from the first job to a kill, as a share of a whole run


def begin(folder: Path, settings: dict) -> subprocess.Popen:
    """Start or restart a run in a process group of its own, as a user does who clears the lock
    first.
    """
    shutil.rmtree(
        folder / ".snakemake" / "locks", ignore_errors=True
    )  # what `snakemake --unlock` does, without its seconds
    command = tiny.command(folder, settings)
    with open(folder / "said.txt", "w") as said:
        return subprocess.Popen(
            command,
            env=tiny.environment(),
            cwd=folder,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def until_first_job(process: subprocess.Popen, folder: Path) -> None:
    """Wait until the run has begun its work, or has ended."""
    while (
        process.poll() is None and "Select jobs to execute" not in (folder / "said.txt").read_text()
    ):
        time.sleep(0.05)


def commands_at_work(group: int) -> list[list[str]]:
    """The step and its arguments of each process of a group that runs one."""
    words = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                line = (folder / "cmdline").read_bytes().decode(errors="replace")
                words.append(line.removesuffix("\0").split("\0"))
        except (ProcessLookupError, FileNotFoundError):
            continue
    return [line[3:] for line in words if line[1:3] == ["-m", "daymelt"]]


def steps_at_work(group: int) -> list[str]:
    """The steps that the processes of a group run."""
    return [words[0] for words in commands_at_work(group)]


def work_of(group: int, folder: Path) -> dict[str, str]:
    """What is at work in a run, and the step of each: a step, the training of a system, or its
    training from a checkpoint.
    """
    work = {}
    for step, *arguments in commands_at_work(group):
        name = step
        if step == "train":
            system = (folder / arguments[-1]).parent
            resumes = (system / "checkpoints" / "last.ckpt").exists()
            name = f"train {system.name}{' from a checkpoint' if resumes else ''}"
        work[name] = step
    return work


def kill(process: subprocess.Popen) -> None:
    """End the whole group at once, as a power cut does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while steps_at_work(process.pid):
        time.sleep(0.01)


def survive(base: Path, settings: dict, kills: int, whole: Whole) -> tuple[int, Counter]:
    """Kill runs so many times, each up to its end, and compare; how many runs there were, and which
    steps were met.

    A kill falls at a moment drawn evenly from the time after the start of the run's first job, at
    most SHORT, or of every fourth LONG, of the time that a whole run takes.
    """
    moment, (tree, seconds) = random.Random(kills), whole
    met, fallen, runs = Counter(), 0, 0
    while fallen < kills:
        folder, ended = base / f"run-{runs}", False
        while not ended:
            process = begin(folder, settings)
            if fallen < kills:
                if moment.random() >= EARLY:
                    until_first_job(process, folder)
                longest = moment.choice((SHORT, SHORT, SHORT, LONG))
                wait_at_most(process, moment.uniform(0, seconds * longest))
            else:
                process.wait()
            if ended := process.poll() is not None:
                check_success(process, folder)
            else:
                met.update(steps_at_work(process.pid) or ["between the steps"])
                kill(process)
                fallen += 1
                log.info("kill %d of %d in run %d met %s", fallen, kills, runs, ", ".join(met))
        check_left(folder, tree)
        shutil.rmtree(folder)
        runs += 1
    return runs, met


def check_success(process: subprocess.Popen, folder: Path) -> None:
    """Check that a run that has ended has ended well."""
    assert process.returncode == 0, (folder / "said.txt").read_text()[-4000:]


def check_left(folder: Path, tree: dict[str, str]) -> None:
    """Check that a folder holds the files of an undisturbed run and nothing else."""
    left = tiny.tree(folder)
    assert left.keys() == tree.keys()
    assert [name for name in tree if left[name] != tree[name]] == []
    assert tiny.left_behind(folder) == []


def kill_in_every_step(
    folder: Path, settings: dict, longest: dict[str, float], met: list[str]
) -> None:
    """Kill a run before its first job and in all its work that was not met yet, see `work_of`, then
    let it end.

    A kill falls at a moment drawn evenly from the time that a step takes, or as its process ends.
    Short work that begins and ends beside other work is missed.

    Parameters
    ----------
    longest : step to the seconds that it takes
    met : what was at work when a run was killed, in order; it is added to
    """
    moment = random.Random(20 + len(met))
    process = begin(folder, settings)
    wait_at_most(process, moment.uniform(0, START_S))
    while process.poll() is None:
        kill(process)
        process = begin(folder, settings)
        found = await_work(process, folder, met)
        if found is not None:
            name, step = found
            await_end(process, folder, name, moment.uniform(0, longest[step]))
            met += sorted({name, *work_of(process.pid, folder)} - set(met))
            log.info("met so far: %s", ", ".join(met))
    check_success(process, folder)


def await_work(process: subprocess.Popen, folder: Path, met: list[str]) -> tuple[str, str] | None:
    """Wait for work that was not met yet, and its step; None where the run ends before."""
    while process.poll() is None:
        for name, step in work_of(process.pid, folder).items():
            if name not in met:
                return name, step
        time.sleep(LOOK_S)
    return None


def await_end(process: subprocess.Popen, folder: Path, name: str, seconds: float) -> None:
    """Wait for the end of some work, or so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and name in work_of(process.pid, folder):
        time.sleep(LOOK_S)


def wait_at_most(process: subprocess.Popen, seconds: float) -> None:
    """Wait for the end of a process, or so long."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def seconds_of_steps(folder: Path) -> dict[str, float]:
    """The longest that each step of a finished run took, by Snakemake's records."""
    longest: dict[str, float] = {}
    logs = next((folder / "logs").iterdir())
    for path in logs.rglob("*.tsv"):
        step = path.relative_to(logs).parts[0].removesuffix(".tsv").replace("_", "-")
        (row,) = csv.DictReader(path.read_text().splitlines(), delimiter="\t")
        longest[step] = max(float(row["s"]), longest.get(step, 0))
    return longest


def run_whole(folder: Path, settings: dict) -> Whole:
    """What a run leaves that nothing disturbs, and how many seconds it takes."""
    started = time.monotonic()
    tiny.run(folder, settings)
    seconds, tree = time.monotonic() - started, tiny.tree(folder)
    assert any(name.endswith("last.ckpt") for name in tree) and any(
        name.endswith("melt_2019-09-30.tif") for name in tree
    )
    return tree, seconds


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing disturbed: the files it left, see `tiny.tree`, the seconds of its steps,
    and the bytes of its files.
    """

    tree: dict[str, str]
    longest: dict[str, float]
    size: int


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A run of the tiny area."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    tree, _ = run_whole(folder, SETTINGS)
    files = [folder / part for part in ("resources", "results")]
    size = sum(path.stat().st_blocks * 512 for place in files for path in place.rglob("*"))
    return Undisturbed(tree, seconds_of_steps(folder), size)


@pytest.mark.kills
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for the steps in /proc")
def test_a_run_that_is_killed_time_and_again_ends_in_the_bytes_of_one_that_was_not(
    tmp_path, uninterrupted, capsys
):
    met: list[str] = []
    wanted = {*uninterrupted.longest, "train multi-sensor from a checkpoint"}
    for number in range(MOST_RUNS):
        folder = tmp_path / f"run-{number}"
        kill_in_every_step(folder, SETTINGS, uninterrupted.longest, met)
        check_left(folder, uninterrupted.tree)
        shutil.rmtree(folder)
        if wanted <= {*met, *(name.split()[0] for name in met)}:
            break
    assert wanted <= {*met, *(name.split()[0] for name in met)}
    with capsys.disabled():
        print(f"\na run was killed in: {', '.join(met)}")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for the steps in /proc")
def test_the_embedded_area_killed_200_times_ends_in_the_bytes_of_one_run_that_was_not(
    tmp_path, capsys
):
    whole = run_whole(tmp_path / "uninterrupted", EMBEDDED)
    runs, met = survive(tmp_path, EMBEDDED, 200, whole)
    with capsys.disabled():
        print(f"\n200 kills in {runs} runs; at work when they fell: {dict(met.most_common())}")


@pytest.mark.kills
def test_the_lock_of_a_killed_run_is_explained_with_the_command_that_clears_it(tmp_path):
    folder = tmp_path / "run"
    process = begin(folder, SETTINGS)
    until_first_job(process, folder)
    again = subprocess.run(
        tiny.command(folder, SETTINGS),
        env=tiny.environment(),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert again.returncode != 0
    assert f"daymelt: {folder}: another run is at work in this folder" in again.stderr
    assert "--unlock" not in again.stderr.split("LockException")[0]
    kill(process)
    again = subprocess.run(
        tiny.command(folder, SETTINGS),
        env=tiny.environment(),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert again.returncode != 0
    (said,) = [
        line
        for line in again.stderr.splitlines()
        if line.startswith(f"daymelt: {folder}: a lock lies here")
    ]
    unlock = [sys.executable, "-m", *shlex.split(said[said.index("snakemake ") :])]
    assert subprocess.run(unlock, env=tiny.environment(), cwd=folder).returncode == 0
    assert "a lock lies here" not in tiny.run(
        folder, SETTINGS, "--cores", "2", "results/tiny/aligned/terrain.nc"
    )
    assert not list((folder / ".snakemake" / "locks").glob("*"))


@pytest.mark.kills
def test_of_two_runs_started_at_once_one_works_and_nothing_is_harmed(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    command = tiny.command(folder, SETTINGS)
    both = [
        subprocess.Popen(
            command,
            env=tiny.environment(),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in both]
    assert 0 in [process.returncode for process in both], said
    for process, words in zip(both, said, strict=True):
        assert process.returncode == 0 or "Directory cannot be locked" in words
    check_left(folder, uninterrupted.tree)


@pytest.mark.kills
def test_a_disk_that_fills_up_stops_the_run_in_one_line_and_with_more_room_it_goes_on(
    tmp_path, mount_small_disk, uninterrupted
):
    disk, folder = mount_small_disk(kibibytes(uninterrupted, SIZES[0])), tmp_path / "run"
    folder.mkdir()
    for name in ("resources", "results"):
        (disk / name).mkdir()
        (folder / name).symlink_to(disk / name)
    command, stops = tiny.command(folder, SETTINGS), 0
    for share in (*SIZES, 2):
        size = kibibytes(uninterrupted, share)
        subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
        done = subprocess.run(
            command, env=tiny.environment(), cwd=folder, capture_output=True, text=True
        )
        if done.returncode == 0:
            break
        assert (
            "no space left on the device; free some or move the folder" in done.stdout + done.stderr
        )
        assert "Traceback" not in "".join(
            path.read_text() for path in (folder / "logs").rglob("*.log")
        )
        assert not [name for name in tiny.left_behind(folder) if ".part" in name]
        stops += 1
    assert done.returncode == 0
    assert stops > 2
    check_left(folder, uninterrupted.tree)


def kibibytes(uninterrupted: Undisturbed, share: float) -> str:
    """A share of what a run leaves, as mount(8) writes it."""
    return f"{int(share * uninterrupted.size / 1024)}k"
