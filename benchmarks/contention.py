"""Training steps beside one busy process: threads chosen by measuring against all threads.

    python benchmarks/contention.py              # 40 steps of the default training, each way

Each way trains in a process of its own: alone and beside a busy process, with the choice and with
all threads. A machine with other load shows nothing. Target: at most 1.5 times the time alone.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

WAYS = {"chosen": True, "all": False}
TARGET = 1.5  # times the time alone
SIDE, DAYS = 256, 12  # of the area, cells, and labelled days


def main() -> None:
    """Print the seconds of each way, and the ratios to the fixed number of threads alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=40, help="training steps of each way")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(seconds_of_training(WAYS[arguments.way], arguments.steps)))
        return
    alone = {way: _in_a_process(way, arguments.steps) for way in WAYS}
    with busy_process():
        beside = {way: _in_a_process(way, arguments.steps) for way in WAYS}
    idle = min(alone.values())
    for way in WAYS:
        for where, found in (("alone", alone[way]), ("beside a busy process", beside[way])):
            print(f"{way:8} {where:24} {found:7.1f} s {found / idle:6.2f}")
    print(f"target: chosen, beside a busy process, at most {TARGET}")


def seconds_of_training(measure: bool, steps: int) -> float:
    """Seconds of one epoch of so many steps of the default training on random days."""
    import torch
    from harness import Setting
    from learning import _inputs

    from daymelt.core.cores import available_cores
    from daymelt.learn.training import train
    from daymelt.settings.config import Config
    from daymelt.settings.learning import Training
    from daymelt.systems.network import network_options, training_options

    torch.set_num_threads(available_cores())
    training = Training(epochs=1, steps_per_epoch=steps, validate_every=1, device="cpu")
    options = training_options(training.model_dump(mode="json"), threads=available_cores())
    with tempfile.TemporaryDirectory() as folder:
        train(
            _inputs(Setting(folder, SIDE, SIDE, DAYS), DAYS, labelled=True),
            None,
            network_options(Config().resolve("unet-smp").options["model"]),
            replace(options, measure_threads=measure),
            Path(folder),
        )
        return float((Path(folder) / "loss.csv").read_text().split(",")[-1])


@contextmanager
def busy_process() -> Iterator[None]:
    """One process that keeps a core busy meanwhile, free to run on any."""
    process = multiprocessing.Process(target=_spin, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _spin() -> None:
    while True:
        sum(range(10_000))


def _in_a_process(way: str, steps: int) -> float:
    command = [sys.executable, __file__, "--way", way, "--steps", str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
