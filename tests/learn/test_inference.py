import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from learn.defaults import NETWORK, TRAINING
from learn.measures import receptive_extents

from daymelt.core.errors import ConfigError
from daymelt.learn.inference import check_tile, predict_days, ramp, tile_starts
from daymelt.learn.networks import Network, build
from daymelt.learn.samples import SeasonInputs
from daymelt.learn.threads import MeasuredThreads
from daymelt.learn.training import draw


class Local(torch.nn.Module):
    """Sees 14 cells to each side, on a grid of its own of 4 cells: the reach and the pooling of a
    small U-Net.
    """

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.fine = torch.nn.Conv2d(4, 6, 5, padding=2)
        self.coarse = torch.nn.Conv2d(6, 6, 5, padding=2)
        self.last = torch.nn.Conv2d(12, 1, 1)

    def forward(self, inputs):
        fine = torch.relu(self.fine(inputs))
        coarse = torch.relu(self.coarse(torch.nn.functional.max_pool2d(fine, 4)))
        return 4 * self.last(
            torch.cat([fine, torch.nn.functional.interpolate(coarse, scale_factor=4)], dim=1)
        )


REACH = 2 + 3 + 2 * 4  # fine kernel, rest of a coarse cell, coarse kernel


@pytest.fixture(scope="module")
def local():
    return Network(Local(), 4).eval()


@pytest.fixture(scope="module")
def default():
    torch.manual_seed(1)
    return build(NETWORK).eval()


def predict(network, batches, **options):
    return dict(predict_days(network, batches, **options))


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.sampled_from([60, 64, 80, 100]))
def test_tiles_give_the_map_of_one_pass_where_the_network_sees_no_further_than_half_a_halo(
    place, local, rows, columns, tile
):
    area = place((rows, columns), 2)
    whole = predict(local, [area.inputs()])
    tiled = predict(local, [area.inputs()], tile=tile, halo=2 * REACH)
    for day in area.days:
        np.testing.assert_allclose(tiled[day], whole[day], atol=2e-6)


def test_a_halo_shorter_than_the_sight_of_the_network_shows(place, local):
    area = place((120, 120), 1)
    (whole,), (tiled,) = (
        predict(local, [area.inputs()], **options).values()
        for options in ({}, {"tile": 40, "halo": 4})
    )
    difference = np.abs(whole - tiled)
    assert np.nanmax(difference) > 1e-4
    assert (
        np.nanmax(difference[: 40 - REACH, : 40 - REACH]) < 2e-6
    )  # but not where the first window sees no edge


def test_the_default_network_in_tiles_is_close_to_one_pass(place, default):
    area = place((200, 200), 1)
    (whole,), (tiled,) = (
        predict(default, [area.inputs()], **options).values()
        for options in ({}, {"tile": 128, "halo": 32})
    )
    assert (
        np.nanmax(np.abs(whole - tiled)) < 0.05
    )  # its squeeze-and-excitation averages over all that it sees


def test_a_vanilla_unet_gives_the_same_map_in_tiles_where_half_a_halo_is_as_far_as_it_sees(
    place, lively
):
    torch.manual_seed(2)
    network = lively(build(replace(NETWORK, architecture="vanilla-unet", features=2))).eval()
    reach = max(max(-first, last) for first, last in receptive_extents(network))
    area = place((700, 40), 1)
    (whole,), (tiled,) = (
        predict(network, [area.inputs()], **options).values()
        for options in ({}, {"tile": 480, "halo": 2 * reach})
    )
    np.testing.assert_allclose(tiled, whole, atol=2e-6)
    (short,) = predict(network, [area.inputs()], tile=480, halo=32).values()
    assert np.nanmax(np.abs(short - whole)) > 1e-4


def test_deeplabv3plus_in_tiles_is_close_to_one_pass(place):
    torch.manual_seed(2)
    network = build(
        replace(NETWORK, architecture="deeplabv3plus", depth=5, decoder_width=16)
    ).eval()
    area = place((200, 200), 1)
    (whole,), (tiled,) = (
        predict(network, [area.inputs()], **options).values()
        for options in ({}, {"tile": 128, "halo": 32})
    )
    assert (
        np.nanmax(np.abs(whole - tiled)) < 0.05
    )  # its image pooling averages over all that it sees


@pytest.mark.parametrize("options", [{}, {"tile": 48, "halo": 8}])
def test_how_many_days_are_predicted_together_does_not_matter(place, default, options):
    area = place((70, 50), 5)
    alone = predict(default, (area.inputs(slice(n, n + 1)) for n in range(5)), **options)
    together = predict(default, [area.inputs(slice(0, 3)), area.inputs(slice(3, 5))], **options)
    assert list(alone) == list(together) == area.days
    for day in area.days:
        np.testing.assert_allclose(alone[day], together[day], atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        NETWORK,
        replace(NETWORK, architecture="vanilla-unet", features=4),
        replace(NETWORK, architecture="deeplabv3plus", decoder_width=16),
        replace(NETWORK, quantiles=(0.1, 0.5, 0.9)),
    ],
    ids=["default", "vanilla-unet", "deeplabv3plus", "quantiles"],
)
def test_a_map_has_the_same_bits_on_any_number_of_threads(place, options):
    torch.manual_seed(2)
    network, area = build(options).eval(), place((96, 80), 2)
    maps = []
    for threads in (1, 2, 3, 5):
        torch.set_num_threads(threads)
        chosen = MeasuredThreads(1)
        maps.append(list(predict(network, [area.inputs()], threads=chosen).values()))
    torch.set_num_threads(1)
    for other in maps[1:]:
        np.testing.assert_array_equal(other, maps[0])


def test_maps_are_fractions_on_land_and_no_data_at_sea(place, default):
    area = place((50, 40), 1)
    (melt,) = predict(default, [area.inputs()]).values()
    assert melt.dtype == np.float32
    assert melt.shape == (50, 40)
    np.testing.assert_array_equal(np.isnan(melt), area.terrain.ocean)
    assert 0 <= np.nanmin(melt) <= np.nanmax(melt) <= 1


def test_mapping_gives_what_validation_and_training_see(place, default):
    """One set of numbers goes into a training crop, a validation day and a map: the network's
    answers agree.
    """
    area = place((64, 48), 2)
    options = replace(TRAINING, crop=64, batch=2, augment=False)
    inputs, _, _ = draw(area.labelled(), options, 0)
    with torch.inference_mode():
        trained = default(inputs).numpy()
    maps = np.stack(list(predict(default, [area.inputs()]).values()))
    for crop in trained:
        assert min(np.nanmax(np.abs(crop - melt)) for melt in maps) < 1e-5


def test_prediction_leaves_no_gradient_and_takes_the_network_out_of_training(place, default):
    area = place((32, 32), 1)
    default.train()
    running = {name: value.clone() for name, value in default.state_dict().items()}
    first = predict(default, [area.inputs()])
    assert not default.training
    assert all(torch.equal(running[name], value) for name, value in default.state_dict().items())
    np.testing.assert_array_equal(
        first[area.days[0]], predict(default, [area.inputs()])[area.days[0]]
    )


def test_days_are_predicted_as_they_come(place, local):
    area = place((32, 32), 2)
    asked = []

    def batches():
        for n in range(2):
            asked.append(n)
            yield SeasonInputs(
                area.frame(),
                area.days[n : n + 1],
                area.sar[n : n + 1],
                {k: v[n : n + 1] for k, v in area.coarse.items()},
            )

    days = predict_days(local, batches())
    assert asked == []
    assert next(days)[0] == area.days[0]
    assert asked == [0]


@given(st.integers(1, 3000), st.integers(0, 100), st.sampled_from([2, 16, 32]), st.integers(0, 9))
def test_windows_cover_the_axis_in_steps_of_the_coarsest_cell(cells, halo, multiple, more):
    tile = (-(-2 * halo // multiple) + 1 + more) * multiple
    check_tile(tile, halo, multiple)
    starts = tile_starts(cells, tile, halo, multiple)
    assert starts[0] == 0
    assert all(start % multiple == 0 for start in starts)
    assert starts == sorted(set(starts))
    assert all(after - before <= tile - 2 * halo for before, after in itertools.pairwise(starts))
    assert cells - multiple < starts[-1] + tile
    assert cells <= starts[-1] + tile
    assert len(starts) <= 1 + -(-cells // ((tile - 2 * halo) // multiple * multiple))


@given(st.integers(1, 60), st.integers(1, 100))
def test_the_weights_of_two_windows_add_up_to_one(halo, more):
    size = 2 * halo + more
    falling, rising = (
        ramp(size, halo, False, True)[-2 * halo :],
        ramp(size, halo, True, False)[: 2 * halo],
    )
    np.testing.assert_allclose(falling + rising, 1, atol=1e-6)
    assert np.all(np.diff(rising) >= 0)
    assert np.all(rising[: halo // 2] == 0)
    assert np.all(rising[-(halo // 2) or 2 * halo :] == 1)
    assert np.all(ramp(size, halo, False, False) == 1)


@pytest.mark.parametrize(("tile", "halo"), [(100, 16), (64, 32), (128, 60), (64, -1), (0, 0)])
def test_tiles_that_cannot_cover_are_refused(place, default, tile, halo):
    with pytest.raises(ConfigError, match=r"map\.(tile|halo): found"):
        predict(default, [place((32, 32), 1).inputs()], tile=tile, halo=halo)


def test_bfloat16_can_be_asked_for_and_stays_close(place, default):
    area = place((32, 32), 1)
    (exact,), (short,) = (
        predict(default, [area.inputs()], precision=precision).values()
        for precision in ("32", "bf16-mixed")
    )
    assert 0 < np.nanmax(np.abs(exact - short)) < 0.03
