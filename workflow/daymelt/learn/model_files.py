"""The files of a trained model: arrays in `model.safetensors` and, written last, the card in
`model.json`.

Neither can carry code. The card of a model with arrays holds their checksum, so that the files of
two models are not mistaken for one. A model of few numbers has them in its card, and no arrays.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from daymelt.core.atomic import atomic_path, write_json
from daymelt.core.errors import FormatError, MissingInputError, cause_of
from daymelt.core.manifest import checksum

ARRAYS, CARD = "model.safetensors", "model.json"
Arrays = Mapping[str, NDArray[Any]]
Card = TypeVar("Card")


def write_model(folder: Path, card: Mapping[str, Any], arrays: Arrays | None = None) -> str:
    """Write arrays, if any, then the card, with the checksum of the arrays as its `checksum`.

    Returns
    -------
    SHA-256 of the arrays' file, of the card where there are no arrays
    """
    if arrays is None:
        write_json(folder / CARD, dict(card))
        return checksum(folder / CARD)
    content = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    with atomic_path(folder / ARRAYS) as temporary:  # the library's writer sets mode 600
        temporary.write_bytes(content)
    digest = checksum(folder / ARRAYS)
    write_json(folder / CARD, {**card, "checksum": digest})
    return digest


def read_card(folder: Path, parse: Callable[[Any], Card]) -> Card:
    """The card in `folder`, made by `parse` from what its JSON holds.

    Raises
    ------
    MissingInputError
        There is no card.
    FormatError
        It cannot be read, or `parse` refused it.
    """
    path = folder / CARD
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise MissingInputError(f"model {path}: not found; train the model first") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"model {path}: not readable ({cause_of(error)}); train the model again"
        ) from None


def read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays in `folder`.

    Raises
    ------
    MissingInputError
        Arrays or card are absent.
    FormatError
        One of them cannot be read, or they do not belong together.
    """
    expected, path = read_card(folder, lambda content: content["checksum"]), folder / ARRAYS
    if not path.is_file():
        raise MissingInputError(f"model {path}: not found; train the model again")
    if checksum(path) != expected:
        raise FormatError(
            f"model {path}: its checksum is not the one in {CARD}; train the model again"
        )
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise FormatError(
            f"model {path}: not readable ({cause_of(error)}); train the model again"
        ) from None
