"""Write the STAC catalogue of an area over its seasons, and the table of all items."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from daymelt.core.dates import season_days
from daymelt.products import stac, stac_parts, stac_table
from daymelt.products.map_index import file_of
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import Publish
from daymelt.steps.publish.documents import (
    Document,
    product_of,
    read_document,
    write_if_changed,
)


def stac_area(
    collections: list[Path],
    cube: Path,
    out: Path,
    model: str,
    area: Area,
    seasons: Seasons,
    publish: Publish,
    season_maps: list[Path] = [],  # noqa: B006 - empty: the catalogue has none
) -> None:
    """Write the collection of a model, the table of its items and the catalogue of the area.

    Parameters
    ----------
    collections : documents of the seasons
    cube : what the Zarr store of all seasons holds
    model : name of the model
    out : document of the area, written last
    season_maps : document of the maps of seasons as a whole, at most one
    """
    folder = out.parent / model
    documents = {path: read_document(path) for path in sorted(collections)}
    table = folder / "items.parquet"
    made = {path: read_document(path) for path in season_maps}
    stac_table.write_items(table, all_items(documents | made, folder))
    days = [day for year in seasons.years for day in season_days(year, seasons.months)]
    members = [member(path, document, folder) for path, document in (documents | made).items()]
    layers = list(next(iter(documents.values()))["item_assets"])
    found = stac.model(
        product_of(model, area, publish),
        [days[0], days[-1]],
        layers,
        members,
        assets(cube, table, folder),
    )
    write_if_changed(folder / "collection.json", found)
    listed = stac_parts.Member(f"./{model}/collection.json", found["title"])
    write_if_changed(out, stac.area(area.name, [listed]))


def member(path: Path, document: Document, folder: Path) -> stac_parts.Member:
    """A document as another one in a folder lists it."""
    return stac_parts.Member(f"./{path.relative_to(folder).as_posix()}", document["title"])


def all_items(documents: dict[Path, Document], folder: Path) -> Iterator[Document]:
    """The items of some collections and of those below, with addresses relative to a folder."""
    for path, document in documents.items():
        for link in document["links"]:
            below = Path(os.path.normpath(path.parent / link["href"]))
            if link["rel"] == "child":
                yield from all_items({below: read_document(below)}, folder)
            if link["rel"] == "item":
                place = PurePosixPath(below.parent.relative_to(folder).as_posix())
                yield stac_table.moved(read_document(below), place)


def assets(cube: Path, table: Path, folder: Path) -> dict[str, Any]:
    """Files of all seasons, by their addresses from a folder."""
    store = cube.parent / read_document(cube)["path"]
    return {
        "cube": stac_parts.file_asset(
            f"./{os.path.relpath(store, folder)}", "All maps, Zarr", stac_parts.ZARR, ["data"]
        ),
        "items": stac_parts.file_asset(
            f"./{table.name}",
            "All items, stac-geoparquet",
            stac_parts.PARQUET,
            ["collection-mirror"],
            file_of(table),
        ),
    }
