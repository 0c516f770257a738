"""The interface of a system: how it is trained, how it maps, and how its module is found.

A system is a module of this package, named after its kind with underscores. It defines

- `Options`, a dataclass of its own settings and the only place of their defaults; an entry of
  `benchmark.systems` states what differs;
- `fit(data, options, folder)`, which trains it on the training days and writes its files into
  `folder`, last the card `model.json`, and
- `load(folder, options, aligned, running)`, which returns it `Ready` to map days of the aligned
  streams.

Rules, scores, maps and tables refer to a system by the name that the configuration gives it.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from daymelt.core import plugins
from daymelt.core.errors import ConfigError, FormatError, one_line
from daymelt.core.manifest import checksum
from daymelt.learn import model_files
from daymelt.systems.aligned import Aligned
from daymelt.systems.streams import StreamSeries

# configuration of the `Options` of a system
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
PACKAGE = "daymelt.systems"
Maps = Iterator[tuple[dt.date, NDArray[np.float32]]]
Layers = Mapping[str, NDArray[np.float32]]  # fields (y, x) by name: melt and what goes with it


@dataclass(frozen=True)
class TrainingData:
    """Inputs and targets that a system is trained on.

    Parameters
    ----------
    aligned : the inputs of every day, time-interpolated Sentinel-1 from the training days alone
    observed : melt fraction observed by Sentinel-1
    splits : acquisition day to `train`, `val` or `test`; `fit` may read the first two
    about : entries of the card: digest of the inputs, version of the software
    threads : of the CPU; 0 leaves the number of the libraries
    """

    aligned: Aligned
    observed: StreamSeries
    splits: Mapping[dt.date, str]
    about: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 0

    def days(self, split: str) -> list[dt.date]:
        """The acquisition days of a split, in order."""
        return [day for day in self.observed.days if self.splits.get(day) == split]


@dataclass(frozen=True)
class Fold:
    """Days on which an interval is calibrated, and a model that never saw them.

    Parameters
    ----------
    model : its folder
    usable : acquisitions that may be inputs
    scored : acquisitions that the interval is held against; none is an input on its own day
    """

    model: Path
    usable: frozenset[dt.date]
    scored: tuple[dt.date, ...]


@dataclass(frozen=True)
class Running:
    """How to map.

    Parameters
    ----------
    device : `auto`, `cpu` or `cuda`
    batch : days (or tiles) predicted at once
    tile : side of a tile, cells; None for a day in one pass
    halo : overlap of neighbouring tiles on each side, cells
    threads : of the CPU; 0 leaves the number of the libraries
    without : sources that the system is not given: `microwave`, `liquid-water`, `sar`, `later-sar`
        (acquisitions after the day); for a system that maps with any subset (`MAPS_SUBSETS`)
    """

    device: str
    batch: int
    tile: int | None
    halo: int
    threads: int
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantiles:
    """The predicted distribution of a system, by some of its quantiles.

    Parameters
    ----------
    levels : of the quantiles, rising, 0.5 among them
    weights : share of all levels that each stands for, summing to 1
    predict : days to (day, layers as in `Ready`, quantiles (level, y, x)), not falling with the
        level; NaN over the ocean and where the layers hold the day's own observation
    """

    levels: Sequence[float]
    weights: Sequence[float]
    predict: Callable[[Sequence[dt.date]], Iterator[tuple[dt.date, Layers, NDArray[np.float32]]]]


@dataclass(frozen=True)
class Ready:
    """A trained system, ready to map.

    Parameters
    ----------
    title : name of the method in the tags of the maps
    checksum : SHA-256 of the fitted parameters
    parameters : how many numbers were fitted
    predict : days to (day, melt fraction (y, x), 0-1) in their order; land cells without inputs
        are 0, as published, ocean cells are undefined
    layers : days to (day, layers); of a system with an interval `melt` (the median), `melt_mean`,
        `melt_low` and `melt_high`, NaN over the ocean; None for a system that gives `melt` alone
    quantiles : of a system with an interval; None for a system that gives `melt` alone
    interval : how its bounds were found, in words, for the tags of the maps
    """

    title: str
    checksum: str
    parameters: int
    predict: Callable[[Sequence[dt.date]], Maps]
    layers: Callable[[Sequence[dt.date]], Iterator[tuple[dt.date, Layers]]] | None = None
    quantiles: Quantiles | None = None
    interval: str = ""


class SystemModule(Protocol):
    """A module that implements a system."""

    Options: type[Any]

    def fit(self, data: TrainingData, options: Any, folder: Path) -> None:
        """Train, and write the files of the model into `folder`, last its card."""

    def load(self, folder: Path, options: Any, aligned: Aligned, running: Running) -> Ready:
        """The model in `folder`, ready to map days of the aligned streams."""


def system(kind: str) -> SystemModule:
    """The module of a kind such as `linear-dem`; ConfigError where there is none."""
    module = plugins.load(PACKAGE, kind)
    if module is None or not hasattr(module, "fit"):
        raise ConfigError(f"system kind {kind!r}: unknown; expected {', '.join(kinds())}")
    return cast(SystemModule, module)


def gives_interval(kind: str) -> bool:
    """True where the maps of a kind of system come with an interval (`Ready.layers`)."""
    return bool(getattr(system(kind), "GIVES_INTERVAL", False))


def maps_subsets(kind: str) -> bool:
    """True where a kind of system maps with any subset of its sources (`Running.without`)."""
    return bool(getattr(system(kind), "MAPS_SUBSETS", False))


def kinds() -> list[str]:
    """All kinds of systems."""
    return list(plugins.find(PACKAGE, "fit"))


def read_options(kind: str, values: Mapping[str, Any]) -> Any:
    """The settings of a kind from their values, the others at their defaults.

    Raises
    ------
    ConfigError
        In one line: a setting is unknown, or its value impossible.
    """
    options = system(kind).Options
    try:
        return TypeAdapter(options).validate_json(json.dumps(dict(values)))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(options.__dataclass_fields__) or "none"
        raise ConfigError(
            f"options of the system {kind}: {key}: found {one_line(repr(first['input']), 60)}; "
            f"{said_of(first['msg'])}; its settings are {known}"
        ) from None


def said_of(message: str) -> str:
    """What pydantic says of a setting, as an expectation where it is one."""
    expected, wanted = message.removeprefix("Value error, "), "Input should be "
    return f"expected {expected.removeprefix(wanted)}" if wanted in message else expected


def write_card(
    folder: Path,
    kind: str,
    data: TrainingData,
    learnt: Mapping[str, Any],
    parameters: int,
    arrays: model_files.Arrays | None = None,
) -> None:
    """Write the files of a trained system.

    Parameters
    ----------
    folder : receives `model.json`, and `model.safetensors` where there are arrays
    kind : of the system
    data : that it was trained on
    learnt : fitted numbers, as JSON
    parameters : how many numbers were fitted
    arrays : fitted arrays; read again by `learn.model_files.read_arrays`
    """
    card = {
        "kind": kind,
        "parameters": parameters,
        "learnt": dict(learnt),
        "about": dict(data.about),
    }
    model_files.write_model(folder, card, arrays)


def read_card(folder: Path, kind: str) -> tuple[Mapping[str, Any], str]:
    """The fitted numbers of a system of `kind`, from its card in `folder`, and the card's SHA-256.

    Raises
    ------
    MissingInputError
        There is no card.
    FormatError
        It cannot be read, or is of another kind.
    """
    found, learnt = model_files.read_card(folder, lambda card: (card["kind"], card["learnt"]))
    path = folder / model_files.CARD
    if found != kind:
        raise FormatError(f"model {path}: of kind {found}; expected {kind}; train the model again")
    return learnt, checksum(path)


def each_day(
    map_day: Callable[[dt.date], NDArray[np.float32]],
) -> Callable[[Sequence[dt.date]], Maps]:
    """`Ready.predict` of a system that maps day by day; NaN becomes 0."""
    return lambda days: ((day, np.nan_to_num(map_day(day))) for day in days)
