import json
import threading
import tracemalloc
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learn.defaults import FOREST
from sklearn.ensemble import RandomForestRegressor

from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.learn import model_files, random_forest
from daymelt.learn.channels import CHANNELS, Statistics
from daymelt.learn.pixel_pool import Pool
from daymelt.learn.random_forest import (
    Forest,
    ForestCard,
    fit,
    load_forest,
    predict,
    predict_days,
    save_forest,
)

SMALL = replace(FOREST, pixel_share=0.5, trees=7, depth=6, tree_share=0.5)
CARD = ForestCard(
    SMALL, CHANNELS, {"height": Statistics(1.5, 2.5)}, {"training_days": 3}, {"inputs": "abc"}
)


@pytest.fixture(scope="module")
def area(place):
    return place((30, 41), 5)


@pytest.fixture(scope="module")
def forest(area):
    return fit(area.labelled(), SMALL, seed=3)


def same(one, other):
    return all(
        np.array_equal(getattr(one, array.name), getattr(other, array.name))
        for array in fields(Forest)
    )


def from_trees(trees):
    """The forest of scikit-learn's trees, one output each."""
    return random_forest._joined([random_forest._arrays(tree) for tree in trees])


def by_hand(forest, pixel):
    """The mean of the leaves of one pixel, tree by tree and node by node."""
    values = []
    for first, end in zip(forest.offsets, forest.offsets[1:], strict=False):
        node = first
        while first + forest.left[node] != node:
            node = (
                first
                + forest.left[node]
                + int(pixel[forest.feature[node]] > forest.threshold[node])
            )
            assert node < end
        values.append(float(forest.value[node]))
    return np.mean(values)


def pixels(area, day):
    """Inputs (pixel, channel) and stored target of one day, on land, by the way of a network."""
    inputs = area.inputs().whole([day])[0].numpy()
    land = ~area.terrain.ocean
    return inputs[:, land].T, area.target[day][land]


def pool_of(area, share, seed=1):
    """All pixels of a pool."""
    pool = Pool(area.labelled(), share, seed)
    return pool.read([np.arange(len(pool))])[0]


def scikit_learns(area, options, seed):
    """The forest that scikit-learn grows when it is given the whole pool."""
    inputs, target = pool_of(area, options.pixel_share, seed)
    grown = RandomForestRegressor(
        options.trees,
        max_depth=options.depth,
        min_samples_split=options.min_split,
        min_samples_leaf=options.min_leaf,
        max_features="log2",
        max_samples=max(1, int(options.tree_share * len(target))),
        random_state=seed,
    )
    return from_trees([tree.tree_ for tree in grown.fit(inputs, target).estimators_])


def peak(area, options, threads=1):
    """Most bytes of arrays that growing a forest takes beside the days; what scikit-learn frees
    before it returns is among them.
    """
    training_set = area.labelled()
    tracemalloc.start()
    fit(training_set, options, 3, threads)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 5),
    st.integers(1, 300),
    st.integers(1, 16),
    st.sampled_from([0.5, 0.01]),
    st.integers(1, 4),
)
def test_kept_trees_give_what_scikit_learn_predicts(seed, channels, count, depth, step, leaf):
    """On values that tie with thresholds too: inputs are rounded to few or to many distinct
    numbers.
    """
    random = np.random.default_rng(seed)
    inputs = (random.normal(size=(count, channels)) / step).round().astype(np.float32) * np.float32(
        step
    )
    grown = RandomForestRegressor(
        5,
        max_depth=depth,
        min_samples_leaf=leaf,
        max_features="log2",
        max_samples=count,
        random_state=seed % 1000,
    )
    grown.fit(inputs, random.random(count))
    forest = from_trees([tree.tree_ for tree in grown.estimators_])
    seen = np.concatenate(
        [inputs, forest.threshold[np.isfinite(forest.threshold)][:50, None].repeat(channels, 1)]
    )
    np.testing.assert_allclose(predict(forest, seen), grown.predict(seen), atol=1e-7)
    assert predict(forest, seen[:1])[0] == pytest.approx(by_hand(forest, seen[0]), abs=1e-7)


def test_a_threshold_between_two_float32_decides_as_the_double_does():
    """scikit-learn's thresholds are doubles: half way between neighbouring inputs, rounded up they
    would change sides.
    """
    low = np.float32(1) + np.arange(40, dtype=np.float32) * np.float32(2**-23)
    inputs, target = low[:, None], (np.arange(40) % 2).astype(float)
    grown = RandomForestRegressor(20, random_state=0).fit(inputs, target)
    np.testing.assert_allclose(
        predict(from_trees([tree.tree_ for tree in grown.estimators_]), inputs),
        grown.predict(inputs),
        atol=1e-7,
    )


def test_pixels_are_taken_in_blocks_of_any_size_alike(forest, area):
    inputs, _ = pixels(area, 0)
    whole = predict(forest, inputs)
    np.testing.assert_array_equal(predict(forest, inputs, block=37), whole)
    assert predict(forest, inputs[:0]).shape == (0,)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("block", [20, 100, 1 << 16])
def test_a_map_is_the_prediction_of_each_of_its_pixels_and_no_data_at_sea(
    forest, area, threads, block
):
    batches = [area.inputs(slice(0, 2)), area.inputs(slice(2, 5))]
    maps = list(predict_days(forest, batches, threads, block))
    assert [day for day, _ in maps] == area.days
    for index, (_, melt) in enumerate(maps):
        assert melt.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(melt), area.terrain.ocean)
        expected = [by_hand(forest, pixel) for pixel in pixels(area, index)[0][:60]]
        np.testing.assert_allclose(melt[~area.terrain.ocean][:60], expected, atol=1e-6)


def test_the_pool_is_a_share_of_the_valid_pixels_of_every_image_each_at_most_once(area):
    inputs, target = pool_of(area, 0.3)
    first = 0
    for day in range(5):
        found, stored = pixels(area, day)
        valid = stored != 255
        rows = {
            tuple(row): value
            for row, value in zip(found[valid].tolist(), stored[valid].tolist(), strict=True)
        }
        assert (
            len(rows) == valid.sum()
        )  # the heights are all different: a pixel is known by its inputs
        end = first + round(0.3 * valid.sum())
        drawn = [tuple(row) for row in inputs[first:end].tolist()]
        assert len(set(drawn)) == len(drawn)
        np.testing.assert_allclose([rows[row] / 100 for row in drawn], target[first:end], atol=1e-7)
        first = end
    assert first == len(inputs) == len(target)


def test_the_whole_share_takes_every_valid_pixel(area):
    valid = (area.target != 255) & ~area.terrain.ocean
    assert len(Pool(area.labelled(), 1.0, seed=1)) == len(pool_of(area, 1.0)[1]) == valid.sum()


@pytest.mark.parametrize("threads", [1, 3, 9])
@pytest.mark.parametrize("band", [41, 100, 1 << 19])
def test_pixels_of_a_pool_are_read_by_their_numbers_in_bands_of_any_size(area, threads, band):
    inputs, target = pool_of(area, 0.4)
    pool = Pool(area.labelled(), 0.4, 1, threads, band)
    wanted = [
        np.arange(len(pool)),
        np.arange(3, len(pool), 7),
        np.array([len(pool) - 1]),
        np.empty(0, np.int64),
    ]
    for numbers, (found, melt) in zip(wanted, pool.read(wanted), strict=True):
        np.testing.assert_array_equal(found, inputs[numbers])
        np.testing.assert_array_equal(melt, target[numbers])


def test_a_forest_is_a_function_of_its_seed_and_not_of_the_threads(area, forest):
    assert all(
        same(fit(area.labelled(), SMALL, seed=3, threads=threads), forest) for threads in (2, 3, 20)
    )
    assert not same(fit(area.labelled(), SMALL, seed=4), forest)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tree_share": 1.0},
        {"min_leaf": 1, "min_split": 2},
        {"pixel_share": 1.0, "depth": 16},
        {"tree_share": 1e-6},
    ],
)
def test_the_forest_is_the_one_that_scikit_learn_grows_from_the_whole_pool(area, change):
    """Node by node: a tree that sees only the pixels drawn for it is the one that sees all of them,
    most with a weight of 0.
    """
    options = replace(SMALL, **change)
    assert same(
        fit(area.labelled(), options, seed=7, threads=2), scikit_learns(area, options, seed=7)
    )


@pytest.mark.parametrize(("draws", "expected"), [(1, 1), (2.5, 2), (100, 3)])
def test_trees_grow_side_by_side_as_far_as_threads_and_memory_allow(
    area, monkeypatch, draws, expected
):
    each = int(SMALL.tree_share * len(Pool(area.labelled(), SMALL.pixel_share, 3)))
    growing, most, lock, tree = 0, 0, threading.Lock(), random_forest._tree
    together = threading.Barrier(expected)

    def watched(*arguments):
        nonlocal growing, most
        with lock:
            growing, most = growing + 1, max(most, growing + 1)
        together.wait(timeout=60)
        try:
            return tree(*arguments)
        finally:
            with lock:
                growing -= 1

    monkeypatch.setattr(random_forest, "_tree", watched)
    most_draws = int(draws * each)
    grown = fit(
        area.labelled(), replace(SMALL, trees=6), seed=3, threads=3, draws_at_once=most_draws
    )
    assert most == expected
    assert len(grown.depths) == 6


def test_memory_grows_with_what_the_trees_draw_and_not_with_the_pool(place):
    """Twice the days make the pool larger by some 190,000 pixels: in a few bytes each it would
    show.
    """
    few, many = place((180, 250), 8), place((180, 250), 16)
    options = replace(FOREST, pixel_share=1.0, trees=3, depth=4, tree_share=0.02)
    peak(few, options)  # what is imported and compiled is not counted
    larger = len(Pool(many.labelled(), 1.0, 3)) - len(Pool(few.labelled(), 1.0, 3))
    assert peak(many, replace(options, tree_share=0.01)) - peak(few, options) < larger
    draws = int(0.5 * len(Pool(few.labelled(), 1.0, 3)))
    assert (
        peak(few, replace(options, tree_share=0.5)) - peak(few, replace(options, tree_share=0.25))
        < 70 * draws / 2
    )


def test_the_settings_of_a_forest_are_kept_to(area):
    inputs, target = pool_of(area, 1.0)
    forest = fit(
        area.labelled(),
        replace(FOREST, pixel_share=1.0, trees=5, depth=4, tree_share=0.1, min_leaf=20),
        seed=1,
    )
    assert len(forest.depths) == 5
    assert forest.depths.max() == 4
    assert forest.parameters == forest.offsets[-1] == len(forest.left)
    leaves = np.count_nonzero(~np.isfinite(forest.threshold))
    assert leaves <= 5 * 0.1 * len(target) / 20 + 5
    learnt = fit(
        area.labelled(),
        replace(FOREST, pixel_share=1.0, trees=5, tree_share=1.0, min_leaf=1, min_split=2),
        seed=1,
    )
    assert (
        np.mean((predict(learnt, inputs) - target) ** 2) < 0.7 * target.var()
    )  # noise, but learnt by heart


def test_nothing_to_learn_from_is_an_error(place):
    area = place((10, 12), 2)
    area.target[:] = 255
    with pytest.raises(MissingInputError, match="no valid pixel"):
        fit(area.labelled(), SMALL, seed=0)


@pytest.mark.parametrize(
    "change",
    [
        {"trees": 0},
        {"depth": 0},
        {"min_split": 1},
        {"min_leaf": 0},
        {"pixel_share": 0.0},
        {"pixel_share": 1.1},
        {"tree_share": 0.0},
    ],
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
    model_files.write_model(tmp_path, asdict(card), {"left": forest.left})
    with pytest.raises(FormatError, match="not the arrays of a forest"):
        load_forest(tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**content, "forest": {"bushes": 3}}))
    with pytest.raises(FormatError, match=r"model\.json: not readable"):
        load_forest(tmp_path)
