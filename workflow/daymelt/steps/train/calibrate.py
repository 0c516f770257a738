"""Calibrate the interval of a trained system on days that it never saw."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.errors import ConfigError
from daymelt.settings.learning import System
from daymelt.steps.splits import read_splits
from daymelt.systems import interface
from daymelt.systems.aligned import open_aligned
from daymelt.systems.streams import open_series


def calibrate(
    models: list[Path],
    sar: list[Path],
    interpolated: list[Path],
    mar: list[Path],
    microwave: list[Path],
    winters: list[Path],
    terrain: Path,
    splits: list[Path],
    out: Path,
    system: System,
    calibration: str,
    years: list[str] = [],  # noqa: B006 - empty: the validation days
    threads: int = 0,
) -> None:
    """Find the bounds of the interval, and write them beside the card of the model.

    Parameters
    ----------
    models : `model.json` of the system itself, or of one for each of `years`
    sar : melt fractions of the acquisitions, all seasons
    interpolated, mar, microwave, winters, terrain : inputs, all seasons
    splits : which days train and validate; test days are neither inputs nor scored
    out : bounds of the interval
    calibration : name of the days on which they are found, for the tags of the maps
    years : season that each of `models` never saw

    Raises
    ------
    ConfigError
        The system gives no interval.
    """
    module: Any = interface.system(system.kind)
    if not interface.gives_interval(system.kind):
        raise ConfigError(
            f"calibrate: the system kind {system.kind} gives no interval; expected a kind that does"
        )
    options = interface.read_options(system.kind, system.options)
    days = read_splits(splits)
    folders = [model.parent for model in models]
    folds = left_out(folders, list(map(int, years)), days) if years else [held(folders[0], days)]
    with (
        open_aligned(terrain, interpolated, mar, microwave, winters) as aligned,
        open_series(sar) as observed,
    ):
        data = interface.TrainingData(aligned, observed, days, threads=threads)
        module.calibrate(data, options, folds, calibration, out)


def held(model: Path, splits: Mapping[dt.date, str]) -> interface.Fold:
    """The validation days, with training acquisitions as inputs."""
    return interface.Fold(model, frozenset(of(splits, "train")), tuple(of(splits, "val")))


def left_out(
    models: Sequence[Path], years: Sequence[int], splits: Mapping[dt.date, str]
) -> list[interface.Fold]:
    """The training and validation days of each year, by a model that never saw that year."""
    return [
        interface.Fold(
            model,
            frozenset(day for day in of(splits, "train") if day.year == year),
            tuple(day for day in of(splits, "train", "val") if day.year == year),
        )
        for model, year in zip(models, years, strict=True)
    ]


def of(splits: Mapping[dt.date, str], *names: str) -> list[dt.date]:
    """The days of some parts of a split, rising."""
    return sorted(day for day, name in splits.items() if name in names)
