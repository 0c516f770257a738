"""Outlines and addresses of the catalogue; tests/steps/publish/test_stac.py reads a whole one."""

from pathlib import PurePosixPath

import numpy as np
import pytest
import shapely

from daymelt.core.grid import Grid
from daymelt.products import stac, stac_parts
from daymelt.products.colours import AGE_CLASSES, MELT_RAMP
from daymelt.products.stac_table import moved


def covers(outline, grid):
    """True where an outline holds the centre of every cell."""
    lon, lat = grid.lonlat()
    return bool(shapely.intersects_xy(outline, lon.ravel(), lat.ravel()).all())


@pytest.mark.parametrize(
    "grid",
    [
        Grid("EPSG:3413", 1000, 294900, -2566500, 40, 30),
        Grid("EPSG:32624", 1000, 400000, 7300000, 40, 30),
        Grid("EPSG:3413", 20000, -2566500, 2566500, 40, 30),  # over the antimeridian
        Grid("EPSG:3413", 50000, -1000000, 1000000, 40, 40),  # around the pole
    ],
    ids=["east Greenland", "UTM", "antimeridian", "pole"],
)
def test_the_outline_covers_the_area_and_stays_in_the_degrees_of_geojson(grid):
    outline, (west, south, east, north) = stac_parts.footprint(grid)
    shape = shapely.geometry.shape(outline)
    assert shape.is_valid and covers(shape, grid)
    places = shapely.get_coordinates(shape)
    assert np.abs(places[:, 0]).max() <= 180 and np.abs(places[:, 1]).max() <= 90
    lon, lat = grid.lonlat()
    assert south <= lat.min() and lat.max() <= north
    inside = (west <= lon) & (lon <= east) if west <= east else (west <= lon) | (lon <= east)
    assert inside.all()


def test_colours_are_those_of_the_styles_of_qgis():
    for fraction, colour, opacity in MELT_RAMP:
        red, green, blue, alpha = stac.melt_colours()[str(round(100 * fraction))]
        assert f"#{red:02x}{green:02x}{blue:02x}" == colour
        assert alpha == round(255 * opacity)
    for last, colour, _ in AGE_CLASSES:
        assert "#{:02x}{:02x}{:02x}".format(*stac.age_colours()[str(last)][:3]) == colour


def test_addresses_move_with_the_document():
    item = {
        "links": [{"rel": "root", "href": "../../../catalog.json"}],
        "assets": {"melt": {"href": "./melt.tif", "title": "melt"}},
    }
    there = moved(item, PurePosixPath("maps/2019"))
    assert there["links"] == [{"rel": "root", "href": "./../catalog.json"}]
    assert there["assets"]["melt"] == {"href": "./maps/2019/melt.tif", "title": "melt"}
    assert item["assets"]["melt"]["href"] == "./melt.tif"
