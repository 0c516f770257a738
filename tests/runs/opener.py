"""The check that the HDF5 library opens a file, made from a small process.

The check forks: a child of a process as large as that of the tests, with torch, takes 50 ms, a
child of this one 5 ms, and a season of brightness temperature is 150 files. As a script it reads
the paths as lines of JSON and answers each with one line: empty, or why the file is refused.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from daymelt.sources.formats.hdf5 import check_opens

WORKFLOW = Path(__file__).parents[2] / "workflow"


class Opener:
    """The process, started by its first check; to be used as a context."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Opener":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.communicate()

    def check(self, path: Path) -> None:
        """`hdf5.check_opens` in that process."""
        Path(path).open("rb").close()
        with self._lock:
            self._process = self._process or start()
            print(json.dumps(str(Path(path).absolute())), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        assert answer, "the process that opens files has ended"
        if answer.strip():
            raise ValueError(answer.strip())


def start() -> "subprocess.Popen[str]":
    path = os.pathsep.join(filter(None, [str(WORKFLOW), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )


def fault(path: Path) -> str:
    """Why a file is refused; empty where it is not."""
    try:
        check_opens(path)
    except ValueError as error:
        return str(error)
    return ""


def main() -> None:
    for line in sys.stdin:
        print(fault(Path(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
