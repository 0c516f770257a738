"""From YAML files or mappings to checked settings.

Messages name the file and the line of a refused setting.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from daymelt.core.errors import ConfigError, nearest, one_line
from daymelt.settings.base import Section
from daymelt.settings.config import SECTIONS, Config
from daymelt.settings.errors import Key, dotted, refusal
from daymelt.settings.files import SettingsFile, place, read_file

Kind = TypeVar("Kind", bound=Section)
Completion = Callable[[Mapping[str, Any]], Mapping[str, Any]]
DEEPEST = 20  # of settings within each other; those of daymelt have 6
GRID_FILE: Key = ("area", "grid_file")


def without_grid_file(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """`values`; ConfigError where the area's grid would have to be read from a raster, which
    `daymelt.plan.settings` does.
    """
    area = values.get("area")
    if isinstance(area, Mapping) and area.get("grid_file") is not None:
        raise ConfigError(
            "area.grid_file: its raster is not read here; expected none, or "
            "plan.settings.load_settings"
        )
    return values


def load(
    source: Path | str | Mapping[str, Any],
    complete: Completion = without_grid_file,
    files: Sequence[SettingsFile] = (),
) -> Config:
    """The settings from a YAML file or a mapping; what is absent has its default.

    Parameters
    ----------
    source : path of the file, or the mapping
    complete : given the values before they are checked; `daymelt.plan.settings` has one that reads
        the grid from `area.grid_file`
    files : those that a mapping was merged from, the strongest first

    Raises
    ------
    ConfigError
        In one line: file and line, the key, what was found, what is allowed and, for a misspelt
        key, the nearest one.
    """
    if not isinstance(source, Mapping):
        file = read_file(Path(source))
        source, files = file.values, [file]
    return _load(source, complete, files)


def load_section(path: Path, name: str) -> Any:
    """One section of a YAML file, without a check of the others; errors as `load`."""
    file = read_file(path)
    if not isinstance(file.values, Mapping):
        return load(path)  # which says what is wrong
    return _validate(SECTIONS[name], file.values.get(name, {}), [file], (name,))


def merge(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with those of `more` in their place, mapping by mapping; lists are replaced, as
    Snakemake joins its files.
    """
    merged = dict(settings)
    for key, value in more.items():
        under = merged.get(key, {})
        if isinstance(value, Mapping):  # an empty one changes nothing, not even what is no mapping
            merged[key] = (
                merge(under if isinstance(under, Mapping) else {}, value) if value else under
            )
        else:
            merged[key] = value
    return merged


def load_all(
    paths: Sequence[Path],
    base: Path = Path("config.yaml"),
    complete: Completion = without_grid_file,
) -> Config:
    """The settings from `base`, where there is such a file, and further files, each over those
    before it.

    `complete` and errors as `load`.
    """
    values, files = merged(paths, base)
    return _load(values, complete, files)


def merged(
    paths: Sequence[Path], base: Path = Path("config.yaml")
) -> tuple[dict[str, Any], list[SettingsFile]]:
    """The values of `base`, where there is such a file, and of further files, each over those
    before it; and the files, the strongest first.

    Raises
    ------
    ConfigError
        A file cannot be read, or holds no sections.
    """
    values: dict[str, Any] = {}
    files = [read_file(path) for path in [*([base] if base.is_file() else []), *paths]]
    for file in files:
        if not isinstance(file.values, Mapping):
            raise ConfigError(
                f"{file.path}: found {one_line(repr(file.values), 40)}; expected sections of "
                "settings"
            )
        values = merge(values, file.values)
    return values, files[::-1]


def section(name: str, values: Mapping[str, Any]) -> Any:
    """One section, such as `area`, from its values; errors as `load`."""
    if name not in SECTIONS:
        raise ConfigError(
            f"options: unknown section {name!r}{nearest(name, SECTIONS)}; expected "
            f"{', '.join(SECTIONS)}"
        )
    return _validate(SECTIONS[name], values, (), (name,), "options")


def where(
    key: Key, values: Any, files: Sequence[SettingsFile], otherwise: str = "configuration"
) -> str:
    """File and line of a setting; else the names of all files, or `otherwise` without any."""
    names = ", ".join(str(file.path) for file in reversed(files))
    return place(key, values, files) or names or otherwise


def depth(values: Any) -> int:
    """How many lists and mappings lie within each other, at most `DEEPEST` + 1."""
    level, deep = [values], 0
    while deep <= DEEPEST and (level := [value for value in level if holds_values(value)]):
        deep += 1
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, Mapping) else value)
        ]
    return deep


def holds_values(value: Any) -> bool:
    """True for a mapping and a list."""
    return isinstance(value, Mapping | list | tuple)


def _load(values: Any, complete: Completion, files: Sequence[SettingsFile]) -> Config:
    if isinstance(values, Mapping):
        try:
            values = complete(values)
        except ConfigError as error:
            raise ConfigError(f"{where(GRID_FILE, values, files)}: {error}") from None
    return _validate(Config, values, files, ())


def _validate(
    kind: type[Kind],
    values: Any,
    files: Sequence[SettingsFile],
    above: Key,
    otherwise: str = "configuration",
) -> Kind:
    if depth(values) > DEEPEST:
        raise ConfigError(
            f"{where(above, values, files, otherwise)}: {dotted(above) or 'settings'}: found lists "
            f"or mappings within each other more than {DEEPEST} times; expected sections with "
            "settings"
        )
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        refused = refusal(error, kind, above)
    whole = {above[0]: values} if above else values
    raise ConfigError(f"{where(refused.key, whole, files, otherwise)}: {refused.text}")
