"""Genuine files and names, damaged at random: only ever a correct array or an error of ours.

A few run by default, 2,000 a reader under the marker `mutations`, 20,000 under `slow`. Each
mutation follows from its number alone: `DAYMELT_MUTATION=1234 pytest tests/mutations -k mar`
repeats one. `DAYMELT_REAL` names the folder of genuine files where it is not `shared/real` beside
the project.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import IO

import pytest

REAL = Path(os.environ.get("DAYMELT_REAL") or Path(__file__).parents[2].parent / "shared" / "real")
WORKER = Path(__file__).with_name("worker.py")
ROOT = Path(__file__).parents[2]
READERS = ["microwave", "mar", "sentinel1", "terrain", "stac", "names", "stations"]
# for one mutation; the slowest takes a tenth of a second on an idle machine, but 5 s where HDF5
# goes round in circles
LONGEST_S = 60
START_S = 120
GOOD = {"read", "refused"}


def relay(stream: IO[str], lines: "queue.Queue[str]") -> None:
    """Put every line of a stream into a queue as it comes, and an empty one behind the last."""
    for line in stream:
        lines.put(line)
    lines.put("")


class Run:
    """Outcomes of mutations, worker after worker: where one dies or hangs, the next goes on behind
    the culprit.
    """

    def __init__(self, reader: str, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def over(self, first: int, count: int) -> None:
        following = first
        while following < first + count:
            following = self._one_worker(following, first + count - following)

    def _one_worker(self, first: int, count: int) -> int:
        """Run one worker as far as it comes; the number of the mutation to go on with."""
        command = [sys.executable, WORKER, self.reader, first, count, REAL, self.folder]
        path = os.pathsep.join(filter(None, [str(ROOT / "workflow"), os.environ.get("PYTHONPATH")]))
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "GDAL_NUM_THREADS": "1",
        }
        errors = self.folder / "stderr.txt"
        with (
            open(errors, "w") as stderr,
            subprocess.Popen(
                [str(part) for part in command],
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                text=True,
            ) as worker,
        ):
            lines: queue.Queue[str] = queue.Queue()
            threading.Thread(target=relay, args=(worker.stdout, lines), daemon=True).start()
            try:
                return self._follow(worker, lines, first, errors)
            finally:
                worker.kill()

    def _follow(
        self, worker: "subprocess.Popen[str]", lines: "queue.Queue[str]", first: int, errors: Path
    ) -> int:
        begun, done, judging, following = None, "", False, first
        while True:
            try:
                line = lines.get(timeout=START_S if begun is None else LONGEST_S)
            except queue.Empty:
                line, ended = "", "hang"
            else:
                ended = "crash"
            if not line:
                if ended == "crash" and worker.wait() == 0:
                    return following
                if begun is None:
                    pytest.fail(
                        f"the worker of {self.reader} did not start: {errors.read_text()[-2000:]}"
                    )
                self._count(begun, "oracle crash" if judging else ended, f"{worker.poll()}", done)
                return begun + 1
            facts = json.loads(line)
            if "begin" in facts:
                begun, done, judging = facts["begin"], facts["done"], False
            elif "judging" in facts:
                judging = True
            else:
                self._count(facts["end"], facts["outcome"], facts["word"], done)
                following = facts["end"] + 1

    def _count(self, seed: int, outcome: str, word: str, done: str) -> None:
        self.counts[outcome] += 1
        if outcome not in GOOD:
            self.failures.append(f"{self.reader} {seed}: {outcome}: {word} after {done}")


def check(reader: str, folder: Path, count: int, first: int = 0) -> None:
    if reader not in ("names", "stations") and not REAL.is_dir():
        pytest.skip(f"the genuine files are not in {REAL}; DAYMELT_REAL may name their folder")
    run = Run(reader, folder)
    alone = os.environ.get("DAYMELT_MUTATION")
    if alone:
        run.over(int(alone), 1)
    else:
        run.over(first, count)
    print(f"{reader}: {dict(run.counts)}")
    assert not run.failures, "\n".join(
        [f"{len(run.failures)} of {sum(run.counts.values())}", *run.failures[:40]]
    )
    assert alone or (
        run.counts.total() == count
        and run.counts["read"] > count / 50
        and run.counts["refused"] > count / 50
    )


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_input_is_read_correctly_or_refused(reader, tmp_path):
    check(reader, tmp_path, 50)


@pytest.mark.mutations
@pytest.mark.parametrize("reader", READERS)
def test_2000_damaged_inputs_are_read_correctly_or_refused(reader, tmp_path):
    check(reader, tmp_path, 2_000, first=50)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_20000_damaged_inputs_are_read_correctly_or_refused(reader, tmp_path):
    check(reader, tmp_path, 20_000, first=100_000)
