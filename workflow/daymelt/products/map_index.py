"""The list of a season's maps: their files, the model they are of, and what was filled.

The list is written after the last map. A map whose size or checksum differs from the list is of
another run and is refused.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from daymelt.core.digests import combine
from daymelt.core.encoding import MAP_LAYERS, SAR_AGE, Encoding
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.core.manifest import checksum
from daymelt.products import cog
from daymelt.products.map_files import AGE, LAYERS

NAMES = {**LAYERS, SAR_AGE.name: AGE}  # file names of every layer
ENCODINGS: Mapping[str, Encoding] = {**MAP_LAYERS, SAR_AGE.name: SAR_AGE}
REMEDY = "map the season again"
Gap = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class MapFile:
    """A file: where it lies, its size in bytes and its SHA-256."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class MapIndex:
    """The list of a season's maps.

    Parameters
    ----------
    path : the list
    season : year
    model_checksum, inputs : identity of the model and of its inputs
    filled : how missing inputs of a day were filled
    gaps : first and last day of each long gap of Sentinel-1
    without : sources that were withheld from the model
    files : by their name
    """

    path: Path
    season: int
    model_checksum: str
    inputs: str
    filled: Mapping[dt.date, str]
    gaps: tuple[Gap, ...]
    without: tuple[str, ...]
    files: Mapping[str, MapFile]

    def layers(self, days: Sequence[dt.date]) -> tuple[str, ...]:
        """Layers that the list has of every one of these days.

        Raises
        ------
        MissingInputError
            A day lacks its map, or one of the layers that other days have.
        """
        names = tuple(
            name
            for name, pattern in NAMES.items()
            if any(pattern.format(day=day) in self.files for day in days)
        ) or ("melt",)
        for day in days:
            for name in names:
                self.file(name, day)
        return names

    def file(self, layer: str, day: dt.date) -> MapFile:
        """The file of a layer of a day; MissingInputError where the list lacks it."""
        name = NAMES[layer].format(day=day)
        try:
            return self.files[name]
        except KeyError:
            raise MissingInputError(f"maps {self.path}: no {name}; {REMEDY}") from None

    def digest(self, layers: Iterable[str], day: dt.date) -> str:
        """One digest of the maps of a day."""
        return combine(self.file(layer, day).sha256 for layer in layers)

    def gap(self, day: dt.date) -> Gap | None:
        """The long gap of Sentinel-1 that a day lies in."""
        return next((gap for gap in self.gaps if gap[0] <= day <= gap[1]), None)


def read_map_index(path: Path) -> MapIndex:
    """Read the list of a season's maps.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is no list of maps.
    """
    try:
        return _parsed(path, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise MissingInputError(f"maps {path}: not found; map the season first") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"list of maps {path}: no list of maps as the step map writes it "
            f"({type(error).__name__}: {error}); delete it and {REMEDY}"
        ) from None


def read_map_indices(paths: Iterable[Path]) -> list[MapIndex]:
    """Read the lists of several seasons of one model, in order of the seasons.

    Raises
    ------
    FormatError
        They are of two models.
    """
    found = sorted(map(read_map_index, paths), key=lambda index: index.season)
    for other in found[1:]:
        if other.model_checksum != found[0].model_checksum:
            raise FormatError(
                f"maps {found[0].path} and {other.path}: of two models "
                f"({found[0].model_checksum[:12]}, {other.model_checksum[:12]}), expected one; "
                "map all seasons with one model"
            )
    return found


def read_map(file: MapFile, grid: Grid, encoding: Encoding) -> NDArray[Any]:
    """The stored numbers (y, x) of a map, after a check of its content against the list."""
    check_content(file)
    return cog.read_day(file.path, grid, encoding)


def check_grid(file: MapFile, grid: Grid, encoding: Encoding) -> None:
    """Check the head of a map: its grid, type and units; errors as `daymelt.products.cog`."""
    cog.read_cells(file.path, grid, encoding, ())


def file_of(path: Path) -> MapFile:
    """A file as it is."""
    return MapFile(path, path.stat().st_size, checksum(path))


def files_of(path: Path, content: Mapping[str, Any]) -> dict[str, MapFile]:
    """The files that a list names, by their names; they lie beside it."""
    return {
        str(file["path"]): MapFile(
            path.parent / file["path"], int(file["size"]), str(file["sha256"])
        )
        for file in content["files"]
    }


def check_content(file: MapFile) -> None:
    """Check that a map is the file that its list names.

    Raises
    ------
    MissingInputError, FormatError
        It is gone, or has another size or checksum.
    """
    if not file.path.is_file():
        raise MissingInputError(f"{file.path}: named in index.json but not found; {REMEDY}")
    size = file.path.stat().st_size
    if size != file.size:
        raise FormatError(f"{file.path}: {size} bytes, index.json says {file.size}; {REMEDY}")
    if checksum(file.path) != file.sha256:
        raise FormatError(
            f"{file.path}: not the content that index.json names by its checksum, it may be of "
            f"another model; {REMEDY}"
        )


def _parsed(path: Path, content: Mapping[str, Any]) -> MapIndex:
    date = dt.date.fromisoformat
    return MapIndex(
        path=path,
        season=int(content["season"]),
        model_checksum=str(content["model_checksum"]),
        inputs=str(content["inputs"]),
        filled={date(day): str(rule) for day, rule in content["filled"].items()},
        gaps=tuple((date(gap["first"]), date(gap["last"])) for gap in content["sar_gaps"]),
        without=tuple(content.get("without", ())),
        files=files_of(path, content),
    )
