import itertools
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from products.qgis_python import said_by, skip_without_qgis

from daymelt.core.encoding import NEVER_SEEN, PERCENT, SAR_AGE
from daymelt.products.cog import write_day
from daymelt.products.colours import AGE_CLASSES, MELT_RAMP
from daymelt.products.style import write_age_qml, write_qml


@pytest.fixture(scope="session")
def look(tmp_path_factory):
    """A function that opens a layer with its style in QGIS and returns what a user would see, or a
    skip.
    """
    home = tmp_path_factory.mktemp("qgis")
    skip_without_qgis(home)

    def run(layer, style, picture, cells):
        script = Path(__file__).with_name("in_qgis.py")
        named = [f"{column},{row}" for column, row in cells]
        return said_by(script, home, layer, style, picture, *named)

    return run


def items(path):
    return (
        ET.parse(path)
        .getroot()
        .find("pipe/rasterrenderer/rastershader/colorrampshader")
        .findall("item")
    )


def luminance(colour):
    """Relative luminance, the one thing that every kind of colour vision shares (WCAG 2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    ]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def blended(rgba, background):
    return np.asarray(rgba[:3]) * rgba[3] / 255 + np.asarray(background) * (1 - rgba[3] / 255)


def test_the_melt_ramp_runs_over_fractions_and_says_percent(tmp_path):
    write_qml(tmp_path / "melt.qml")
    found = [(float(item.get("value")), item.get("label")) for item in items(tmp_path / "melt.qml")]
    assert found[0] == (0, "0 %") and found[-1] == (1, "100 %")
    assert all(label == f"{round(100 * value)} %" for value, label in found)
    assert [value for value, _ in found] == sorted({value for value, _ in found})


@pytest.mark.parametrize(
    "colours",
    [[colour for _, colour, _ in MELT_RAMP], [colour for _, colour, _ in AGE_CLASSES[:-1]]],
)
def test_every_step_is_darker_than_the_one_before(colours):
    light = [luminance(colour) for colour in colours]
    assert all(first > 1.1 * second for first, second in itertools.pairwise(light))


def test_the_age_classes_hold_every_code_and_set_never_seen_apart(tmp_path):
    write_age_qml(tmp_path / "age.qml")
    ends = [int(item.get("value")) for item in items(tmp_path / "age.qml")]
    assert ends == sorted(ends) and ends[0] == 0 and ends[-2:] == [NEVER_SEEN - 1, NEVER_SEEN]


def test_qgis_opens_a_melt_map_as_fractions_from_pale_to_deep_blue(
    look, tmp_path, melt, grid, tags
):
    melt[:4, 100:104] = np.array([0, 10, 50, 100], np.uint8)
    write_day(tmp_path / "melt.tif", melt, grid, PERCENT, tags, "melt")
    write_qml(tmp_path / "style.qml")
    cells = [(100, 2), (101, 2), (102, 2), (103, 2), (3, 200)]
    said = look(tmp_path / "melt.tif", tmp_path / "style.qml", tmp_path / "seen.png", cells)
    assert (
        said["valid"]
        and said["style"]
        and said["renderer"] == "singlebandpseudocolor"
        and said["crs"] == "EPSG:3413"
    )
    assert said["legend"] == ["0 %", "10 %", "25 %", "50 %", "75 %", "100 %"]
    dry, damp, half, wet, outside = (said["cells"][f"{column},{row}"] for column, row in cells)
    assert [dry["value"], damp["value"], half["value"], wet["value"]] == pytest.approx(
        [0, 0.1, 0.5, 1]
    )
    assert outside == {"value": None, "rgba": [0, 0, 0, 0]}  # no data is transparent
    assert wet["rgba"] == [8, 36, 79, 255] and half["rgba"] == [95, 163, 208, 255]
    assert 0 < dry["rgba"][3] < 128 < damp["rgba"][3]  # dry snow lets the background through
    for background in ((255, 255, 255), (60, 70, 60)):
        assert (
            np.linalg.norm(blended(dry["rgba"], background) - blended(wet["rgba"], background)) > 60
        )


def test_the_whole_picture_in_qgis_gets_bluer_where_the_map_gets_wetter(look, tmp_path, melt, grid):
    write_day(tmp_path / "melt.tif", melt, grid, PERCENT, {}, "melt")
    write_qml(tmp_path / "style.qml")
    look(tmp_path / "melt.tif", tmp_path / "style.qml", tmp_path / "seen.png", [])
    red, _, _, alpha = np.moveaxis(imread(tmp_path / "seen.png"), -1, 0)
    np.testing.assert_array_equal(alpha == 0, melt == 255)
    opaque = (melt >= 25) & (melt <= 100)
    order = np.argsort(melt[opaque], kind="stable")
    assert (np.diff(red[opaque][order]) <= 1 / 255).all()


def test_qgis_shows_the_age_classes_and_sets_never_seen_apart(look, tmp_path, grid):
    age = np.full(grid.shape, 255, np.uint8)
    age[10, 10:15] = [0, 5, 40, NEVER_SEEN, 255]
    write_day(tmp_path / "age.tif", age, grid, SAR_AGE, {}, "age")
    write_age_qml(tmp_path / "age.qml")
    cells = [(column, 10) for column in range(10, 15)]
    said = look(tmp_path / "age.tif", tmp_path / "age.qml", tmp_path / "seen.png", cells)
    assert said["legend"] == [label for _, _, label in AGE_CLASSES]
    shown = {cell["value"]: cell["rgba"] for cell in said["cells"].values()}
    colours = {
        last: [round(255 * part) for part in (*to_rgb(colour), 1)]
        for last, colour, _ in AGE_CLASSES
    }
    assert shown == {
        0: colours[0],
        5: colours[6],
        40: colours[253],
        NEVER_SEEN: colours[254],
        None: [0, 0, 0, 0],
    }
