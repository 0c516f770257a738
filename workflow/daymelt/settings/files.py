"""YAML files of settings, with the line of every key."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from daymelt.core.errors import ConfigError, one_line
from daymelt.settings.errors import Key, dotted

ABSENT = object()
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class SettingsFile:
    """A file of settings.

    Parameters
    ----------
    path : of the file
    values : its content; an empty mapping where there is none
    lines : key of every setting, section and entry to its line, counted from 1
    """

    path: Path
    values: Any
    lines: Mapping[Key, int] = field(default_factory=dict)


def read_file(path: Path) -> SettingsFile:
    """Read a file of YAML, or of JSON, which is YAML but for its tabs between values.

    Raises
    ------
    ConfigError
        It is not readable, no YAML in UTF-8, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text.replace("\t", " ") if path.suffix == ".json" else text)
        root = loader.get_single_node()
        lines = _once(_lines(loader, root, (), set()), path) if root else {}
        values = loader.construct_document(root) if root else None
    except OSError as error:
        raise ConfigError(
            f"{path}: not readable ({error.strerror}); expected a YAML file of settings"
        ) from None
    except ConfigError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2019-02-30
        raise ConfigError(f"{path}: no valid YAML: {one_line(error)}") from None
    return SettingsFile(path, {} if values is None else values, lines)


def place(key: Key, values: Any, files: Sequence[SettingsFile]) -> str:
    """`FILE, line N` of a setting, or of its section; empty where no file has either, and where its
    value comes from elsewhere, such as a command line.

    Parameters
    ----------
    key : of the setting
    values : the settings that the files, and what else there was, were merged to
    files : the strongest first
    """
    for length in range(len(key), 0, -1):
        part = key[:length]
        merged = _value(values, part)
        if merged is ABSENT:  # a setting that is missed in an entry of a list
            continue
        having = [file for file in files if part in file.lines]
        for file in having:
            found = _value(file.values, part)
            # NaN is equal to none, but written alike
            if isinstance(found, Mapping) or found == merged or repr(found) == repr(merged):
                return f"{file.path}, line {file.lines[part]}"
        if having:
            break
    return ""


def _value(values: Any, key: Key) -> Any:
    """The value at a key; ABSENT where there is none."""
    for part in key:
        try:
            values = values[part]
        except (LookupError, TypeError):
            return ABSENT
    return values


def _lines(
    loader: yaml.SafeLoader, node: Node, above: Key, seen: set[int]
) -> Iterator[tuple[Key, int]]:
    """Keys below a node with their lines, in the order of the file; a key that a mapping has twice
    comes twice. Nodes in `seen`, those that an alias repeats, are left out.
    """
    if id(node) not in seen:
        seen.add(id(node))
        for key, name, value in _children(loader, node, above):
            yield key, name.start_mark.line + 1
            yield from _lines(loader, value, key, seen)


def _children(loader: yaml.SafeLoader, node: Node, above: Key) -> Iterator[tuple[Key, Node, Node]]:
    """Key of each entry of a list or mapping, the node that it begins with, and that of its
    value.
    """
    if isinstance(node, SequenceNode):
        for number, entry in enumerate(node.value):
            yield (*above, number), entry, entry
    elif isinstance(node, MappingNode):
        for name, value in node.value:
            if isinstance(name, ScalarNode) and name.tag != MERGE:
                yield (*above, loader.construct_object(name)), name, value


def _once(pairs: Iterable[tuple[Key, int]], path: Path) -> dict[Key, int]:
    """Line of each key; ConfigError with both lines where a key comes twice."""
    lines: dict[Key, int] = {}
    for key, line in pairs:
        if key in lines:
            raise ConfigError(
                f"{path}, line {line}: {dotted(key)}: found twice, first on line {lines[key]}; "
                "expected each setting once; join the two"
            )
        lines[key] = line
    return lines
