"""Layers that are computed again change what a step keeps, and nothing else."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from daymelt.learn.networks import NetworkOptions, build
from daymelt.learn.recompute import plan, recompute
from daymelt.learn.training import TrainingOptions, train

SHAPE = (2, 4, 64, 64)
DEFAULT = NetworkOptions()
KINDS = {
    "unet": DEFAULT,
    "vanilla-unet": replace(DEFAULT, architecture="vanilla-unet", features=8),
    "deeplabv3plus": replace(
        DEFAULT, architecture="deeplabv3plus", depth=5, decoder_width=16
    ),  # has dropout
    "xception": NetworkOptions(
        encoder="tu-xception41", depth=5, decoder_channels=(32, 16, 16, 8, 8), decoder_norm="none"
    ),
    "resnet": NetworkOptions(
        encoder="resnet18", depth=5, decoder_channels=(32, 16, 16, 8, 8)
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


def test_a_step_is_the_same_bit_for_bit_and_keeps_less(options):
    plain, cut = new(options), new(options)
    recompute(cut, plan(cut, SHAPE))
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


def test_a_plan_knows_what_a_step_keeps_and_leaves_the_network_alone(options):
    network = new(options)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random, listening = torch.get_rng_state(), hooks(network)
    cut = plan(network, SHAPE)
    assert network.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert hooks(network) == listening
    assert 0 < cut.held < cut.uncut
    assert not [
        (one, other)
        for one in cut.segments
        for other in cut.segments
        if other.startswith(f"{one}.")
    ]
    recompute(network, cut)
    assert network.state_dict().keys() == before.keys()
    _, _, _, kept = step(new(options))
    assert kept == pytest.approx(cut.uncut, rel=0.01)  # kernels keep a little of their own


def test_a_map_is_not_computed_twice():
    network, calls = new(DEFAULT), []
    recompute(network, plan(network, SHAPE))
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


def test_a_module_that_changes_its_inputs_is_no_segment():
    network = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), InPlace(), nn.Conv2d(4, 4, 1))
    assert plan(network, SHAPE).segments == ("1.inner",)


def test_a_module_within_which_somebody_listens_is_no_segment():
    def parts():
        return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())

    network = nn.Sequential(parts(), nn.Sequential(parts(), nn.Conv2d(4, 4, 1)))
    network[1][0][2].register_forward_hook(lambda *_: None)
    assert plan(network, SHAPE).segments == ("0",)


def test_a_training_learns_the_same(place, tmp_path):
    area = place((40, 33), 7)
    sets = area.labelled(slice(0, 5)), area.labelled(slice(5, 7))
    options = TrainingOptions(crop=32, batch=2, epochs=2, steps_per_epoch=2, recompute=False)
    plain = train(*sets, DEFAULT, options, tmp_path / "plain")
    again = train(*sets, DEFAULT, replace(options, recompute=True), tmp_path / "again")
    assert again.card.checksum == plain.card.checksum
    assert again.card.training == plain.card.training


def test_large_layers_are_computed_again_unasked(place, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("daymelt.learn.training.LAYERS_BYTES", 1 << 20)
    caplog.set_level("INFO")
    labelled = place((40, 33), 3).labelled()
    options = TrainingOptions(crop=32, batch=2, epochs=1, steps_per_epoch=1)
    train(labelled, None, DEFAULT, options, tmp_path / "large")
    assert "layers would keep" in caplog.text
    caplog.clear()
    train(labelled, None, DEFAULT, replace(options, recompute=False), tmp_path / "declined")
    assert "layers would keep" not in caplog.text
