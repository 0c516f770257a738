"""Planes gathered by operations of a device, against compiled loops and a search cell by cell."""

import datetime as dt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from daymelt.learn.channels import COARSE
from daymelt.learn.devices import memory_of
from daymelt.learn.hiding import Hidden, Rates, half_plane
from daymelt.learn.planes import Planes
from daymelt.learn.samples import make_frame
from daymelt.learn.sensor_gather import DeviceGather
from daymelt.learn.sensor_host import HostGather
from daymelt.learn.sensor_inputs import (
    SEARCHED,
    Acquisitions,
    Coarse,
    SensorInputs,
    SensorTrainingSet,
    choose_gather,
)

SHAPE = (23, 34)
FIRST = dt.date(2019, 6, 1)


@pytest.fixture(scope="module")
def area(place):
    return place(SHAPE, 2)


@st.composite
def worlds(draw):
    """Acquisitions with swaths at the edges and holes, few to many, and coarse fields with gaps."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    offsets = sorted(draw(st.sets(st.integers(0, 60), max_size=40)))
    days = tuple(FIRST + dt.timedelta(offset) for offset in offsets)
    percent = random.integers(0, 101, (len(days), *SHAPE)).astype(np.uint8)
    for field in percent:
        field[half_plane(random, SHAPE)] = 255
        field[random.random(SHAPE) < random.choice([0, 0.3, 0.9])] = 255
    usable = random.random(len(days)) < draw(st.sampled_from([0.5, 1]))
    known = [FIRST + dt.timedelta(offset) for offset in range(-3, 64, draw(st.integers(1, 3)))]
    flags = random.choice([0, 0.5, 1], (len(known), 2), p=[0.2, 0.3, 0.5]).astype(np.float32)
    return days, percent, usable, known, flags, random


def pair_of(world, area, planes, days, training=False):
    """The same inputs, made by the host's loops and by operations of a device."""
    acquired, percent, usable, known, flags, random = world
    frame = make_frame((*COARSE, "height"), area.statistics(), area.terrain, *area.weights)
    posting = [len(weights[0]) for weights in area.weights]
    fields = random.normal(size=(len(known), len(planes.coarse), *posting)).astype(np.float32)
    flags = flags[:, : len(planes.coarse)]
    coarse = Coarse({day: place for place, day in enumerate(known)}, fields, flags)
    observed = Acquisitions(acquired, percent, usable)
    kind, more = (SensorTrainingSet, [3, Rates()]) if training else (SensorInputs, [])
    return [
        kind(
            frame, planes, days, observed, coarse, *more, gather=way(frame, planes, percent, fields)
        )
        for way in (HostGather, DeviceGather)
    ]


def some_hidden(draw, world, planes, size):
    """Something hidden, or nothing."""
    random = world[-1]
    if draw(st.booleans()):
        return None
    masks = [half_plane(random, size) if draw(st.booleans()) else None for _ in range(2)]
    dropped = random.random(len(world[0])) < draw(st.sampled_from([0, 0.5, 1]))
    coarse = random.random((len(planes.offsets), len(planes.coarse))) < 0.3
    return Hidden(dropped, *masks, coarse)


planes_of = st.builds(
    Planes,
    neighbours=st.integers(0, 4),
    same_day=st.booleans(),
    coarse=st.sampled_from([COARSE, COARSE[:1], ()]),
    coarse_days=st.integers(0, 2),
    height=st.booleans(),
    each=st.booleans(),
)


@settings(max_examples=60)
@given(world=worlds(), planes=planes_of, data=st.data())
def test_a_device_gathers_the_planes_that_the_loops_lay(area, world, planes, data):
    days = [FIRST + dt.timedelta(data.draw(st.integers(-5, 66))) for _ in range(3)]
    days += world[0][:2]
    host, device = pair_of(world, area, planes, days)
    size = data.draw(st.integers(1, SHAPE[0])), data.draw(st.integers(1, SHAPE[1]))
    corners = [
        [data.draw(st.integers(0, whole - part)) for _ in days]
        for whole, part in zip(SHAPE, size, strict=True)
    ]
    hidden = [some_hidden(data.draw, world, planes, size) for _ in days]
    one, other = (way.inputs(range(len(days)), *corners, size, hidden) for way in (host, device))
    assert other.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(one, other)


@settings(max_examples=30)
@given(world=worlds().filter(lambda world: world[0]), number=st.integers(0, 1000))
def test_a_device_cuts_the_training_crops_of_the_host(area, world, number):
    made = pair_of(world, area, Planes(), world[0], training=True)
    places = [0, len(world[0]) - 1], [1, 0], [0, 2], (16, 20)
    pairs = zip(*(way.crops(*places, numbers=[number, number + 1]) for way in made), strict=True)
    for one, other in pairs:
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


@settings(max_examples=15)
@given(world=worlds().filter(lambda world: len(world[0]) <= SEARCHED), data=st.data())
def test_a_device_finds_the_neighbours_that_a_search_cell_by_cell_finds(area, world, data):
    planes = Planes(neighbours=2, coarse=(), height=False)
    day = FIRST + dt.timedelta(data.draw(st.integers(-3, 63)))
    _, device = pair_of(world, area, planes, [day])
    found = dict(zip(planes.names(), device.whole([0])[0].numpy(), strict=True))
    acquired, percent, usable, *_ = world
    for cell in np.ndindex(*SHAPE):
        seen = [
            ((other - day).days, int(percent[(place, *cell)]))
            for place, other in enumerate(acquired)
            if usable[place] and percent[(place, *cell)] != 255
        ]
        sides = {
            "-": sorted((-gap, code) for gap, code in seen if gap < 0),
            "+": sorted((gap, code) for gap, code in seen if gap > 0),
        }
        for sign, near in sides.items():
            for count in (1, 2):
                gap, code = near[count - 1] if len(near) >= count else (None, 0)
                name = f"sar {sign}{count}"
                assert found[f"{name} valid"][cell] == (gap is not None)
                assert found[f"{name} fraction"][cell] == pytest.approx(code / 100, abs=1e-6)
                closeness = 0 if gap is None else 5 / (5 + gap)
                assert found[f"{name} closeness"][cell] == pytest.approx(closeness, abs=1e-6)


def test_acquisitions_lie_on_a_device_that_has_four_times_their_size(area):
    world = ((FIRST,), np.zeros((1, *SHAPE), np.uint8), np.ones(1, bool), [FIRST])
    made, _ = pair_of((*world, np.ones((1, 2)), np.random.default_rng(0)), area, Planes(), [FIRST])
    size = made.acquisitions.percent.nbytes
    inputs = made.frame, made.planes, made.acquisitions, made.coarse
    assert isinstance(choose_gather(*inputs, memory=4 * size + 1), DeviceGather)
    assert isinstance(choose_gather(*inputs, memory=4 * size), HostGather)
    assert isinstance(choose_gather(*inputs), HostGather)
    assert memory_of(torch.device("cpu")) == 0
