import numpy as np
import pytest

from daymelt.core.grid import Grid
from daymelt.twin.terrain import SEA_LEVEL_M, terrain

EMBEDDED = Grid("EPSG:3413", 100, 294900, -2566500, 256, 256)
WHOLE = Grid("EPSG:3413", 500, 228900, -2445900, 572, 326)
ALBERS = Grid(
    "+proj=aea +lat_1=60 +lat_2=85 +lon_0=-40 +datum=WGS84 +units=m", 100, 0, 3_000_000, 120, 90
)


@pytest.mark.parametrize("area", [EMBEDDED, WHOLE, ALBERS], ids=["embedded", "whole", "albers"])
def test_every_area_has_interior_glacier_bare_land_and_sea(area, seed):
    land = terrain(area, area, seed)
    assert 0.15 < land.ocean.mean() < 0.45
    assert 0.3 < land.ice.mean() < 0.85
    assert (~land.ice & ~land.ocean).mean() > 0.02
    assert not (land.ice & land.ocean).any()
    assert land.height.min() >= 44
    assert 2000 < land.height.max() < 3439


def test_the_sea_lies_at_the_geoid_and_land_above_it(seed):
    land = terrain(EMBEDDED, EMBEDDED, seed)
    assert (land.height[land.ocean] == SEA_LEVEL_M).all()
    assert (land.height[~land.ocean] > SEA_LEVEL_M).all()


def test_a_window_shows_the_same_land(seed):
    whole = terrain(EMBEDDED, EMBEDDED, seed)
    window = terrain(Grid("EPSG:3413", 100, 294900 + 5000, -2566500 - 7000, 40, 60), EMBEDDED, seed)
    np.testing.assert_allclose(window.height, whole.height[70:110, 50:110], atol=0.05)
    assert (window.ocean == whole.ocean[70:110, 50:110]).mean() > 0.999


def test_the_fjord_reaches_inland_of_the_coast(seed):
    ocean = terrain(EMBEDDED, EMBEDDED, seed).ocean
    reach = [np.argmax(row) if row.any() else EMBEDDED.columns for row in ocean]
    assert min(reach) < 0.6 * EMBEDDED.columns
    assert np.median(reach) > 0.6 * EMBEDDED.columns


def test_another_seed_is_another_land(seed):
    assert not np.array_equal(
        terrain(EMBEDDED, EMBEDDED, seed).height, terrain(EMBEDDED, EMBEDDED, seed + 1).height
    )
