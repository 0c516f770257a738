"""Write config.yaml, with comments, and workflow/schemas/config.schema.json from the settings.

`python -m daymelt.settings.schema` prints how both differ from the settings,
`python -m daymelt.settings.schema --write` writes them.
"""

import argparse
import difflib
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

from daymelt.core.atomic import write_text
from daymelt.settings.base import Section
from daymelt.settings.config import WRITTEN, Config

ROOT = Path(__file__).parents[3]
WIDTH = 100
TITLE = "Settings of daymelt"
HEAD = """\
# Settings of daymelt. The defaults are the embedded area: synthetic inputs in the providers' own
# formats, no account needed.
#
# For an area of your own write a second file with the settings that differ, as
# workflow/areas/helheim.yaml does, and run
#   snakemake --cores 8 --configfile my-area.yaml
# This file is written from workflow/daymelt/settings by
#   python -m daymelt.settings.schema --write
# Editing values here is fine; settings, comments and bounds belong there.
"""


def config_yaml(config: Config | None = None) -> str:
    """config.yaml: every setting of `config` (the defaults if None), with unit, meaning and bounds
    as its comment.
    """
    config = config or Config()
    return HEAD + "".join(_section_yaml(name, getattr(config, name)) for name in WRITTEN)


def config_schema() -> str:
    """The JSON schema of the configuration, for editors that complete and check YAML."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(),
    }
    schema["title"] = TITLE
    return json.dumps(_tidied(schema), indent=2, ensure_ascii=False) + "\n"


def outputs(root: Path = ROOT) -> dict[Path, str]:
    """The generated files below `root` with the text that each must have."""
    return {
        root / "config.yaml": config_yaml(),
        root / "workflow" / "schemas" / "config.schema.json": config_schema(),
    }


def drift(root: Path = ROOT) -> str:
    """Unified diff from the files below `root` to those of the settings; empty where they agree."""
    lines: list[str] = []
    for path, wanted in outputs(root).items():
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        name = path.relative_to(root).as_posix()
        lines += difflib.unified_diff(
            found.splitlines(True), wanted.splitlines(True), name, f"{name} (from the settings)"
        )
    return "".join(lines)


def _section_yaml(name: str, section: Section) -> str:
    settings = {key: _setting(key, getattr(section, key)) for key in type(section).model_fields}
    comments = {key: _comment(key, type(section)) for key in settings}
    column = max((len(text) for text in settings.values() if len(text) <= 60), default=0)
    lines = ["", *_wrapped(inspect.getdoc(type(section)) or "", "# "), f"{name}:"]
    for key, text in settings.items():
        beside = f"{text.ljust(column)}  # {comments[key]}"
        lines += (
            [beside]
            if len(beside) <= WIDTH and "\n" not in text
            else [*_wrapped(comments[key], "  # "), text]
        )
    return "\n".join(lines) + "\n"


def _wrapped(text: str, start: str) -> list[str]:
    """A comment in lines of at most `WIDTH` columns; paragraphs stay apart."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    lines = [textwrap.wrap(paragraph, WIDTH - len(start)) for paragraph in paragraphs]
    return [f"{start}{line}" for paragraph in lines for line in paragraph]


def _setting(key: str, value: Any) -> str:
    """A setting in YAML; a mapping or a list of sections has a line for each entry, without its
    defaults.
    """
    if isinstance(value, tuple) and any(isinstance(entry, Section) for entry in value):
        return "\n".join([f"  {key}:", *(_folded(f"    - {_entry(entry)}") for entry in value)])
    if not isinstance(value, dict):
        return _folded(f"  {key}: {_value(value)}")
    return "\n".join(
        [f"  {key}:", *(_folded(f"    {name}: {_entry(entry)}") for name, entry in value.items())]
    )


def _folded(line: str) -> str:
    """A setting in lines of at most `WIDTH` columns; in flow style a line break is a space."""
    indent = " " * (len(line) - len(line.lstrip()))
    whole = textwrap.wrap(line.strip(), WIDTH - len(indent) - 4, break_on_hyphens=False)
    return f"\n{indent}    ".join([indent + whole[0], *whole[1:]]) if len(line) > WIDTH else line


def _entry(section: Section) -> str:
    return _value(section.model_dump(mode="json", exclude_defaults=True))


def _value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, tuple):
        value = list(value)
    dumped: str = yaml.safe_dump(
        value, sort_keys=False, default_flow_style=True, width=10_000, allow_unicode=True
    )
    return dumped.removesuffix("...\n").strip()


def _comment(key: str, kind: type[Section]) -> str:
    description = kind.model_fields[key].description or ""
    bounds = _bounds(kind.model_json_schema()["properties"][key])
    return f"{description} ({bounds})" if bounds else description


def _bounds(schema: dict[str, Any]) -> str:
    """What a setting may be, from its JSON schema."""
    for variant in schema.get("anyOf", ()):
        schema = {**schema, **(variant if variant.get("type") != "null" else {})}
    words = {
        "exclusiveMinimum": "above",
        "minimum": "at least",
        "exclusiveMaximum": "below",
        "maximum": "at most",
    }
    limits = [
        f"{word} {schema[key]:g}" if abs(schema[key]) < 10**6 else f"{word} {schema[key]}"
        for key, word in words.items()
        if key in schema
    ]
    return ", ".join(limits) if limits else _choices(schema) or _choices(schema.get("items", {}))


def _choices(schema: dict[str, Any]) -> str:
    return " | ".join(dict.fromkeys(str(choice) for choice in schema.get("enum", ())))


def _tidied(node: Any) -> Any:
    """The schema without titles that repeat a key, and with each description on one line."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: " ".join(value.split())
        if key == "description" and isinstance(value, str)
        else _tidied(value)
        for key, value in node.items()
        if key != "title" or value == TITLE
    }


def main() -> int:
    """Entry of `python -m daymelt.settings.schema`."""
    parser = argparse.ArgumentParser(
        prog="python -m daymelt.settings.schema",
        description=__doc__.splitlines()[0] if __doc__ else "",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the files instead of comparing them"
    )
    if parser.parse_args().write:
        for path, text in outputs().items():
            write_text(path, text)
        return 0
    difference = drift()
    sys.stdout.write(difference)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
