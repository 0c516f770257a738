"""A whole run of the workflow on an area so small that it takes half a minute: its settings, its
command, what it leaves.
"""

import csv
import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import torch
import yaml

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "area": {"name": "tiny", "rows": 48, "columns": 48},
    "seasons": {"years": [2019], "months": [8, 9]},
    "split": {"training_only_years": []},
    "model": {"depth": 2, "decoder_channels": [8, 8]},
    "training": {
        "crop": 32,
        "epochs": 2,
        "steps_per_epoch": 2,
        "validate_every": 1,
        "batch": 2,
        "device": "cpu",
        "threads": 1,  # a number: runs are compared to the last bit
    },
    "map": {"device": "cpu"},
    "report": {"day": "2019-08-15"},
}
MEASURED = {
    "speed",
    "table.csv",
    "table.md",
    "table.html",
}  # how fast the machine was: another each time


def command(folder: Path, settings: dict, *arguments: str) -> list[str]:
    """The command line of a run in `folder`, which is made with its settings."""
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    words = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
    ]
    return [
        str(word)
        for word in [
            *words,
            "--configfile",
            folder / "settings.yaml",
            *(arguments or ["--cores", "2"]),
        ]
    ]


def environment() -> dict[str, str]:
    """That of a run: the package of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}


def run(folder: Path, settings: dict, *arguments: str) -> str:
    """Run to the end; what it said."""
    done = subprocess.run(
        command(folder, settings, *arguments),
        capture_output=True,
        text=True,
        env=environment(),
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def tree(folder: Path) -> dict[str, str]:
    """Every file that a run left as data, hidden ones too, with the SHA-256 of what does not depend
    on the speed of the machine.
    """
    paths = [
        path
        for part in ("resources", "results")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    ]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(lasting(path)).hexdigest()
        for path in paths
        if not MEASURED & set(path.parts)
    }


def lasting(path: Path) -> bytes:
    """The bytes of a file, without measured times."""
    if path.name == "loss.csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        return repr([{**row, "seconds": None} for row in rows]).encode()
    if path.suffix == ".ckpt":
        content = torch.load(path, map_location="cpu", weights_only=True)
        for row in content["progress"]["losses"]:
            row[-1] = None
        return "\n".join(plain(content)).encode()
    return path.read_bytes()


def plain(value, name: str = "") -> list[str]:
    """Nested data as lines, tensors by all their bytes."""
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in plain(item, f"{name}.{key}")]
    if isinstance(value, list | tuple):
        return [line for index, item in enumerate(value) for line in plain(item, f"{name}.{index}")]
    if isinstance(value, torch.Tensor):
        return [
            f"{name} {value.dtype} {tuple(value.shape)} "
            f"{hashlib.sha256(value.contiguous().numpy().tobytes()).hexdigest()}"
        ]
    return [f"{name} {value!r}"]


def left_behind(folder: Path) -> list[str]:
    """Locks and temporary files below a run's folder; Snakemake's own mark in a folder that is an
    output is neither.
    """
    hidden = [
        path
        for part in ("resources", "results")
        for path in (folder / part).rglob(".*")
        if path.name != ".snakemake_timestamp"
    ]
    locks = list((folder / ".snakemake" / "locks").glob("*"))
    incomplete = list((folder / ".snakemake" / "incomplete").glob("*"))
    return sorted(str(path.relative_to(folder)) for path in [*hidden, *locks, *incomplete])
