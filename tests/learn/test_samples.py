from collections import Counter
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from daymelt.core.errors import ConfigError, GridError
from daymelt.learn.channels import CHANNELS
from daymelt.learn.samples import (
    CANDIDATES,
    SeasonInputs,
    StaticFields,
    TrainingSet,
    crop_plan,
    crop_size,
    fraction,
    in_parts,
    make_frame,
    turn,
    turn_each,
    turn_plan,
)

sizes = st.integers(1, 40)


def slow_inputs(area, day, row, column, size):
    """The input of one crop, cell by cell from the physical fields, by scipy's interpolation."""
    statistics = area.statistics()
    layers = []
    for name in CHANNELS:
        if name == "sar":
            stored = area.sar[day].astype(float)
            layer = np.where(stored == 255, 0, stored / 100)
        elif name == "height":
            layer = (area.terrain.height - statistics[name].mean) / statistics[name].sd
        else:
            field = area.coarse[name][day]
            centres = [(np.arange(n) - 0.5) * 10 for n in field.shape]
            cells = np.stack(
                np.meshgrid(*(np.arange(n) + 0.5 for n in area.shape), indexing="ij"), axis=-1
            )
            layer = (
                RegularGridInterpolator(centres, field)(cells) - statistics[name].mean
            ) / statistics[name].sd
        layers.append(layer[row : row + size[0], column : column + size[1]])
    return np.stack(layers)


@pytest.mark.parametrize("place_of_crop", [(0, 0), (17, 5), (40 - 16, 53 - 24)])
def test_a_crop_holds_the_interpolated_normalised_fields_of_its_place(place, place_of_crop):
    area, size = place((40, 53), 3), (16, 24)
    row, column = place_of_crop
    found = area.labelled().inputs([2, 0], [row, 3], [column, 1], size)
    assert found.shape == (2, 4, *size)
    assert found.dtype == torch.float32
    assert found.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(found[0], slow_inputs(area, 2, row, column, size), atol=2e-5)
    np.testing.assert_allclose(found[1], slow_inputs(area, 0, 3, 1, size), atol=2e-5)


def test_targets_are_fractions_and_valid_where_observed_on_land(place):
    area = place((30, 30), 2)
    _, target, valid = area.labelled().crops([1], [4], [6], (20, 22))
    stored, ocean = area.target[1, 4:24, 6:28], area.terrain.ocean[4:24, 6:28]
    np.testing.assert_array_equal(valid[0], (stored != 255) & ~ocean)
    np.testing.assert_allclose(target[0], np.where(stored == 255, 0, stored / 100), atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_crop_is_the_same_cells_as_the_whole_area_that_is_mapped(place, data):
    area = place((45, 38), 2)
    row, column = data.draw(st.integers(0, 44)), data.draw(st.integers(0, 37))
    size = data.draw(st.integers(1, 45 - row)), data.draw(st.integers(1, 38 - column))
    trained = area.labelled().crops([1], [row], [column], size)[0]
    mapped = area.inputs(slice(1, 2)).whole([0])[
        ..., row : row + size[0], column : column + size[1]
    ]
    torch.testing.assert_close(trained, mapped, atol=0, rtol=0)


@pytest.mark.parametrize(
    "channels", [CHANNELS, ("sar",), ("height", "microwave"), ("microwave", "liquid_water")]
)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_crops_on_the_cpu_are_those_of_other_devices_with_any_number_of_threads(
    place, channels, threads
):
    labelled = place((45, 38), 3).labelled(channels=channels)
    where = [2, 0], [5, 0], [0, 7], (40, 31)
    torch.set_num_threads(threads)
    found, target, valid = labelled.crops(*where)
    torch.set_num_threads(1)
    torch.testing.assert_close(found, labelled.composed(*where), atol=1e-6, rtol=1e-6)
    single = labelled.crops(*where)
    assert all(
        torch.equal(one, other) for one, other in zip((found, target, valid), single, strict=True)
    )


def test_room_that_is_given_is_filled_and_nothing_of_the_crops_before_stays(place):
    labelled = place((30, 30), 2).labelled()
    room = labelled.room(1, (20, 22))
    for where in (([1], [4], [6], (20, 22)), ([0], [0], [8], (20, 22))):
        given, fresh = labelled.crops(*where, room), labelled.crops(*where)
        assert all(one is other for one, other in zip(given, room, strict=True))
        assert all(torch.equal(one, other) for one, other in zip(given, fresh, strict=True))


def test_weights_between_more_than_two_coarse_cells_are_refused(place):
    area = place((20, 20), 1)
    weights = np.full((20, 4), 0.25, np.float32)
    with pytest.raises(GridError, match="4 coarse cells for one cell"):
        make_frame(CHANNELS, area.statistics(), area.terrain, weights, area.weights[1])


@pytest.mark.parametrize(
    "channels", [("height",), ("sar",), ("liquid_water",), ("height", "microwave"), CHANNELS[::-1]]
)
def test_channels_come_in_the_order_asked_for(place, channels):
    area = place((20, 20), 2)
    everything, some = area.labelled().whole([0, 1]), area.labelled(channels=channels).whole([0, 1])
    torch.testing.assert_close(
        some, everything[:, [CHANNELS.index(name) for name in channels]], atol=1e-6, rtol=0
    )


def test_large_fields_are_not_copied_on_the_cpu(place):
    area = place((20, 20), 2)
    labelled = area.labelled()
    assert np.shares_memory(labelled.target.numpy(), area.target)
    assert np.shares_memory(labelled.sar.numpy(), area.sar)


def test_a_missing_coarse_value_enters_as_the_mean_and_missing_height_at_sea_as_sea_level(place):
    area = place((20, 20), 1)
    area.coarse["microwave"][:] = np.nan
    area.terrain.height[:] = np.nan
    area.terrain.height[0, 0] = 1000
    area.terrain.ocean[:] = False
    area.terrain.ocean[3, 4] = True
    known = place((20, 20), 1).statistics()
    frame = make_frame(CHANNELS, known, area.terrain, *area.weights)
    crops = SeasonInputs(frame, area.days, area.sar, area.coarse).whole([0])[0]
    assert crops[CHANNELS.index("microwave")].abs().max() == 0
    height = crops[CHANNELS.index("height")]
    assert height[3, 4] == pytest.approx(-known["height"].mean / known["height"].sd, rel=1e-5)
    assert height[5, 5] == 0


def test_what_does_not_fit_is_refused(place):
    area = place((20, 20), 2)
    frame = area.frame()
    with pytest.raises(ConfigError, match="no liquid_water, sar"):
        SeasonInputs(frame, area.days, None, {"microwave": area.coarse["microwave"]})
    with pytest.raises(GridError, match=r"sar: uint8 \(2, 19, 20\)"):
        SeasonInputs(frame, area.days, area.sar[:, 1:], area.coarse)
    with pytest.raises(GridError, match="sar: float32"):
        SeasonInputs(frame, area.days, area.sar.astype(np.float32), area.coarse)
    with pytest.raises(GridError, match="microwave"):
        SeasonInputs(
            frame, area.days, area.sar, {**area.coarse, "microwave": area.coarse["microwave"][:1]}
        )
    with pytest.raises(GridError, match="terrain"):
        make_frame(
            CHANNELS,
            area.statistics(),
            StaticFields(area.terrain.height[1:], area.terrain.ocean),
            *area.weights,
        )
    with pytest.raises(ConfigError, match="none for height"):
        make_frame(CHANNELS, {"microwave": 1, "liquid_water": 1}, area.terrain, *area.weights)
    with pytest.raises(ConfigError, match="no labelled day"):
        area.labelled(slice(0, 0))


def test_only_nodata_is_missing_in_stored_percent():
    stored = torch.arange(256, dtype=torch.uint8)
    expected = np.r_[np.arange(255) * 0.01, 0]
    np.testing.assert_allclose(fraction(stored), expected, atol=1e-6)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 10**6),
    st.integers(1, 9),
    st.integers(1, 20),
    sizes,
    sizes,
    sizes,
)
def test_every_planned_crop_lies_within_the_area(seed, step, batch, count, height, width, crop):
    size = crop_size(crop, (height, width))
    indices, rows, columns = crop_plan(seed, step, batch, count, (height, width), size)
    assert len(indices) == len(rows) == len(columns) == batch
    assert all(0 <= index < count for index in indices)
    assert all(0 <= row <= height - size[0] for row in rows)
    assert all(0 <= column <= width - size[1] for column in columns)


@given(st.integers(0, 99), st.integers(1, 7), st.integers(1, 30))
def test_a_plan_shows_every_day_once_a_round(seed, batch, count):
    steps = -(-2 * count // batch)
    shown = [
        index
        for step in range(steps)
        for index in crop_plan(seed, step, batch, count, (9, 9), (3, 3))[0]
    ]
    for first in (0, count):
        assert sorted(shown[first : first + count]) == list(range(count))


def test_a_plan_reaches_every_place_about_equally_often():
    places = Counter()
    for step in range(900):
        _, rows, columns = crop_plan(42, step, 8, 5, (10, 12), (8, 9))
        places.update(zip(rows, columns, strict=True))
    assert len(places) == 3 * 4
    assert all(
        500 < number < 700 for number in places.values()
    )  # 600 expected, standard deviation 23


def test_a_plan_by_labels_takes_the_place_with_most_of_them():
    asked = []

    def labels(days, rows, columns):
        asked.append((days, rows, columns))
        return 100 * np.array(days) - 10 * rows + columns

    found = crop_plan(3, 4, 8, 20, (30, 40), (8, 9), labels)
    assert len(asked) == CANDIDATES
    for crop, (day, row, column) in enumerate(zip(*found, strict=True)):
        assert all(days[crop] == day for days, *_ in asked)
        assert (row, column) == max(
            ((int(rows[crop]), int(columns[crop])) for _, rows, columns in asked),
            key=lambda place: place[1] - 10 * place[0],
        )
    assert found[0] == crop_plan(3, 4, 8, 20, (30, 40), (8, 9))[0]


def test_a_plan_depends_on_seed_and_step_alone():
    def plan(*key):
        return crop_plan(*key, 8, 50, (90, 90), (10, 10)), turn_plan(*key, 8)

    assert plan(1, 2) == plan(1, 2)
    assert plan(1, 2) != plan(1, 3)
    assert plan(1, 2) != plan(2, 2)


def test_the_turns_are_the_eight_symmetries_of_a_square():
    square = torch.arange(9).reshape(1, 3, 3)
    turned = {tuple(turn(square, n).flatten().tolist()) for n in range(8)}
    corners = np.arange(9).reshape(3, 3)
    expected = {
        tuple(np.rot90(side, n).flatten().tolist())
        for side in (corners, corners.T)
        for n in range(4)
    }
    assert turned == expected
    assert set(turn_plan(0, 0, 500)) == set(range(8))


@given(st.integers(0, 7))
def test_a_turn_keeps_the_shape_of_what_is_not_square(symmetry):
    assert turn(torch.zeros(2, 3, 5), symmetry).shape == (2, 3, 5)


@pytest.mark.parametrize("shape", [(8, 3, 4, 4), (8, 3, 4, 5), (8, 4, 4)])
def test_each_field_is_turned_in_its_own_memory(shape):
    fields = torch.arange(np.prod(shape)).view(shape)
    if len(shape) == 4:
        fields = fields.contiguous(memory_format=torch.channels_last)
    expected = torch.stack([turn(field, way) for way, field in enumerate(fields)])
    strides = fields.stride()
    turn_each(fields, range(8))
    assert torch.equal(fields, expected)
    assert fields.stride() == strides


def test_a_fingerprint_tells_data_apart(place):
    def altered(name, *where):
        area = place((20, 20), 2)
        getattr(area, name)[where] ^= 1
        return area.labelled().fingerprint()

    plain = place((20, 20), 2).labelled().fingerprint()
    assert plain == place((20, 20), 2).labelled().fingerprint()
    cells = {
        altered("target", 0, 3, 4),
        altered("target", 0, 3, 5),
        altered("target", 1, 3, 4),
        altered("sar", 0, 3, 4),
    }
    fewer = {
        place((20, 20), 2).labelled(slice(0, 1)).fingerprint(),
        place((20, 20), 2).labelled(channels=("sar",)).fingerprint(),
    }
    assert len({plain, *cells, *fewer}) == 7


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 9))
def test_each_row_of_each_crop_is_done_once_however_many_threads_there_are(threads, crops, rows):
    parts = []
    with patch.object(torch, "get_num_threads", lambda: threads):
        in_parts(lambda *part: parts.append(part), crops, rows)
    done = sorted((crop, row) for crop, first, last in parts for row in range(first, last))
    assert done == [(crop, row) for crop in range(crops) for row in range(rows)]
    assert all(first < last for _, first, last in parts)


def test_days_are_let_go_after_every_use(place):
    area, calls = place((40, 33), 3), []
    fields = area.target, area.sar, area.coarse
    labelled = TrainingSet(area.frame(), area.days, *fields, release=lambda: calls.append(1))
    made = len(calls)
    labelled.crops([0], [0], [0], (8, 8))
    assert len(calls) == made + 1
    labelled.valid(0)
    assert len(calls) == made + 2
    labelled.fingerprint()
    assert len(calls) > made + 2
