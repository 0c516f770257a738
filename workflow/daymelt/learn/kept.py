"""The form in which what was learnt is kept: arrays as `model.safetensors` and, written last, their
card as `model.json`.

Neither can carry code. The card holds the checksum of the arrays, so that files of two models are
never taken for one.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from daymelt.core.atomic import atomic_path, write_json
from daymelt.core.errors import FormatError, MissingInputError, cause_of
from daymelt.core.manifest import checksum

WEIGHTS = "model.safetensors"
CARD = "model.json"


class Card(Protocol):
    """A frozen dataclass of plain data, with the SHA-256 of the arrays that it belongs to."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def checksum(self) -> str:
        """SHA-256 of the file of arrays."""


Kind = TypeVar("Kind", bound=Card)


def keep(folder: Path, arrays: bytes, card: Kind) -> Kind:
    """Write arrays, as safetensors serialises them, and card; give the card with their checksum."""
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(
            arrays
        )  # the library's own writer makes files that only their owner can read
    card = replace(card, checksum=checksum(folder / WEIGHTS))
    write_json(folder / CARD, asdict(card))
    return card


def read_kept_card(folder: Path, make: Callable[[Any], Kind]) -> Kind:
    """The card in `folder`, made from what JSON holds.

    Raises
    ------
    MissingInputError
        There is none.
    FormatError
        It cannot be read, or `make` refused it.
    """
    path = folder / CARD
    try:
        return make(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise MissingInputError(f"model {path}: not found; train the model first") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"model {path}: not readable ({cause_of(error)}); train the model again"
        ) from None


def arrays_of(folder: Path, card: Card) -> Path:
    """The arrays that belong to a card; MissingInputError where they are absent, FormatError where
    they are others.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise MissingInputError(f"model {path}: not found; train the model again")
    if checksum(path) != card.checksum:
        raise FormatError(
            f"model {path}: its checksum is not the one in {CARD}; train the model again"
        )
    return path
