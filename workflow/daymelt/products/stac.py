"""The STAC catalogue of the maps: an area, its model, its seasons, an item a day.

A static catalogue whose links and assets are relative: it lies beside the files that it describes,
on a disk or a server. Equal maps give equal bytes.

Source: STAC 1.1, https://stacspec.org, with the extensions named in `EXTENSIONS`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import antimeridian
import numpy as np
import pystac
import shapely
from pyproj import CRS
from shapely.geometry import Polygon, mapping

from daymelt.core.encoding import SAR_AGE, Encoding
from daymelt.core.grid import Grid
from daymelt.products.colour_tables import age_colours, melt_colours
from daymelt.products.map_files import LAYERS
from daymelt.products.map_index import ENCODINGS, MapFile

EXTENSIONS = {
    name: f"https://stac-extensions.github.io/{name}/v{version}/schema.json"
    for name, version in {
        "projection": "2.0.0",
        "raster": "2.0.0",
        "file": "2.1.0",
        "processing": "1.2.0",
        "scientific": "1.0.0",
        "version": "1.2.0",
        "render": "2.0.0",
    }.items()
}
OF_ITEMS = ("projection", "raster", "file", "processing", "version")
OF_COLLECTIONS = ("raster", "file", "scientific", "version", "render")
ZARR = "application/vnd.zarr; version=3"
NETCDF = "application/netcdf"
XML = "application/xml"
PARQUET = "application/vnd.apache.parquet"
PUBLICATIONS = [
    {
        "doi": "10.48550/arXiv.2512.12142",
        "citation": "Lütjens, B., et al. (2025), MeltwaterBench, arXiv 2512.12142",
    }
]
ROLES = {
    "melt_low": ["data", "uncertainty"],
    "melt_high": ["data", "uncertainty"],
    "sar_age": ["metadata", "quality"],
}
SHA256 = "1220"  # multihash: the code of SHA-256 and the length of 32 bytes
EDGE_POINTS = 16  # of a side of the area, whose outline is curved in degrees
DECIMALS = 6  # of degrees, a tenth of a metre


@dataclass(frozen=True)
class Product:
    """What all documents of a catalogue say alike.

    Parameters
    ----------
    area, model : names
    grid : of the maps
    license : SPDX identifier, or `other`
    software : name and version
    """

    area: str
    model: str
    grid: Grid
    license: str
    software: tuple[str, str]


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


@dataclass(frozen=True)
class Member:
    """A document that another one lists: its address relative to that, and its title."""

    href: str
    title: str


def item(product: Product, season: int, day: Day) -> dict[str, Any]:
    """The item of a day; its document lies beside the day's files, and so does the season's."""
    outline, bounds = footprint(product.grid)
    found = pystac.Item(
        id=f"{product.area}-{product.model}-{day.date}",
        geometry=outline,
        bbox=bounds,
        datetime=_first_second(day.date),
        start_datetime=_first_second(day.date),
        end_datetime=_last_second(day.date),
        properties={
            "title": f"Melting share of the surface, {product.area}, {day.date}",
            **_projection(product.grid),
            "processing:level": "L4",
            "processing:software": dict([product.software]),
            "version": day.version,
            **{f"daymelt:{name}": note for name, note in day.notes.items()},
        },
        stac_extensions=[EXTENSIONS[name] for name in OF_ITEMS],
        collection=season_id(product, season),
    )
    for name, file in day.files.items():
        found.add_asset(name, _asset(name, file, product.grid))
    return _document(
        found,
        [
            _link("root", "../../../catalog.json"),
            _link("parent", "./collection.json"),
            _link("collection", "./collection.json"),
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
    return _document(
        found,
        [
            _link("root", "../../../catalog.json"),
            _link("parent", "../../collection.json"),
            *(_link("item", f"./{day.date}.json", str(day.date)) for day in days),
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
    children = (_link("child", member.href, member.title) for member in seasons)
    return _document(
        found, [_link("root", "../catalog.json"), _link("parent", "../catalog.json"), *children]
    )


def area(name: str, models: Iterable[Member]) -> dict[str, Any]:
    """The catalogue of an area."""
    found = pystac.Catalog(
        id=name,
        title=f"daymelt, {name}",
        description=f"Daily maps of surface melt of the area {name}.",
    )
    children = (_link("child", member.href, member.title) for member in models)
    return _document(found, [_link("root", "./catalog.json"), *children])


def season_id(product: Product, year: int) -> str:
    """Identifier of the collection of a season."""
    return f"{product.area}-{product.model}-{year}"


def file_asset(
    href: str, title: str, media_type: str, roles: Sequence[str], file: MapFile | None = None
) -> pystac.Asset:
    """An asset, with size and checksum where it is one file."""
    return pystac.Asset(
        href=href,
        title=title,
        media_type=media_type,
        roles=list(roles),
        extra_fields=_file_fields(file) if file else {},
    )


@lru_cache(maxsize=8)
def footprint(grid: Grid) -> tuple[dict[str, Any], list[float]]:
    """Outline of a grid as GeoJSON in degrees, cut at the antimeridian, and its bounds (west,
    south, east, north).
    """
    steps = np.linspace(0, 1, EDGE_POINTS, endpoint=False)
    corners = [
        (grid.left, grid.top),
        (grid.left, grid.bottom),
        (grid.right, grid.bottom),
        (grid.right, grid.top),
    ]
    sides = zip(corners, [*corners[1:], corners[0]], strict=True)
    ring = np.concatenate(
        [np.outer(1 - steps, start) + np.outer(steps, end) for start, end in sides]
    )
    lon, lat = grid.points_in(ring[:, 0], ring[:, 1], "EPSG:4326")
    cut = antimeridian.fix_polygon(Polygon(np.column_stack([lon, lat])), fix_winding=False)
    outline = shapely.transform(cut, lambda places: np.round(places, DECIMALS))
    return dict(mapping(outline)), [float(degrees) for degrees in antimeridian.bbox(outline)]


def _collection(
    product: Product,
    name: str,
    title: str,
    dates: Sequence[dt.date],
    layers: Sequence[str],
    assets: Mapping[str, pystac.Asset],
) -> pystac.Collection:
    bounds = footprint(product.grid)[1]
    last = _last_second(dates[-1])
    software, version = product.software
    found = pystac.Collection(
        id=name,
        title=title,
        description=f"{title}: share of each cell of {product.grid.spacing_m:g} m whose surface "
        "melts, one map a day. The ocean is no data. Model output, not observations.",
        extent=pystac.Extent(
            pystac.SpatialExtent([bounds]),
            pystac.TemporalExtent([[_first_second(dates[0]), last]]),
        ),
        license=product.license,
        keywords=["surface melt", "Sentinel-1", "passive microwave", "MAR"],
        providers=[
            pystac.Provider(
                software,
                roles=[pystac.ProviderRole.PRODUCER, pystac.ProviderRole.PROCESSOR],
            )
        ],
        stac_extensions=[EXTENSIONS[extension] for extension in OF_COLLECTIONS],
        extra_fields={
            "version": version,
            "sci:citation": f"{title}, made with {software} {version}",
            "sci:publications": PUBLICATIONS,
            "renders": _renders(layers),
        },
        assets=dict(assets),
    )
    found.item_assets = {layer: _definition(layer, product.grid) for layer in layers}
    return found


def _definition(layer: str, grid: Grid) -> pystac.ItemAssetDefinition:
    return pystac.ItemAssetDefinition.create(
        title=ENCODINGS[layer].long_name,
        description=None,
        media_type=pystac.MediaType.COG,
        roles=ROLES.get(layer, ["data"]),
        extra_fields={"bands": [_band(layer, grid)]},
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


def _asset(layer: str, file: MapFile, grid: Grid) -> pystac.Asset:
    return pystac.Asset(
        href=f"./{file.path.name}",
        title=ENCODINGS[layer].long_name,
        media_type=pystac.MediaType.COG,
        roles=ROLES.get(layer, ["data"]),
        extra_fields={"bands": [_band(layer, grid)], **_file_fields(file)},
    )


def _band(layer: str, grid: Grid) -> dict[str, Any]:
    encoding: Encoding = ENCODINGS[layer]
    return {
        "name": layer,
        "description": encoding.long_name,
        "data_type": encoding.dtype,
        "nodata": encoding.nodata,
        "unit": encoding.units,
        "raster:scale": encoding.scale,
        "raster:offset": 0.0,
        "raster:sampling": "area",
        "raster:spatial_resolution": grid.spacing_m,
    }


def _file_fields(file: MapFile) -> dict[str, Any]:
    return {"file:size": file.size, "file:checksum": f"{SHA256}{file.sha256}"}


def _projection(grid: Grid) -> dict[str, Any]:
    crs = CRS(grid.crs)
    authority = crs.to_authority()
    left, spacing, _, top, _, _ = grid.geotransform
    return {
        "proj:code": ":".join(authority) if authority else None,
        **({} if authority else {"proj:wkt2": crs.to_wkt()}),
        "proj:shape": list(grid.shape),
        "proj:transform": [spacing, 0.0, left, 0.0, -spacing, top],
        "proj:bbox": list(grid.bounds),
    }


def _document(found: pystac.STACObject, links: Iterable[pystac.Link]) -> dict[str, Any]:
    """A document with links as they are given: relative, none to itself."""
    found.clear_links()
    document = found.to_dict(include_self_link=False, transform_hrefs=False)
    document["links"] = [link.to_dict(transform_href=False) for link in links]
    return document


def _link(relation: str, href: str, title: str | None = None) -> pystac.Link:
    kind = pystac.MediaType.GEOJSON if relation == "item" else pystac.MediaType.JSON
    return pystac.Link(relation, href, kind, title)


def _first_second(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _last_second(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC)
