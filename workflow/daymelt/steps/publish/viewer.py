"""Write the viewer: a page that shows the published maps, and the list of what there is."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from daymelt.core.atomic import write_text
from daymelt.core.dates import season_days
from daymelt.core.encoding import SAR_AGE
from daymelt.core.errors import MissingInputError
from daymelt.products import cog, season_files, viewer_files, viewer_page
from daymelt.products.map_index import MapIndex, read_map_indices
from daymelt.products.region_files import read_outlines
from daymelt.products.shared_files import share, write_if_other
from daymelt.settings.inputs import Area, Seasons
from daymelt.steps.publish.documents import read_document, write_if_changed
from daymelt.steps.publish.layers import span_of

FOLDER = "viewer"  # of the page's scripts, beside it
LIBRARIES, TEMPLATE = "libraries.json", "index.html"
SEASON_LAYERS = {**season_files.LAYERS, **season_files.QUALITY}


def viewer(
    maps: list[Path],
    season_maps: list[Path],
    cube: Path,
    outlines: Path,
    page: list[Path],
    out: Path,
    model: str,
    area: Area,
    seasons: Seasons,
    climatology: list[Path] = [],  # noqa: B006 - of few seasons there is none
    height: list[Path] = [],  # noqa: B006 - none: the page draws no relief
    modules: list[Path] = [],  # noqa: B006 - none: the libraries come from the network
) -> None:
    """Write the page, its scripts, and the list of what it shows.

    Parameters
    ----------
    maps, season_maps : lists of the daily maps and of the season maps of each season
    cube : what the Zarr store of all seasons holds
    outlines : polygons of the regions
    page : sources of the page
    out : the page, written last
    model : name of the model
    height : height of the area as a GeoTIFF
    climatology : list of the maps of all seasons together
    modules : folder of the installed libraries, which then lie beside the page

    Raises
    ------
    MissingInputError, FormatError
        Maps are missing or not of one grid; the libraries are not installed.
    """
    root = out.parent
    indices = read_map_indices(maps)
    inputs = (cube.parent / read_document(cube)["path"] / "inputs").is_dir()
    document = {
        "area": area.name,
        "model": model,
        "projection": viewer_files.projection(area.grid),
        "grid": viewer_files.grid_document(area.grid),
        "seasons": [season_of(index, area, seasons) for index in indices],
        "layers": [
            *viewer_files.day_layers(common_layers(indices, seasons), f"{model}/maps/{{season}}"),
            *layers_of_seasons(season_maps, root, seasons),
            *(layer for path in climatology for layer in layers_of_mean(path, root, seasons)),
        ],
        "cube": relative(cube.parent / read_document(cube)["path"], root),
        "inputs": inputs,
        "height": next((relative(path, root) for path in height), None),
        "extents": f"{model}/regions/{{season}}.csv",
        "regions": f"{FOLDER}/regions.json",
    }
    write_if_changed(root / document["regions"], read_outlines(outlines))
    write_if_changed(root / "viewer.json", document)
    write_page(page, out, modules)


def season_of(index: MapIndex, area: Area, seasons: Seasons) -> dict[str, Any]:
    """The days of a season, and which share of the area was observed on each."""
    days = season_days(index.season, seasons.months)
    observed = [observed_share(index.file(SAR_AGE.name, day).path, area) for day in days]
    return viewer_files.season_document(
        viewer_files.SeasonDays(index.season, days, observed, index.filled, index.gaps)
    )


def observed_share(path: Path, area: Area) -> float:
    """Share of the cells with data that were observed on a day itself."""
    age = cog.read_day(path, area.grid, SAR_AGE)
    known = int(np.count_nonzero(age != SAR_AGE.nodata))
    return int(np.count_nonzero(age == 0)) / max(known, 1)


def common_layers(indices: list[MapIndex], seasons: Seasons) -> tuple[str, ...]:
    """The layers of the maps, the same on every day."""
    found = [index.layers(season_days(index.season, seasons.months)) for index in indices]
    return tuple(name for name in found[0] if all(name in names for names in found))


def layers_of_seasons(lists: list[Path], root: Path, seasons: Seasons) -> Iterator[dict[str, Any]]:
    """The layers of each season as a whole, where every season has them."""
    folders = {int(read_document(path)["season"]): path.parent for path in sorted(lists)}
    spans = {year: span_of(year, seasons) for year in folders}
    for name, encoding in SEASON_LAYERS.items():
        files = [folder / f"{name}_{year}.tif" for year, folder in folders.items()]
        if all(file.is_file() for file in files):
            year, folder = next(iter(folders.items()))
            path = f"{relative(folder, root).removesuffix(str(year))}{{season}}/{name}_{{season}}"
            yield viewer_files.season_layer(name, encoding, f"{path}.tif", spans)


def layers_of_mean(path: Path, root: Path, seasons: Seasons) -> Iterator[dict[str, Any]]:
    """The mean of each layer over the seasons, and the difference of a season from it."""
    place = relative(path.parent, root)
    spans = {year: span_of(year, seasons) for year in seasons.years}
    for name, encoding in season_files.LAYERS.items():
        mean = season_files.mean_of(encoding)
        yield viewer_files.fixed_layer(
            f"{name}_mean", mean, f"{place}/{name}_mean.tif", spans[min(spans)]
        )
        difference = season_files.anomaly_of(encoding)
        file = f"{place}/{name}_anomaly_{{season}}.tif"
        yield viewer_files.season_layer(f"{name}_anomaly", difference, file, spans)


def write_page(sources: list[Path], out: Path, modules: list[Path]) -> None:
    """Write the scripts beside the page, the libraries where they are installed, then the page."""
    files = {path.name: path for path in sources}
    for name in (LIBRARIES, TEMPLATE):
        if name not in files:
            raise MissingInputError(
                f"source of the viewer {name}: not found; run from a checkout, with its viewer/"
            )
    libraries = viewer_page.read_libraries(files[LIBRARIES])
    folder = out.parent / FOLDER
    for name, path in files.items():
        if path.suffix in (".js", ".css", ".svg"):
            write_if_other(folder / name, path.read_bytes())
    for source in modules:
        share_libraries(libraries, source, folder / "vendor")
    base = f"./{FOLDER}/vendor/" if modules else viewer_page.NETWORK
    template = files[TEMPLATE].read_text(encoding="utf-8")
    write_text(out, viewer_page.page(template, libraries, base))


def share_libraries(libraries: viewer_page.Libraries, modules: Path, folder: Path) -> None:
    """Put the files of the libraries beside the page, with the licence of each package."""
    for path in libraries.integrity:
        source = viewer_page.installed(path, modules)
        share(source, folder / path)
        name, _, rest = path.rpartition("@")
        for licence in (modules / name).glob("LICENSE*"):
            share(licence, folder / f"{name}@{rest.partition('/')[0]}" / licence.name)


def relative(path: Path, root: Path) -> str:
    """An address from the page."""
    return Path(os.path.relpath(path, root)).as_posix()
