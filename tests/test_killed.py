"""Runs that are killed at random moments, time and again, end as if nothing had been."""

import contextlib
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
from pathlib import Path

import pytest
from runs import tiny

# so long a training that many kills meet it
SETTINGS = {
    **tiny.SETTINGS,
    "training": {
        **tiny.SETTINGS["training"],
        "epochs": 24,
        "steps_per_epoch": 4,
        "validate_every": 4,
    },
}
Whole = tuple[dict[str, str], float]  # what an undisturbed run leaves, by name, and its seconds
EMBEDDED: dict = {}  # config.yaml as it stands
log = logging.getLogger(__name__)
EARLY = 0.1  # share of the kills that fall before the first job
SHORT, LONG = (
    0.1,
    0.5,
)  # longest time from the first job to a kill, as a share of a whole run; most are short
OFTEN = 0.005, 0.05  # the same, where a run is long and is to meet hundreds of kills


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


def steps_at_work(group: int) -> list[str]:
    """The steps that the processes of a group run."""
    words = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                words.append((folder / "cmdline").read_bytes().decode(errors="replace").split("\0"))
        except (ProcessLookupError, FileNotFoundError):
            continue
    return [line[3] for line in words if line[1:3] == ["-m", "daymelt"]]


def kill(process: subprocess.Popen) -> None:
    """End the whole group at once, as a power cut does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while steps_at_work(process.pid):
        time.sleep(0.01)


def survive(
    base: Path, settings: dict, kills: int, shares: tuple[float, float], whole: Whole
) -> tuple[int, Counter]:
    """Kill runs so many times, each up to its end, and compare; how many runs there were, and which
    steps were met.

    A kill falls at a moment drawn evenly from the time after the start of the run's first job, at
    most one of two shares of the time that a whole run takes.
    """
    moment, (short, long), (tree, seconds) = random.Random(kills), shares, whole
    met, fallen, runs = Counter(), 0, 0
    while fallen < kills:
        folder, ended = base / f"run-{runs}", False
        while not ended:
            process = begin(folder, settings)
            if fallen < kills:
                if moment.random() >= EARLY:
                    until_first_job(process, folder)
                wait_at_most(
                    process, moment.uniform(0, seconds * moment.choice((short, short, short, long)))
                )
            else:
                process.wait()
            if ended := process.poll() is not None:
                assert process.returncode == 0, (folder / "said.txt").read_text()[-4000:]
            else:
                met.update(steps_at_work(process.pid) or ["between the steps"])
                kill(process)
                fallen += 1
                log.info("kill %d of %d in run %d met %s", fallen, kills, runs, ", ".join(met))
        left = tiny.tree(folder)
        assert left.keys() == tree.keys()
        assert [name for name in tree if left[name] != tree[name]] == []
        assert tiny.left_behind(folder) == []
        shutil.rmtree(folder)
        runs += 1
    return runs, met


def wait_at_most(process: subprocess.Popen, seconds: float) -> None:
    """Wait for the end of a process, or so long."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def run_whole(folder: Path, settings: dict) -> Whole:
    """What a run leaves that nothing disturbs, and how many seconds it takes."""
    started = time.monotonic()
    tiny.run(folder, settings)
    seconds, tree = time.monotonic() - started, tiny.tree(folder)
    assert any(name.endswith("last.ckpt") for name in tree) and any(
        name.endswith("melt_2019-09-30.tif") for name in tree
    )
    return tree, seconds


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """What a run of the tiny area leaves that nothing disturbs, and its seconds."""
    return run_whole(tmp_path_factory.mktemp("uninterrupted") / "run", SETTINGS)


@pytest.mark.kills
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for the steps in /proc")
def test_a_run_that_is_killed_time_and_again_ends_in_the_bytes_of_one_that_was_not(
    tmp_path, uninterrupted, capsys
):
    runs, met = survive(tmp_path, SETTINGS, 30, (SHORT, LONG), uninterrupted)
    with capsys.disabled():
        print(f"\n30 kills in {runs} runs; at work when they fell: {dict(met.most_common())}")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for the steps in /proc")
def test_the_embedded_area_killed_200_times_ends_in_the_bytes_of_one_run_that_was_not(
    tmp_path, capsys
):
    whole = run_whole(tmp_path / "uninterrupted", EMBEDDED)
    runs, met = survive(tmp_path, EMBEDDED, 200, OFTEN, whole)
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
    assert tiny.tree(folder) == uninterrupted[0]
    assert tiny.left_behind(folder) == []


@pytest.mark.kills
def test_a_disk_that_fills_up_stops_the_run_in_one_line_and_with_more_room_it_goes_on(
    tmp_path, mount_small_disk, uninterrupted
):
    disk, folder = mount_small_disk("4m"), tmp_path / "run"
    folder.mkdir()
    for name in ("resources", "results"):
        (disk / name).mkdir()
        (folder / name).symlink_to(disk / name)
    command, stops = tiny.command(folder, SETTINGS), 0
    while stops < 12:
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
        subprocess.run(["mount", "-o", f"remount,size={4 + 6 * stops}m", disk], check=True)
    assert 2 < stops < 12
    assert tiny.tree(folder) == uninterrupted[0]
    assert tiny.left_behind(folder) == []
