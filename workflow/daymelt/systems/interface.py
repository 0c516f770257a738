"""What a way of mapping is given, what it gives, and how the one that a configuration names is
found.

A system is a module of this room, named after its kind with underscores. It defines

- `Options`, a dataclass of its own settings, each with a default;
- `fit(lesson, options, folder)`, which learns from the training days, writes into `folder` what it
will need, last of all the card
  `model.json`, and
- `load(folder, options, scene, running)`, which gives it `Ready` to map the days of a scene.

Everything else (the rules, the scores, the maps, the table) goes by the name that the configuration
gives to the kind.
"""

import datetime as dt
import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from daymelt.core.atomic import atomic_path, write_json
from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.systems.aligned import Aligned
from daymelt.systems.streams import Series

CARD, ARRAYS = "model.json", "model.safetensors"
STRICT = ConfigDict(
    extra="forbid", strict=True, allow_inf_nan=False
)  # for the `Options` of a system
Maps = Iterator[tuple[dt.date, NDArray[np.float32]]]


@dataclass(frozen=True)
class Lesson:
    """What a system may learn from.

    Parameters
    ----------
    aligned : the inputs of every day, time-interpolated Sentinel-1 from the training days alone
    observed : what Sentinel-1 saw
    splits : acquisition day to `train`, `val` or `test`; only the first two may be looked at
    about : what the card is to say of the lesson: digest of the inputs, version of the software
    threads : to compute on; 0 leaves what the libraries have
    """

    aligned: Aligned
    observed: Series
    splits: Mapping[dt.date, str]
    about: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 0

    def days(self, split: str) -> list[dt.date]:
        """The acquisition days of a split, in order."""
        return [day for day in self.observed.days if self.splits.get(day) == split]


@dataclass(frozen=True)
class Running:
    """How to map: the device, days (or tiles) at once, the side of a tile or None, what tiles share
    on each side, and threads.
    """

    device: str = "auto"
    batch: int = 1
    tile: int | None = None
    halo: int = 64
    threads: int = 0


@dataclass(frozen=True)
class Ready:
    """A system that has learnt.

    Parameters
    ----------
    title : what it is, as the files that it makes say it
    checksum : SHA-256 of what it learnt
    parameters : how many numbers it learnt
    predict : days to (day, melt fraction (y, x), 0-1) in their order; a cell of which it knows
    nothing is 0, as published, water anything
    """

    title: str
    checksum: str
    parameters: int
    predict: Callable[[Sequence[dt.date]], Maps]


class System(Protocol):
    """A module of this room."""

    Options: type[Any]

    def fit(self, lesson: Lesson, options: Any, folder: Path) -> None:
        """Learn; write into `folder`, last of all its card."""

    def load(self, folder: Path, options: Any, scene: Aligned, running: Running) -> Ready:
        """What `fit` left in `folder`, ready to map the days of a scene."""


def system(kind: str) -> System:
    """The module of a kind such as `linear-dem`; ConfigError where there is none."""
    name = f"{__package__}.{kind.replace('-', '_')}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        module = None
    if module is None or not hasattr(module, "fit"):
        raise ConfigError(f"system kind {kind!r}: unknown; expected {', '.join(kinds())}")
    return cast(System, module)


def kinds() -> list[str]:
    """Every kind of system there is."""
    folder = Path(__file__).parent
    return sorted(
        path.stem.replace("_", "-")
        for path in folder.glob("*.py")
        if "\ndef fit(" in path.read_text(encoding="utf-8")
    )


def read_options(kind: str, values: Mapping[str, Any]) -> Any:
    """The settings of a kind from their values; what is absent has its default.

    Raises
    ------
    ConfigError
        In one line: an unknown setting, or a value that it cannot have.
    """
    options = system(kind).Options
    try:
        return TypeAdapter(options).validate_json(json.dumps(dict(values)))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(options.__dataclass_fields__) or "none"
        raise ConfigError(
            f"options of the system {kind}: {key}: {first['msg']}; its settings are {known}"
        ) from None


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays beside the card, in a form that cannot carry code."""
    with atomic_path(folder / ARRAYS) as temporary:
        temporary.write_bytes(
            save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        )


def read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays that `write_arrays` kept.

    Raises
    ------
    MissingInputError, FormatError
        They are not there, or cannot be read.
    """
    path = folder / ARRAYS
    try:
        return dict(load_file(path))
    except FileNotFoundError:
        raise MissingInputError(f"model {path}: not found; train the system again") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise FormatError(f"model {path}: not readable ({error}); train the system again") from None


def write_card(
    folder: Path, kind: str, lesson: Lesson, learnt: Mapping[str, Any], parameters: int
) -> None:
    """Write the card of a system that learns few numbers: all of them stand in it."""
    write_json(
        folder / CARD,
        {
            "kind": kind,
            "parameters": parameters,
            "learnt": dict(learnt),
            "about": dict(lesson.about),
        },
    )


def read_card(folder: Path, kind: str) -> tuple[Mapping[str, Any], str]:
    """What a system of `kind` learnt, from its card in `folder`, and the card's SHA-256.

    Raises
    ------
    MissingInputError
        There is no card.
    FormatError
        It cannot be read, or is of another kind.
    """
    path = folder / CARD
    try:
        content = path.read_bytes()
        card = json.loads(content)
        found, learnt = card["kind"], card["learnt"]
    except FileNotFoundError:
        raise MissingInputError(f"model {path}: not found; train the system first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"model {path}: not readable ({error}); train the system again") from None
    if found != kind:
        raise FormatError(f"model {path}: of kind {found}; expected {kind}; train the system again")
    return learnt, hashlib.sha256(content).hexdigest()


def each_day(
    map_day: Callable[[dt.date], NDArray[np.float32]],
) -> Callable[[Sequence[dt.date]], Maps]:
    """`Ready.predict` of a system that maps one day after the other; nothing known (NaN) becomes
    0.
    """
    return lambda days: ((day, np.nan_to_num(map_day(day))) for day in days)
