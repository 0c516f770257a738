"""From YAML files or mappings to checked settings."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from daymelt.core.errors import ConfigError
from daymelt.settings.base import Section
from daymelt.settings.config import SECTIONS, Config
from daymelt.settings.errors import explain, nearest

Kind = TypeVar("Kind", bound="Section")


def without_grid_file(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """`values`; ConfigError where the area's grid would have to be read from a raster, which this
    room cannot do.
    """
    area = values.get("area")
    if isinstance(area, Mapping) and area.get("grid_file") is not None:
        raise ConfigError(
            "area.grid_file: its raster is not read here; expected none, or "
            "steps.settings.load_settings"
        )
    return values


def load(
    source: Path | str | Mapping[str, Any],
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = without_grid_file,
) -> Config:
    """The configuration from a YAML file or a mapping; what is absent has its default.

    `complete` sees the values before they are checked; `steps.settings.load_settings` has one that
    reads the grid from `area.grid_file`.

    Raises
    ------
    ConfigError
        In one line: the key, what was found, what is allowed and, for a misspelt key, the nearest
        one.
    """
    if isinstance(source, Mapping):
        return _validate(Config, complete(source), "configuration", "")
    values = _read_yaml(Path(source))
    return _validate(
        Config, complete(values) if isinstance(values, Mapping) else values, str(source), ""
    )


def load_section(path: Path, name: str) -> Any:
    """One section of a YAML file, whatever stands in the others; errors as `load`."""
    values = _read_yaml(path)
    if not isinstance(values, Mapping):
        return load(path)  # which says what is wrong
    return _validate(SECTIONS[name], values.get(name, {}), str(path), f"{name}.")


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
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = without_grid_file,
) -> Config:
    """The configuration from `base`, where there is such a file, and further files, the later
    before the earlier.

    `complete` and errors as `load`.
    """
    values: dict[str, Any] = {}
    for path in [*([base] if base.is_file() else []), *paths]:
        content = _read_yaml(path)
        if not isinstance(content, Mapping):
            raise ConfigError(f"{path}: found {str(content)[:40]!r}; expected sections of settings")
        values = merge(values, content)
    source = ", ".join(map(str, [base, *paths] if base.is_file() else paths)) or "configuration"
    return _validate(Config, complete(values), source, "")


def section(name: str, values: Mapping[str, Any]) -> Any:
    """One section, such as `area`, from its values; errors as `load`."""
    if name not in SECTIONS:
        raise ConfigError(
            f"options: unknown section {name!r}{nearest(name, SECTIONS)}; expected "
            f"{', '.join(SECTIONS)}"
        )
    return _validate(SECTIONS[name], values, "options", f"{name}.")


def _validate(kind: type[Kind], values: Any, source: str, prefix: str) -> Kind:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{source}: {explain(error, kind, prefix)}") from None


def _read_yaml(path: Path) -> Any:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: not readable ({error.strerror}); expected a YAML file of settings"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None
    return {} if content is None else content
