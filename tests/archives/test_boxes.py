"""Boxes of areas, at the antimeridian and at the poles."""

import numpy as np
import pytest

from daymelt.archives.boxes import box_of, shown, split
from daymelt.core.errors import ConfigError
from daymelt.core.grid import Grid

CROSSING = Grid("EPSG:3413", 100, -1_455_400, 1_455_400, 256, 256)


def covered(grid, boxes):
    """Share of the cells' centres that lie in one of some boxes."""
    lon, lat = grid.lonlat()
    inside = np.zeros(grid.shape, bool)
    for west, south, east, north in boxes:
        inside |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside.mean()


def test_an_area_across_the_antimeridian_has_a_box_of_two_parts():
    box = box_of(CROSSING)
    parts = split(box)
    assert box[0] > 179 and box[2] < -179
    assert [part[::2] for part in parts] == [(box[0], 180.0), (-180.0, box[2])]
    assert covered(CROSSING, parts) == 1
    assert sum(part[2] - part[0] for part in parts) < 3
    assert all(type(edge) is float for part in parts for edge in part)


@pytest.mark.parametrize(
    "grid",
    [
        Grid("EPSG:3413", 100, 294_900, -2_566_500, 256, 256),
        Grid("EPSG:32624", 100, 400_000, 7_400_000, 300, 500),
        Grid("EPSG:3413", 1000, -100_000, -300_000, 200, 500),
    ],
)
def test_an_area_elsewhere_has_one_box(grid):
    (part,) = split(box_of(grid))
    assert covered(grid, [part]) == 1
    assert part[0] < part[2]


@pytest.mark.parametrize(
    ("crs", "south", "north"), [("EPSG:3413", None, 90.0), ("EPSG:3031", -90.0, None)]
)
def test_an_area_that_holds_a_pole_has_all_longitudes(crs, south, north):
    grid = Grid(crs, 1000, -300_000, 200_000, 500, 500)
    (part,) = split(box_of(grid))
    assert (part[0], part[2]) == (-180, 180)
    assert south in (None, part[1]) and north in (None, part[3])
    assert covered(grid, [part]) == 1


def test_a_margin_that_reaches_over_the_antimeridian_is_a_part_of_its_own():
    grid = Grid("EPSG:32601", 100, 369_000, 7_400_000, 100, 100)
    lon = grid.lonlat()[0]
    assert -180 < lon.min() < -179.95
    assert [part[::2] for part in split(box_of(grid))] == [
        (pytest.approx(lon.min() - 0.05 + 360, abs=0.01), 180),
        (-180, pytest.approx(lon.max() + 0.05, abs=0.01)),
    ]


@pytest.mark.parametrize(
    "box", [(181, 60, 190, 70), (10, 70, 20, 60), (10, 60, float("nan"), 70), (0, -91, 1, 0)]
)
def test_what_is_no_box_is_refused_in_one_line(box, one_line):
    with pytest.raises(ConfigError) as raised:
        split(box)
    one_line(raised, "search box", "check the area")
    assert "np.float64" not in str(raised.value)


def test_a_box_is_shown_in_plain_numbers():
    assert shown((np.float64(-38.25), 66, -38, 66.5)) == "(-38.25, 66, -38, 66.5)"
