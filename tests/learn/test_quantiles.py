"""Quantiles: rising, minimised by the true ones, and their mean."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from daymelt.learn.quantiles import LEVELS, MEDIAN, pinball_loss, rising, weights_of_mean


@given(st.integers(0, 2**16))
def test_quantiles_lie_in_rising_order_between_0_and_1(seed):
    raw = 8 * torch.randn(24, len(LEVELS), generator=torch.Generator().manual_seed(seed))
    found = rising(raw)
    assert found.shape == raw.shape
    assert (found.diff(dim=1) >= -1e-6).all()  # the sigmoid rounds in float32
    assert found.min() >= 0
    assert found.max() <= 1


def slow_pinball(quantiles, target, valid):
    means = []
    for image in range(len(target)):
        losses = []
        for cell in np.ndindex(*target.shape[1:]):
            if valid[(image, *cell)]:
                for place, level in enumerate(LEVELS):
                    error = float(target[(image, *cell)] - quantiles[(image, place, *cell)])
                    losses.append(2 * (level * error if error > 0 else (level - 1) * error))
        means.append(np.mean(losses) if losses else 0.0)
    return np.mean(means)


def test_the_loss_is_that_of_a_loop_over_images_levels_and_cells():
    generator = torch.Generator().manual_seed(1)
    quantiles = torch.rand(3, len(LEVELS), 4, 5, generator=generator).sort(dim=1).values
    target = torch.rand(3, 4, 5, generator=generator)
    valid = torch.rand(3, 4, 5, generator=generator) < 0.6
    valid[2] = False
    found = pinball_loss(quantiles.movedim(1, -1)[valid], target, valid)
    assert float(found) == pytest.approx(slow_pinball(quantiles, target, valid), rel=1e-5)


def test_the_loss_of_the_median_alone_is_the_mean_absolute_error():
    generator = torch.Generator().manual_seed(2)
    median, target = torch.rand(2, 2, 4, 5, generator=generator)
    valid = torch.ones(2, 4, 5, dtype=torch.bool)
    found = pinball_loss(median.reshape(-1, 1), target, valid, [0.5])
    torch.testing.assert_close(found, (median - target).abs().mean())


def test_the_loss_is_least_at_the_quantiles_of_the_targets():
    target = torch.rand(1, 100, 100, generator=torch.Generator().manual_seed(3)) ** 2
    valid = torch.ones_like(target, dtype=torch.bool)
    true = torch.quantile(target.flatten(), torch.tensor(LEVELS))

    def loss(values):
        return float(pinball_loss(values.expand(10_000, -1), target, valid))

    for place in range(len(LEVELS)):
        for shift in (-0.05, 0.05):
            moved = true.clone()
            moved[place] += shift
            assert loss(moved) > loss(true)


def test_the_mean_of_evenly_spread_values_is_their_median():
    weights = weights_of_mean()
    assert weights.sum() == pytest.approx(1)
    assert weights @ np.array(LEVELS, np.float32) == pytest.approx(LEVELS[MEDIAN], abs=1e-6)
