"""The configuration with the area's grid read from a raster, where `area.grid_file` names one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.errors import ConfigError, DaymeltError
from daymelt.settings.config import Config
from daymelt.settings.loading import load, load_all, section

FETCH = (
    "`daymelt retrieve-meltwaterbench --configfile FILE --out FOLDER` fetches that of "
    "MeltwaterBench"
)


def load_settings(source: Path | str | Mapping[str, Any]) -> Config:
    """As `config.load`, with crs, spacing, corner and size of the area from `area.grid_file` if
    that is set.
    """
    return load(source, complete=completed)


def load_files(paths: Sequence[Path]) -> Config:
    """As `config.load_all`, with the area's grid from `area.grid_file` if that is set."""
    return load_all(paths, complete=completed)


def completed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """All settings, those of the area's grid from its raster where one is named."""
    return {**values, "area": with_grid(values.get("area"))} if "area" in values else values


def read_section(name: str, values: Mapping[str, Any]) -> Any:
    """As `config.section`, with the area's grid from `area.grid_file` if that is set."""
    return section(name, with_grid(values) if name == "area" else values)


def with_grid(area: Any) -> Any:
    """The settings of an area with those of the grid replaced by what its raster says; ConfigError
    where that cannot be read.
    """
    if not isinstance(area, Mapping) or not area.get("grid_file"):
        return area
    from daymelt.sources.meltwaterbench.rasters import (
        read_grid,
    )  # brings rasterio, which most runs do without here

    path = Path(str(area["grid_file"]))
    if not path.is_file():
        raise ConfigError(
            f"area.grid_file: {path} not found; expected a raster on the area's grid; {FETCH}"
        )
    try:
        grid = read_grid(path)
    except DaymeltError as error:
        raise ConfigError(f"area.grid_file: {error}") from None
    place = {
        name: getattr(grid, name) for name in ("crs", "spacing_m", "left", "top", "rows", "columns")
    }
    return {**area, **place}
