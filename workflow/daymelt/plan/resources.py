"""Threads, memory and run time that jobs ask for, by the size of the study grid.

Memory was measured as the peak of resident memory in Snakemake's records, for 2,304 and for 65,536
cells and on the production grid (benchmarks/RESULTS.md); a fifth and more is added. Comments at the
rules say what was measured for each.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daymelt.settings.config import Config
from daymelt.systems.resources import Needs, Size, memory_mb, needs_of

FULL_CELLS = 2863 * 1633  # of the production grid, where memory and time were measured
MACHINE_CORES = 8  # of a machine that is unknown, such as a node of a cluster
SLOWER = 6  # times the measured run time that is allowed

Wildcards = Any
Amount = Callable[[Wildcards, int], int]
"""An amount of a job by its wildcards and its attempt."""


def cells_of(config: Config) -> int:
    """Cells of the study grid."""
    return config.area.rows * config.area.columns


def system_needs(config: Config, model: str, batch: int = 1) -> Needs:
    """What the jobs of a system need, `batch` days mapped at once."""
    system = config.resolve(model)
    size = Size(cells_of(config), len(config.seasons.years), batch, config.map.tile)
    return needs_of(system.kind, system.options, size)


@dataclass(frozen=True)
class JobResources:
    """What the jobs of a configuration ask for; `cores` are those of the machine where known."""

    config: Config
    cores: int | None = None

    def memory(
        self, bytes_per_cell: float, base_mb: float = 250, most_mb: float | None = None
    ) -> Amount:
        """Memory of a job, MB: Python with its libraries, and so many bytes a cell.

        `most_mb` holds where the rest lies in a file (`daymelt.core.memory`). Every further
        attempt gets as much again.
        """
        needed = memory_mb(cells_of(self.config), bytes_per_cell, base_mb, most_mb)
        return lambda wildcards, attempt: round(needed * attempt)

    def minutes(self, least: float, seconds: float = 0) -> Amount:
        """Longest run time of a job, minutes; every further attempt gets as much again.

        `seconds` is what the longest job took at full size on a core of a small virtual machine.
        Six times that, scaled by the cells of the area, is allowed beside `least`.
        """
        scaled = seconds / 60 * cells_of(self.config) / FULL_CELLS
        allowed = math.ceil(least + SLOWER * scaled)
        return lambda wildcards, attempt: allowed * attempt

    def training_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Memory of a training, MB."""
        return round(system_needs(self.config, wildcards.model).training_mb * attempt)

    def mapping_memory(self, batch: int) -> Amount:
        """Memory of a job that maps so many days at once, MB."""

        def needed(wildcards: Wildcards, attempt: int) -> int:
            needs = system_needs(self.config, wildcards.model, batch)
            return round(needs.mapping_mb * attempt)

        return needed

    def sentinel1_memory(self) -> Amount:
        """Memory of a retrieval of Sentinel-1, MB.

        That of the twin is measured at full size, that of windows of 10 m scenes is not.
        """
        twin = self.config.sentinel1.provider == "twin"
        return self.memory(200 if twin else 1400, base_mb=350)

    def training_threads(self, wildcards: Wildcards) -> int:
        """Threads that a system's training keeps busy."""
        return system_needs(self.config, wildcards.model).training_threads

    def mapping_threads(self, wildcards: Wildcards) -> int:
        """Threads that a system's mapping keeps busy."""
        return system_needs(self.config, wildcards.model).mapping_threads

    @property
    def all_cores(self) -> int:
        """All cores of the machine, for a job whose time is measured."""
        return self.cores or MACHINE_CORES
