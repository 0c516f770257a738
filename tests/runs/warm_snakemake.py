"""Snakemake, imported once: each call is a fork of a process that has imported it.

As a script it reads a line of JSON for each call: the folder, the arguments, and the files for its
output and its errors; it answers with the exit status. The package itself is imported by each call,
since a test may have changed it.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import snakemake.cli

LONGEST_S = 120
LIBRARIES = ("netCDF4", "pydantic.dataclasses", "pyproj", "requests")  # of the package


class WarmSnakemake:
    """The process, to be used as a context."""

    def __enter__(self) -> "WarmSnakemake":
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def __call__(self, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`snakemake` with some arguments in a folder."""
        files = [Path(self._folder.name, name) for name in ("stdout", "stderr")]
        call = {"folder": str(folder), "arguments": arguments, "files": [*map(str, files)]}
        print(json.dumps(call), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        said = (path.read_text() for path in files)
        return subprocess.CompletedProcess(["snakemake", *arguments], status, *said)


def fork(call: dict) -> int:
    """Exit status of a call, which a child runs."""
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_S)
        os.chdir(call["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in enumerate(call["files"], start=1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["snakemake", *call["arguments"]]
        snakemake.cli.main()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    snakemake.cli.get_argument_parser()  # imports the plug-ins
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.disable()  # a call is short
    # compiled once, and not into the checkout
    sys.dont_write_bytecode, sys.pycache_prefix = False, sys.argv[1]
    for line in sys.stdin:
        print(fork(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
