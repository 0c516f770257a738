"""The XML of a QGIS project, and the virtual rasters that it refers to."""

import datetime as dt
import zipfile
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from pyproj import CRS

from daymelt.core.encoding import PERCENT
from daymelt.core.grid import Grid
from daymelt.products.cog import write_day
from daymelt.products.qgis_layers import (
    Group,
    Outlines,
    Raster,
    day_range,
    days_range,
    shade_pipe,
)
from daymelt.products.qgis_project import Project, document, write_project
from daymelt.products.style import melt_pipe, write_qml
from daymelt.products.virtual_raster import virtual_raster

DAYS = [dt.date(2019, 6, 1) + dt.timedelta(number) for number in range(3)]
WHOLE = days_range(DAYS[0], DAYS[-1])


def project(grid):
    melt = tuple(Raster(f"melt {day}", f"m/{day}.tif", melt_pipe(), day_range(day)) for day in DAYS)
    seasons = Group("season maps", (Raster("onset", "onset.tif", melt_pipe()),))
    maps = Group("maps", (Group("melt", melt), seasons), one_of=True)
    relief = Raster("relief", "height.tif", shade_pipe(), WHOLE)
    root = Group("", (Outlines("regions", "regions.fgb", "all"), maps, relief))
    return Project("small", grid, WHOLE, WHOLE, root)


def parsed(grid):
    return ET.fromstring(document(project(grid)))


def test_every_layer_of_the_list_is_a_layer_of_the_project(grid):
    root = parsed(grid)
    listed = [item.get("id") for item in root.iter("layer-tree-layer")]
    described = [layer.findtext("id") for layer in root.iter("maplayer")]
    assert listed == described and len(set(listed)) == len(listed) == len(DAYS) + 3


def test_paths_are_relative_to_the_project(grid):
    root = parsed(grid)
    sources = [layer.findtext("datasource") for layer in root.iter("maplayer")]
    assert all(source.startswith("./") for source in sources)
    assert root.findtext("properties/Paths/Absolute") == "false"


def seconds(element):
    return [dt.datetime.fromisoformat(element.findtext(name)) for name in ("start", "end")]


def test_a_day_from_midnight_to_midnight_meets_the_range_of_one_layer(grid):
    layers = [
        layer for layer in parsed(grid).iter("maplayer") if "melt" in layer.findtext("layername")
    ]
    ranges = [seconds(layer.find("temporal/fixedRange")) for layer in layers]
    for day in DAYS:
        begin = dt.datetime.combine(day, dt.time(), dt.UTC)
        end = begin + dt.timedelta(1)
        # both ends count: QGIS 3.22 takes the end of a step for part of it
        met = [first for first, last in ranges if first <= end and last >= begin]
        assert [first.date() for first in met] == [day]


def test_the_layers_together_begin_at_midnight(grid):
    ranges = [seconds(found) for found in parsed(grid).iter("fixedRange")]
    assert min(first for first, _ in ranges) == dt.datetime(2019, 6, 1, tzinfo=dt.UTC)


def test_one_group_of_maps_is_ticked(grid):
    groups = {group.get("name"): group for group in parsed(grid).iter("layer-tree-group")}
    assert groups["maps"].get("mutually-exclusive") == "1"
    assert groups["melt"].get("checked") == "Qt::Checked"
    assert groups["season maps"].get("checked") == "Qt::Unchecked"


def test_the_style_is_that_of_the_style_file(grid, tmp_path):
    write_qml(tmp_path / "melt.qml")
    beside = ET.parse(tmp_path / "melt.qml").getroot().find("pipe")
    inside = next(parsed(grid).iter("pipe"))
    assert ET.canonicalize(ET.tostring(inside), strip_text=True) == ET.canonicalize(
        ET.tostring(beside), strip_text=True
    )


@pytest.mark.parametrize("crs", ["EPSG:3413", "+proj=laea +lat_0=80 +lon_0=-40 +datum=WGS84"])
def test_every_crs_is_that_of_the_area(crs):
    root = parsed(Grid(crs, 100, 0, 0, 3, 4))
    found = {element.findtext("wkt") for element in root.iter("spatialrefsys")}
    assert len(found) == 1 and CRS(found.pop()) == CRS(crs)


def test_equal_projects_are_equal_bytes_and_written_once(grid, tmp_path):
    path = tmp_path / "small.qgz"
    write_project(path, project(grid))
    content, place = path.read_bytes(), path.stat().st_ino
    write_project(path, project(grid))
    assert path.stat().st_ino == place  # a file that is written anew is another one
    write_project(tmp_path / "again" / "small.qgz", project(grid))
    assert (tmp_path / "again" / "small.qgz").read_bytes() == content
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["small.qgs"]


def test_a_virtual_raster_gives_what_its_source_gives(grid, melt, tags, tmp_path):
    write_day(tmp_path / "maps" / "melt.tif", melt, grid, PERCENT, tags, "melt")
    path = tmp_path / "by_day" / "melt.vrt"
    path.parent.mkdir()
    path.write_bytes(virtual_raster("../maps/melt.tif", grid, PERCENT, "melt"))
    with rasterio.open(path) as file, rasterio.open(tmp_path / "maps" / "melt.tif") as source:
        np.testing.assert_array_equal(file.read(1), source.read(1))
        np.testing.assert_array_equal(
            file.read(1, out_shape=(64, 64)), source.read(1, out_shape=(64, 64))
        )
        assert (file.crs, file.transform) == (source.crs, source.transform)
        assert (file.nodata, file.scales, file.dtypes) == (
            source.nodata,
            source.scales,
            source.dtypes,
        )
