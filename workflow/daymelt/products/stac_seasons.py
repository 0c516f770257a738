"""The STAC collections of the maps of seasons and of their climatology.

A season is an item, so that clients load it as a raster: they search and load items, and show the
assets of a collection as files. The items are of collections of their own, beside those of the
days, because the items of a collection have the same layers.

Source: STAC 1.1, https://stacspec.org.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daymelt.core.encoding import Encoding
from daymelt.products import stac_parts
from daymelt.products.colour_tables import rgba
from daymelt.products.map_index import MapFile
from daymelt.products.season_files import BOUNDS, COUNT, QUALITY
from daymelt.products.season_style import ramp_of, season_stops
from daymelt.products.stac_parts import (
    Layer,
    Member,
    Product,
    document,
    link,
    map_asset,
)

COLOURS = 255  # of a colour table, the last but one entry
Span = tuple[int, int]
ROLES = {
    **dict.fromkeys(BOUNDS, ("data", "uncertainty")),
    **dict.fromkeys(QUALITY, ("metadata", "quality")),
}


@dataclass(frozen=True)
class Made:
    """Maps of one season, or of the climatology, that are an item.

    Parameters
    ----------
    name : end of the identifier
    title : without the area
    dates : first and last day
    files : by layer
    encodings : by layer
    version : digest of the files
    model : checksum of the model
    """

    name: str
    title: str
    dates: tuple[dt.date, dt.date]
    files: Mapping[str, MapFile]
    encodings: Mapping[str, Encoding]
    version: str
    model: str

    def layers(self) -> list[Layer]:
        """The layers as the catalogue describes them."""
        return [layer_of(name, self.encodings[name]) for name in self.files]


def made_item(product: Product, made: Made, collection: str, up: str) -> dict[str, Any]:
    """The item of some maps.

    Parameters
    ----------
    collection : end of the identifier of its collection
    up : address of the folder of that collection
    """
    found = stac_parts.item(
        product,
        made_id(product, made.name),
        made_id(product, collection),
        made.dates,
        {
            "title": f"{made.title}, {product.area}",
            "version": made.version,
            "daymelt:model": made.model,
        },
        {
            layer.name: map_asset(layer, made.files[layer.name], product.grid)
            for layer in made.layers()
        },
    )
    return document(
        found,
        [
            link("root", f"{up}/../../catalog.json"),
            link("parent", f"{up}/collection.json"),
            link("collection", f"{up}/collection.json"),
        ],
    )


def made_collection(
    product: Product,
    name: str,
    title: str,
    every: Sequence[Made],
    items: Iterable[Member],
    children: Iterable[Member],
    parent: str,
    span: Span,
) -> dict[str, Any]:
    """A collection of maps of seasons.

    Parameters
    ----------
    name : end of the identifier
    title : without the area
    every : the maps of all items
    items, children : documents that it lists
    parent : address of the collection above
    span : first and last day of a season, days of the year, for the colours of dates
    """
    layers = {layer.name: layer for made in every for layer in made.layers()}
    found = stac_parts.collection(
        product,
        made_id(product, name),
        f"{title}, {product.area}",
        f"layers of {product.grid.spacing_m:g} m, from the daily maps of each season.",
        [every[0].dates[0], every[-1].dates[1]],
        layers.values(),
        {layer.name: render(layer, span) for layer in layers.values() if is_drawn(layer)},
        {},
    )
    return document(
        found,
        [
            link("root", "../../catalog.json"),
            link("parent", parent),
            *(link("item", member.href, member.title) for member in items),
            *(link("child", member.href, member.title) for member in children),
        ],
    )


def made_id(product: Product, name: str) -> str:
    """Identifier of an item or collection."""
    return f"{product.area}-{product.model}-{name}"


def layer_of(name: str, encoding: Encoding) -> Layer:
    """A layer as the catalogue describes it."""
    return Layer(name, encoding, ROLES.get(name, ("data",)))


def is_drawn(layer: Layer) -> bool:
    """True for a layer with a drawing of its own: bounds are drawn as their layer."""
    return layer.name not in BOUNDS and layer.encoding.name != COUNT.name


def render(layer: Layer, span: Span) -> dict[str, Any]:
    """How a layer is drawn: stored numbers between two limits are scaled to the entries of a
    colour table, as in its QGIS style.

    Numbers above the limits are drawn as the last entry: that of no lasting melt, where there is
    one.
    """
    stops, encoding = ramp_of(layer.encoding, span), layer.encoding
    first, last = stops[0].value / encoding.scale, stops[-1].value / encoding.scale
    aside = season_stops(encoding, span)[len(stops) :]
    entries = COLOURS - len(aside)
    values = np.linspace(stops[0].value, stops[-1].value, entries + 1)
    colours = [rgba(stop.colour, stop.opacity) for stop in stops]
    places = [stop.value for stop in stops]
    channels = [np.interp(values, places, channel) for channel in zip(*colours, strict=True)]
    table = np.rint(np.stack(channels, axis=1)).astype(int).tolist()
    table += [list(rgba(stop.colour, stop.opacity)) for stop in aside]
    return {
        "title": encoding.long_name,
        "assets": [layer.name],
        "nodata": encoding.nodata,
        "rescale": [[first, first + (last - first) * COLOURS / entries]],
        "colormap": {str(entry): colour for entry, colour in enumerate(table)},
    }
