"""Load a trained system with the settings of a run."""

from pathlib import Path

from daymelt.settings.learning import Map, System
from daymelt.systems import interface
from daymelt.systems.aligned import Aligned


def load_system(
    system: System, folder: Path, aligned: Aligned, how: interface.Running
) -> interface.Ready:
    """A trained system, ready to map the days of the aligned streams."""
    options = interface.read_options(system.kind, system.options)
    return interface.system(system.kind).load(folder, options, aligned, how)


def running(options: Map, threads: int, batch: int | None = None) -> interface.Running:
    """How a system is run; `batch` replaces the configured number of days at once."""
    return interface.Running(
        options.device, batch or options.batch, options.tile, options.halo, threads
    )
