"""The lists of the maps of seasons and of their climatology, as their steps write them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daymelt.core.digests import combine
from daymelt.core.encoding import Encoding
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.products.map_index import MapFile, MapIndex, files_of
from daymelt.products.season_files import (
    BOUNDS,
    COUNT,
    LAYERS,
    QUALITY,
    anomaly_of,
    file_name,
    mean_of,
)

OF_SEASON: Mapping[str, Encoding] = {**LAYERS, **BOUNDS, **QUALITY}
MEANS: Mapping[str, Encoding] = {
    **{f"{layer}_mean": mean_of(encoding) for layer, encoding in LAYERS.items()},
    **{f"{layer}_seasons": COUNT for layer in LAYERS},
}
ANOMALIES = {f"{layer}_anomaly": anomaly_of(encoding) for layer, encoding in LAYERS.items()}
REMEDY = "delete it and run its step again"


@dataclass(frozen=True)
class MadeMaps:
    """A list of maps of a season, or of the climatology.

    Parameters
    ----------
    path : the list
    about : what it says of the maps, such as their model
    files : by their name
    """

    path: Path
    about: Mapping[str, Any]
    files: Mapping[str, MapFile]

    @property
    def season(self) -> int:
        """Year, of a list of a season."""
        return int(self.about["season"])

    @property
    def model_checksum(self) -> str:
        """Identity of the model."""
        return str(self.about["model_checksum"])

    def layers(self, season: int) -> dict[str, Encoding]:
        """The layers of a season that the list has."""
        return {
            layer: encoding
            for layer, encoding in {**OF_SEASON, **ANOMALIES}.items()
            if f"{file_name(layer, season)}.tif" in self.files
        }

    def file(self, name: str) -> MapFile:
        """A file by its name without suffix; MissingInputError where the list lacks it."""
        try:
            return self.files[f"{name}.tif"]
        except KeyError:
            raise MissingInputError(
                f"list of season maps {self.path}: no {name}.tif; {REMEDY}"
            ) from None

    def digest(self) -> str:
        """One digest of all maps of the list."""
        return combine(f"{name} {file.sha256}" for name, file in sorted(self.files.items()))


def read_made_maps(path: Path, of_season: bool = True) -> MadeMaps:
    """Read a list of season maps, or of the climatology.

    Raises
    ------
    FormatError
        It is not found or is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        int(content["season"]) if of_season else content["season"]
        content["model_checksum"]
        return MadeMaps(path, content, files_of(path, content))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"list of season maps {path}: not readable ({error}); {REMEDY}") from None


def read_seasons(paths: Iterable[Path]) -> list[MadeMaps]:
    """Read the lists of seasons of one model, in order of the seasons.

    Raises
    ------
    FormatError
        One is not readable, or they are of two models.
    """
    found = sorted(map(read_made_maps, paths), key=lambda made: made.season)
    check_models(found)
    return found


def check_models(lists: Iterable[MadeMaps]) -> None:
    """FormatError where the lists are not all of one model."""
    models = {made.model_checksum[:12]: made.path for made in lists}
    if len(models) > 1:
        shown = "; ".join(f"{path} of {model}" for model, path in sorted(models.items())[:2])
        raise FormatError(
            f"season maps of {len(models)} models ({shown}); expected one; map the seasons again"
        )


def check_model(made: MadeMaps, index: MapIndex) -> None:
    """FormatError where a list is of another model than the daily maps."""
    found, expected = made.model_checksum[:12], index.model_checksum[:12]
    if made.model_checksum != index.model_checksum:
        raise FormatError(
            f"list of season maps {made.path}: of the model {found}, expected {expected} as the "
            f"daily maps in {index.path}; {REMEDY}"
        )
