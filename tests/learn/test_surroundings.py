"""Means over the surroundings: against plain loops, and by what a place must not know."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from learn.defaults import NETWORK
from timm.layers import SEModule

from daymelt.learn.networks import ModelCard, build, load_model, save_model
from daymelt.learn.surroundings import BLOCKS, Surroundings, local_mean

DEEP = replace(NETWORK, architecture="deeplabv3plus", depth=5, decoder_width=16)


def local_mean_slowly(field, window):
    """Mean of the means over the windows that contain each place; a field smaller than a window is
    one.
    """
    sides = [min(window, length) for length in field.shape[-2:]]
    total, count = np.zeros(field.shape), np.zeros(field.shape[-2:])
    for row in range(field.shape[-2] - sides[0] + 1):
        for column in range(field.shape[-1] - sides[1] + 1):
            place = np.s_[..., row : row + sides[0], column : column + sides[1]]
            total[place] += field[place].mean(axis=(-2, -1), keepdims=True)
            count[place] += 1
    return total / count


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 25), st.integers(1, 25), st.integers(1, 2 * BLOCKS - 1), st.integers(0, 99))
def test_a_mean_over_a_small_window_is_that_of_plain_loops(rows, columns, window, seed):
    field = np.random.default_rng(seed).normal(size=(2, 3, rows, columns)).astype(np.float32)
    found = local_mean(torch.from_numpy(field), window)
    np.testing.assert_allclose(found, local_mean_slowly(field, window), atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 150))
def test_a_mean_has_the_shape_of_the_field_and_keeps_what_is_even(rows, columns, window):
    found = local_mean(torch.full((1, 2, rows, columns), 0.75), window)
    assert found.shape == (1, 2, rows, columns)
    torch.testing.assert_close(found, torch.full_like(found, 0.75))


def test_a_mean_over_a_large_window_is_that_of_plain_loops_within_a_block():
    y, x = np.mgrid[:150, :170].astype(np.float32)
    found = local_mean(torch.from_numpy(y + 2 * x)[None, None], 64)[0, 0].numpy()
    expected = local_mean_slowly((y + 2 * x)[None, None], 64)[0, 0]
    assert (
        np.abs(found - expected).max() <= (1 + 2) * 64 / BLOCKS
    )  # a plane rises so much within a block


@pytest.mark.parametrize("options", [NETWORK, DEEP], ids=["unet", "deeplabv3plus"])
def test_what_lies_beyond_the_window_does_not_change_a_place(options):
    torch.manual_seed(1)
    network = build(options).eval()
    inputs = torch.randn(1, 4, 64, 512)
    other = inputs.clone()
    other[..., 448:] += 3
    with torch.inference_mode():
        without = (network(inputs) - network(other)).abs()[..., :64].max()
        network.sees = 64
        within = (network(inputs) - network(other)).abs()[..., :64].max()
    assert without > 1e-5
    assert within < 1e-3 * without


@pytest.mark.parametrize("options", [NETWORK, DEEP], ids=["unet", "deeplabv3plus"])
def test_a_crop_as_large_as_the_window_is_seen_as_in_training_bit_for_bit(options):
    torch.manual_seed(1)
    network = build(options).eval()
    crop = torch.randn(2, 4, 96, 96)
    with torch.inference_mode():
        expected = network(crop)
        network.sees = 96
        assert torch.equal(network(crop), expected)


def test_other_means_stay_as_they_are():
    field = torch.randn(2, 3, 8, 9)
    with Surroundings(2, 8):
        assert torch.equal(field.mean(), torch.mean(field))
        assert field.mean((2, 3)).shape == (2, 3)
        assert field.mean(1, keepdim=True).shape == (2, 1, 8, 9)
        assert torch.nn.functional.adaptive_avg_pool2d(field, 2).shape == (2, 3, 2, 2)
        assert field.mean((2, 3), keepdim=True).shape == field.shape
        assert torch.nn.AdaptiveAvgPool2d(1)(field).shape == field.shape
        assert SEModule(3)(field).shape == field.shape


def test_a_trained_network_sees_as_much_as_a_crop_of_its_training(tmp_path):
    options = replace(NETWORK, depth=3, decoder_channels=(8, 8, 8))
    card = ModelCard(options, ("sar",) * 4, {}, {"crop": 96})
    save_model(tmp_path, build(options), card)
    assert load_model(tmp_path)[0].sees == 96
