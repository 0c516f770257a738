"""Load a trained system with the settings of a run, and the observations that it may use."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from daymelt.core.errors import ConfigError
from daymelt.settings.learning import Map, System
from daymelt.systems import interface
from daymelt.systems.aligned import Aligned, Observations
from daymelt.systems.streams import open_series


def load_system(
    system: System, folder: Path, aligned: Aligned, how: interface.Running
) -> interface.Ready:
    """A trained system, ready to map the days of the aligned streams.

    Raises
    ------
    ConfigError
        Sources are to be withheld from a system that needs all of its own.
    """
    if how.without and not interface.maps_subsets(system.kind):
        raise ConfigError(
            f"map.without: found {', '.join(how.without)}; the system kind {system.kind} needs all "
            "of its inputs; expected [] or model.inputs: sensors"
        )
    options = interface.read_options(system.kind, system.options)
    return interface.system(system.kind).load(folder, options, aligned, how)


def running(options: Map, threads: int, batch: int | None = None) -> interface.Running:
    """How a system is run; `batch` replaces the configured number of days at once."""
    return interface.Running(
        options.device,
        batch or options.batch,
        options.tile,
        options.halo,
        threads,
        options.without,
    )


@contextmanager
def with_observations(
    aligned: Aligned,
    sar: Sequence[Path],
    usable: Collection[dt.date] | None = None,
    same_day: bool = True,
) -> Iterator[Aligned]:
    """The aligned streams together with the acquisitions in the files of `sar`, if any.

    `usable` and `same_day` say which of them may be inputs, see `systems.aligned.Observations`.
    """
    if not sar:
        yield aligned
        return
    with open_series(sar) as series:
        days = None if usable is None else frozenset(usable)
        yield replace(aligned, observations=Observations(series, days, same_day))
