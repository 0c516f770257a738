"""Memory of every system of the production area on a CPU, in training and in mapping.

    python benchmarks/production_memory.py               # what learns of helheim.yaml
    python benchmarks/production_memory.py multi-sensor  # one of them
    python benchmarks/production_memory.py --write       # into RESULTS.md too

A training of the published length would take weeks on a CPU; its memory is that of its parts. So
the job `train` runs as it is on streams of the production grid with as many labelled days as were
published, batch and crop as published, but for a few steps alone, a forest of few trees, and a
validation on two days. The job `calibrate`, of a system with an interval, predicts these two days.
Maps are those of as many days at once as the area's settings say; a forest takes one day after the
other, and one is mapped. Each job is a process of its own; its peak is what the kernel counted.
`unet-smp-full-size` is the default network, with the crops of workflow/areas/full-size.yaml.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import report
from common import study_grid
from harness import Setting
from learning import coarse_fields, smooth_percent

from daymelt.core import cube
from daymelt.core.cores import available_cores
from daymelt.core.encoding import BRIGHTNESS, FLAG, HEIGHT, LIQUID_WATER, PERCENT
from daymelt.learn.calibration import FILE as BOUNDS
from daymelt.settings.loading import load_all
from daymelt.steps.splits import write_split
from daymelt.systems.interface import gives_interval

AREAS = Path(__file__).parents[1] / "workflow" / "areas"
PUBLISHED, SMALL = "unet-smp", "unet-smp-full-size"  # of helheim.yaml and of full-size.yaml
KINDS = "multi-sensor", "network", "random-forest"
LIMIT_MIB = 8 * 1024
TRAINING_DAYS, VALIDATION_DAYS, STEPS, TREES = (
    389,
    2,
    2,
    4,
)  # labelled days as published (arXiv 2512.12142)
SPLIT, CARD = "split.csv", "model.json"
FIELDS = 8  # different days; further ones are these again


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the jobs of the systems and print the table; 1 where one took more than 8 GiB."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("systems", nargs="*", help="their names; all that learn if none is given")
    parser.add_argument("--write", action="store_true", help="write the table into RESULTS.md")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the streams are written, 2 GB, and found again the next time",
    )
    parser.add_argument("--map", nargs=2, metavar=("FOLDER", "SYSTEM"), help=argparse.SUPPRESS)
    values = parser.parse_args(arguments)
    if values.map:
        map_days(Path(values.map[0]), values.map[1])
        return 0
    known = systems()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = values.folder or Path(name)
        if not (folder / SPLIT).exists():  # written last
            folder.mkdir(parents=True, exist_ok=True)
            write_streams(folder)
        for system in values.systems or known:
            (folder / f"{system}.json").write_text(json.dumps({"system": known[system]}))
            shutil.rmtree(
                folder / system, ignore_errors=True
            )  # a finished training would not be trained again
            for job, command in jobs(folder, system, known[system]["kind"]).items():
                rows.append((system, job, *measured(command)))
                print(*rows[-1], flush=True)
    print(table(rows))
    if values.write:
        report.write_production(table(rows), values.systems)
    return int(any(row[-1] > LIMIT_MIB for row in rows))


def systems() -> dict[str, Any]:
    """The settings of every system that learns, shortened to what its memory needs, by its name."""
    helheim, small = load_all([AREAS / "helheim.yaml"]), load_all([AREAS / "full-size.yaml"])
    found = {
        name: helheim.resolve(name)
        for name in helheim.system_names()
        if name not in helheim.ablations
    } | {SMALL: small.resolve(PUBLISHED)}
    return {
        name: short(system.model_dump(mode="json"))
        for name, system in found.items()
        if system.kind in KINDS
    }


def short(system: dict[str, Any]) -> dict[str, Any]:
    """A system that takes a few steps, or grows a few trees, on a CPU; its weights are random at
    the start.
    """
    options = system["options"]
    if "training" in options:
        options["training"] |= {
            "epochs": 1,
            "steps_per_epoch": STEPS,
            "validate_every": 1,
            "device": "cpu",
        }
        options["model"] |= {"encoder_weights": None}
    else:
        options["trees"] = TREES
    return system


def write_streams(folder: Path) -> None:
    """Labelled days on the production grid as the steps before a training leave them."""
    grid = study_grid(Setting(str(folder)))
    days = [
        dt.date(2017 + number // 56, 4, 2) + dt.timedelta(3 * (number % 56))
        for number in range(TRAINING_DAYS + VALIDATION_DAYS)
    ]
    melt = [smooth_percent(grid, number) for number in range(FIELDS)]
    seen = [
        np.where(
            np.add.outer(np.zeros(grid.rows), np.arange(grid.columns)) % 1600 < 400 * (1 + n % 3),
            255,
            melt[n],
        )
        for n in range(FIELDS)
    ]
    stored = {"sar": [field.astype(np.uint8) for field in seen], "interpolated": melt}
    for name, fields in stored.items():
        write_days(folder / f"{name}.nc", days, fields, grid, PERCENT)
    coarse = coarse_fields(grid, FIELDS)
    write_days(
        folder / "mar.nc",
        days,
        [0.01 + 0.005 * field for field in coarse["liquid_water"]],
        grid.posting(1000),
        LIQUID_WATER,
    )
    write_days(
        folder / "microwave.nc",
        days,
        [210 + 20 * field for field in coarse["microwave"]],
        grid.posting(1000),
        BRIGHTNESS,
    )
    height = np.add.outer(
        np.linspace(2400, -400, grid.rows), np.linspace(0, -400, grid.columns)
    ).astype(np.float32)
    layers = {"height": (height, HEIGHT), "ocean": ((height < 0).astype(np.float32), FLAG)}
    cube.write_layers(folder / "terrain.nc", layers, grid=grid, attributes={"inputs": ""})
    write_split(
        folder / SPLIT,
        {day: "train" if number < TRAINING_DAYS else "val" for number, day in enumerate(days)},
    )


def write_days(
    path: Path, days: Sequence[dt.date], fields: Sequence[Any], grid: Any, encoding: Any
) -> None:
    """A stream whose days are some fields over and over."""
    pairs = ((day, fields[number % len(fields)]) for number, day in enumerate(days))
    cube.write_stream(path, pairs, grid=grid, encoding=encoding, attributes={"inputs": ""})


def jobs(folder: Path, system: str, kind: str) -> dict[str, list[str]]:
    """The jobs of a system in their order, each as a command."""
    calibrated = {"calibrate": calibrate_command(folder, system)} if gives_interval(kind) else {}
    return {
        "train": train_command(folder, system),
        **calibrated,
        "map": [sys.executable, __file__, "--map", str(folder), system],
    }


def train_command(folder: Path, system: str) -> list[str]:
    """The job `train` as its rule calls it."""
    return learning_command("train", folder, system, folder / system / CARD)


def calibrate_command(folder: Path, system: str) -> list[str]:
    """The job `calibrate` as its rule calls it, on the validation days."""
    own = ["--models", str(folder / system / CARD), "--calibration", "validation-days"]
    return [*learning_command("calibrate", folder, system, folder / system / BOUNDS), *own]


def learning_command(job: str, folder: Path, system: str, out: Path) -> list[str]:
    """A job on all labelled days."""
    streams = [
        part
        for name in ("sar", "interpolated", "mar", "microwave")
        for part in (f"--{name}", str(folder / f"{name}.nc"))
    ]
    others = [
        "--winters",
        str(folder / "2017_winter.nc"),
        "--terrain",
        str(folder / "terrain.nc"),
        "--splits",
        str(folder / SPLIT),
    ]
    options = ["--options", (folder / f"{system}.json").read_text()]
    end = ["--threads", str(available_cores()), "--out", str(out)]
    return [sys.executable, "-m", "daymelt", job, *options, *streams, *others, *end]


def map_days(folder: Path, name: str) -> None:
    """Map the days that are mapped at once with what was learnt, as the jobs `map` and `measure`
    do.
    """
    from daymelt.settings.learning import System
    from daymelt.steps.running import load_system, running, with_observations
    from daymelt.systems.aligned import open_aligned

    system = System.model_validate(json.loads((folder / f"{name}.json").read_text())["system"])
    area = load_all([AREAS / ("full-size.yaml" if name == SMALL else "helheim.yaml")])
    settings = area.map.model_copy(update={"device": "cpu"})
    count = 1 if system.kind == "random-forest" else settings.batch
    streams = [folder / "interpolated.nc"], [folder / "mar.nc"], [folder / "microwave.nc"]
    with (
        open_aligned(folder / "terrain.nc", *streams) as given,
        with_observations(given, [folder / "sar.nc"]) as aligned,
    ):
        ready = load_system(
            system, folder / name, aligned, running(settings, available_cores(), count)
        )
        for day, melt in ready.predict(aligned.sar.days[:count]):
            if not (melt.shape == aligned.sar.grid.shape and 0 <= melt.min() <= melt.max() <= 1):
                raise AssertionError(f"map of {day}: {melt.shape}, {melt.min()} to {melt.max()}")


def measured(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of a command, and the largest resident memory of its process, MiB."""
    start = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)[:200]}…: exit {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def table(rows: Sequence[tuple[str, str, float, float]]) -> str:
    """The jobs as a table of Markdown."""
    lines = ["| system | job | s | peak, MiB |", "|---|---|---:|---:|"]
    return "\n".join(
        [
            *lines,
            *(
                f"| {system} | {job} | {seconds:.0f} | {peak:.0f} |"
                for system, job, seconds, peak in rows
            ),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
