"""Strata: their sums against scikit-learn stratum by stratum, and what the classes hold."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daymelt.core.encoding import NEVER_SEEN
from daymelt.science.scores import PooledScores
from daymelt.science.strata import (
    StrataSums,
    border_bins,
    gap_bins,
    height_bins,
    period_of,
)

seeds = st.integers(0, 10**6)
NAMES = ("low", "middle", "high")


def day_of(seed, masked_image):
    bins = np.random.default_rng(seed).integers(-1, 3, (8, 9))
    return bins, *masked_image(seed)


@given(st.lists(seeds, min_size=1, max_size=4))
@settings(max_examples=30)
def test_a_stratum_scores_as_its_own_pixels_by_scikit_learn(masked_image, by_sklearn, several):
    strata, pixels = StrataSums(), {name: ([], []) for name in NAMES}
    for seed in several:
        bins, prediction, target, valid = day_of(seed, masked_image)
        strata.add("height", bins, NAMES, prediction, target, valid)
        for index, name in enumerate(NAMES):
            chosen = valid & (bins == index)
            pixels[name][0].extend(prediction[chosen].astype(np.float64))
            pixels[name][1].extend(target[chosen].astype(np.float64))
    results = {row["bin"]: row for row in strata.results()}
    assert set(results) == {name for name in NAMES if pixels[name][0]}
    for name, row in results.items():
        predicted, observed = map(np.array, pixels[name])
        expected = {**by_sklearn(predicted, observed), "valid_cells": predicted.size}
        assert {key: row[key] for key in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(seeds)
def test_one_stratum_for_the_whole_image_is_the_pooled_score(masked_image, seed):
    prediction, target, valid = masked_image(seed)
    strata, pooled = StrataSums(), PooledScores()
    strata.add("month", 0, ("Jul",), prediction, target, valid)
    pooled.add(prediction, target, valid)
    (result,) = strata.results()
    assert {key: result[key] for key in pooled.result()} == pytest.approx(
        pooled.result(), rel=1e-12
    )


@given(seeds, seeds)
def test_seasons_add_up_even_after_a_trip_through_text(masked_image, one, other):
    together, parts = StrataSums(), [StrataSums(), StrataSums()]
    for seed, part in zip((one, other), parts, strict=True):
        bins, *image = day_of(seed, masked_image)
        for strata in (together, part):
            strata.add("gap", bins, NAMES, *image)
    merged = StrataSums()
    for part in parts:
        merged.add_rows([{key: str(value) for key, value in row.items()} for row in part.rows()])
    assert {row["bin"]: row for row in merged.results()} == {
        row["bin"]: pytest.approx(row) for row in together.results()
    }


def test_a_bin_without_a_name_and_a_pixel_without_data_are_refused():
    field, valid = np.zeros((1, 2), np.float32), np.ones((1, 2), bool)
    with pytest.raises(ValueError, match="height: bins 0 to 3; expected -1 to 2"):
        StrataSums().add("height", np.array([[0, 3]]), NAMES, field, field, valid)
    with pytest.raises(ValueError, match="prediction has no data"):
        StrataSums().add(
            "height", np.array([[0, 1]]), NAMES, np.full_like(field, np.nan), field, valid
        )


def test_an_image_without_a_valid_pixel_adds_no_stratum():
    strata, field = StrataSums(), np.zeros((2, 2), np.float32)
    strata.add("month", 0, ("Jul",), field, field, np.zeros((2, 2), bool))
    assert strata.rows() == []


def test_every_age_has_the_class_that_its_name_says():
    bins, names = gap_bins(np.arange(256, dtype=np.uint8).reshape(16, 16))
    named = ["" if index < 0 else names[index] for index in bins.ravel()]
    assert named[:9] == ["0", "1", "2-3", "2-3", "4-6", "4-6", "4-6", "above 6", "above 6"]
    assert set(named[7:NEVER_SEEN]) == {"above 6"} and named[NEVER_SEEN:] == ["never", ""]


@given(
    st.lists(st.floats(-80, 3500, width=32), min_size=1, max_size=30), st.sampled_from([100, 500])
)
def test_a_height_lies_in_the_band_that_its_name_says(heights, step):
    bins, names = height_bins(np.float32([heights]), step)
    for height, index in zip(heights, bins[0], strict=True):
        if names[index].startswith("below"):
            assert height < step == float(names[index].split()[1])
        else:
            low, high = map(float, names[index].removesuffix(" m").split("-"))
            assert low <= height < high
    assert bins.max() == len(names) - 1


def test_a_cell_without_height_is_in_no_band():
    bins, names = height_bins(np.float32([[np.nan, np.nan]]))
    assert (bins == -1).all() and names == ("below 500 m",)


def test_a_day_belongs_to_its_month_and_to_every_event_that_it_lies_in():
    events = {
        "July 2019": (dt.date(2019, 7, 29), dt.date(2019, 8, 2)),
        "summer": (dt.date(2019, 6, 1), dt.date(2019, 8, 31)),
    }
    assert period_of(dt.date(2019, 8, 2), events) == [
        ("month", "Aug"),
        ("event", "July 2019"),
        ("event", "summer"),
    ]
    assert period_of(dt.date(2019, 8, 3), events) == [("month", "Aug"), ("event", "summer")]
    assert period_of(dt.date(2019, 9, 1), events) == [("month", "Sep")]


@pytest.mark.parametrize(("shape", "width"), [((40, 50), 16), ((5, 60), 16), ((9, 9), 2)])
def test_the_border_is_what_lies_within_its_width_of_an_edge(shape, width):
    bins, names = border_bins(shape, width)
    for y, x in np.ndindex(shape):
        nearest = min(y, x, shape[0] - 1 - y, shape[1] - 1 - x)
        assert names[bins[y, x]] == (f"outer {width} cells" if nearest < width else "inside")
