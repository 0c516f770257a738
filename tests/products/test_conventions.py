"""Attributes of cube and NetCDF, as pyproj and rasterio read them."""

import numpy as np
import pytest
from pyproj import CRS, Transformer
from rasterio.transform import Affine

from daymelt.core.encoding import BRIGHTNESS, MAP_LAYERS, SAR_AGE
from daymelt.core.grid import Grid
from daymelt.products import conventions

OF_NO_AUTHORITY = "+proj=laea +lat_0=72 +lon_0=-40 +datum=WGS84 +units=m"
TEXTS = ("crs_wkt", "spatial_ref")
CRS_NAMES = ["EPSG:3413", "EPSG:3031", "EPSG:32624", OF_NO_AUTHORITY]


@pytest.mark.parametrize("crs", CRS_NAMES)
def test_the_grid_mapping_means_the_crs_of_the_grid(crs):
    attributes = conventions.grid_mapping(Grid(crs, 100, 1000, 9000, 20, 30))
    assert CRS.from_cf(attributes) == CRS(crs)
    numbers = {name: attributes[name] for name in attributes if name not in TEXTS}
    there = Transformer.from_crs(CRS.from_cf(numbers), "EPSG:4326", always_xy=True)
    here = Transformer.from_crs(CRS(crs), "EPSG:4326", always_xy=True)
    place = 310000.0, -1234567.0
    assert np.allclose(there.transform(*place), here.transform(*place), rtol=0, atol=1e-9)


def test_the_pole_of_a_stereographic_projection_is_on_the_side_of_its_parallel():
    for crs, pole in (("EPSG:3413", 90), ("EPSG:3031", -90)):
        attributes = conventions.grid_mapping(Grid(crs, 100, 1000, 9000, 20, 30))
        assert attributes["latitude_of_projection_origin"] == pole
    utm = conventions.grid_mapping(Grid("EPSG:32624", 100, 1000, 9000, 20, 30))
    assert utm["latitude_of_projection_origin"] == 0


@pytest.mark.parametrize("crs", CRS_NAMES)
def test_geozarr_places_the_corners_of_the_grid(crs):
    grid = Grid(crs, 250, -7000, 9000, 20, 30)
    attributes = conventions.geozarr(grid)
    transform = Affine(*attributes["spatial:transform"])
    rows, columns = attributes["spatial:shape"]
    (left, top), (right, bottom) = transform @ (0, 0), transform @ (columns, rows)
    assert [left, bottom, right, top] == attributes["spatial:bbox"]
    assert np.allclose((transform @ (0.5, 0.5)), (grid.x[0], grid.y[0]))
    assert CRS(attributes["proj:wkt2"]) == CRS(crs)
    assert ("proj:code" in attributes) == (crs != OF_NO_AUTHORITY)


def test_a_layer_names_the_layers_that_say_how_sure_it_is():
    melt = conventions.layer("melt", MAP_LAYERS["melt"], ["melt", "sar_age"])
    assert melt["ancillary_variables"] == "sar_age"
    alone = conventions.layer("melt", MAP_LAYERS["melt"], ["melt"])
    assert "ancillary_variables" not in alone
    assert "ancillary_variables" not in conventions.layer("sar_age", SAR_AGE, ["melt", "sar_age"])


def test_days_are_numbers_and_not_a_time_span():
    assert conventions.layer("sar_age", SAR_AGE, [])["units"] == "day"
    assert "valid_range" not in conventions.layer("tb", BRIGHTNESS, [])
