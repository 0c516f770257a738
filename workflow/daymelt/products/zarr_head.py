"""The head of a Zarr group: its attributes, and the consolidated metadata that readers open.

Consolidated metadata list the arrays of a group at the length up to which they are complete, and
the groups below it that are complete. They are written at once with the attributes. What is being
written lies beyond what they list, so a reader meets what is complete and nothing else.

Source: Zarr 3, https://zarr-specs.readthedocs.io; the layout of consolidated metadata is that of
zarr-python 3.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zarr.core.buffer import Buffer
from zarr.storage import LocalStore

from daymelt.core.atomic import atomic_path

HEAD = "zarr.json"
Document = dict[str, Any]


class WholeFiles(LocalStore):
    """A store in a folder, whose files are whole or absent and flushed to the disk."""

    def write(self, key: str, content: bytes) -> None:
        """Write a file."""
        with atomic_path(self.root / key) as temporary:
            temporary.write_bytes(content)

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a file from a buffer of Zarr."""
        self.write(key, value.to_bytes())

    async def _set(self, key: str, value: Buffer, exclusive: bool = False) -> None:
        if exclusive and (self.root / key).exists():
            raise FileExistsError(key)
        await asyncio.to_thread(self.set_sync, key, value)


class Head:
    """The head of the group in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._store = folder, WholeFiles(folder)

    def create(self, attributes: Mapping[str, Any]) -> None:
        """Begin a group, of which readers see no array yet."""
        self._write(attributes, {})

    def attributes(self) -> Document:
        """The attributes of the group."""
        return dict(self._read().get("attributes", {}))

    def consolidate(self, attributes: Mapping[str, Any], axis: str, length: int) -> None:
        """Set some attributes, and let readers see the arrays up to a length along an axis."""
        arrays = {
            path.parent.name: _shortened(document, axis, length)
            for path in sorted(self._folder.glob(f"*/{HEAD}"))
            if (document := _document(path))["node_type"] == "array"
        }
        groups = {name: self._of_group(name) for name in self.groups()}
        below = {key: value for members in groups.values() for key, value in members.items()}
        self._write({**self.attributes(), **attributes}, arrays | below)

    def groups(self) -> dict[str, Document]:
        """Attributes of the groups that readers see, by their names."""
        return {
            name: dict(member["attributes"])
            for name, member in self._members().items()
            if member["node_type"] == "group"
        }

    def link(self, name: str) -> None:
        """Let readers of this group see a group below it, as its own head lists it."""
        head = _document(self._folder / name / HEAD)
        arrays = head.pop("consolidated_metadata")["metadata"]
        below = {name: head, **{f"{name}/{array}": each for array, each in arrays.items()}}
        self._write(self.attributes(), self._members() | below)

    def unlink(self, name: str) -> None:
        """Hide a group below from the readers of this one."""
        hidden = self._of_group(name)
        if hidden:
            kept = {key: each for key, each in self._members().items() if key not in hidden}
            self._write(self.attributes(), kept)

    def _of_group(self, name: str) -> Document:
        members = self._members()
        return {key: members[key] for key in members if key.partition("/")[0] == name}

    def _members(self) -> Document:
        return dict((self._read().get("consolidated_metadata") or {}).get("metadata", {}))

    def _read(self) -> Document:
        return _document(self._folder / HEAD)

    def _write(self, attributes: Mapping[str, Any], members: Mapping[str, Any]) -> None:
        document = {
            "attributes": attributes,
            "zarr_format": 3,
            "node_type": "group",
            "consolidated_metadata": {
                "kind": "inline",
                "must_understand": False,
                "metadata": dict(sorted(members.items())),
            },
        }
        self._store.write(HEAD, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def _document(path: Path) -> Document:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _shortened(array: Document, axis: str, length: int) -> Document:
    """The metadata of an array that is cut along its first dimension, where that is the axis."""
    if (array.get("dimension_names") or [None])[0] != axis:
        return array
    return {**array, "shape": [length, *array["shape"][1:]]}
