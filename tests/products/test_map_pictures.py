"""Maps as pixels: which cell a pixel shows, and which colour it has."""

import math
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from daymelt.products import map_pictures as pictures
from daymelt.products.colours import MELT_RAMP
from daymelt.products.map_legend import bar, sample
from daymelt.products.map_pictures import Fit, Ground, Painter, fit

SHAPES = [((256, 256), (640, 600)), ((2863, 1633), (640, 600)), ((300, 310), (640, 600))]
SHAPES += [((1, 1), (96, 56)), ((7, 900), (96, 56)), ((12, 17), (640, 600))]


@pytest.mark.parametrize(("shape", "box"), SHAPES)
def test_a_picture_fits_its_box_with_square_cells_none_of_which_is_lost(shape, box):
    found = fit(shape, box)
    assert all(shown <= most for shown, most in zip(found.pixels, box, strict=True))
    assert found.cells == tuple(math.ceil(side / 2**found.halvings) for side in shape)
    cells = np.arange(found.cells[0] * found.cells[1]).reshape(found.cells)
    shown = found.enlarge(cells)
    assert shown.shape == found.pixels
    assert np.array_equal(np.unique(shown), cells.ravel())
    for field in (cells // found.cells[1], cells % found.cells[1]):
        counts = np.unique(found.enlarge(field), return_counts=True)[1]
        assert counts.max() <= 2 * counts.min()
    # no smaller than half of what the box allows, and no halving too many
    assert any(2 * side > most // 2 for side, most in zip(found.pixels, box, strict=True))


def test_a_pixel_is_as_large_as_the_part_of_a_cell_that_it_shows():
    assert fit((2863, 1633), (640, 600)).pixel_m(100) == pytest.approx(
        100 * 8 * 205 / 366, rel=0.01
    )
    assert fit((256, 256), (640, 600)).pixel_m(100) == 50


def test_the_colours_of_melt_are_those_of_the_style():
    ramp = LinearSegmentedColormap.from_list("melt", [(at, colour) for at, colour, _ in MELT_RAMP])
    table = pictures.colour_table()
    for percent in range(101):
        wanted = 255 * np.array(ramp(percent / 100)[:3])
        assert np.abs(table[percent] - wanted).max() <= 2, percent
    for at, colour, _ in MELT_RAMP:
        assert np.array_equal(table[round(100 * at)], np.rint(255 * np.array(to_rgb(colour))))


def test_no_two_meanings_share_a_colour():
    table = pictures.colour_table()
    used = [*range(101), *pictures.COLOURS]
    assert len({tuple(table[code]) for code in used}) == len(used)


def brightness(colour):
    """Lightness as eyes see it, 0 to 1, which every kind of colour vision keeps."""
    return float(np.dot([0.2126, 0.7152, 0.0722], (np.array(colour) / 255) ** 2.2))


def test_ocean_land_without_data_and_dry_snow_differ_in_lightness():
    table = pictures.colour_table()
    codes = (0, pictures.OCEAN, pictures.MISSING, 100)
    light = [brightness(table[code]) for code in codes]
    assert all(one - other > 0.15 for one, other in pairwise(light))


@pytest.fixture
def painter():
    """Of three by four cells, ten pixels each."""
    ocean, ice, never = (np.zeros((3, 4), bool) for _ in range(3))
    ocean[:, 3] = never[0, 0] = True
    ice[1:, :3] = True
    return Painter(Fit(0, (3, 4), (30, 40)), Ground(ocean, ice, never), 8, True)


def test_every_cell_shows_what_it_is(painter):
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    stored[:, 3] = stored[0, 1] = 255
    image = painter.paint(stored)
    centres = image[5::10, 5::10]
    assert centres[0, 1] == pictures.MISSING and set(centres[:, 3]) == {pictures.OCEAN}
    assert np.array_equal(centres[1:, :3], stored[1:, :3])
    own = image[:10, :10]
    assert set(np.unique(own)) == {stored[0, 0], pictures.NEVER}
    assert 0.15 < np.mean(own == pictures.NEVER) < 0.35
    assert (image[10, :30] == pictures.EDGE).all() and (image == pictures.EDGE).sum() == 30


def test_a_map_without_an_outline_has_none(painter):
    plain = Painter(painter.fit, painter.ground, 8, outline=False)
    assert pictures.EDGE not in plain.paint(np.zeros((3, 4), np.uint8))


def test_ground_is_halved_like_the_maps():
    mask = np.zeros((5, 5), bool)
    mask[:2, :3] = mask[4, 4] = True
    assert np.array_equal(pictures.where_all(mask, 1), [[1, 0, 0], [0, 0, 0], [0, 0, 1]])
    assert np.array_equal(pictures.where_most(mask, 1), [[1, 1, 0], [0, 0, 0], [0, 0, 1]])
    assert np.array_equal(pictures.where_all(mask, 0), mask)


def test_the_legend_has_every_percent_and_every_code():
    assert np.array_equal(np.unique(bar(150, 20)), np.arange(101))
    for code in pictures.COLOURS:
        assert code in sample(code, 8)
