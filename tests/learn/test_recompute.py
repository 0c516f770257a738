"""Layers that are computed again change what a step keeps, and nothing else."""

from dataclasses import replace

import pytest
import torch
from learn.defaults import NETWORK, TRAINING
from torch import nn

from daymelt.learn.networks import build
from daymelt.learn.recompute import recompute, stages, try_step
from daymelt.learn.training import Limits, train

SHAPE = (2, 4, 64, 64)
DEFAULT = NETWORK
KINDS = {
    "unet": DEFAULT,
    "vanilla-unet": replace(DEFAULT, architecture="vanilla-unet", features=8),
    "deeplabv3plus": replace(
        DEFAULT, architecture="deeplabv3plus", depth=5, decoder_width=16
    ),  # has dropout
    "xception": replace(
        NETWORK,
        encoder="tu-xception41",
        depth=5,
        decoder_channels=(32, 16, 16, 8, 8),
        decoder_norm="none",
    ),
    "resnet": replace(
        NETWORK, encoder="resnet18", depth=5, decoder_channels=(32, 16, 16, 8, 8)
    ),  # changes in place
}


@pytest.fixture(params=KINDS, scope="module")
def options(request):
    return KINDS[request.param]


def new(options):
    torch.manual_seed(7)
    return build(options).train()


def step(network):
    """Loss, gradients, what batch norms have counted after a step, and the bytes that were kept for
    the gradients outside of segments.
    """
    kept, weights = {}, {weight.data_ptr() for weight in network.parameters()}

    def keep(field):
        memory = field.untyped_storage()
        if memory.data_ptr() not in weights:
            kept[memory.data_ptr()] = memory.nbytes()
        return field

    torch.manual_seed(8)  # of dropout
    inputs = torch.rand(SHAPE)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda field: field):
        loss = (network(inputs) - 0.3).abs().mean()
    loss.backward()
    gradients = {name: weight.grad for name, weight in network.named_parameters()}
    return loss.detach(), gradients, dict(network.named_buffers()), sum(kept.values())


def found(network):
    """The stages of a network for a step of `SHAPE`."""
    return stages(network, try_step(network, SHAPE).overwritten)


def test_a_step_is_the_same_bit_for_bit_and_keeps_less(options):
    plain, cut = new(options), new(options)
    recompute(cut, found(cut))
    for _ in range(2):  # a second step meets the statistics that the first one left
        (loss, gradients, buffers, kept), (again, others, counted, less) = step(plain), step(cut)
        assert torch.equal(loss, again)
        assert gradients.keys() == others.keys()
        for name, gradient in gradients.items():
            assert (gradient is None and others[name] is None) or torch.equal(
                gradient, others[name]
            ), name
        for name, buffer in buffers.items():
            assert torch.equal(buffer, counted[name]), name
        assert less < kept


def hooks(network):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()
    )


def test_a_trial_finds_what_a_step_keeps_and_leaves_the_network_unchanged(options):
    network = new(options)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random, listening = torch.get_rng_state(), hooks(network)
    trial = try_step(network, SHAPE)
    names = stages(network, trial.overwritten)
    assert network.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert hooks(network) == listening
    assert names
    assert not [(one, other) for one in names for other in names if other.startswith(f"{one}.")]
    recompute(network, names)
    assert network.state_dict().keys() == before.keys()
    _, _, _, kept = step(new(options))
    assert kept == pytest.approx(trial.kept, rel=0.01)  # kernels keep a little of their own


def test_a_map_is_not_computed_twice():
    network, calls = new(DEFAULT), []
    recompute(network, found(network))
    network.body.decoder.blocks[0].conv1[0].register_forward_hook(lambda *_: calls.append(1))
    with torch.inference_mode():
        network.eval()(torch.rand(SHAPE))
    assert len(calls) == 1


class InPlace(nn.Module):
    """Begins by changing what it is given: a second time it would not be given the same."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, field):
        return self.inner(field.mul_(0.5))


def test_a_module_that_overwrites_its_inputs_is_no_stage():
    network = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), InPlace(), nn.Conv2d(4, 4, 1))
    assert found(network) == ["1.inner"]


class Overwritten(nn.Module):
    """Upsamples its input, which it does not need for the gradient, and overwrites it later."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Upsample(scale_factor=1), nn.Conv2d(4, 4, 1))
        self.last = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU())

    def forward(self, field):
        field = field * 1
        risen = self.first(field)
        field.mul_(0.5)
        return self.last(risen)


def test_a_module_whose_inputs_are_overwritten_later_is_no_stage():
    assert found(Overwritten()) == ["last"]


def test_a_module_with_forward_hooks_inside_is_no_stage():
    def parts():
        return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())

    network = nn.Sequential(parts(), nn.Sequential(parts(), nn.Conv2d(4, 4, 1)))
    network[1][0][2].register_forward_hook(lambda *_: None)
    assert found(network) == ["0"]


def test_a_training_learns_the_same(place, tmp_path):
    area = place((40, 33), 7)
    sets = area.labelled(slice(0, 5)), area.labelled(slice(5, 7))
    options = replace(TRAINING, crop=32, batch=2, epochs=2, steps_per_epoch=2, recompute=False)
    plain = train(*sets, DEFAULT, options, tmp_path / "plain")
    again = train(*sets, DEFAULT, replace(options, recompute=True), tmp_path / "again")
    assert again.card.checksum == plain.card.checksum
    assert again.card.training == plain.card.training


def test_large_layers_are_computed_again_unasked(place, tmp_path, caplog):
    limits = Limits(layers_bytes=1 << 20)
    caplog.set_level("INFO")
    labelled = place((40, 33), 3).labelled()
    options = replace(TRAINING, crop=32, batch=2, epochs=1, steps_per_epoch=1)
    train(labelled, None, DEFAULT, options, tmp_path / "large", limits=limits)
    assert "layers would keep" in caplog.text
    caplog.clear()
    declined = replace(options, recompute=False)
    train(labelled, None, DEFAULT, declined, tmp_path / "declined", limits=limits)
    assert "layers would keep" not in caplog.text
