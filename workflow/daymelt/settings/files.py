"""YAML files of settings, with the line of every key."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

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


class Loader(yaml.SafeLoader):
    """Reads YAML; a value that is none of its kind, such as the day 2019-02-30, has a place."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """The value of a node."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None


def read_file(path: Path) -> SettingsFile:
    """Read a file of YAML, or of JSON, which is YAML but for its tabs between values.

    Raises
    ------
    ConfigError
        It is not readable, no YAML in UTF-8, or has a key twice.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        loader = Loader(text.replace("\t", " ") if path.suffix == ".json" else text)
        root = loader.get_single_node()
        lines = _once(_lines(loader, root, (), set()), path) if root else {}
        values = loader.construct_document(root) if root else None
    except OSError as error:
        raise ConfigError(
            f"{path}: not readable ({error.strerror}); expected a YAML file of settings"
        ) from None
    except ConfigError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line, words = unreadable(error, text)
        place = f"{path}, line {line}" if line else str(path)
        raise ConfigError(f"{place}: no valid YAML: {words}") from None
    return SettingsFile(path, {} if values is None else values, lines)


def unreadable(error: Exception, text: str) -> tuple[int | None, str]:
    """Line of a fault in a `text` of YAML, where one is found, and the words for it."""
    match error:
        case yaml.MarkedYAMLError():
            found, began = error.problem_mark or error.context_mark, error.context_mark
            words = [one_line(part) for part in (error.context, error.problem) if part]
            if found and began and began.line != found.line and error.context:
                words[0] += f" that begins on line {began.line + 1}"
            return found.line + 1 if found else None, ", ".join(words)
        case ReaderError():
            line = text.count("\n", 0, error.position) + 1
            return line, f"character U+{int(error.character):04X}; {error.reason}"
        case UnicodeDecodeError():
            line = error.object.count(b"\n", 0, error.start) + 1
            return line, f"byte 0x{error.object[error.start]:02x} is not UTF-8; expected UTF-8"
        case _:
            return None, one_line(error)


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
