"""What the documents of the STAC catalogue share: places, bands, assets, links, collections.

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

from daymelt.core.encoding import Encoding
from daymelt.core.grid import Grid
from daymelt.products.map_index import MapFile

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
class Member:
    """A document that another one lists: its address relative to that, and its title."""

    href: str
    title: str


@dataclass(frozen=True)
class Layer:
    """A layer as the catalogue describes it: its name and encoding, and the roles of its assets."""

    name: str
    encoding: Encoding
    roles: tuple[str, ...] = ("data",)


def item(
    product: Product,
    name: str,
    collection: str,
    dates: Sequence[dt.date],
    properties: Mapping[str, Any],
    assets: Mapping[str, pystac.Asset],
) -> pystac.Item:
    """An item on the grid of the product, from the first to the last of some days."""
    outline, bounds = footprint(product.grid)
    return pystac.Item(
        id=name,
        geometry=outline,
        bbox=bounds,
        datetime=first_second(dates[0]),
        start_datetime=first_second(dates[0]),
        end_datetime=last_second(dates[-1]),
        properties={
            **_projection(product.grid),
            "processing:level": "L4",
            "processing:software": dict([product.software]),
            **properties,
        },
        stac_extensions=[EXTENSIONS[extension] for extension in OF_ITEMS],
        collection=collection,
        assets=dict(assets),
    )


def collection(
    product: Product,
    name: str,
    title: str,
    description: str,
    dates: Sequence[dt.date],
    layers: Iterable[Layer],
    renders: Mapping[str, Any],
    assets: Mapping[str, pystac.Asset],
) -> pystac.Collection:
    """A collection of items of some layers, from the first to the last of some days."""
    bounds = footprint(product.grid)[1]
    software, version = product.software
    found = pystac.Collection(
        id=name,
        title=title,
        description=f"{title}: {description} The ocean is no data. Model output, not observations.",
        extent=pystac.Extent(
            pystac.SpatialExtent([bounds]),
            pystac.TemporalExtent([[first_second(dates[0]), last_second(dates[-1])]]),
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
            "renders": dict(renders),
        },
        assets=dict(assets),
    )
    found.item_assets = {layer.name: _definition(layer, product.grid) for layer in layers}
    return found


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


def map_asset(layer: Layer, file: MapFile, grid: Grid) -> pystac.Asset:
    """A map that lies beside the document of its item."""
    return pystac.Asset(
        href=f"./{file.path.name}",
        title=layer.encoding.long_name,
        media_type=pystac.MediaType.COG,
        roles=list(layer.roles),
        extra_fields={"bands": [_band(layer, grid)], **_file_fields(file)},
    )


def _definition(layer: Layer, grid: Grid) -> pystac.ItemAssetDefinition:
    return pystac.ItemAssetDefinition.create(
        title=layer.encoding.long_name,
        description=None,
        media_type=pystac.MediaType.COG,
        roles=list(layer.roles),
        extra_fields={"bands": [_band(layer, grid)]},
    )


def _band(layer: Layer, grid: Grid) -> dict[str, Any]:
    return {
        "name": layer.name,
        "description": layer.encoding.long_name,
        "data_type": layer.encoding.dtype,
        "nodata": layer.encoding.nodata,
        "unit": layer.encoding.units,
        "raster:scale": layer.encoding.scale,
        "raster:offset": 0.0,
        "raster:sampling": "area",
        "raster:spatial_resolution": grid.spacing_m,
    }


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


def document(found: pystac.STACObject, links: Iterable[pystac.Link]) -> dict[str, Any]:
    """A document with links as they are given: relative, none to itself."""
    found.clear_links()
    content = found.to_dict(include_self_link=False, transform_hrefs=False)
    content["links"] = [link.to_dict(transform_href=False) for link in links]
    return content


def link(relation: str, href: str, title: str | None = None) -> pystac.Link:
    """A link to a document by its address relative to this one."""
    kind = pystac.MediaType.GEOJSON if relation == "item" else pystac.MediaType.JSON
    return pystac.Link(relation, href, kind, title)


def first_second(day: dt.date) -> dt.datetime:
    """The beginning of a UTC day."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def last_second(day: dt.date) -> dt.datetime:
    """The end of a UTC day."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC)
