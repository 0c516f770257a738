"""The planes of the multi-sensor network, against a construction cell by cell."""

import datetime as dt
import math

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator

from daymelt.core.errors import ConfigError, GridError
from daymelt.learn.channels import COARSE
from daymelt.learn.hiding import Hidden, Rates, half_plane, hide
from daymelt.learn.planes import Planes
from daymelt.learn.samples import make_frame
from daymelt.learn.sensor_inputs import (
    Acquisitions,
    Coarse,
    SensorInputs,
    SensorTrainingSet,
)

SHAPE = (24, 31)
FIRST = dt.date(2019, 6, 1)
OFFSETS = (0, 2, 3, 7, 9, 15)
DAYS = tuple(FIRST + dt.timedelta(offset) for offset in OFFSETS)
CLOSE_DAYS = 5.0


@pytest.fixture
def world(place):
    """A frame, acquisitions of which a third of the cells is not observed, and coarse fields."""
    area = place(SHAPE, 2)
    random = np.random.default_rng(5)
    percent = random.integers(0, 101, (len(DAYS), *SHAPE)).astype(np.uint8)
    percent[random.random(percent.shape) < 0.3] = 255
    percent[:, :, :5] = 255  # columns that no acquisition reaches
    frame = make_frame((*COARSE, "height"), area.statistics(), area.terrain, *area.weights)
    span = [FIRST + dt.timedelta(offset) for offset in range(-1, 18)]
    coarse_shape = (len(span), 2, len(area.weights[0][0]), len(area.weights[1][0]))
    fields = random.normal(size=coarse_shape).astype(np.float32)
    flags = np.ones((len(span), 2), np.float32)
    flags[4, 0], flags[6, 1] = 0.5, 0.0
    coarse = Coarse({day: place for place, day in enumerate(span)}, fields, flags)
    usable = np.ones(len(DAYS), bool)
    return frame, Acquisitions(DAYS, percent, usable), coarse


def observed(acquisitions, day, cell, later, hidden=None):
    """(days away, fraction) of the valid acquisitions on a side of a day, nearest first."""
    found = []
    for place, other in enumerate(acquisitions.days):
        value = acquisitions.percent[(place, *cell)]
        left_out = not acquisitions.usable[place] or (hidden and hidden.acquisitions[place])
        side = other > day if later else other < day
        if side and value != 255 and not left_out:
            found.append((abs((other - day).days), value / 100))
    return [] if hidden and hidden.never is not None and hidden.never[cell] else sorted(found)


def slowly(world, planes, day, hidden=None, same_day=True):
    """Every plane of the whole area as a dictionary, cell by cell."""
    frame, acquisitions, coarse = world
    made = {name: np.zeros(SHAPE) for name in planes.names()}
    for cell in np.ndindex(*SHAPE):
        both = []
        for sign, later in (("-", False), ("+", True)):
            near = observed(acquisitions, day, cell, later, hidden)[: planes.neighbours]
            both += near
            for count, (away, fraction) in enumerate(near, 1):
                name = f"sar {sign}{count}"
                made[f"{name} fraction"][cell] = fraction
                made[f"{name} closeness"][cell] = CLOSE_DAYS / (CLOSE_DAYS + away)
                made[f"{name} valid"][cell] = 1
        if both:
            days, fractions = zip(*both, strict=True)
            made["sar between"][cell] = np.average(fractions, weights=1 / np.array(days))
        if same_day and day in acquisitions.days:
            value = acquisitions.percent[(acquisitions.days.index(day), *cell)]
            given = hidden is None or (hidden.given is not None and hidden.given[cell])
            if value != 255 and given:
                made["sar 0 fraction"][cell], made["sar 0 valid"][cell] = value / 100, 1
    centres = [(np.arange(n) - 0.5) * 10 for n in coarse.fields.shape[2:]]
    cells = np.stack(np.meshgrid(*(np.arange(n) + 0.5 for n in SHAPE), indexing="ij"), axis=-1)
    for step, offset in enumerate(planes.offsets):
        index = coarse.days.get(day + dt.timedelta(offset))
        for source, name in enumerate(COARSE):
            flag = 0.0 if index is None else coarse.flags[index, source]
            flag = 0.0 if hidden is not None and hidden.coarse[step, source] else flag
            made[f"{name} {offset:+d} flag"][:] = flag
            if flag:
                field = coarse.fields[index, source]
                made[f"{name} {offset:+d}"] = RegularGridInterpolator(centres, field)(cells)
    made["height"] = frame.height.numpy()
    turn = 2 * math.pi * day.timetuple().tm_yday / 365.25
    made["season sine"][:], made["season cosine"][:] = math.sin(turn), math.cos(turn)
    return np.stack([made[name] for name in planes.names()])


@pytest.mark.parametrize("offset", [0, 1, 7, 16])
@pytest.mark.parametrize("neighbours", [1, 3])
def test_every_plane_is_what_a_search_cell_by_cell_finds(world, offset, neighbours):
    planes, day = Planes(neighbours), FIRST + dt.timedelta(offset)
    found = SensorInputs(world[0], planes, [day], *world[1:]).whole([0])
    assert found.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(found[0], slowly(world, planes, day), atol=2e-5)


def test_what_is_hidden_is_absent_from_the_planes(world):
    planes, day = Planes(), DAYS[3]
    random = np.random.default_rng(3)
    hidden = Hidden(
        np.array([False, True, False, False, True, False]),
        half_plane(random, SHAPE),
        half_plane(random, SHAPE),
        random.random((5, 2)) < 0.4,
    )
    labelled = SensorTrainingSet(world[0], planes, [day], *world[1:], rates=Rates())
    found = labelled.inputs([0], [0], [0], SHAPE, [hidden])
    np.testing.assert_allclose(found[0], slowly(world, planes, day, hidden), atol=2e-5)


def test_a_cell_that_was_never_seen_is_not_a_dry_one(world):
    planes = Planes()
    found = SensorInputs(world[0], planes, [DAYS[2]], *world[1:]).whole([0])[0]
    valid = [place for place, name in enumerate(planes.names()) if name.endswith("valid")]
    assert not found[valid][:, :, :5].any()
    assert found[valid][:, :, 5:].any()


def test_an_acquisition_that_is_not_usable_is_no_input(world):
    frame, acquisitions, coarse = world
    usable = np.array([True, False, True, True, False, True])
    fewer = Acquisitions(
        tuple(day for day, kept in zip(DAYS, usable, strict=True) if kept),
        acquisitions.percent[usable],
        np.ones(usable.sum(), bool),
    )
    day = FIRST + dt.timedelta(8)
    marked = Acquisitions(DAYS, acquisitions.percent, usable)
    one, other = (
        SensorInputs(frame, Planes(), [day], found, coarse).whole([0]) for found in (marked, fewer)
    )
    assert torch.equal(one, other)


def test_a_crop_is_the_same_cells_as_the_whole_area(world):
    labelled = SensorInputs(world[0], Planes(), DAYS, *world[1:])
    crop = labelled.inputs([3, 1], [5, 0], [2, 9], (16, 20))
    torch.testing.assert_close(crop[0], labelled.whole([3])[0, :, 5:21, 2:22], atol=0, rtol=0)
    torch.testing.assert_close(crop[1], labelled.whole([1])[0, :, 0:16, 9:29], atol=0, rtol=0)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_crops_do_not_depend_on_the_number_of_threads(world, threads):
    labelled = SensorTrainingSet(world[0], Planes(), DAYS, *world[1:], seed=3, rates=Rates())
    where = [0, 3, 5], [1, 0, 2], [3, 0, 5], (16, 16)
    torch.set_num_threads(threads)
    found = labelled.crops(*where, numbers=[7, 8, 9])
    torch.set_num_threads(1)
    for one, other in zip(found, labelled.crops(*where, numbers=[7, 8, 9]), strict=True):
        assert torch.equal(one, other)


def test_targets_are_what_was_observed_on_land(world):
    labelled = SensorTrainingSet(world[0], Planes(), DAYS, *world[1:], rates=Rates())
    _, target, valid = labelled.crops([1], [2], [3], (20, 22), numbers=[0])
    stored = world[1].percent[1, 2:22, 3:25]
    ocean = world[0].ocean.numpy()[2:22, 3:25]
    np.testing.assert_array_equal(valid[0], (stored != 255) & ~ocean)
    np.testing.assert_allclose(target[0], np.where(stored == 255, 0, stored / 100), atol=1e-7)


def test_without_rates_the_own_observation_of_a_day_is_no_input(world):
    planes = Planes()
    labelled = SensorTrainingSet(world[0], planes, DAYS, *world[1:])
    inputs, _, _ = labelled.crops([2], [0], [0], SHAPE)
    np.testing.assert_allclose(inputs[0], slowly(world, planes, DAYS[2], same_day=False), atol=2e-5)


def test_labels_of_crops_are_their_valid_targets(world):
    labelled = SensorTrainingSet(world[0], Planes(), DAYS, *world[1:])
    size = (3, 4)
    rows, columns = np.array([0, 1, 2]), np.array([2, 0, 1])
    _, _, valid = labelled.crops([0, 1, 0], rows.tolist(), columns.tolist(), size)
    found = labelled.labels(size)([0, 1, 0], rows, columns)
    np.testing.assert_array_equal(found, valid.sum((1, 2)))
    assert 0 < found.sum() < valid.numel()


def test_without_later_acquisitions_a_day_has_those_up_to_its_own(world):
    frame, acquisitions, coarse = world
    for day in (DAYS[2], DAYS[2] + dt.timedelta(1)):
        past = SensorInputs(frame, Planes(), [day], acquisitions, coarse, later=False)
        gone = acquisitions.percent.copy()
        gone[[other > day for other in DAYS]] = 255
        running = Acquisitions(DAYS, gone, acquisitions.usable)
        expected = SensorInputs(frame, Planes(), [day], running, coarse)
        every = SensorInputs(frame, Planes(), [day], acquisitions, coarse)
        assert torch.equal(past.whole([0]), expected.whole([0]))
        assert not torch.equal(past.whole([0]), every.whole([0]))
        assert past.of_days([day]).later is False


def test_neighbours_of_a_side_are_given_as_their_mean(world):
    frame, acquisitions, coarse = world
    day, each, mean = DAYS[3], Planes(neighbours=2), Planes(neighbours=2, each=False)
    made = SensorInputs(frame, mean, [day], acquisitions, coarse)
    assert made.channels[:4] == (
        "sar -1-2 mean",
        "sar -1-2 valid",
        "sar +1-2 mean",
        "sar +1-2 valid",
    )
    found = made.whole([0])[0].numpy()
    for first, later in ((0, False), (2, True)):
        for cell in np.ndindex(*SHAPE):
            near = [value for _, value in observed(acquisitions, day, cell, later)[:2]]
            assert found[(first, *cell)] == pytest.approx(np.mean(near) if near else 0, abs=1e-6)
            assert found[(first + 1, *cell)] == bool(near)
    others = SensorInputs(frame, each, [day], acquisitions, coarse).whole([0])[0].numpy()
    np.testing.assert_array_equal(found[4:], others[2 * each.of_side + 1 :])


# --- what is hidden
# ------------------------------------------------------------------------------------------


def some_hidden(number, rates=Rates(), seed=1):  # noqa: B008 - frozen
    return hide(seed, number, 4, 9, (12, 10), (5, 2), rates)


def test_what_is_hidden_is_a_function_of_seed_and_number():
    def as_bytes(hidden):
        masks = (hidden.acquisitions, hidden.never, hidden.given, hidden.coarse)
        return [None if mask is None else mask.tobytes() for mask in masks]

    assert as_bytes(some_hidden(3)) == as_bytes(some_hidden(3))
    assert any(as_bytes(some_hidden(3)) != as_bytes(some_hidden(number)) for number in (4, 5))
    assert any(as_bytes(some_hidden(n)) != as_bytes(some_hidden(n, seed=2)) for n in range(5))


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (Rates(all_acquisitions=1), [True] * 9),
        (Rates(0, all_later=1, thinned=0), [False] * 4 + [True] * 5),
        (Rates(0, 0, all_earlier=1, thinned=0), [True] * 4 + [False] * 5),
        (Rates(0, 0, 0, thinned=0), [False] * 9),
    ],
)
def test_acquisitions_are_hidden_on_the_sides_that_the_rates_say(rates, expected):
    assert some_hidden(0, rates).acquisitions.tolist() == expected


def test_each_kind_of_hiding_occurs_about_as_often_as_its_rate_says():
    found = [some_hidden(number) for number in range(4000)]
    rates = Rates()
    none = np.mean([hidden.acquisitions.all() for hidden in found])
    assert abs(none - rates.all_acquisitions) < 0.03
    assert abs(np.mean([hidden.never is not None for hidden in found]) - rates.swath) < 0.03
    assert abs(np.mean([hidden.given is not None for hidden in found]) - rates.same_day) < 0.03
    absent = np.mean([hidden.coarse[:, 0].all() for hidden in found])
    assert abs(absent - rates.source) < 0.03


def test_a_half_plane_leaves_a_tenth_to_nine_tenths():
    random = np.random.default_rng(0)
    shares = [half_plane(random, (40, 40)).mean() for _ in range(200)]
    assert 0.08 < min(shares) < max(shares) < 0.92


# --- refusals
# ------------------------------------------------------------------------------------------


def test_no_labelled_day_is_refused(world):
    with pytest.raises(ConfigError, match="no labelled day"):
        SensorTrainingSet(world[0], Planes(), [], *world[1:])


def test_acquisitions_of_another_grid_are_refused(world):
    frame, acquisitions, coarse = world
    other = Acquisitions(DAYS, acquisitions.percent[:, 1:], acquisitions.usable)
    with pytest.raises(GridError, match="study grid"):
        SensorInputs(frame, Planes(), DAYS, other, coarse)
