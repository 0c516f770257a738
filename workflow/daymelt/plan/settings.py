"""The settings of a run: from files, with the area's grid read from a raster where
`area.grid_file` names one, and checked for what no section can see.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from daymelt.core.dates import describe
from daymelt.core.errors import ConfigError, DaymeltError, GridError
from daymelt.core.grid import Grid
from daymelt.core.split_files import SPLITS, read_rows
from daymelt.plan import places
from daymelt.plan.held import is_published, not_held
from daymelt.settings.base import NETWORKS
from daymelt.settings.config import Config
from daymelt.settings.errors import Key
from daymelt.settings.files import SettingsFile, read_file
from daymelt.settings.learning import Model
from daymelt.settings.loading import load, load_all, merged, section, where
from daymelt.settings.networks import Contradiction
from daymelt.sources.meltwaterbench import layout

REMOTE = ("/vsi", "http://", "https://")  # beginnings of paths of GDAL that are no local file
FETCH = (
    "`daymelt retrieve-meltwaterbench --configfile FILE --out FOLDER` fetches that of "
    "MeltwaterBench"
)


def load_run(
    values: Mapping[str, Any], paths: Iterable[str | Path] = (), compares: bool = False
) -> Config:
    """The settings of a workflow, refused before any job where they cannot work.

    Parameters
    ----------
    values : the settings as Snakemake merged them
    paths : the files that they come from, the strongest first, for lines in messages and to find
        keys given twice
    compares : True where the run trains the networks of `benchmark.systems` too

    Raises
    ------
    ConfigError, MissingInputError
    """
    return checked(values, [read_file(Path(path)) for path in paths], compares)


def load_command(paths: Sequence[Path], base: Path = Path("config.yaml")) -> Config:
    """The settings of a command, from `base` and further files as `load_files`, refused where
    `load_run` refuses them.
    """
    return checked(*merged(paths, base))


def checked(
    values: Mapping[str, Any], files: Sequence[SettingsFile], compares: bool = False
) -> Config:
    """The settings of a run, as `load_run`; `files` are the strongest first."""
    config = load(values, completed, files)
    for name in config.system_names():
        is_entry = name in config.entries
        is_trained = compares or not is_entry or name in config.benchmark.always
        check_system(config, name, values, files, is_trained)
        for key, text in config.entry_contradictions(name) if is_trained and is_entry else ():
            raise refused(key, text, values, files)
    for key, text in not_held(config, dt.date.today()):
        raise refused(key, text, values, files)
    for key, text in files_contradictions(config):
        raise refused(key, text, values, files)
    try:
        rows = read_rows(config.split.file) if config.split.file is not None else None
    except DaymeltError as error:
        raise type(error)(str(refused("split.file", str(error), values, files))) from None
    for key, text in split_contradictions(config, rows) if rows is not None else ():
        raise refused(key, text, values, files)
    return config


def refused(
    key: str, text: str, values: Mapping[str, Any], files: Sequence[SettingsFile]
) -> ConfigError:
    """The error of a setting by its dotted key."""
    return ConfigError(f"{where(tuple(key.split('.')), values, files)}: {key}: {text}")


def files_contradictions(config: Config) -> Iterator[Contradiction]:
    """Files and folders of the user that do not hold what the settings say."""
    yield from dataset_contradictions(config)
    mosaic = config.archives.arcticdem
    is_local = config.terrain.provider == "arcticdem" and not mosaic.startswith(REMOTE)
    if is_local and not reached(Path(mosaic), Path.is_file):
        yield "archives.arcticdem", f"{mosaic} not found; expected a VRT, a GeoTIFF, or /vsis3/…"
    if config.regions.file is not None:
        yield from region_contradictions(config, config.regions.file)


def reached(path: Path, is_kind: Callable[[Path], bool]) -> bool:
    """True where a path leads to a file of a kind; False where it cannot be followed, or is none
    that a file system could have.
    """
    try:
        return is_kind(path)
    except (OSError, ValueError):
        return False


def dataset_contradictions(config: Config) -> Iterator[Contradiction]:
    """An area or seasons that the published dataset, or a copy of it, does not hold."""
    folder, names = config.meltwaterbench.folder, (*layout.OF_DAYS, "terrain")
    of_dataset = [name for name in names if getattr(config, name).provider == layout.PROVIDER]
    if not of_dataset:
        return
    if folder is None:
        yield from hub_contradictions(config)
    elif not reached(folder, Path.is_dir):
        yield (
            "meltwaterbench.folder",
            f"{folder} is no folder; expected the data root of a copy of the dataset, or null for "
            "the hub",
        )
    else:
        yield from grid_contradictions(config, folder / layout.MASK)
        yield from years_contradictions(config, folder, of_dataset)


def hub_contradictions(config: Config) -> Iterator[Contradiction]:
    """An area on another grid than that of the dataset on the hub: that of its mask, where it was
    fetched, else the published size.
    """
    mask = Path(places.at(places.MELTWATERBENCH, area=config.area.name)) / layout.MASK
    area = config.area
    if reached(mask, Path.is_file):
        yield from grid_contradictions(config, mask)
    elif is_published(config) and (
        area.grid.shape != layout.SHAPE or area.spacing_m != layout.SPACING_M
    ):
        rows, columns = layout.SHAPE
        yield (
            "area.grid_file" if area.grid_file else "area",
            f"found {area.rows} x {area.columns} cells of {area.spacing_m:g} m; expected the grid "
            f"of the dataset, {rows} x {columns} cells of {layout.SPACING_M:g} m, which its mask "
            f"as area.grid_file gives; {FETCH}",
        )


def grid_contradictions(config: Config, mask: Path) -> Iterator[Contradiction]:
    """An area on another grid than that of a mask of the published dataset."""
    from daymelt.sources.meltwaterbench.rasters import read_grid  # imports rasterio

    area = config.area.grid
    try:
        grid = read_grid(mask)
    except DaymeltError as error:
        yield "meltwaterbench.folder", str(error)
        return
    if grid.shape != area.shape or not within(grid, area):
        yield "area", f"not on the grid of {mask}; set area.grid_file to it"


def region_contradictions(config: Config, file: Path) -> Iterator[Contradiction]:
    """A file of regions that cannot be used."""
    from daymelt.sources.formats.vector import read_regions  # imports GDAL

    try:
        read_regions(file, config.regions.name_field, config.regions.crs, config.area.grid)
    except DaymeltError as error:
        yield "regions.file", str(error)


def years_contradictions(
    config: Config, folder: Path, sources: Sequence[str]
) -> Iterator[Contradiction]:
    """Years of which a copy of the published dataset has no raster."""
    from daymelt.sources.meltwaterbench.rasters import find_days  # imports rasterio

    for name in [name for name in sources if name in layout.OF_DAYS]:
        days = folder / layout.OF_DAYS[name]
        try:
            held = {day.year for day in find_days(days)}
        except DaymeltError as error:
            yield "meltwaterbench.folder", str(error)
            return
        lacking = [year for year in config.seasons.years if year not in held]
        if lacking:
            years = ", ".join(map(str, sorted(held))) or "none"
            yield (
                "seasons.years",
                f"found {lacking[0]}, of which {days} has no day; expected years that it has, "
                f"{years}",
            )


def within(grid: Grid, area: Grid) -> bool:
    """True where an area lies cell on cell within a grid."""
    try:
        grid.window_of(area)
    except GridError:
        return False
    return True


def split_contradictions(
    config: Config, rows: Sequence[tuple[dt.date, str]]
) -> Iterator[Contradiction]:
    """Rows of a split file with other names than those of the splits, a day twice, or without a day
    to train on.
    """
    file, seasons = config.split.file, config.seasons
    strange = [(day, name) for day, name in rows if name not in SPLITS]
    if strange:
        day, name = strange[0]
        yield "split.file", f"{file}: {day} is in {name!r}; expected one of {', '.join(SPLITS)}"
    twice = [day for day, count in Counter(day for day, name in rows).items() if count > 1]
    if twice:
        yield "split.file", f"{file}: {describe(twice)} listed twice; expected each day once"
    months = {(year, month) for year in seasons.years for month in seasons.months}
    for wanted in ("train", "test"):
        if not any(name == wanted and (day.year, day.month) in months for day, name in rows):
            yield (
                "split.file",
                f"{file}: no {wanted} day in seasons.years and seasons.months; expected one",
            )


def check_system(
    config: Config,
    name: str,
    values: Mapping[str, Any],
    files: Sequence[SettingsFile],
    is_trained: bool,
) -> None:
    """ConfigError where a system has settings that its kind cannot have.

    The encoder of a network that `is_trained`, if it is not the default, is looked up in its
    library, which takes seconds to import.
    """
    from daymelt.systems import interface

    system = config.resolve(name)
    try:
        options = interface.read_options(system.kind, system.options)
        if is_trained and system.kind in NETWORKS and needs_encoder_check(options.model):
            network: Any = interface.system(system.kind)
            network.check(options)
    except ConfigError as error:
        key: Key
        if name in config.entries:
            key, told = ("benchmark", "systems", name), f"benchmark.systems.{name}: {error}"
        else:  # the message begins with the key
            key, told = tuple(str(error).partition(":")[0].split(".")), str(error)
        raise ConfigError(f"{where(key, values, files)}: {told}") from None


def needs_encoder_check(model: Mapping[str, Any]) -> bool:
    """True where a network has an encoder other than the default."""
    return bool(model["architecture"] != "vanilla-unet" and model["encoder"] != Model().encoder)


def load_settings(source: Path | str | Mapping[str, Any]) -> Config:
    """As `settings.loading.load`, with the area's grid from `area.grid_file` if that is set."""
    return load(source, completed)


def load_files(paths: Sequence[Path]) -> Config:
    """As `settings.loading.load_all`, with the area's grid from `area.grid_file` if that is set."""
    return load_all(paths, complete=completed)


def completed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """All settings, those of the area's grid from its raster where one is named."""
    return {**values, "area": with_grid(values.get("area"))} if "area" in values else values


def read_section(name: str, values: Mapping[str, Any]) -> Any:
    """As `settings.loading.section`, with the area's grid from `area.grid_file` if that is set."""
    return section(name, with_grid(values) if name == "area" else values)


def with_grid(area: Any) -> Any:
    """The settings of an area, those of the grid replaced by what its raster says.

    Raises
    ------
    ConfigError
        The raster is not found or cannot be read.
    """
    if not isinstance(area, Mapping) or not isinstance(area.get("grid_file") or None, str | Path):
        return area
    from daymelt.sources.meltwaterbench.rasters import read_grid  # imports rasterio

    path = Path(str(area["grid_file"]))
    try:
        path.stat()
        grid = read_grid(path)
    except DaymeltError as error:
        raise ConfigError(f"area.grid_file: {error}") from None
    except FileNotFoundError:
        raise ConfigError(
            f"area.grid_file: {path} not found; expected a raster on the area's grid; {FETCH}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"area.grid_file: {path} not readable ({reason}); expected a raster on the area's grid"
        ) from None
    place = {
        name: getattr(grid, name) for name in ("crs", "spacing_m", "left", "top", "rows", "columns")
    }
    return {**area, **place}
