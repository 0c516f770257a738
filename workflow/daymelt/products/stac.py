"""The STAC catalogue of the maps: an area, its model, its seasons, an item a day.

A static catalogue whose links and assets are relative: it lies beside the files that it describes,
on a disk or a server. Equal maps give equal bytes.

Source: STAC 1.1, https://stacspec.org.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pystac

from daymelt.core.encoding import SAR_AGE
from daymelt.products import stac_parts
from daymelt.products.colour_tables import age_colours, melt_colours
from daymelt.products.map_files import LAYERS
from daymelt.products.map_index import ENCODINGS, MapFile
from daymelt.products.stac_parts import (
    Layer,
    Member,
    Product,
    collection,
    document,
    link,
    map_asset,
)

ROLES = {
    "melt_low": ("data", "uncertainty"),
    "melt_high": ("data", "uncertainty"),
    "sar_age": ("metadata", "quality"),
}


@dataclass(frozen=True)
class Day:
    """A day of the catalogue.

    Parameters
    ----------
    date : UTC day
    files : of its layers, by name
    version : digest of the files
    notes : whether it had all inputs and what was filled, by the name of the property
    """

    date: dt.date
    files: Mapping[str, MapFile]
    version: str
    notes: Mapping[str, str | bool]


def item(product: Product, season: int, day: Day) -> dict[str, Any]:
    """The item of a day; its document lies beside the day's files, and so does the season's."""
    found = stac_parts.item(
        product,
        f"{product.area}-{product.model}-{day.date}",
        season_id(product, season),
        [day.date],
        {
            "title": f"Melting share of the surface, {product.area}, {day.date}",
            "version": day.version,
            **{f"daymelt:{name}": note for name, note in day.notes.items()},
        },
        {name: map_asset(layer_of(name), file, product.grid) for name, file in day.files.items()},
    )
    return document(
        found,
        [
            link("root", "../../../catalog.json"),
            link("parent", "./collection.json"),
            link("collection", "./collection.json"),
        ],
    )


def season(
    product: Product, year: int, days: Sequence[Day], assets: Mapping[str, pystac.Asset]
) -> dict[str, Any]:
    """The collection of a season."""
    dates = [day.date for day in days]
    found = _collection(
        product,
        season_id(product, year),
        f"Melting share of the surface, {product.area}, {year}",
        dates,
        list(days[0].files),
        assets,
    )
    return document(
        found,
        [
            link("root", "../../../catalog.json"),
            link("parent", "../../collection.json"),
            *(link("item", f"./{day.date}.json", str(day.date)) for day in days),
        ],
    )


def model(
    product: Product,
    dates: Sequence[dt.date],
    layers: Sequence[str],
    seasons: Iterable[Member],
    assets: Mapping[str, pystac.Asset],
) -> dict[str, Any]:
    """The collection of all seasons of a model; `dates` are the first and the last of all."""
    found = _collection(
        product,
        f"{product.area}-{product.model}",
        f"Melting share of the surface, {product.area}, {product.model}",
        dates,
        layers,
        assets,
    )
    children = (link("child", member.href, member.title) for member in seasons)
    return document(
        found, [link("root", "../catalog.json"), link("parent", "../catalog.json"), *children]
    )


def area(name: str, models: Iterable[Member]) -> dict[str, Any]:
    """The catalogue of an area."""
    found = pystac.Catalog(
        id=name,
        title=f"daymelt, {name}",
        description=f"Daily maps of surface melt of the area {name}.",
    )
    children = (link("child", member.href, member.title) for member in models)
    return document(found, [link("root", "./catalog.json"), *children])


def season_id(product: Product, year: int) -> str:
    """Identifier of the collection of a season."""
    return f"{product.area}-{product.model}-{year}"


def layer_of(name: str) -> Layer:
    """A layer of the daily maps."""
    return Layer(name, ENCODINGS[name], ROLES.get(name, ("data",)))


def _collection(
    product: Product,
    name: str,
    title: str,
    dates: Sequence[dt.date],
    layers: Sequence[str],
    assets: Mapping[str, pystac.Asset],
) -> pystac.Collection:
    return collection(
        product,
        name,
        title,
        f"share of each cell of {product.grid.spacing_m:g} m whose surface melts, one map a day.",
        dates,
        [layer_of(layer) for layer in layers],
        _renders(layers),
        assets,
    )


def _renders(layers: Sequence[str]) -> dict[str, Any]:
    """How the layers are drawn; the numbers are stored ones."""
    shown = {
        name: {
            "title": ENCODINGS[name].long_name,
            "assets": [name],
            "nodata": ENCODINGS[name].nodata,
            "colormap": melt_colours(),
        }
        for name in layers
        if name in LAYERS
    }
    age = {"title": SAR_AGE.long_name, "assets": [SAR_AGE.name], "nodata": SAR_AGE.nodata}
    return shown | {SAR_AGE.name: {**age, "colormap": age_colours()}}
