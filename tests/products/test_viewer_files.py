"""What the viewer reads first: its colours are those of QGIS, its projection that of the grid."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from pyproj import Transformer

from daymelt.core.grid import Grid
from daymelt.products import season_files, viewer_files
from daymelt.products.season_style import write_season_qml
from daymelt.products.style import write_age_qml, write_qml

GRID = Grid("EPSG:3413", 100, 294900, -2566500, 150, 140)
SPAN = (91, 273)


def stops_in(path):
    """Value, colour, opacity of 255 and label of each point of a QGIS style."""
    return [
        (float(item.get("value")), item.get("color"), int(item.get("alpha")), item.get("label"))
        for item in ET.parse(path).iter("item")
    ]


def as_in_qgis(stops):
    return [
        (float(f"{s['value']:g}"), s["colour"], round(255 * s["opacity"]), s["label"])
        for s in stops
    ]


@pytest.mark.parametrize(
    ("write", "stops"),
    [(write_qml, viewer_files.melt_stops), (write_age_qml, viewer_files.age_stops)],
)
def test_the_colours_of_a_day_are_those_of_qgis(tmp_path, write, stops):
    write(tmp_path / "a.qml")
    assert as_in_qgis(stops()) == stops_in(tmp_path / "a.qml")


@pytest.mark.parametrize("name", season_files.LAYERS)
def test_the_colours_of_a_season_are_those_of_qgis(tmp_path, name):
    encoding = season_files.LAYERS[name]
    write_season_qml(tmp_path / "a.qml", encoding, SPAN)
    layer = viewer_files.season_layer(name, encoding, "x.tif", {2019: SPAN})
    assert as_in_qgis(layer["stops_of"]["2019"]) == stops_in(tmp_path / "a.qml")


@pytest.mark.parametrize("crs", ["EPSG:3413", "EPSG:32624", "EPSG:3031"])
def test_the_proj_text_places_what_the_crs_places(crs):
    grid = Grid(crs, 100, 294900, -2566500 if crs == "EPSG:3413" else 2566500, 10, 10)
    text = viewer_files.projection(grid)["proj4"]
    expected = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(-40, 66)
    found = Transformer.from_crs("EPSG:4326", text, always_xy=True).transform(-40, 66)
    np.testing.assert_allclose(found, expected, atol=1e-3)
