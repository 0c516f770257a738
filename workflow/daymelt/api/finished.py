"""Which models and seasons of an area are finished."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from daymelt.core.errors import ConfigError, MissingInputError, nearest
from daymelt.plan import places


def finished(
    area: Path, place: str, made_by: str, model: str | None, seasons: Iterable[int] | None
) -> tuple[str, dict[int, Path]]:
    """A model, and of its seasons the files at a place.

    Parameters
    ----------
    area : folder of the results of an area
    place : one of `daymelt.plan.places` with the wildcards of model and season
    made_by : command that makes the files, for messages
    model : its name; None for the one that there is
    seasons : years; None for all that there are

    Returns
    -------
    (name of the model, file by year, in order)

    Raises
    ------
    MissingInputError
        There is no such folder, no file, or none of a model or season that is asked for.
    ConfigError
        There are several models, and none is asked for.
    """
    found = _found(area, place)
    if not found:
        pattern = places.below(area.parent, place, area=area.name)
        told = "holds no such file" if area.is_dir() else "not found"
        raise MissingInputError(f"{area}: {told}; expected {pattern}; run `{made_by}`")
    name = _chosen(area, sorted(found), model)
    return name, _of_seasons(area, name, found[name], seasons, made_by)


def _found(area: Path, place: str) -> dict[str, dict[int, Path]]:
    """The files at a place by model and year."""
    wild = places.below(area.parent, place, area=area.name, model="*", season="*")
    named = re.escape(places.below(area.parent, place, area=area.name).as_posix())
    pattern = named.replace(r"\{model\}", "(?P<model>[^/]+)").replace(
        r"\{season\}", r"(?P<year>\d+)"
    )
    found: dict[str, dict[int, Path]] = {}
    for path in sorted(area.glob(wild.relative_to(area).as_posix())):
        if told := re.fullmatch(pattern, path.as_posix()):
            found.setdefault(told["model"], {})[int(told["year"])] = path
    return found


def _chosen(area: Path, names: Sequence[str], model: str | None) -> str:
    if model is None and len(names) > 1:
        raise ConfigError(
            f"{area}: maps of several models, {', '.join(names)}; expected one; name it, as in "
            f"model={names[0]!r}"
        )
    if model is not None and model not in names:
        raise MissingInputError(
            f"{area}: no maps of model {model!r}{nearest(model, names)}; there are those of "
            f"{', '.join(names)}"
        )
    return model or names[0]


def _of_seasons(
    area: Path, model: str, files: dict[int, Path], seasons: Iterable[int] | None, made_by: str
) -> dict[int, Path]:
    wanted = sorted(files if seasons is None else set(seasons))
    missing = [str(year) for year in wanted if year not in files]
    if missing or not wanted:
        raise MissingInputError(
            f"{area}: no season {', '.join(missing) or 'asked for'} of model {model}; there are "
            f"{', '.join(map(str, files))}; choose of these, or run `{made_by}`"
        )
    return {year: files[year] for year in wanted}


def folder_of(area: str | os.PathLike[str]) -> Path:
    """The folder of the results of an area, by its name."""
    folder = Path(area)
    return folder if folder.name not in ("", "..") else folder.resolve()
