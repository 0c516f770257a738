import itertools
from dataclasses import replace

import pytest
import torch
from learn.defaults import NETWORK
from learn.measures import count_parameters, receptive_extents, receptive_field

from daymelt.learn.networks import Network, build

VANILLA = replace(NETWORK, architecture="vanilla-unet", features=1)


def arithmetic(depth, kernels=2):
    """First and last input row of an output row of a U-Net, by going back through its layers, for
    each row of a coarsest cell.
    """
    side, start = kernels, 10 * 2**depth  # a 3x3 convolution reaches one cell to each side
    for row in range(start, start + 2**depth):
        first = last = row
        for _ in range(depth):
            first, last = (first - side) // 2, (last + side) // 2
        first, last = first - side, last + side
        for _ in range(depth):
            first, last = 2 * first - side, 2 * last + 1 + side
        yield first - row, last - row


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_gradient_reaches_as_far_as_the_arithmetic_of_kernels_and_strides_says(depth):
    network = build(replace(NETWORK, architecture="vanilla-unet", features=1, depth=depth))
    assert receptive_extents(network) == list(arithmetic(depth))


def test_the_vanilla_unet_of_the_paper_has_31_0_million_parameters_and_sees_188_cells():
    with torch.device("meta"):
        network = build(replace(NETWORK, architecture="vanilla-unet"))
    assert round(count_parameters(network) / 1e6, 1) == 31.0
    assert receptive_field(build(VANILLA)) == (
        188,
        204,
    )  # 188 at the corners of a coarsest cell, 204 within it
    assert {last - first + 1 for first, last in arithmetic(4)} == {188, 204}


def test_the_gradient_of_a_network_as_it_is_reaches_no_further():
    """With weights as drawn, norms and maxima: what a cell of the input changes lies within the
    field, and nearly fills it.
    """
    torch.manual_seed(0)
    network = build(replace(NETWORK, architecture="vanilla-unet", features=8, depth=2)).eval()
    inputs = torch.randn(1, 4, 128, 128, requires_grad=True)
    for row, (first, last) in zip(range(64, 68), arithmetic(2), strict=True):
        (gradient,) = torch.autograd.grad(network(inputs)[0, row].sum(), inputs)
        seen = torch.nonzero(gradient.abs().sum(dim=(0, 1, 3)))[:, 0]
        assert first <= seen[0] - row <= first + 2
        assert last - 2 <= seen[-1] - row <= last


@pytest.mark.parametrize("architecture", ["unet", "deeplabv3plus"])
def test_a_network_that_averages_over_all_it_sees_has_no_end(architecture):
    options = replace(NETWORK, architecture=architecture, decoder_width=16)
    assert receptive_field(build(options)) is None


def test_parameters_are_counted_once_and_only_if_they_are_trained():
    layer = torch.nn.Conv2d(3, 5, 3)
    fixed = torch.nn.Conv2d(5, 5, 1).requires_grad_(False)
    assert (
        count_parameters(Network(torch.nn.Sequential(layer, fixed, torch.nn.BatchNorm2d(5)), 1))
        == 5 * 3 * 9 + 5 + 2 * 5
    )


@pytest.mark.parametrize(("kernel", "stride"), list(itertools.product([1, 3, 7], [1, 2])))
def test_a_single_layer_sees_its_kernel(kernel, stride):
    body = torch.nn.Sequential(
        torch.nn.Conv2d(2, 1, kernel, stride, kernel // 2), torch.nn.Upsample(scale_factor=stride)
    )
    assert receptive_field(Network(body, stride)) == (kernel, kernel)
