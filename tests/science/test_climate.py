"""Liquid water and its melt curve: units, a NaN-aware blur against plain loops, a fit that recovers
what it was given.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.optimize import brute

from daymelt.core.errors import FormatError
from daymelt.science.climate import (
    blur,
    fit_melt_curve,
    liquid_water_in_kg_per_kg,
    melt_from_liquid_water,
)

# --- units


@pytest.mark.parametrize(
    ("units", "value"),
    [
        ("kg/kg", 0.05),
        ("kg kg-1", 0.05),
        ("kg kg^-1", 0.05),
        ("KG/KG", 0.05),
        ("1", 0.05),
        ("g/kg", 50),
        ("g kg-1", 50),
        ("%", 5),
    ],
)
def test_every_unit_of_a_mass_fraction_gives_the_same_content(units, value):
    content = liquid_water_in_kg_per_kg(np.float32([value, np.nan]), units, "MAR file x.nc WA1")
    assert content.dtype == np.float32
    np.testing.assert_allclose(content, [0.05, np.nan], rtol=1e-6)


@pytest.mark.parametrize("units", ["mmWE", "K", "", "kg m-2", "m"])
def test_another_unit_is_refused_by_name(units):
    with pytest.raises(
        FormatError, match=rf"MAR file x.nc WA1: units '{units}', expected a mass fraction"
    ):
        liquid_water_in_kg_per_kg(np.zeros(1, np.float32), units, "MAR file x.nc WA1")


@pytest.mark.parametrize("value", [1.1, -0.1, 50])
def test_values_that_are_no_mass_fraction_are_refused(value):
    with pytest.raises(FormatError, match="expected 0 to 1"):
        liquid_water_in_kg_per_kg(np.float32([0.1, value, np.nan]), "kg/kg", "MAR file x.nc WA1")


def test_rounding_below_zero_becomes_zero():
    assert liquid_water_in_kg_per_kg(np.float32([-1e-8]), "kg/kg", "x")[0] == 0


def test_a_day_without_data_has_no_content_to_check():
    assert np.isnan(liquid_water_in_kg_per_kg(np.float32([np.nan]), "kg/kg", "x")).all()


# --- blur


def blur_slowly(field, sigma):
    reach = round(46 / 33 * sigma)
    result = np.full(field.shape, np.nan)
    for row, column in zip(*np.nonzero(np.isfinite(field)), strict=True):
        total = weight = 0.0
        for y in range(max(0, row - reach), min(field.shape[0], row + reach + 1)):
            for x in range(max(0, column - reach), min(field.shape[1], column + reach + 1)):
                if math.isfinite(field[y, x]):
                    share = math.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
                    total, weight = total + share * float(field[y, x]), weight + share
        result[row, column] = total / weight
    return result


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.2, 0.8]), st.sampled_from([0.7, 1.5, 3.3]))
@settings(max_examples=20, deadline=None)
def test_the_blur_is_the_gaussian_mean_of_the_pixels_with_data(seed, missing, sigma):
    rng = np.random.default_rng(seed)
    field = rng.random((9, 12)).astype(np.float32)
    field[rng.random(field.shape) < missing] = np.nan
    np.testing.assert_allclose(blur(field, sigma), blur_slowly(field, sigma), rtol=1e-5)


def test_away_from_edges_the_blur_is_scipy_s_with_the_published_kernel():
    field = np.random.default_rng(0).random((200, 200)).astype(np.float32)
    ours, reference = blur(field, 33.0), gaussian_filter(field.astype(np.float64), 33.0, radius=46)
    np.testing.assert_allclose(ours[46:-46, 46:-46], reference[46:-46, 46:-46], rtol=1e-5)


@pytest.mark.parametrize("holes", [False, True])
def test_a_constant_field_stays_constant(holes):
    field = np.full((20, 30), 0.25, np.float32)
    if holes:
        field[5:9, 10:20] = np.nan
    result = blur(field, 3.0)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(field))
    np.testing.assert_allclose(result[np.isfinite(field)], 0.25, rtol=1e-6)


# --- curve


@pytest.mark.parametrize(
    ("water", "melt"), [(0.0, 0.0), (0.005, 0.25), (0.01, 1.0), (0.09, 1.0), (np.nan, np.nan)]
)
def test_the_curve_rises_to_one_and_stays_there(water, melt):
    np.testing.assert_allclose(
        melt_from_liquid_water(np.float32([[water]]), 100.0, 2.0), [[melt]], rtol=1e-5
    )


@pytest.mark.parametrize(("brightness", "gamma"), [(143.48, 29.18), (60.0, 1.0), (200.0, 0.4)])
def test_the_fit_recovers_the_curve_that_made_the_samples(brightness, gamma):
    water = np.random.default_rng(0).gamma(0.6, 0.01, 8000)
    melt = np.clip(water * brightness, 0, 1) ** gamma
    found = melt_from_liquid_water(water.astype(np.float32), *fit_melt_curve([(water, melt)]))
    assert np.abs(found - melt).mean() < 1e-3


def test_the_fit_is_as_good_as_a_search_of_the_whole_plane():
    rng = np.random.default_rng(1)
    water = rng.gamma(0.6, 0.01, 3000)
    melt = np.clip(np.clip(water * 80, 0, 1) ** 1.7 + rng.normal(0, 0.2, water.size), 0, 1)

    def error(logs):
        return np.abs(np.clip(water * np.exp(logs[0]), 0, 1) ** np.exp(logs[1]) - melt).mean()

    best = brute(error, (slice(2, 7, 0.1), slice(-3, 5, 0.1)), full_output=True, finish=None)[1]
    assert error(np.log(fit_melt_curve([(water, melt)]))) <= best + 1e-6


def test_every_image_counts_equally_in_the_fit_however_many_pixels_it_has():
    rng = np.random.default_rng(2)
    images = []
    for pixels, scale in ((3000, 40), (200, 90), (150, 110)):
        water = rng.gamma(0.6, 0.01, pixels)
        images.append((water, np.clip(np.clip(water * scale, 0, 1) ** 2, 0, 1)))

    def mean_of_images(brightness, gamma):
        errors = [
            sum(abs(min(w * brightness, 1) ** gamma - m) for w, m in zip(*image, strict=True))
            / image[0].size
            for image in images
        ]
        return sum(errors) / len(errors)

    plane = [(np.exp(b), np.exp(g)) for b in np.arange(3, 6, 0.25) for g in np.arange(-1, 3, 0.25)]
    found = fit_melt_curve(images)
    assert mean_of_images(*found) <= min(mean_of_images(*point) for point in plane) + 1e-6
    pooled = [(np.concatenate(side)) for side in zip(*images, strict=True)]
    assert mean_of_images(*found) < mean_of_images(*fit_melt_curve([tuple(pooled)])) - 0.005


def test_samples_with_a_missing_side_do_not_count():
    water = np.random.default_rng(0).gamma(0.6, 0.01, 500)
    melt = np.clip(water * 60, 0, 1)
    spoiled = fit_melt_curve(
        [
            (np.append(water, [np.nan, 0.5]), np.append(melt, [1.0, np.nan])),
            (np.array([np.nan, 0.1]), np.array([0.2, np.nan])),
        ]
    )
    assert spoiled == fit_melt_curve([(water, melt)])


def test_samples_without_water_cannot_be_fitted():
    with pytest.raises(ValueError, match="none of 3 samples"):
        fit_melt_curve([(np.zeros(3), np.ones(3))])
