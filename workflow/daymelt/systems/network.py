"""A convolutional network, the main method of this project."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from daymelt.learn.planes import check_inputs
from daymelt.systems.aligned import Aligned
from daymelt.systems.interface import STRICT, Maps, Ready, Running, TrainingData
from daymelt.systems.resources import Needs, Size, memory_mb

if TYPE_CHECKING:  # torch is imported by what runs a network, not by what reads its options
    from daymelt.learn.options import NetworkOptions
    from daymelt.learn.training import TrainingOptions

KIND = "network"
CHECKPOINT_EPOCHS = 5  # between two checkpoints
MOST_THREADS = 1 << 10  # where a job names none


@dataclass(frozen=True, config=STRICT)
class Options:
    """The sections `model` and `training` of the configuration, which states their defaults."""

    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)


def check(options: Options) -> None:
    """ConfigError where no such network can be built: an unknown encoder, one that does not support
    the depth, no published weights of it. It is built without memory for its weights.
    """
    from daymelt.learn.networks import check_network

    check_network(network_options(options.model))


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Train on the training days, validate on the validation days; weights, losses and the last
    checkpoint are written beside the card.
    """
    from daymelt.learn.devices import choose_device
    from daymelt.learn.processes import local_rank
    from daymelt.learn.training import train
    from daymelt.systems.inputs import frame_of, labelled, training_statistics

    channels = tuple(options.model["channels"])
    aligned, days, validation = data.aligned, data.days("train"), data.days("val")
    device = str(choose_device(options.training["device"], local_rank(options.training["devices"])))
    frame = frame_of(aligned, channels, training_statistics(aligned, channels, days), device)
    training_set = labelled(aligned, frame, days, data.observed, folder)
    validation_set = (
        labelled(aligned, frame, validation, data.observed, folder) if validation else None
    )
    train(
        training_set,
        validation_set,
        network_options(options.model),
        training_options(options.training, data.threads),
        folder,
        dict(data.about),
    )


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The trained network in `folder`; ConfigError where it was trained on other channels than
    those of the options.
    """
    from daymelt.learn.devices import choose_device, use_threads
    from daymelt.learn.inference import predict_days
    from daymelt.learn.networks import load_model
    from daymelt.systems.inputs import frame_of, inputs_of

    network, card = load_model(folder)
    check_inputs(card.channels, options.model["channels"], str(folder))
    use_threads(running.threads)
    device = str(choose_device(running.device))

    def predict(days: Sequence[dt.date]) -> Maps:
        frame = frame_of(aligned, card.channels, card.statistics, device)
        batches = (
            inputs_of(aligned, frame, days[first : first + running.batch])
            for first in range(0, len(days), running.batch)
        )
        for day, melt in predict_days(network, batches, running.tile, running.halo):
            yield day, np.nan_to_num(melt, copy=False)

    title = (
        card.network.architecture
        if card.network.architecture == "vanilla-unet"
        else card.network.encoder
    )
    return Ready(
        title, card.checksum, sum(weight.numel() for weight in network.parameters()), predict
    )


def network_options(model: Mapping[str, Any]) -> "NetworkOptions":
    """The options of a network from all settings of the section `model`."""
    from daymelt.learn.options import NetworkOptions

    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in model.items()
    }
    del values["name"]
    channels, weights = values.pop("channels"), values.pop("encoder_weights")
    return NetworkOptions(**values, weights=weights, channel_count=len(channels))


def training_options(training: Mapping[str, Any], threads: int) -> "TrainingOptions":
    """The options of a training from all settings of the section `training`."""
    from daymelt.learn.training import TrainingOptions

    values = {name: value for name, value in training.items() if name not in ("device", "threads")}
    auto = training["threads"] == "auto"
    return TrainingOptions(
        **values,
        threads=threads or None if auto else min(training["threads"], threads or MOST_THREADS),
        measure_threads=auto,
        checkpoint_every=CHECKPOINT_EPOCHS,
        resume=True,
    )


def needs(options: Options, size: Size) -> Needs:
    """Memory of the layers, of the labelled days, and of the libraries.

    Measured at full size, see benchmarks/RESULTS.md ("Memory of the production systems on a CPU"):
    with the default encoder one day in one pass takes 3,014 MiB, 740 of them for the libraries.
    On a CPU, layers over 4 GiB are computed again rather than kept (`training.recompute`); a CUDA
    device has memory of its own. Labelled days over 1.1 GB lie in a file (`core.memory`).
    """
    model, training = options.model, options.training
    unet = model["architecture"] == "unet"
    default = unet and model["encoder"] == "tu-mobilenetv3_small_100"
    cells = training["batch"] * training["crop"] ** 2
    layers = 2100 * cells if default else min(6300 * cells, max(5.4e9, 2750 * cells))
    base = 1100 + (0 if training["device"] == "cuda" else layers / 1e6)
    mapped = (700 if default else 2000 if unet else 4000) * size.cells_at_once
    return Needs(
        training_mb=memory_mb(size.cells, 2 * size.labelled_days, base, base + 1100),
        mapping_mb=memory_mb(size.cells, 200, base_mb=1000 + mapped / 1e6),
        training_threads=8,
        mapping_threads=4,
        slow=True,
    )
