import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid
from daymelt.products.colours import MELT_RAMP, OCEAN
from daymelt.products.panel import (
    Panel,
    day_panel,
    north_direction,
    round_length,
    shared_limits,
    with_errors,
)

DAY = dt.date(2019, 7, 31)


@pytest.fixture
def area():
    return Grid("EPSG:3413", 100, 294900, -2566500, 60, 50)


@pytest.fixture
def height(area):
    rows, columns = np.indices(area.shape)
    return (20 * rows + 5 * columns).astype(np.float32)


def colour_at(path, figure, axes, x, y):
    """Colour of the written picture at a place of the map, 0-255."""
    pixels = imread(path)[..., :3]
    column, from_below = axes.transData.transform((x, y))
    return np.rint(255 * pixels[round(pixels.shape[0] - from_below), round(column)])


def maps_of(figure):
    return [axes for axes in figure.axes if axes.get_title(loc="left")]


def test_a_map_shows_wet_dry_ocean_and_missing_where_they_are(tmp_path, area, height, drawn):
    fraction, ocean = np.zeros(area.shape, np.float32), np.zeros(area.shape, bool)
    fraction[:20] = 1
    fraction[40:, 25:] = np.nan
    ocean[40:, :25] = True
    fraction[ocean] = np.nan
    path = tmp_path / "panel.png"
    panels = [Panel("Terrain", height, "height"), Panel("Map", fraction, "fraction")]
    day_panel(path, date=DAY, grid=area, height=height, panels=panels, ocean=ocean)
    (figure,) = drawn
    axes = maps_of(figure)[1]
    middle = (area.left + area.right) / 2
    wet, dry = (colour_at(path, figure, axes, middle, area.top - depth) for depth in (1000, 3000))
    water = colour_at(path, figure, axes, area.left + 1000, area.top - 5000)
    missing = colour_at(path, figure, axes, area.right - 1000, area.top - 5000)
    np.testing.assert_allclose(wet, 255 * np.array(to_rgb(MELT_RAMP[-1][1])), atol=1)
    np.testing.assert_allclose(dry, 255 * np.array(to_rgb(MELT_RAMP[0][1])), atol=1)
    np.testing.assert_allclose(water, 255 * np.array(to_rgb(OCEAN)), atol=1)
    others = [wet, dry, water]
    assert all(np.abs(missing - other).max() > 15 for other in others)
    assert missing[0] > missing[2]  # relief is a warm grey, no colour of the data


def test_a_coarse_field_lies_where_its_own_grid_says(tmp_path, area, height, drawn):
    coarse = area.posting(1000)
    field = np.full(coarse.shape, 200, np.float32)
    field[2, 3] = 260
    path = tmp_path / "panel.png"
    day_panel(
        path,
        date=DAY,
        grid=area,
        height=height,
        panels=[Panel("Microwave", field, "kelvin", coarse)],
    )
    axes = maps_of(drawn[0])[0]
    assert axes.get_xlim() == (area.left, area.right) and axes.get_ylim() == (area.bottom, area.top)
    warm = colour_at(path, drawn[0], axes, coarse.x[3], coarse.y[2])
    cold = colour_at(path, drawn[0], axes, coarse.x[3], coarse.y[3])
    assert warm.sum() > 500 > 200 > cold.sum()


def test_every_map_has_a_title_and_every_scale_a_unit(tmp_path, area, height, drawn):
    field = np.linspace(0, 0.02, height.size, dtype=np.float32).reshape(area.shape)
    kinds = ("fraction", "kelvin", "liquid_water", "height", "age")
    panels = [Panel(f"Panel {kind}", field, kind) for kind in kinds]
    day_panel(tmp_path / "panel.png", date=DAY, grid=area, height=height, panels=panels)
    (figure,) = drawn
    assert [axes.get_title(loc="left") for axes in maps_of(figure)] == [
        panel.title for panel in panels
    ]
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert [
        unit in text
        for unit, text in zip(("(%)", "(K)", "(g kg⁻¹)", "(m)", "days"), labels, strict=True)
    ] == [True] * 5
    assert any("31 July 2019" in text.get_text() for text in figure.texts)
    assert any("EPSG:3413" in text.get_text() for text in figure.texts)
    assert "km" in "".join(text.get_text() for text in maps_of(figure)[0].texts)
    assert imread(tmp_path / "panel.png").shape[1] == 1600


def test_panels_of_a_kind_share_limits_that_only_what_lies_in_the_area_sets(area):
    coarse = area.posting(1000)
    field = np.full(coarse.shape, 1000, np.float32)
    field[1:-1, 1:-1] = 231
    other = np.full(area.shape, 187, np.float32)
    low, high = shared_limits(
        [Panel("a", field, "kelvin", coarse), Panel("b", other, "kelvin")], area
    )["kelvin"]
    assert 180 <= low <= 187 and 231 <= high <= 240


def test_fractions_are_always_drawn_from_0_to_100_percent(area):
    assert shared_limits([Panel("a", np.full(area.shape, 0.3), "fraction")], area)["fraction"] == (
        0,
        100,
    )


@pytest.mark.parametrize("value", [0.0, 5.0, np.nan])
def test_a_field_without_variation_or_data_is_drawn_all_the_same(tmp_path, area, value):
    field = np.full(area.shape, value, np.float32)
    panels = [Panel(kind, field, kind) for kind in ("kelvin", "liquid_water", "height")]
    day_panel(tmp_path / "panel.png", date=DAY, grid=area, height=field, panels=panels)
    assert (tmp_path / "panel.png").exists()


def test_an_unknown_kind_and_a_wrong_shape_are_refused(tmp_path, area, height):
    with pytest.raises(ValueError, match="kind 'wetness', expected one of fraction, kelvin"):
        day_panel(
            tmp_path / "p.png",
            date=DAY,
            grid=area,
            height=height,
            panels=[Panel("a", height, "wetness")],
        )
    with pytest.raises(
        GridError, match=r"panel 'a': field has shape \(59, 50\), its grid \(60, 50\)"
    ):
        day_panel(
            tmp_path / "p.png",
            date=DAY,
            grid=area,
            height=height,
            panels=[Panel("a", height[1:], "height")],
        )


@given(longest=st.floats(1, 1e7))
def test_the_scale_bar_is_the_greatest_round_length_that_fits(longest):
    length = round_length(longest)
    first = f"{length:.6e}"[0]
    assert first in "125" and math.isclose(
        length, int(first) * 10 ** round(math.log10(length / int(first)))
    )
    assert length <= longest * (1 + 1e-6) and longest < 2.5 * length * (1 + 1e-6)


@pytest.mark.parametrize(
    ("crs", "left", "top", "expected"),
    [
        ("EPSG:32624", 500000 - 500, 7300000, (0, 1)),  # the central meridian of a UTM zone
        ("EPSG:3413", -500, -2000000, (0, 1)),  # 45° W, below the pole
        ("EPSG:3413", 2000000 - 500, 500, (-1, 0)),  # 45° E, right of the pole
        ("EPSG:3413", -500, 2000000 + 1000, (0, -1)),  # 135° E, above the pole
    ],
)
def test_the_arrow_points_to_the_pole(crs, left, top, expected):
    assert north_direction(Grid(crs, 100, left, top, 10, 10)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("count", [1, 4, 8])
def test_every_error_lies_below_its_own_map(tmp_path, area, height, drawn, count):
    field = np.zeros(area.shape, np.float32)
    pairs = [
        (Panel(f"map {n}", field, "fraction"), Panel(f"error {n}", field, "error"))
        for n in range(count)
    ]
    panels, columns = with_errors(Panel("truth", field, "fraction"), pairs)
    day_panel(
        tmp_path / "maps.png", date=DAY, grid=area, height=height, panels=panels, columns=columns
    )
    places = {axes.get_title(loc="left"): axes.get_position() for axes in maps_of(drawn[0])}
    assert len(places) == 1 + 2 * count
    for n in range(count):
        above, below = places[f"map {n}"], places[f"error {n}"]
        assert below.x0 == pytest.approx(above.x0) and below.y1 < above.y0
        assert not any(
            abs(other.x0 - above.x0) < 1e-6 and below.y0 < other.y0 < above.y0
            for other in places.values()
        )
    assert max(place.x1 for place in places.values()) <= 1


def test_the_edge_of_the_ice_is_drawn_on_every_map_and_seen_on_any_colour(
    tmp_path, area, height, drawn
):
    ice = np.zeros(area.shape, bool)
    ice[:, :25] = True
    panels = [
        Panel("wet", np.ones(area.shape, np.float32), "fraction"),
        Panel("dry", np.zeros(area.shape, np.float32), "fraction"),
    ]
    path = tmp_path / "panel.png"
    day_panel(path, date=DAY, grid=area, height=height, panels=panels, ice=ice)
    pixels = imread(path)[..., :3]
    for axes in maps_of(drawn[0]):
        (column, row), (other, _) = (
            axes.transData.transform((x, area.top - 4000))
            for x in (area.left + 2500, area.left + 4000)
        )
        across = pixels[round(pixels.shape[0] - row), round(column) - 4 : round(column) + 5]
        plain = pixels[round(pixels.shape[0] - row), round(other)]
        assert np.abs(across - plain).max() > 0.4


@pytest.mark.parametrize("width", [1200, 1600])
def test_a_picture_with_full_rows_is_as_wide_as_it_is_asked_to_be(tmp_path, area, height, width):
    panels = [Panel(f"map {n}", height, "height") for n in range(3)]
    path = tmp_path / "maps.png"
    day_panel(path, date=DAY, grid=area, height=height, panels=panels, columns=3, width_px=width)
    assert imread(path).shape[1] == width


def test_the_width_of_an_interval_has_a_scale_and_colours_of_its_own(tmp_path, area, height, drawn):
    field = np.full(area.shape, 0.5, np.float32)
    panels = [Panel("Map", field, "fraction"), Panel("Width", field, "width")]
    path = tmp_path / "maps.png"
    day_panel(path, date=DAY, grid=area, height=height, panels=panels)
    assert shared_limits(panels, area)["width"] == (0, 100)
    bars = [axes.get_xlabel() for axes in drawn[0].axes if axes.get_xlabel()]
    assert bars == ["melt fraction (%)", "width (percentage points)"]
    place = (area.left + area.right) / 2, (area.bottom + area.top) / 2
    melt, wide = (colour_at(path, drawn[0], axes, *place) for axes in maps_of(drawn[0]))
    assert np.abs(melt - wide).max() > 50
