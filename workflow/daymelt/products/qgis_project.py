"""A QGIS project over published files: groups of layers, and a temporal controller of a day a step.

The project is a zip (`.qgz`) of one XML document, with paths relative to itself. Equal projects are
equal bytes.

Source: QGIS 3.22, QgsProject::write, QgsProjectTimeSettings::writeXml and
QgsTemporalControllerWidget::setWidgetStateFromProject.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from daymelt.core.grid import Grid
from daymelt.products.qgis_layers import (
    Group,
    Range,
    extent,
    map_layer,
    spatial_reference,
    time_range,
    tree,
)
from daymelt.products.shared_files import write_if_other
from daymelt.products.style import DOCTYPE

VERSION = "3.22.0"  # the oldest QGIS that is told nothing of another version
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can say
ANIMATED = "1"  # the controller steps through frames


@dataclass(frozen=True)
class Project:
    """A project.

    Parameters
    ----------
    title : name of the area
    grid : crs and extent
    days : of all layers
    played : days that the controller steps through at first
    layers : groups from the top
    """

    title: str
    grid: Grid
    days: Range
    played: Range
    layers: Group


def write_project(path: Path, project: Project) -> None:
    """Write a project, unless the file is the same already."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo(f"{path.stem}.qgs", LONG_AGO)
        archive.writestr(entry, document(project), zipfile.ZIP_DEFLATED)
    write_if_other(path, packed.getvalue())


def document(project: Project) -> str:
    """The project as XML."""
    root = ET.Element("qgis", version=VERSION, projectname=project.title)
    ET.SubElement(root, "title").text = project.title
    ET.SubElement(root, "projectCrs").append(spatial_reference(project.grid.crs))
    root.append(tree(project.layers))
    root.append(_canvas(project.grid))
    layers = ET.SubElement(root, "projectlayers")
    layers.extend(map_layer(layer, project.grid) for layer in project.layers.layers())
    root.append(_properties(project.played))
    root.append(_view(project.grid))
    root.append(_time(project.days))
    return DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def _canvas(grid: Grid) -> ET.Element:
    found = ET.Element("mapcanvas", name="theMapCanvas")
    ET.SubElement(found, "units").text = "meters"
    found.append(extent(grid))
    ET.SubElement(found, "rotation").text = "0"
    ET.SubElement(found, "destinationsrs").append(spatial_reference(grid.crs))
    return found


def _view(grid: Grid) -> ET.Element:
    """What 'zoom full' shows."""
    left, bottom, right, top = (f"{edge:.17g}" for edge in grid.bounds)
    found = ET.Element("ProjectViewSettings", UseProjectScales="0")
    view = ET.SubElement(found, "DefaultViewExtent", xmin=left, ymin=bottom, xmax=right, ymax=top)
    view.append(spatial_reference(grid.crs))
    return found


def _properties(played: Range) -> ET.Element:
    """Relative paths, that the project has a crs, and what the temporal controller shows at
    first.
    """
    said = {
        "Paths": {"Absolute": ("bool", "false")},
        "SpatialRefSys": {"ProjectionsEnabled": ("int", "1")},
        "TemporalControllerWidget": {
            "NavigationMode": ("int", ANIMATED),
            "StartDateTime": ("QString", played[0]),
            "EndDateTime": ("QString", played[1]),
        },
    }
    found = ET.Element("properties")
    for scope, entries in said.items():
        element = ET.SubElement(found, scope)
        for name, (kind, value) in entries.items():
            ET.SubElement(element, name, type=kind).text = value
    return found


def _time(days: Range) -> ET.Element:
    found = ET.Element(
        "ProjectTimeSettings",
        timeStep="1",
        timeStepUnit="d",
        frameRate="4",
        cumulativeTemporalRange="0",
    )
    found.append(time_range("TemporalRange", days))
    return found
