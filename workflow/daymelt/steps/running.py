"""From the settings of a run to a trained system that is ready to map."""

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
    """How the configuration has a system run; `batch` days at once in place of the configured
    ones.
    """
    return interface.Running(
        options.device, batch or options.batch, options.tile, options.halo, threads
    )
