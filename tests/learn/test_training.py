import csv
import logging
import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from learn.defaults import NETWORK, TRAINING

from daymelt.core.errors import ConfigError
from daymelt.learn import networks, training
from daymelt.learn.checkpoints import CHECKPOINT, differences
from daymelt.learn.inference import check_tile, in_tiles
from daymelt.learn.networks import load_model
from daymelt.learn.options import Architecture
from daymelt.learn.samples import crop_size
from daymelt.learn.training import (
    Limits,
    draw,
    halo_of,
    learning_rate,
    masked_l1,
    train,
    validation_loss,
)

DEFAULT = NETWORK
TINY = replace(NETWORK, architecture="tiny", depth=1, decoder_channels=(1,))
DEEP = replace(NETWORK, architecture="deeplabv3plus")
OPTIONS = replace(
    TRAINING,
    crop=24,
    batch=2,
    epochs=6,
    steps_per_epoch=3,
    learning_rate=1e-2,
    restart_epochs=2,
    checkpoint_every=1,
)


def tiny(options):
    """A network with everything that could break a resumed training: batch norm and dropout."""
    conv, norm, drop = (
        torch.nn.Conv2d(options.channel_count, 8, 3, padding=1),
        torch.nn.BatchNorm2d(8),
        torch.nn.Dropout(0.2),
    )
    return torch.nn.Sequential(
        conv, norm, torch.nn.ReLU(), drop, torch.nn.Conv2d(8, 1, 3, padding=1)
    )


@pytest.fixture(autouse=True)
def tiny_architecture(monkeypatch):
    monkeypatch.setitem(networks.ARCHITECTURES, "tiny", Architecture(tiny))


@pytest.fixture
def sets(place):
    area = place((40, 33), 7)
    return area.labelled(slice(0, 5)), area.labelled(slice(5, 7))


def checkpoint(folder):
    return torch.load(folder / CHECKPOINT, weights_only=True)


def losses(folder):
    """loss.csv without the seconds, which no two runs share."""
    with open(folder / "loss.csv") as file:
        return [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def assert_same(one, other):
    """Two nests of mappings, sequences, tensors and plain values are equal to the last bit."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def assert_same_training(one, other):
    assert losses(one) == losses(other)
    found, expected = checkpoint(one), checkpoint(other)
    assert_same(found["state"], expected["state"])
    assert_same(found["progress"]["best_weights"], expected["progress"]["best_weights"])
    for name in ("model.safetensors", "model.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def assert_logged(caplog, words):
    assert any(re.search(words, message) for message in caplog.messages)


images = arrays(np.float32, (3, 4, 5), elements=st.floats(0, 1, width=32))


@given(images, images, arrays(bool, (3, 4, 5)))
def test_masked_l1_is_the_mean_over_images_of_the_mean_over_valid_pixels(prediction, target, valid):
    means = []
    for image in range(3):
        errors = [
            abs(float(p) - float(t))
            for p, t, v in zip(*(f[image].flat for f in (prediction, target, valid)), strict=True)
            if v
        ]
        means.append(sum(errors) / len(errors) if errors else 0.0)
    found = masked_l1(*map(torch.from_numpy, (prediction, target, valid)))
    assert float(found) == pytest.approx(sum(means) / 3, abs=1e-6)


def test_pixels_that_are_not_valid_give_no_gradient():
    prediction = torch.full((2, 2, 2), 0.5, requires_grad=True)
    target = torch.tensor([[[0.0, torch.nan], [1.0, 1.0]], [[torch.nan] * 2] * 2])
    valid = torch.tensor([[[True, False], [True, False]], [[False] * 2] * 2])
    masked_l1(prediction, target, valid).backward()
    assert prediction.grad.tolist() == [[[0.25, 0], [-0.25, 0]], [[0, 0], [0, 0]]]


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_learning_rate_is_that_of_cosine_annealing_with_warm_restarts(factor):
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, 4, factor, 0)
    options = replace(TRAINING, learning_rate=0.3, restart_epochs=4, restart_factor=factor)
    for epoch in range(60):
        assert learning_rate(options, epoch) == pytest.approx(schedule.get_last_lr()[0], abs=1e-12)
        optimiser.step()
        schedule.step()


@pytest.mark.parametrize("network", [DEFAULT, TINY], ids=["default", "with dropout"])
def test_three_epochs_and_three_more_are_six_epochs_bit_for_bit(sets, tmp_path, network):
    options = replace(OPTIONS, crop=32, steps_per_epoch=2, validate_every=2)
    train(*sets, network, options, tmp_path / "once", {"inputs": "abc"})
    first = train(*sets, network, replace(options, epochs=3), tmp_path / "twice", {"inputs": "abc"})
    second = train(*sets, network, options, tmp_path / "twice", {"inputs": "abc"})
    assert (first.epochs, second.epochs, second.resumed_from) == (3, 6, 3)
    assert_same_training(tmp_path / "once", tmp_path / "twice")


def test_a_killed_training_exits_as_killed_and_goes_on_bit_for_bit(sets, tmp_path, monkeypatch):
    options = replace(OPTIONS, checkpoint_every=2)
    train(*sets, TINY, options, tmp_path / "whole")
    drawn = draw

    def killed_at_the_eleventh_step(labelled, options, step, share, room):
        if step == 10:
            os.kill(os.getpid(), signal.SIGTERM)
        return drawn(labelled, options, step, share, room)

    with monkeypatch.context() as patched:
        patched.setattr(training, "draw", killed_at_the_eleventh_step)
        with pytest.raises(SystemExit) as stopped:
            train(*sets, TINY, options, tmp_path / "killed")
    assert stopped.value.code == 128 + signal.SIGTERM
    assert not (tmp_path / "killed" / "model.json").exists()
    assert len(losses(tmp_path / "killed")) == 3
    assert train(*sets, TINY, options, tmp_path / "killed").resumed_from == 2
    assert_same_training(tmp_path / "whole", tmp_path / "killed")


def test_the_same_seed_gives_the_same_model_and_another_seed_another(sets, tmp_path):
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        torch.manual_seed(seed + len(name))  # what was drawn before must not matter
        train(*sets, TINY, replace(OPTIONS, epochs=2, seed=seed), tmp_path / name)
    assert_same_training(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "one/model.safetensors").read_bytes() != (
        tmp_path / "three/model.safetensors"
    ).read_bytes()


def test_a_finished_training_is_not_trained_again(sets, tmp_path):
    options = replace(OPTIONS, epochs=2)
    train(*sets, TINY, options, tmp_path)
    (tmp_path / "model.json").unlink()
    before = losses(tmp_path)
    assert train(*sets, TINY, options, tmp_path).resumed_from == 2
    assert losses(tmp_path) == before
    assert load_model(tmp_path)[1].training["epochs"] == 2


@pytest.mark.parametrize(
    ("network", "options", "words"),
    [
        (
            TINY,
            replace(OPTIONS, epochs=2, learning_rate=2e-2),
            r"training\.learning_rate 0\.01, now 0\.02",
        ),
        (
            replace(TINY, decoder_norm="none"),
            replace(OPTIONS, epochs=2),
            r"model\.decoder_norm batchnorm, now none",
        ),
        (TINY, replace(OPTIONS, epochs=1), r"epoch 2, beyond training\.epochs 1"),
    ],
)
def test_a_checkpoint_of_another_training_is_named_and_left(
    sets, tmp_path, caplog, network, options, words
):
    train(*sets, TINY, replace(OPTIONS, epochs=2), tmp_path / "old")
    assert train(*sets, network, options, tmp_path / "old").resumed_from == 0
    assert_logged(caplog, rf"{words}.*starts anew")
    train(*sets, network, options, tmp_path / "new")
    assert_same_training(tmp_path / "old", tmp_path / "new")


def test_a_checkpoint_of_other_data_is_named_and_left(place, sets, tmp_path, caplog):
    options = replace(OPTIONS, epochs=1)
    train(*sets, TINY, options, tmp_path)
    other = place((40, 33), 7, seed=1)
    assert (
        train(
            other.labelled(slice(0, 5)), sets[1], TINY, replace(options, epochs=2), tmp_path
        ).resumed_from
        == 0
    )
    assert_logged(caplog, "training data [0-9a-f]{16}, now [0-9a-f]{16}")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"no archive",
    ],
)
def test_a_damaged_checkpoint_is_named_and_left(sets, tmp_path, caplog, damage):
    options = replace(OPTIONS, epochs=1)
    train(*sets, TINY, options, tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(damage(path.read_bytes()))
    assert train(*sets, TINY, options, tmp_path).resumed_from == 0
    assert_logged(caplog, "not readable")


def test_resume_can_be_declined(sets, tmp_path):
    train(*sets, TINY, replace(OPTIONS, epochs=1), tmp_path)
    assert train(*sets, TINY, replace(OPTIONS, epochs=2, resume=False), tmp_path).resumed_from == 0


def test_differences_name_both_sides():
    assert differences({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 4, "d": 5}) == [
        "b 2, now 4",
        "d None, now 5",
        "c 3, now None",
    ]


def test_the_kept_weights_are_those_of_the_best_validation(sets, tmp_path):
    result = train(*sets, TINY, replace(OPTIONS, validate_every=2), tmp_path)
    rows = losses(tmp_path)
    validated = {
        int(row["epoch"]): float(row["validation_loss"]) for row in rows if row["validation_loss"]
    }
    assert list(validated) == [2, 4, 6]
    best = min(validated, key=validated.get)
    network, card = load_model(tmp_path)
    assert card == result.card
    assert (card.training["epoch"], card.training["validation_loss"]) == (best, validated[best])
    assert validation_loss(network, sets[1], "32", 10**6) == pytest.approx(
        validated[best], abs=1e-6
    )


def test_without_validation_the_last_weights_are_kept(sets, tmp_path):
    result = train(sets[0], None, TINY, OPTIONS, tmp_path)
    assert (result.card.training["epoch"], result.card.training["validation_loss"]) == (6, None)
    expected = checkpoint(tmp_path)["state"]["network"]
    assert_same(dict(load_model(tmp_path)[0].state_dict()), dict(expected))


def test_validation_is_the_same_however_many_days_at_once(sets):
    network = networks.build(TINY)
    one, all_ = (validation_loss(network, sets[0], "32", cells) for cells in (1, 10**6))
    assert one == pytest.approx(all_, abs=1e-6)
    assert network.training


def test_validation_in_tiles_is_that_of_one_pass_for_a_network_that_sees_less_than_half_a_halo(
    sets,
):
    torch.manual_seed(3)
    network = networks.Network(torch.nn.Conv2d(4, 1, 3, padding=1), 1)
    whole, tiled = (
        validation_loss(network, sets[0], "32", 10**6, tile=tile) for tile in (None, 24)
    )
    assert halo_of(24, 1) == 3
    assert tiled == pytest.approx(whole, abs=1e-6)


@settings(deadline=None)
@given(multiple=st.sampled_from([1, 8, 16, 32]), times=st.integers(1, 40))
def test_every_crop_is_a_tile_that_can_cover_an_area(multiple, times):
    check_tile(multiple * times, halo_of(multiple * times, multiple), multiple)


def test_large_days_are_validated_in_tiles(sets, tmp_path, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "daymelt.learn.training.in_tiles", lambda *some: sizes.append(some[3]) or in_tiles(*some)
    )
    train(*sets, TINY, replace(OPTIONS, epochs=1), tmp_path, limits=Limits(day_cells=100))
    assert set(sizes) == {24}


def test_the_default_network_learns_one_image(place, tmp_path):
    area = place((32, 32), 1)
    rows = np.linspace(0, 100, 32).astype(np.uint8)
    area.target[:] = rows[None, :, None]
    area.terrain.height[:] = rows[:, None]
    options = replace(
        OPTIONS, crop=32, batch=2, epochs=10, steps_per_epoch=6, restart_epochs=20, augment=False
    )
    train(area.labelled(), None, DEFAULT, options, tmp_path)
    course = [float(row["train_loss"]) for row in losses(tmp_path)]
    assert course[-1] < course[0] / 3


def test_a_step_is_drawn_from_its_number_alone_and_turned_only_if_asked(sets):
    plain, turned = replace(OPTIONS, augment=False), replace(OPTIONS, crop=20, augment=True)
    assert_same(draw(sets[0], turned, 5), draw(sets[0], turned, 5))
    inputs, target, valid = draw(sets[0], turned, 5)
    still = draw(sets[0], replace(plain, crop=20), 5)
    assert not torch.equal(inputs, still[0])
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    # the same pixels side by side, in another arrangement
    for moved, unmoved in ((target, still[1]), (valid, still[2]), (inputs[:, 2], still[0][:, 2])):
        assert torch.equal(moved.flatten(1).sort().values, unmoved.flatten(1).sort().values)
    shares = (inputs[:, 2] * target).sum(dim=(1, 2)), (still[0][:, 2] * still[1]).sum(dim=(1, 2))
    torch.testing.assert_close(*shares)


def test_a_crop_larger_than_the_area_is_the_area(sets, tmp_path):
    assert crop_size(512, (40, 33)) == (40, 33)
    inputs, _, _ = draw(sets[0], replace(OPTIONS, crop=512), 0)
    assert inputs.shape[-2:] == (40, 33)
    assert train(*sets, TINY, replace(OPTIONS, crop=512, epochs=1), tmp_path).epochs == 1


def test_a_training_leaves_its_files_and_one_line_an_epoch(sets, tmp_path, caplog, capfd):
    with caplog.at_level(logging.INFO):
        train(*sets, TINY, replace(OPTIONS, epochs=2), tmp_path)
    files = sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    )
    assert files == ["checkpoints/last.ckpt", "loss.csv", "model.json", "model.safetensors"]
    assert [message.split(":")[0] for message in caplog.messages] == [
        "epoch 1 of 2",
        "epoch 2 of 2",
    ]
    assert capfd.readouterr() == ("", "")


def test_threads_are_set_for_the_training_alone(sets, tmp_path, monkeypatch):
    seen = []
    drawn = draw
    monkeypatch.setattr(
        training, "draw", lambda *args: (seen.append(torch.get_num_threads()), drawn(*args))[1]
    )
    torch.set_num_threads(2)
    try:
        train(*sets, TINY, replace(OPTIONS, epochs=1, threads=1), tmp_path)
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


class BusyClock:
    """Seconds by which a step takes ten times as long on two threads as on one."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 5.0 if torch.get_num_threads() == 2 else 0.5
        return self.now


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("measure", [True, False])
def test_threads_are_chosen_by_the_times_of_steps_unless_fixed(
    sets, tmp_path, caplog, monkeypatch, measure
):
    seen, drawn = [], draw
    monkeypatch.setattr(
        training, "draw", lambda *args: (seen.append(torch.get_num_threads()), drawn(*args))[1]
    )
    options = replace(OPTIONS, threads=None, measure_threads=measure, validate_every=2)
    with caplog.at_level(logging.INFO):
        train(*sets, TINY, options, tmp_path, clock=BusyClock())
    steps = options.epochs * options.steps_per_epoch  # those that are measured are of the training
    assert seen == ([1, 2, *[1] * (steps - 2)] if measure else [2] * steps)
    told = [message for message in caplog.messages if "threads" in message]
    assert [line.split(":")[0] for line in told] == ["1 of 2 threads"] * measure
    assert torch.get_num_threads() == 2


def test_a_training_on_fewer_threads_has_the_same_losses_but_for_the_order_of_sums(sets, tmp_path):
    """Weights without effect, such as a bias before a batch norm, follow the rounding alone."""
    options = replace(OPTIONS, epochs=2, measure_threads=False)
    for count in (1, 2):
        train(*sets, TINY, replace(options, threads=count), tmp_path / str(count))
    one, two = (
        [
            float(line.split(",")[2])
            for line in (tmp_path / name / "loss.csv").read_text().split()[1:]
        ]
        for name in ("1", "2")
    )
    assert len(one) == 2
    assert two == pytest.approx(one, rel=1e-3)


def test_a_loss_that_is_no_number_stops_with_a_remedy(sets, tmp_path, monkeypatch):
    monkeypatch.setattr(
        training, "masked_l1", lambda prediction, target, valid: prediction.sum() * torch.nan
    )
    with pytest.raises(ConfigError, match=r"loss of epoch 1 is nan; lower training\.learning_rate"):
        train(*sets, TINY, OPTIONS, tmp_path)
    assert not (tmp_path / "model.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"crop": 0},
        {"batch": 0},
        {"epochs": 0},
        {"steps_per_epoch": -1},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"restart_epochs": 0},
        {"restart_factor": 0},
        {"clip_norm": 0.0},
        {"validate_every": 0},
        {"checkpoint_every": 0},
        {"seed": -1},
        {"threads": 0},
        {"precision": "fp8"},
    ],
)
def test_an_impossible_option_is_refused_by_name(change):
    with pytest.raises(ConfigError, match=rf"training\.{next(iter(change))}: found"):
        replace(OPTIONS, **change)


@pytest.mark.parametrize(
    ("network", "options", "words"),
    [
        (
            replace(TINY, channel_count=3),
            OPTIONS,
            r"takes 3, the data have 4: microwave, liquid_water, sar, height",
        ),
        (
            TINY,
            replace(OPTIONS, validate_every=7),
            r"training\.validate_every: found 7; expected at most training\.epochs, 6",
        ),
        (TINY, replace(OPTIONS, precision="16-mixed"), r"16-mixed needs a CUDA device"),
        (DEFAULT, replace(OPTIONS, crop=16, batch=1), r"training\.crop.*one cell"),
        (
            DEFAULT,
            replace(OPTIONS, crop=24),
            r"training\.crop: found 24; expected a multiple of 16, where unet is coarsest",
        ),
        (
            DEEP,
            replace(OPTIONS, batch=1),
            r"training\.batch: found 1; deeplabv3plus needs at least 2",
        ),
    ],
)
def test_options_that_contradict_the_data_or_the_device_are_refused(
    sets, tmp_path, network, options, words
):
    with pytest.raises(ConfigError, match=words):
        train(*sets, network, options, tmp_path)
    assert not any(tmp_path.iterdir())
