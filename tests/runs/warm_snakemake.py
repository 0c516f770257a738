"""Snakemake, imported once: each call is a fork of a process that has imported it, and the package
of this checkout, whose code it has digested.

As a script it reads a line of JSON for each call: the folder, the arguments, and the files for its
output and its errors; it answers with the exit status. A call whose package differs in a byte from
that of the checkout, since a test has changed it, imports its own.
"""

import gc
import hashlib
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
PLAN = ("jobs", "occupied", "outcome", "parameters", "resources", "settings")  # of daymelt.plan
CHECKOUT = Path(__file__).parents[2] / "workflow"


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


def package_of(call: dict) -> Path:
    """The folder of the package of the Snakefile of a call."""
    words, here = call["arguments"], Path(call["folder"])
    snakefile = words[words.index("--snakefile") + 1] if "--snakefile" in words else "Snakefile"
    return (here / snakefile).parent / "workflow"


def content_of(package: Path) -> str:
    """Digest of the names and bytes of all files of a package."""
    digest = hashlib.sha256()
    for path in sorted((package / "daymelt").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(package)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def import_package() -> None:
    """Import what a plan takes of the checkout's package, and read the code of all its modules for
    the digests of steps.
    """
    sys.path.insert(0, str(CHECKOUT))
    for name in PLAN:
        importlib.import_module(f"daymelt.plan.{name}")
    provenance = importlib.import_module("daymelt.core.provenance")
    paths = [path.relative_to(CHECKOUT) for path in CHECKOUT.glob("daymelt/**/*.py")]
    provenance.code_digest("train", *(".".join(path.with_suffix("").parts) for path in paths))
    sys.path.remove(str(CHECKOUT))


def forget_package() -> None:
    """Have the package imported anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "daymelt"]:
        del sys.modules[name]


def fork(call: dict, imported: str) -> int:
    """Exit status of a call, which a child runs; `imported` is the content of the package."""
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_S)
        os.chdir(call["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in enumerate(call["files"], start=1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if content_of(package_of(call)) != imported:
            forget_package()
        sys.argv = ["snakemake", *call["arguments"]]
        snakemake.cli.main()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    snakemake.cli.get_argument_parser()  # imports the plug-ins
    for name in LIBRARIES:
        importlib.import_module(name)
    # compiled once, and not into the checkout
    sys.dont_write_bytecode, sys.pycache_prefix = False, sys.argv[1]
    imported = content_of(CHECKOUT)
    import_package()
    gc.disable()  # a call is short
    for line in sys.stdin:
        print(fork(json.loads(line), imported), flush=True)


if __name__ == "__main__":
    main()
