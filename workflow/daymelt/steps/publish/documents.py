"""What the steps of the STAC catalogue share."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daymelt.core.atomic import write_text
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.provenance import software_version
from daymelt.products import stac_parts
from daymelt.settings.inputs import Area
from daymelt.settings.publishing import Publish

Document = dict[str, Any]


def product_of(model: str, area: Area, publish: Publish) -> stac_parts.Product:
    """What all documents say alike."""
    software, version = software_version().split()
    return stac_parts.Product(area.name, model, area.grid, publish.license, (software, version))


def read_document(path: Path) -> Document:
    """A document as it was written.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no JSON object.
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise MissingInputError(f"{path}: not found; publish its season again") from None
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: not readable ({error}); delete it and publish again") from None


def write_if_changed(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document atomically, unless the file is the same already."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if not (path.is_file() and path.read_text(encoding="utf-8") == text):
        write_text(path, text)
