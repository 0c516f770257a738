"""Whether a run is at work in a folder, and what a user is told of a lock there."""

import os
import signal
import subprocess
import sys

import pytest

from daymelt.plan import occupied

HOLD = """\
import sys, time
from pathlib import Path
from daymelt.plan.occupied import occupy
kept = occupy(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that is at work in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def lock(folder):
    (folder / occupied.LOCKS).mkdir(parents=True)
    (folder / occupied.LOCKS / "0.output.lock").write_text("results/a.nc\n")


def test_a_folder_without_a_lock_needs_no_word(tmp_path):
    assert occupied.advice(tmp_path, "unlock") is None
    (tmp_path / occupied.LOCKS).mkdir(parents=True)
    assert occupied.advice(tmp_path, "unlock") is None


def test_a_lock_that_nobody_holds_is_told_with_the_command_that_clears_it(tmp_path):
    lock(tmp_path)
    said = occupied.advice(tmp_path, "snakemake --cores 2 --unlock")
    assert str(tmp_path) in said
    assert said.endswith("clear the lock and start again: snakemake --cores 2 --unlock")
    assert "\n" not in said


def test_a_run_that_lives_is_told_and_not_to_be_unlocked(tmp_path, holder):
    lock(tmp_path)
    said = occupied.advice(tmp_path, "snakemake --unlock")
    assert "another run is at work" in said
    assert "unlock" not in said


def test_a_killed_run_is_at_work_no_longer(tmp_path, holder):
    assert occupied.is_occupied(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert not occupied.is_occupied(tmp_path)


def test_the_last_of_two_runs_counts(tmp_path, holder):
    with occupied.occupy(tmp_path):
        holder.kill()
        holder.wait()
        assert occupied.is_occupied(tmp_path)
    assert not occupied.is_occupied(tmp_path)


def test_where_no_file_can_be_written_nothing_is_held_and_nothing_fails(tmp_path):
    (tmp_path / ".snakemake").write_text("a file where the folder should be")
    assert occupied.occupy(tmp_path) is None
    assert not occupied.is_occupied(tmp_path)
    assert occupied.advice(tmp_path, "unlock") is None
