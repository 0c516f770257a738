"""A convolutional network: the way of mapping that this project is for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from daymelt.learn.channels import HEIGHT, SAR, Statistics, check_channels, statistics
from daymelt.systems.aligned import Aligned
from daymelt.systems.interface import STRICT, Lesson, Maps, Ready, Running
from daymelt.systems.resources import Needs, Size, memory_mb

KIND = "network"


@dataclass(frozen=True, config=STRICT)
class Options:
    """The sections `model` and `training` of the configuration."""

    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)


def fit(lesson: Lesson, options: Options, folder: Path) -> None:
    """Train on the training days, watched on the validation days; weights, losses and the last
    checkpoint lie beside the card.
    """
    from daymelt.learn.devices import choose_device
    from daymelt.learn.networks import NetworkOptions
    from daymelt.learn.processes import local_rank
    from daymelt.learn.training import TrainingOptions, train
    from daymelt.systems.inputs import frame_of, labelled

    network, channels = _network(options, NetworkOptions)
    values = {name: value for name, value in options.training.items() if name != "device"}
    aligned, days, validation = lesson.aligned, lesson.days("train"), lesson.days("val")
    device = str(
        choose_device(
            options.training.get("device", "auto"), local_rank(options.training.get("devices", 1))
        )
    )
    frame = frame_of(aligned, channels, training_statistics(aligned, channels, days), device)
    training_set = labelled(aligned, frame, days, lesson.observed, folder)
    validation_set = (
        labelled(aligned, frame, validation, lesson.observed, folder) if validation else None
    )
    train(
        training_set,
        validation_set,
        network,
        TrainingOptions(**values, threads=lesson.threads or None),
        folder,
        dict(lesson.about),
    )


def load(folder: Path, options: Options, scene: Aligned, running: Running) -> Ready:
    """The trained network in `folder`; ConfigError where it was trained on other channels than the
    options name.
    """
    from daymelt.learn.devices import choose_device, use_threads
    from daymelt.learn.inference import predict_days
    from daymelt.learn.networks import NetworkOptions, load_model
    from daymelt.systems.inputs import frame_of, inputs_of

    network, card = load_model(folder)
    check_channels(card.channels, _network(options, NetworkOptions)[1], str(folder))
    use_threads(running.threads)
    device = str(choose_device(running.device))

    def predict(days: Sequence[dt.date]) -> Maps:
        frame = frame_of(scene, card.channels, card.statistics, device)
        batches = (
            inputs_of(scene, frame, days[first : first + running.batch])
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


def training_statistics(
    aligned: Aligned, channels: tuple[str, ...], days: list[dt.date]
) -> dict[str, Statistics]:
    """Mean and standard deviation of each normalised channel over the training days, on the posting
    grid for the coarse ones.
    """
    fields = {HEIGHT: aligned.terrain["height"], **aligned.coarse_fields(days)}
    return statistics({name: np.asarray(fields[name]) for name in channels if name != SAR})


def _network(options: Options, kind: Any) -> tuple[Any, tuple[str, ...]]:
    """The network's own options, and the names of its channels."""
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in options.model.items()
        if name != "name"
    }
    channels = values.pop("channels")
    weights = values.pop("encoder_weights", None)
    return replace(kind(**values, weights=weights), channels=len(channels)), channels


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
