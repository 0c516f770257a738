"""Layers and groups of a QGIS project, as the elements of its XML.

Source: QGIS 3.22, QgsMapLayer::writeLayerXml and QgsLayerTreeGroup::writeXml. What QGIS takes by
default is left out.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree as ET

from pyproj import CRS

from daymelt.core.grid import Grid

Range = tuple[str, str]  # first and last second, UTC
LINE = {"style": "no", "outline_color": "20,20,20,255", "outline_width": "0.4"}
SHADE = {"azimuth": "315", "angle": "45", "zfactor": "2", "multidirection": "1", "opacity": "0.5"}
SMOOTH = {
    "enabled": "true",
    "zoomedInResamplingMethod": "bilinear",
    "zoomedOutResamplingMethod": "bilinear",
    "maxOversampling": "2",
}


@dataclass(frozen=True)
class Raster:
    """A raster.

    Parameters
    ----------
    name : in the list of layers
    path : file, relative to the project
    pipe : how it is drawn, see `daymelt.products.style`
    shown : when, see `day_range`; None for any time
    """

    name: str
    path: str
    pipe: ET.Element
    shown: Range | None = None
    provider: str = "gdal"


@dataclass(frozen=True)
class Outlines:
    """Polygons of a vector file, drawn as lines with their names, but for one; fields as of
    `Raster`.
    """

    name: str
    path: str
    unnamed: str
    provider: str = "ogr"


Layer = Raster | Outlines


@dataclass(frozen=True)
class Group:
    """Members under one name, the first above the others.

    Parameters
    ----------
    one_of : one member is shown at a time, at first the first; it is unfolded
    """

    name: str
    members: "tuple[Group | Layer, ...]"
    one_of: bool = False

    def layers(self) -> Iterator[Layer]:
        """The layers of this group and of the groups in it, from the top."""
        for member in self.members:
            if isinstance(member, Group):
                yield from member.layers()
            else:
                yield member


def layer_id(layer: Layer) -> str:
    """The name by which a project refers to a layer; QGIS does not find one of ten characters."""
    return "layer_" + re.sub(r"\W", "_", layer.path)


def tree(group: Group) -> ET.Element:
    """The list of layers as it stands beside the map."""
    found = ET.Element("layer-tree-group")
    found.extend(_tree_members(group))
    return found


def _tree_members(group: Group) -> Iterator[ET.Element]:
    for position, member in enumerate(group.members):
        ticked = "Qt::Unchecked" if group.one_of and position else "Qt::Checked"
        yield _branch(member, ticked) if isinstance(member, Group) else _leaf(member, ticked)


def _branch(group: Group, ticked: str) -> ET.Element:
    said = {"name": group.name, "checked": ticked, "expanded": "1" if group.one_of else "0"}
    if group.one_of:
        said |= {"mutually-exclusive": "1", "mutually-exclusive-child": "0"}
    found = ET.Element("layer-tree-group", said)
    found.extend(_tree_members(group))
    return found


def _leaf(layer: Layer, ticked: str) -> ET.Element:
    return ET.Element(
        "layer-tree-layer",
        id=layer_id(layer),
        name=layer.name,
        source=f"./{layer.path}",
        providerKey=layer.provider,
        checked=ticked,
        expanded="0",
    )


def map_layer(layer: Layer, grid: Grid) -> ET.Element:
    """What a project says of a layer that lies in the crs of a grid and covers it."""
    if isinstance(layer, Outlines):
        return _outlines(layer, grid)
    found = _head(layer, grid, {"type": "raster"})
    if layer.shown is not None:
        temporal = ET.SubElement(found, "temporal", enabled="1", mode="0", fetchMode="0")
        temporal.append(time_range("fixedRange", layer.shown))
    found.append(layer.pipe)
    return found


def _outlines(layer: Outlines, grid: Grid) -> ET.Element:
    found = _head(layer, grid, {"type": "vector", "geometry": "Polygon", "labelsEnabled": "1"})
    renderer = ET.SubElement(found, "renderer-v2", type="singleSymbol")
    symbol = ET.SubElement(ET.SubElement(renderer, "symbols"), "symbol", type="fill", name="0")
    drawn = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1"})
    options = ET.SubElement(drawn, "Option", type="Map")
    for name, value in LINE.items():
        ET.SubElement(options, "Option", type="QString", name=name, value=value)
    settings = ET.SubElement(ET.SubElement(found, "labeling", type="simple"), "settings")
    label = f"nullif(\"name\", '{layer.unnamed}')"
    text = ET.SubElement(settings, "text-style", fieldName=label, isExpression="1", fontSize="9")
    ET.SubElement(text, "text-buffer", bufferDraw="1", bufferSize="0.8")
    return found


def _head(layer: Layer, grid: Grid, attributes: dict[str, str]) -> ET.Element:
    """Place and source of a layer."""
    found = ET.Element("maplayer", attributes)
    found.append(extent(grid))
    for tag, text in {
        "id": layer_id(layer),
        "datasource": f"./{layer.path}",
        "layername": layer.name,
        "provider": layer.provider,
    }.items():
        ET.SubElement(found, tag).text = text
    ET.SubElement(found, "srs").append(spatial_reference(grid.crs))
    return found


def day_range(day: dt.date) -> Range:
    """When the map of a day is shown.

    Its first second is left out. QGIS 3.22 takes the end of a step for part of it, so that the
    step from midnight to midnight would meet the first second of the next day too.
    """
    return f"{day}T00:00:01Z", f"{day}T23:59:59Z"


def days_range(first: dt.date, last: dt.date) -> Range:
    """The days from one to another, both whole, in UTC: so the controller shows and steps them in
    any time zone.
    """
    return f"{first}T00:00:00Z", f"{last}T23:59:59Z"


def time_range(tag: str, span: Range) -> ET.Element:
    """First and last second as the two parts of an element."""
    found = ET.Element(tag)
    for name, text in zip(("start", "end"), span, strict=True):
        ET.SubElement(found, name).text = text
    return found


def extent(grid: Grid, tag: str = "extent") -> ET.Element:
    """The outer edges of a grid."""
    found = ET.Element(tag)
    names = ("xmin", "ymin", "xmax", "ymax")
    for name, edge in zip(names, grid.bounds, strict=True):
        ET.SubElement(found, name).text = f"{edge:.17g}"
    return found


@lru_cache(maxsize=8)
def spatial_reference(crs: str) -> ET.Element:
    """A crs by its WKT, and by its code where it has one."""
    known = CRS.from_user_input(crs)
    authority = known.to_authority()
    found = ET.Element("spatialrefsys")
    ET.SubElement(found, "wkt").text = known.to_wkt()
    if authority:
        ET.SubElement(found, "authid").text = ":".join(authority)
    ET.SubElement(found, "description").text = known.name
    return found


def shade_pipe() -> ET.Element:
    """How a height is drawn as shaded relief, lit from the north-west.

    Heights are interpolated before they are shaded, else every cell would have edges.
    """
    found = ET.Element("pipe")
    ET.SubElement(ET.SubElement(found, "provider"), "resampling", SMOOTH)
    ET.SubElement(found, "rasterrenderer", {"type": "hillshade", "band": "1", **SHADE})
    ET.SubElement(found, "resamplingStage").text = "provider"
    return found
