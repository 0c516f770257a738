import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from daymelt.errors import ConfigError, FormatError, MissingInputError
from daymelt.learn import random_forest
from daymelt.learn.channels import CHANNELS, Statistics
from daymelt.learn.random_forest import (
    Forest,
    ForestCard,
    ForestOptions,
    fit,
    from_trees,
    load_forest,
    predict,
    predict_days,
    sample,
    save_forest,
)

SMALL = ForestOptions(pixel_share=0.5, trees=7, depth=6, tree_share=0.5)
CARD = ForestCard(SMALL, CHANNELS, {"height": Statistics(1.5, 2.5)}, {"training_days": 3}, {"inputs": "abc"})


@pytest.fixture(scope="module")
def area(place):
    return place((30, 41), 5)


@pytest.fixture(scope="module")
def forest(area):
    return fit(area.labelled(), SMALL, seed=3)


def same(one, other):
    return all(np.array_equal(getattr(one, array.name), getattr(other, array.name)) for array in fields(Forest))


def by_hand(forest, pixel):
    """The mean of the leaves of one pixel, tree by tree and node by node."""
    values = []
    for first, end in zip(forest.offsets, forest.offsets[1:], strict=False):
        node = first
        while first + forest.left[node] != node:
            node = first + forest.left[node] + int(pixel[forest.feature[node]] > forest.threshold[node])
            assert node < end
        values.append(float(forest.value[node]))
    return np.mean(values)


def pixels(area, day):
    """Inputs (pixel, channel) and stored target of one day, on land, by the way of a network."""
    inputs = area.inputs().whole([day])[0].numpy()
    land = ~area.terrain.ocean
    return inputs[:, land].T, area.target[day][land]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 300), st.integers(1, 16), st.sampled_from([0.5, 0.01]), st.integers(1, 4)
)
def test_kept_trees_give_what_scikit_learn_predicts(seed, channels, count, depth, step, leaf):
    """On values that tie with thresholds too: inputs are rounded to few or to many distinct numbers."""
    random = np.random.default_rng(seed)
    inputs = (random.normal(size=(count, channels)) / step).round().astype(np.float32) * np.float32(step)
    grown = RandomForestRegressor(
        5, max_depth=depth, min_samples_leaf=leaf, max_features="log2", max_samples=count, random_state=seed % 1000
    )
    grown.fit(inputs, random.random(count))
    forest = from_trees([tree.tree_ for tree in grown.estimators_])
    seen = np.concatenate([inputs, forest.threshold[np.isfinite(forest.threshold)][:50, None].repeat(channels, 1)])
    np.testing.assert_allclose(predict(forest, seen), grown.predict(seen), atol=1e-7)
    assert predict(forest, seen[:1])[0] == pytest.approx(by_hand(forest, seen[0]), abs=1e-7)


def test_a_threshold_between_two_float32_decides_as_the_double_does():
    """scikit-learn's thresholds are doubles: half way between neighbouring inputs, rounded up they would change sides."""
    low = np.float32(1) + np.arange(40, dtype=np.float32) * np.float32(2**-23)
    inputs, target = low[:, None], (np.arange(40) % 2).astype(float)
    grown = RandomForestRegressor(20, random_state=0).fit(inputs, target)
    np.testing.assert_allclose(predict(from_trees([tree.tree_ for tree in grown.estimators_]), inputs), grown.predict(inputs), atol=1e-7)


def test_pixels_are_taken_in_blocks_of_any_size_alike(forest, area, monkeypatch):
    inputs, _ = pixels(area, 0)
    whole = predict(forest, inputs)
    monkeypatch.setattr(random_forest, "BLOCK", 37)
    np.testing.assert_array_equal(predict(forest, inputs), whole)
    assert predict(forest, inputs[:0]).shape == (0,)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("block", [20, 100, 1 << 16])
def test_a_map_is_the_prediction_of_each_of_its_pixels_and_no_data_at_sea(forest, area, monkeypatch, threads, block):
    monkeypatch.setattr(random_forest, "BLOCK", block)
    maps = list(predict_days(forest, [area.inputs(slice(0, 2)), area.inputs(slice(2, 5))], threads))
    assert [day for day, _ in maps] == area.days
    for index, (_, melt) in enumerate(maps):
        assert melt.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(melt), area.terrain.ocean)
        expected = [by_hand(forest, pixel) for pixel in pixels(area, index)[0][:60]]
        np.testing.assert_allclose(melt[~area.terrain.ocean][:60], expected, atol=1e-6)


def test_the_sample_is_a_share_of_the_valid_pixels_of_every_image_each_at_most_once(area):
    inputs, target = sample(area.labelled(), 0.3, seed=1)
    first = 0
    for day in range(5):
        found, stored = pixels(area, day)
        valid = stored != 255
        rows = {tuple(row): value for row, value in zip(found[valid].tolist(), stored[valid].tolist(), strict=True)}
        assert len(rows) == valid.sum()  # the heights are all different: a pixel is known by its inputs
        end = first + round(0.3 * valid.sum())
        drawn = [tuple(row) for row in inputs[first:end].tolist()]
        assert len(set(drawn)) == len(drawn)
        np.testing.assert_allclose([rows[row] / 100 for row in drawn], target[first:end], atol=1e-7)
        first = end
    assert first == len(inputs) == len(target)


def test_the_whole_share_takes_every_valid_pixel(area):
    valid = (area.target != 255) & ~area.terrain.ocean
    assert len(sample(area.labelled(), 1.0, seed=1)[1]) == valid.sum()


def test_a_forest_is_a_function_of_its_seed_and_not_of_the_threads(area, forest):
    assert same(fit(area.labelled(), SMALL, seed=3, threads=2), forest)
    assert not same(fit(area.labelled(), SMALL, seed=4), forest)


def test_the_settings_of_a_forest_are_kept_to(area):
    inputs, target = sample(area.labelled(), 1.0, seed=1)
    forest = fit(area.labelled(), ForestOptions(pixel_share=1.0, trees=5, depth=4, tree_share=0.1, min_leaf=20), seed=1)
    assert len(forest.depths) == 5
    assert forest.depths.max() == 4
    assert forest.parameters == forest.offsets[-1] == len(forest.left)
    leaves = np.count_nonzero(~np.isfinite(forest.threshold))
    assert leaves <= 5 * 0.1 * len(target) / 20 + 5
    learnt = fit(area.labelled(), ForestOptions(pixel_share=1.0, trees=5, tree_share=1.0, min_leaf=1, min_split=2), seed=1)
    assert np.mean((predict(learnt, inputs) - target) ** 2) < 0.7 * target.var()  # noise, but learnt by heart


def test_nothing_to_learn_from_is_an_error(place):
    area = place((10, 12), 2)
    area.target[:] = 255
    with pytest.raises(MissingInputError, match="no valid pixel"):
        fit(area.labelled(), SMALL, seed=0)


@pytest.mark.parametrize(
    "change",
    [{"trees": 0}, {"depth": 0}, {"min_split": 1}, {"min_leaf": 0}, {"pixel_share": 0.0}, {"pixel_share": 1.1}, {"tree_share": 0.0}],
)
def test_an_impossible_option_is_refused_by_name(change):
    with pytest.raises(ConfigError, match=rf"random_forest\.{next(iter(change))}: found"):
        replace(SMALL, **change)


def test_a_kept_forest_is_plain_data_and_predicts_exactly_as_before(forest, area, tmp_path):
    card = save_forest(tmp_path, forest, CARD)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    again, read = load_forest(tmp_path)
    assert read == card == replace(CARD, checksum=card.checksum)
    assert same(again, forest)
    inputs, _ = pixels(area, 0)
    np.testing.assert_array_equal(predict(again, inputs), predict(forest, inputs))
    before = (tmp_path / "model.safetensors").read_bytes()
    save_forest(tmp_path, forest, CARD)
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_a_forest_that_is_absent_altered_or_of_another_kind_is_refused(forest, tmp_path):
    with pytest.raises(MissingInputError, match=r"model\.json"):
        load_forest(tmp_path)
    card = save_forest(tmp_path, forest, CARD)
    arrays = tmp_path / "model.safetensors"
    whole = arrays.read_bytes()
    arrays.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(FormatError, match="checksum"):
        load_forest(tmp_path)
    random_forest.keep(tmp_path, random_forest.save({"left": forest.left}), card)
    with pytest.raises(FormatError, match="not the arrays of a forest"):
        load_forest(tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**content, "forest": {"bushes": 3}}))
    with pytest.raises(FormatError, match=r"model\.json: not readable"):
        load_forest(tmp_path)
