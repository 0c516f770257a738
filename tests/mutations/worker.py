"""Damage inputs one after another, read each, and say what became of it: `worker.py SUBJECT FIRST
COUNT GENUINE FOLDER`.

Runs as a process of its own, so that a crash or a hang of HDF5 or GDAL is the failure of one
mutation. Writes one JSON object a line: `begin` before a mutation, `judging` once it was read,
`end` with its outcome.
"""

import importlib
import json
import resource
import sys
import traceback
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from daymelt.core.errors import DaymeltError
from daymelt.sources.formats import netcdf

sys.path.append(str(Path(__file__).parents[1]))  # behind the modules of this folder
from runs.opener import Opener

SUBJECTS = {  # reader: where its subject is, imported alone since xarray and scipy take a second
    "microwave": ("netcdf_files", "Microwave"),
    "mar": ("netcdf_files", "Mar"),
    "sentinel1": ("raster_files", "Sentinel1"),
    "terrain": ("raster_files", "Terrain"),
    "stac": ("json_items", "Stac"),
    "names": ("json_items", "Names"),
    "stations": ("netcdf_files", "Stations"),
}
MEMORY = 6 * 2**30  # bytes; a damaged size must not take the machine's memory


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def outcome(subject: Any, case: Any, seed: int) -> tuple[str, str]:
    """`refused`, `read`, or a fault: `raised`, `several lines`, `wrong`, `unjudged`; and a word
    about it.
    """
    try:
        result = subject.read(case)
    except DaymeltError as error:
        return (
            "refused" if "\n" not in str(error) else "several lines"
        ), f"{type(error).__name__}: {error}"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return (
            "raised",
            f"{type(error).__name__}: {error} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})",
        )
    say(judging=seed)
    try:
        fault = subject.judge(case, result)
    except Exception as error:
        return "unjudged", f"{type(error).__name__}: {error}"
    return ("read", "") if fault is None else ("wrong", fault)


def main(name: str, first: str, count: str, genuine: str, folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    module, kind = SUBJECTS[name]
    subject = getattr(importlib.import_module(module), kind)(Path(genuine), Path(folder))
    with Opener() as opener:  # a child of this process takes five times as long
        netcdf.check_opens = opener.check
        for seed in range(int(first), int(first) + int(count)):
            case = subject.mutate(np.random.default_rng([zlib.crc32(name.encode()), seed]))
            say(begin=seed, done="; ".join(case.done)[:400])
            became, word = outcome(subject, case, seed)
            say(end=seed, outcome=became, word=word[:400])


if __name__ == "__main__":
    main(*sys.argv[1:])
