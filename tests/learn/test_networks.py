import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learn.defaults import NETWORK

from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.learn import networks
from daymelt.learn.channels import Statistics
from daymelt.learn.networks import (
    ModelCard,
    build,
    load_model,
    pad,
    read_card,
    save_model,
)
from daymelt.learn.options import Architecture
from daymelt.learn.quantiles import LEVELS
from daymelt.settings.loading import load_all

AREAS = Path(__file__).parents[2] / "workflow" / "areas"
OPTIONS = NETWORK
VANILLA = {"architecture": "vanilla-unet", "features": 4}
DEEP = {"architecture": "deeplabv3plus", "depth": 5, "decoder_width": 16}
KINDS = [OPTIONS, replace(OPTIONS, **VANILLA), replace(OPTIONS, **DEEP)]
SMALL = replace(NETWORK, encoder="resnet18", depth=3, decoder_channels=(16, 8, 8), channel_count=2)


@pytest.fixture(scope="module", params=KINDS, ids=lambda options: options.architecture)
def options(request):
    return request.param


@pytest.fixture(scope="module")
def network(options):
    torch.manual_seed(0)
    return build(options).eval()


@pytest.fixture
def kept(tmp_path, network, options):
    card = ModelCard(
        options,
        ("sar", "height"),
        {"height": Statistics(1.5, 2.5)},
        {"epoch": 3},
        {"inputs": "abc"},
    )
    return tmp_path, save_model(tmp_path, network, card)


@pytest.mark.parametrize("size", [(64, 64), (16, 16), (1, 1), (5, 70), (33, 47)])
def test_a_network_maps_any_size_onto_the_same_size_between_0_and_1(network, size):
    with torch.inference_mode():
        melt = network(torch.randn(2, 4, *size))
    assert melt.shape == (2, *size)
    assert melt.dtype == torch.float32
    assert 0 <= melt.min() <= melt.max() <= 1


@pytest.mark.parametrize("area", ["helheim", "meltwaterbench"])
@pytest.mark.parametrize(("system", "millions"), [("unet-smp", 49.6), ("unet", 31.0)])
def test_the_systems_of_production_are_as_large_as_published(area, system, millions):
    """MeltwaterBench, arXiv 2512.12142."""
    config = load_all(
        [AREAS / f"{area}.yaml"],
        complete=lambda values: {**values, "area": {"rows": 2863, "columns": 1633}},
    )
    model = dict(config.resolve(system).options["model"])
    settings = {
        name: tuple(value) if isinstance(value, list) else value for name, value in model.items()
    }
    channels, _ = (
        settings.pop("channels"),
        [settings.pop(name) for name in ("name", "encoder_weights")],
    )
    with torch.device("meta"):
        network = build(replace(OPTIONS, **settings, channel_count=len(channels)))
    assert sum(weight.numel() for weight in network.parameters()) / 1e6 == pytest.approx(
        millions, abs=0.05
    )


def test_a_network_lies_channels_last(network):
    weights = [weight for weight in network.parameters() if weight.dim() == 4]
    assert weights
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_padding_mirrors_at_the_end():
    field = torch.arange(6.0).reshape(1, 1, 2, 3)
    assert pad(field, 1, 2)[0, 0].tolist() == [[0, 1, 2, 1, 0], [3, 4, 5, 4, 3], [0, 1, 2, 1, 0]]
    np.testing.assert_array_equal(
        pad(field, 1, 2)[0, 0], np.pad(field[0, 0], ((0, 1), (0, 2)), mode="reflect")
    )
    assert pad(field, 0, 5)[0, 0, :, 3:].tolist() == [[2] * 5, [5] * 5]


@pytest.mark.parametrize(
    "options", [SMALL, replace(SMALL, decoder_norm="none"), replace(SMALL, encoder="tu-resnet18")]
)
def test_other_encoders_and_depths_build(options):
    assert build(options).eval()(torch.zeros(1, 2, 16, 16)).shape == (1, 16, 16)


def test_the_decoder_norm_is_as_asked_for():
    def norms(norm):
        decoder = build(replace(SMALL, decoder_norm=norm)).body.decoder
        return sum(isinstance(module, torch.nn.BatchNorm2d) for module in decoder.modules())

    assert norms("batchnorm") > 0
    assert norms("none") == 0


def test_the_same_seed_gives_the_same_weights():
    torch.manual_seed(7)
    one = build(SMALL).state_dict()
    torch.manual_seed(7)
    other = build(SMALL).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "unnet"}, r"model\.architecture.*unet"),
        ({"encoder": "resnet81"}, r"model\.encoder.*resnet81.*nearest is resnet18"),
        ({"encoder": "tu-xception17"}, r"model\.encoder.*nearest is tu-xception71"),
        ({"weights": "imagnet"}, r"model\.encoder_weights.*imagenet"),
        ({**VANILLA, "features": 0}, r"model\.features: found 0"),
        ({**VANILLA, "depth": 0}, r"model\.depth: found 0"),
        ({**DEEP, "output_stride": 32}, r"model\.output_stride: found 32; expected one of 8, 16"),
        ({**DEEP, "depth": 2}, r"model\.depth: found 2; expected one of 3, 4, 5"),
        ({**DEEP, "depth": 3, "output_stride": 16}, r"model\.output_stride: found 16; expected 8"),
        ({**DEEP, "decoder_width": 0}, r"model\.decoder_width: found 0"),
        ({**DEEP, "atrous_rates": (6, 12)}, r"model\.atrous_rates.*three numbers"),
        ({**DEEP, "encoder": "resnet81"}, r"model\.encoder.*nearest is resnet18"),
        (
            {**DEEP, "encoder": "vgg11"},
            r"no DeepLabv3\+ with output stride 8 with encoder vgg11.*not support "
            r"dilated.*model\.encoder",
        ),
        (
            {**DEEP, "encoder": "tu-ghostnet_050"},
            r"encoder tu-ghostnet_050.*dilation not supported.*choose another model\.encoder",
        ),
        ({"decoder_norm": "layer"}, r"model\.decoder_norm.*batchnorm"),
        ({"channel_count": 0}, r"model\.channels"),
        ({"decoder_channels": (64, 32)}, r"model\.decoder_channels.*expected 4"),
        ({"decoder_channels": (64, 32, 16, 0)}, r"model\.decoder_channels"),
        ({"depth": 7, "decoder_channels": (8,) * 7}, r"model\.depth"),
    ],
)
def test_an_impossible_network_is_refused_in_one_line(change, words):
    with pytest.raises(ConfigError, match=words) as caught:
        build(replace(OPTIONS, **change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoder", ["resnet18", "tu-resnet18"])
def test_published_weights_that_cannot_be_fetched_are_an_error_of_one_line(
    encoder, monkeypatch, tmp_path
):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        ConfigError, match=r"model\.encoder_weights.*could not be fetched.*null"
    ) as caught:
        build(replace(SMALL, encoder=encoder, weights="imagenet"))
    assert "\n" not in str(caught.value)


def test_a_kept_model_predicts_exactly_as_before(kept, network):
    folder, card = kept
    again, read = load_model(folder)
    inputs = torch.randn(1, 4, 40, 40)
    with torch.inference_mode():
        assert torch.equal(again(inputs), network(inputs))
    assert read == card
    assert not again.training
    assert len(card.checksum) == 64


def test_a_kept_model_is_plain_data(kept):
    folder, _ = kept
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    content = json.loads((folder / "model.json").read_text())
    assert content["statistics"]["height"] == {"mean": 1.5, "sd": 2.5}
    assert content["about"] == {"inputs": "abc"}


def test_the_same_model_is_the_same_bytes(kept, network, tmp_path):
    folder, card = kept
    save_model(tmp_path / "again", network, replace(card, checksum=""))
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_model_that_is_absent_altered_or_of_another_kind_is_refused(kept, network):
    folder, card = kept
    with pytest.raises(MissingInputError, match=r"model\.json"):
        load_model(folder / "nowhere")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(FormatError, match="checksum"):
        load_model(folder)
    save_model(folder, network, replace(card, network=SMALL))
    with pytest.raises(FormatError, match="not the weights of such a") as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingInputError, match=r"model\.safetensors"):
        load_model(folder)
    (folder / "model.json").write_text('{"network": 3}')
    with pytest.raises(FormatError, match=r"model\.json"):
        load_model(folder)


def test_an_architecture_is_one_entry_of_the_registry(monkeypatch):
    monkeypatch.setitem(
        networks.ARCHITECTURES,
        "plain",
        Architecture(lambda options: torch.nn.Conv2d(options.channel_count, 1, 3, padding=1)),
    )
    assert build(replace(OPTIONS, architecture="plain"))(torch.zeros(1, 4, 20, 20)).shape == (
        1,
        20,
        20,
    )


def test_every_module_of_the_folder_is_an_architecture_of_its_name():
    folder = Path(networks.__file__).with_name("architectures")
    names = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}
    assert set(networks.ARCHITECTURES) == names == {"unet", "vanilla-unet", "deeplabv3plus"}


def test_a_card_from_before_the_other_architectures_is_read_with_their_defaults(kept):
    folder, card = kept
    content = json.loads((folder / "model.json").read_text())
    later = ("features", "decoder_width", "atrous_rates", "output_stride")
    content["network"] = {
        name: value for name, value in content["network"].items() if name not in later
    }
    (folder / "model.json").write_text(json.dumps(content))
    defaults = {name: getattr(NETWORK, name) for name in later}
    assert read_card(folder) == replace(card, network=replace(card.network, **defaults))


@pytest.mark.parametrize(("options", "multiple"), list(zip(KINDS, (16, 16, 8), strict=True)))
def test_a_network_repeats_itself_where_its_input_is_moved_by_its_multiple_and_by_no_less(
    options, multiple, lively
):
    """Inside, far from the borders: what the multiple is for. DeepLabv3+ without its image pooling,
    which sees the borders.
    """
    torch.manual_seed(1)
    network = lively(build(replace(options, encoder="resnet18"))).eval()
    assert network.multiple == multiple
    for module in network.modules():
        if isinstance(module, torch.nn.AdaptiveAvgPool2d):
            module.register_forward_hook(lambda module, inputs, result: torch.zeros_like(result))
        if isinstance(module, torch.nn.Upsample):
            module.align_corners = (
                False  # smp stretches the coarse grid to the corners of the input
            )
    long = torch.randn(1, 4, 1312, 32)
    with torch.inference_mode():
        shifts = (0, multiple // 2, multiple)
        still, half, whole = (
            network(long[:, :, by : 1280 + by])[0, 640 - by : 656 - by] for by in shifts
        )
    torch.testing.assert_close(whole, still, rtol=0, atol=1e-6)
    assert (half - still).abs().max() > 1e-3


@pytest.mark.parametrize("size", [(64, 64), (5, 70)])
def test_quantiles_at_some_cells_are_those_of_the_whole_field(options, size):
    torch.manual_seed(0)
    network = build(replace(options, quantiles=LEVELS)).eval()
    inputs, wanted = torch.randn(2, 4, *size), torch.rand(2, *size) < 0.4
    wanted[1] = False
    with torch.inference_mode():
        field, found = network(inputs), network.at(inputs, wanted)
    assert field.shape == (2, len(LEVELS), *size)
    torch.testing.assert_close(found, field.movedim(1, -1)[wanted])
