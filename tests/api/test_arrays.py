"""`daymelt.melt_fraction` and `daymelt.map_day` on arrays, against the same done by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from learn.defaults import NETWORK

import daymelt
from daymelt.core.errors import ConfigError, GridError, MissingInputError
from daymelt.learn.channels import Statistics
from daymelt.learn.networks import ModelCard, build, load_model, save_model

CHANNELS = ("microwave", "liquid_water", "sar", "height")
SHAPE = (40, 56)


@pytest.fixture(scope="module")
def scenes():
    """A winter of eight scenes and a scene that is darker in places, linear power."""
    rng = np.random.default_rng(3)
    winter = rng.gamma(30, 0.2 / 30, (8, 70, 60))
    drop = rng.choice([6.0, 2.0, 0.0], (70, 60))
    scene = winter.mean(0) * 10 ** (-drop / 10)
    scene[5, 5] = np.nan
    winter[:, 20, 20] = np.nan
    return scene, winter


def by_hand(scene, mean, cell, threshold_db):
    """Share of the pixels of each cell, `cell` pixels a side, that lie below the threshold."""
    ratio = 10 * np.log10(scene / mean)
    shape = tuple(size // cell for size in scene.shape)
    blocks = ratio[: shape[0] * cell, : shape[1] * cell].reshape(shape[0], cell, shape[1], cell)
    seen = np.isfinite(blocks)
    return ((blocks < -threshold_db) & seen).sum((1, 3)) / seen.sum((1, 3))


@pytest.mark.parametrize("threshold_db", [3.0, 1.0])
def test_melt_fraction_is_the_share_of_dark_pixels(scenes, threshold_db):
    scene, winter = scenes
    settings = {"smoothing_window": 1, "threshold_db": threshold_db}
    found = daymelt.melt_fraction(scene, winter, 20, 160, **settings)
    expected = by_hand(scene, winter.mean(0), 8, threshold_db)
    assert found.shape == (8, 7) and 0 < found.mean() < 1
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_mean_of_the_winter_serves_as_well(scenes):
    scene, winter = scenes
    of_mean = daymelt.melt_fraction(scene, winter.mean(0), 20, 160, smoothing_window=1)
    of_scenes = daymelt.melt_fraction(scene, winter, 20, 160, smoothing_window=1)
    np.testing.assert_array_equal(of_mean, of_scenes)


def test_too_few_winter_scenes_are_no_reference(scenes):
    scene, winter = scenes
    assert np.isnan(daymelt.melt_fraction(scene, winter[:3], 20, 160)).all()
    assert np.isfinite(daymelt.melt_fraction(scene, winter[:3], 20, 160, min_winter_scenes=3)).all()


@pytest.mark.parametrize(
    ("kind", "words", "settings", "part"),
    [
        (ConfigError, (20, 160), {"threshold": 2.0}, "threshold_db"),
        (ConfigError, (20, 160), {"threshold_db": -3.0}, "threshold_db"),
        (GridError, (20, 9000), {}, "grid"),
    ],
)
def test_melt_fraction_refuses_in_one_line(scenes, one_line, kind, words, settings, part):
    with pytest.raises(kind) as raised:
        daymelt.melt_fraction(*scenes, *words, **settings)
    one_line(raised, part)


def test_a_winter_of_another_shape_is_refused(scenes, one_line):
    with pytest.raises(GridError) as raised:
        daymelt.melt_fraction(scenes[0], scenes[1][:, 1:], 20, 160)
    one_line(raised, "(70, 60)", "(8, 69, 60)")


@pytest.fixture(scope="module")
def fields():
    rng = np.random.default_rng(4)
    found = {name: rng.normal(size=SHAPE) for name in ("microwave", "liquid_water", "height")}
    found["sar"] = np.round(rng.random(SHAPE), 2)
    found["sar"][3:9] = np.nan
    return found


def saved(folder, channels, **options):
    """A network that was not trained, in a folder."""
    torch.manual_seed(1)
    small = replace(NETWORK, channel_count=len(channels), **options)
    statistics = {name: Statistics(0.5, 2.0) for name in channels if name != "sar"}
    save_model(folder, build(small), ModelCard(small, channels, statistics))
    return folder


def test_a_map_is_what_the_network_makes_of_the_channels(tmp_path, fields):
    folder = saved(tmp_path, CHANNELS)
    ocean = np.zeros(SHAPE, bool)
    ocean[:, :4] = True
    found = daymelt.map_day(folder, fields, ocean)
    normal = [
        np.nan_to_num(fields[name]) if name == "sar" else (fields[name] - 0.5) / 2
        for name in CHANNELS
    ]
    with torch.inference_mode():
        inputs = torch.from_numpy(np.stack(normal)[np.newaxis].astype("f4"))
        expected = load_model(folder)[0](inputs)[0].numpy()
    assert np.isnan(found[ocean]).all()
    np.testing.assert_allclose(found[~ocean], expected[~ocean], atol=1e-5)
    assert found[~ocean].std() > 0


def test_channels_that_are_absent_or_of_another_shape_are_refused(tmp_path, fields, one_line):
    folder, ocean = saved(tmp_path, CHANNELS), np.zeros(SHAPE, bool)
    with pytest.raises(MissingInputError) as raised:
        daymelt.map_day(folder, {"sar": fields["sar"]}, ocean)
    one_line(raised, "microwave, liquid_water, height")
    with pytest.raises(GridError) as raised:
        daymelt.map_day(folder, {**fields, "height": np.zeros((3, 3))}, ocean)
    one_line(raised, "height", "(3, 3)")


def test_a_network_of_several_days_is_refused(tmp_path, fields, one_line):
    folder = saved(tmp_path, ("height", "season sine"))
    with pytest.raises(ConfigError) as raised:
        daymelt.map_day(folder, fields, np.zeros(SHAPE, bool))
    one_line(raised, folder, "several days")


def test_a_model_that_is_not_there_is_one_line(tmp_path, fields, one_line):
    with pytest.raises(MissingInputError) as raised:
        daymelt.map_day(tmp_path, fields, np.zeros(SHAPE, bool))
    one_line(raised, tmp_path)
