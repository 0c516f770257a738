"""Reliability: against scikit-learn's calibration curve and a loop over the pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from daymelt.science.reliability import Reliability

seeds = st.integers(0, 10**6)


@given(seeds, st.sampled_from([5, 20]))
def test_the_curve_of_a_yes_or_no_target_is_scikit_learn_s(seed, bins):
    rng = np.random.default_rng(seed)
    prediction = rng.random((9, 11)).astype(np.float32)
    target = (rng.random(prediction.shape) < prediction).astype(np.float32)
    reliability = Reliability(bins)
    reliability.add(prediction, target, np.ones(target.shape, bool))
    observed, predicted = calibration_curve(
        target.ravel(), prediction.ravel().astype(np.float64), n_bins=bins
    )
    assert [row["mean_target"] for row in reliability.rows()] == pytest.approx(observed)
    assert [row["mean_prediction"] for row in reliability.rows()] == pytest.approx(predicted)


@given(st.lists(seeds, min_size=1, max_size=3))
def test_every_valid_pixel_counts_once_in_the_class_of_its_prediction(masked_image, several):
    reliability, pixels = Reliability(), []
    for seed in several:
        prediction, target, valid = masked_image(seed)
        reliability.add(prediction, target, valid)
        pixels += zip(prediction[valid].tolist(), target[valid].tolist(), strict=True)
    rows = reliability.rows()
    assert sum(row["cells"] for row in rows) == len(pixels)
    for row in rows:
        inside = [
            (p, t) for p, t in pixels if row["lower"] <= p < row["upper"] or p == row["upper"] == 1
        ]
        assert row["cells"] == len(inside)
        assert (row["mean_prediction"], row["mean_target"]) == pytest.approx(
            tuple(np.mean(inside, axis=0)), abs=1e-9
        )


def test_the_ends_of_the_scale_lie_in_the_outer_classes():
    reliability = Reliability(4)
    ends = np.float32([[0, 1]])
    reliability.add(ends, ends, np.ones((1, 2), bool))
    assert [(row["lower"], row["upper"], row["cells"]) for row in reliability.rows()] == [
        (0, 0.25, 1),
        (0.75, 1, 1),
    ]


@given(seeds, seeds)
def test_seasons_add_up_even_after_a_trip_through_text(masked_image, one, other):
    together, merged = Reliability(), Reliability()
    for seed in (one, other):
        part = Reliability()
        for reliability in (together, part):
            reliability.add(*masked_image(seed))
        merged.add_rows(
            [
                {
                    key: f"{value:.6g}" if key in ("lower", "upper") else str(value)
                    for key, value in row.items()
                }
                for row in part.rows()
            ]
        )
    assert merged.rows() == [pytest.approx(row) for row in together.rows()]


def test_a_valid_pixel_without_data_is_refused():
    with pytest.raises(ValueError, match="target has no data"):
        Reliability().add(
            np.zeros((1, 1), np.float32), np.full((1, 1), np.nan, np.float32), np.ones((1, 1), bool)
        )
