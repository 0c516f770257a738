"""Write the STAC catalogue of an area over its seasons, and the table of all items."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from daymelt.core.dates import season_days
from daymelt.products import stac, stac_table
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
) -> None:
    """Write the collection of a model, the table of its items and the catalogue of the area.

    Parameters
    ----------
    collections : documents of the seasons
    cube : what the Zarr store of all seasons holds
    model : name of the model
    out : document of the area, written last
    """
    folder = out.parent / model
    documents = {path: read_document(path) for path in sorted(collections)}
    table = folder / "items.parquet"
    stac_table.write_items(table, all_items(documents, folder))
    days = [day for year in seasons.years for day in season_days(year, seasons.months)]
    members = [member(path, document, folder) for path, document in documents.items()]
    layers = list(next(iter(documents.values()))["item_assets"])
    found = stac.model(
        product_of(model, area, publish),
        [days[0], days[-1]],
        layers,
        members,
        assets(cube, table, folder),
    )
    write_if_changed(folder / "collection.json", found)
    listed = stac.Member(f"./{model}/collection.json", found["title"])
    write_if_changed(out, stac.area(area.name, [listed]))


def member(path: Path, document: Document, folder: Path) -> stac.Member:
    """A document as another one in a folder lists it."""
    return stac.Member(f"./{path.relative_to(folder).as_posix()}", document["title"])


def all_items(documents: dict[Path, Document], folder: Path) -> Iterator[Document]:
    """The items of all seasons, with addresses relative to a folder."""
    for path, document in documents.items():
        place = PurePosixPath(path.parent.relative_to(folder).as_posix())
        for link in document["links"]:
            if link["rel"] == "item":
                yield stac_table.moved(read_document(path.parent / link["href"]), place)


def assets(cube: Path, table: Path, folder: Path) -> dict[str, Any]:
    """Files of all seasons, by their addresses from a folder."""
    store = cube.parent / read_document(cube)["path"]
    return {
        "cube": stac.file_asset(
            f"./{os.path.relpath(store, folder)}", "All maps, Zarr", stac.ZARR, ["data"]
        ),
        "items": stac.file_asset(
            f"./{table.name}",
            "All items, stac-geoparquet",
            stac.PARQUET,
            ["collection-mirror"],
            file_of(table),
        ),
    }
