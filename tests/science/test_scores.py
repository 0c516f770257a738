"""Scores: against scikit-learn, torchmetrics and scikit-image, and the conventions at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from sklearn import metrics

from daymelt.science.scores import (
    PooledScores,
    extent_errors,
    image_scores,
    mean_scores,
    melt_extent_km2,
    ssim,
    wet_counts,
)

seeds = st.integers(0, 10**6)


# --- one image


@given(seeds)
def test_the_scores_of_an_image_are_scikit_learn_s_over_its_valid_pixels(
    masked_image, by_sklearn, seed
):
    prediction, target, valid = masked_image(seed)
    predicted, observed = prediction[valid].astype(np.float64), target[valid].astype(np.float64)
    expected = {
        **by_sklearn(predicted, observed),
        "r2_clipped": max(-1, metrics.r2_score(observed, predicted)),
        "target_mean": observed.mean(),
        "target_square": np.mean(observed**2),
        "valid_cells": valid.sum(),
    }
    scores = image_scores(prediction, target, valid)
    assert scores == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(seeds)
@settings(max_examples=25)
def test_the_scores_of_an_image_are_torchmetrics_too(masked_image, seed):
    torch = pytest.importorskip("torch")
    from torchmetrics.functional import classification, mean_absolute_error, mean_squared_error

    prediction, target, valid = masked_image(seed)
    predicted, observed = (
        torch.from_numpy(field[valid].astype(np.float64)) for field in (prediction, target)
    )
    wet = (predicted > 0.1).int(), (observed > 0.1).int()
    expected = {
        "mae": mean_absolute_error(predicted, observed),
        "mse": mean_squared_error(predicted, observed),
        "rmse": mean_squared_error(predicted, observed, squared=False),
        "accuracy": classification.binary_accuracy(*wet),
        "precision": classification.binary_precision(*wet, zero_division=1),
        "recall": classification.binary_recall(*wet, zero_division=1),
        "f1": classification.binary_f1_score(*wet, zero_division=1),
    }
    scores = image_scores(prediction, target, valid)
    assert {name: scores[name] for name in expected} == pytest.approx(
        {name: float(value) for name, value in expected.items()}, rel=1e-6
    )


def image(*values):
    return np.float32([values])


ALL = np.ones((1, 4), bool)
DRY, WET = image(0, 0.1, 0, 0), image(1, 0.5, 0, 0)


@pytest.mark.parametrize(
    ("prediction", "target", "precision", "recall", "f1"),
    [
        (DRY, DRY, 1, 1, 1),
        (DRY, WET, 1, 0, 0),
        (WET, DRY, 0, 1, 0),
        (image(0, 0, 1, 1), WET, 0, 0, 0),
        (WET, WET, 1, 1, 1),
    ],
)
def test_precision_and_recall_are_one_where_there_is_nothing_to_divide_by(
    prediction, target, precision, recall, f1
):
    scores = image_scores(prediction, target, ALL)
    assert (scores["precision"], scores["recall"], scores["f1"]) == (precision, recall, f1)


def test_a_tenth_is_dry_and_a_hundredth_more_is_wet():
    tenth, more = np.float32(10) * np.float32(0.01), np.float32(11) * np.float32(0.01)
    assert image_scores(image(tenth, more), image(0, 1), np.ones((1, 2), bool))["accuracy"] == 1


@pytest.mark.parametrize(("error", "r2"), [(0, 1), (0.1, 0)])
def test_r2_of_a_constant_target_is_scikit_learn_s(error, r2):
    target = np.full((1, 1000), 0.3, np.float32)
    prediction = target.copy()
    prediction[0, 0] += np.float32(error)
    assert (
        image_scores(prediction, target, np.ones(target.shape, bool))["r2"]
        == r2
        == metrics.r2_score(target.ravel(), prediction.ravel())
    )


def test_a_map_that_is_far_off_counts_as_minus_one_in_its_image_and_in_full_when_pooled():
    target, prediction = image(0, 0, 0, 0.1), image(1, 1, 1, 1)
    expected = metrics.r2_score(target.ravel(), prediction.ravel())
    scores = image_scores(prediction, target, ALL)
    assert expected < -100
    assert scores["r2"] == pytest.approx(expected, rel=1e-6)
    assert scores["r2_clipped"] == -1


def test_pooled_r2_of_images_of_one_value_each_is_that_of_their_values():
    pooled = PooledScores()
    for value in (0.0, 0.5, 1.0):
        target = np.full((1, 4), value, np.float32)
        pooled.add(np.full((1, 4), 0.8 * value + 0.1, np.float32), target, ALL)
    assert pooled.result()["r2"] == pytest.approx(0.96)


def test_an_image_without_a_valid_pixel_has_no_score():
    scores = image_scores(WET, WET, ~ALL)
    assert scores.pop("valid_cells") == 0
    assert all(math.isnan(value) for value in scores.values())


@pytest.mark.parametrize("side", ["prediction", "target"])
def test_a_valid_pixel_without_data_is_refused(side):
    fields = {"prediction": WET.copy(), "target": WET.copy()}
    fields[side][0, 1] = np.nan
    with pytest.raises(ValueError, match=f"{side} has no data at 1 of 4 valid pixels"):
        image_scores(fields["prediction"], fields["target"], ALL)


def test_fields_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        image_scores(WET, WET.T, ALL)


# --- many images


@given(st.lists(seeds, min_size=1, max_size=4))
def test_pooled_scores_are_those_of_all_pixels_at_once(masked_image, by_sklearn, several):
    pooled, predicted, observed = PooledScores(), [], []
    for seed in several:
        prediction, target, valid = masked_image(seed)
        pooled.add(prediction, target, valid)
        predicted.append(prediction[valid])
        observed.append(target[valid])
    predicted, observed = (
        np.concatenate(values).astype(np.float64) for values in (predicted, observed)
    )
    assert pooled.result() == pytest.approx(
        {**by_sklearn(predicted, observed), "valid_cells": predicted.size}, rel=1e-9, abs=1e-12
    )


@given(st.lists(seeds, min_size=1, max_size=4))
def test_images_already_scored_pool_like_their_pixels(masked_image, several):
    from_pixels, from_scores = PooledScores(), PooledScores()
    for seed in several:
        prediction, target, valid = masked_image(seed)
        from_pixels.add(prediction, target, valid)
        from_scores.add_scored(
            {**image_scores(prediction, target, valid), **wet_counts(prediction, target, valid)}
        )
    from_scores.add_scored({**image_scores(WET, WET, ~ALL), **wet_counts(WET, WET, ~ALL)})
    assert from_scores.result() == pytest.approx(from_pixels.result(), rel=1e-9, abs=1e-12)


def test_wet_pixels_are_counted_where_valid():
    counts = wet_counts(
        image(0.2, 0.2, 0.1, 0.9), image(0.2, 0.0, 0.9, np.nan), image(1, 1, 1, 0) > 0
    )
    assert counts == {"wet_predicted": 2, "wet_target": 2, "wet_both": 1}


def test_pooling_does_not_flatter_dry_days():
    pooled = PooledScores()
    for prediction, target in ((WET, image(1, 0, 0, 0)), (DRY, DRY), (DRY, DRY)):
        pooled.add(prediction, target, ALL)
    each = [
        image_scores(prediction, target, ALL)
        for prediction, target in ((WET, image(1, 0, 0, 0)), (DRY, DRY), (DRY, DRY))
    ]
    assert pooled.result()["precision"] == 0.5
    assert mean_scores(each)["precision"] == pytest.approx(2.5 / 3)


def test_no_image_gives_no_pooled_score():
    assert math.isnan(PooledScores().result()["f1"])


@pytest.mark.parametrize(("weighted", "mae"), [(False, 0.3), (True, 0.4)])
def test_images_count_equally_or_by_their_valid_cells(weighted, mae):
    result = mean_scores(
        [{"mae": 0.1, "valid_cells": 100}, {"mae": 0.5, "valid_cells": 300}], weighted
    )
    assert result == pytest.approx({"mae": mae, "valid_cells": 400})


@pytest.mark.parametrize("weighted", [False, True])
def test_an_image_without_a_score_does_not_count(weighted):
    several = [
        {"mae": 0.1, "ssim": math.nan, "valid_cells": 10},
        {"mae": math.nan, "ssim": math.nan, "valid_cells": 0},
    ]
    result = mean_scores(several, weighted)
    assert (
        result["mae"] == pytest.approx(0.1)
        and result["valid_cells"] == 10
        and math.isnan(result["ssim"])
    )


# --- structural similarity


def smooth_images(masked_image, seed, shape):
    prediction, target, valid = masked_image(seed, shape, 0.9)
    return (
        gaussian_filter(prediction, 3),
        np.where(valid, gaussian_filter(np.nan_to_num(target), 3), np.nan).astype(np.float32),
        valid,
    )


@pytest.mark.parametrize(("sigma", "shape"), [(10, (90, 110)), (1.5, (30, 40)), (3, (64, 48))])
@pytest.mark.parametrize("seed", [0, 1])
def test_similarity_is_the_torchmetrics_map_without_its_border_over_valid_pixels(
    masked_image, sigma, shape, seed
):
    torch = pytest.importorskip("torch")
    from torchmetrics.functional.image import structural_similarity_index_measure as measure

    prediction, target, valid = smooth_images(masked_image, seed, shape)
    fields = (
        torch.from_numpy(np.where(valid, field, 0).astype(np.float64))[None, None]
        for field in (prediction, target)
    )
    _, similarity = measure(*fields, sigma=sigma, data_range=1.0, return_full_image=True)
    border = int(3.5 * sigma + 0.5)
    inner = (slice(border, -border), slice(border, -border))
    expected = similarity[0, 0].numpy()[inner][valid[inner]].mean()
    assert ssim(prediction, target, valid, sigma) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_similarity_of_whole_images_is_scikit_image_s(masked_image, seed):
    prediction, target, _ = smooth_images(masked_image, seed, (60, 70))
    target = np.nan_to_num(target)
    expected = structural_similarity(
        prediction.astype(np.float64),
        target.astype(np.float64),
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(prediction, target, np.ones(target.shape, bool), 1.5) == pytest.approx(
        expected, abs=1e-5
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_similarity_of_masked_images_at_the_published_width_is_scikit_image_s_map(
    masked_image, seed
):
    prediction, target, valid = smooth_images(masked_image, seed, (90, 110))
    fields = (np.where(valid, field, 0).astype(np.float64) for field in (prediction, target))
    _, similarity = structural_similarity(
        *fields,
        data_range=1.0,
        gaussian_weights=True,
        sigma=10,
        use_sample_covariance=False,
        full=True,
    )
    inner = (slice(35, -35), slice(35, -35))
    assert ssim(prediction, target, valid) == pytest.approx(
        similarity[inner][valid[inner]].mean(), abs=1e-9
    )


def test_an_image_is_similar_to_itself_and_less_so_to_another(masked_image):
    prediction, target, valid = smooth_images(masked_image, 3, (90, 90))
    assert ssim(target, target, valid) == pytest.approx(1, abs=1e-6)
    assert ssim(prediction, target, valid) < 0.999


def test_what_lies_at_invalid_pixels_does_not_matter(masked_image):
    prediction, target, valid = smooth_images(masked_image, 4, (90, 90))
    other = np.where(valid, prediction, np.float32(0.9))
    assert ssim(prediction, target, valid) == ssim(other, target, valid)


@pytest.mark.parametrize("shape", [(60, 200), (70, 70), (1, 1)])
def test_an_image_smaller_than_the_window_has_no_similarity(shape):
    field = np.zeros(shape, np.float32)
    assert math.isnan(ssim(field, field, np.ones(shape, bool)))


# --- extent


def test_the_extent_is_the_melting_share_of_each_cell_s_own_area():
    fraction = np.float32([[0.5, np.nan], [1, 0]])
    assert melt_extent_km2(fraction, 0.01) == pytest.approx(0.015)
    assert melt_extent_km2(fraction, np.array([[2.0, 5.0], [3.0, 7.0]])) == pytest.approx(4)


def test_the_extent_of_a_large_map_keeps_its_digits():
    assert melt_extent_km2(np.full((2863, 1633), 0.25, np.float32), 0.01) == pytest.approx(
        2863 * 1633 * 0.0025, rel=1e-12
    )


def test_extents_compare_on_the_days_that_both_have():
    found = extent_errors([10, math.nan, 30, 5, 1], [12, 3, 24, math.nan, 1])
    assert found == {
        "extent_mae_km2": pytest.approx(8 / 3),
        "extent_bias_km2": pytest.approx(4 / 3),
        "extent_days": 3,
    }
    assert (
        math.isnan(extent_errors([math.nan], [1])["extent_mae_km2"])
        and extent_errors([], [])["extent_days"] == 0
    )
