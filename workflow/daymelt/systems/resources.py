"""Threads and memory of the jobs of a system, as the system itself states them.

A system module may define `needs(options, size) -> Needs`; one without it is taken as a method of
few parameters that maps one day after the other on one core (`default_needs`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daymelt.systems import interface

LABELLED_DAYS = 90  # of a season that memory is reserved for


@dataclass(frozen=True)
class Size:
    """What a job works on.

    Parameters
    ----------
    cells : cells of the study grid
    seasons : seasons that a system is trained on
    batch : days (or tiles) mapped at once
    tile : side of a tile, cells; None where a day is mapped in one pass
    """

    cells: int
    seasons: int = 1
    batch: int = 1
    tile: int | None = None

    @property
    def labelled_days(self) -> int:
        """Labelled days of all seasons together, at most."""
        return LABELLED_DAYS * self.seasons

    @property
    def cells_at_once(self) -> int:
        """Cells that are mapped at once."""
        return self.batch * min(self.cells, (self.tile or self.cells) ** 2)


@dataclass(frozen=True)
class Needs:
    """What the jobs of a system ask for.

    Parameters
    ----------
    training_mb, mapping_mb : memory, MB
    training_threads, mapping_threads : threads that are kept busy
    slow : whether mapping takes so long that a season is mapped once and scored from its files
    """

    training_mb: float
    mapping_mb: float
    training_threads: int = 1
    mapping_threads: int = 1
    slow: bool = False


def memory_mb(
    cells: int, bytes_per_cell: float, base_mb: float, most_mb: float | None = None
) -> float:
    """Memory, MB: a fixed part and so many bytes a cell, at most `most_mb`."""
    needed = base_mb + cells * bytes_per_cell / 1e6
    return needed if most_mb is None else min(needed, most_mb)


def default_needs(options: Any, size: Size) -> Needs:
    """Needs of a system that states none; what learns few numbers took 2,080 MiB at full size."""
    return Needs(
        training_mb=memory_mb(size.cells, 300, base_mb=1100),
        mapping_mb=memory_mb(size.cells, 200, base_mb=1000),
    )


def needs_of(kind: str, values: Mapping[str, Any], size: Size) -> Needs:
    """What the jobs of a system need.

    Raises
    ------
    ConfigError
        There is no such kind, or its options are wrong.
    """
    stated: Callable[[Any, Size], Needs] = getattr(interface.system(kind), "needs", default_needs)
    return stated(interface.read_options(kind, values), size)
