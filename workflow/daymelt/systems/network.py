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

KIND = "network"


@dataclass(frozen=True, config=STRICT)
class Options:
    """The sections `model` and `training` of the configuration."""

    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)


def check(options: Options) -> None:
    """ConfigError where no such network can be built: an unknown encoder, an impossible depth."""
    from daymelt.learn.networks import NetworkOptions, architecture_of

    network, _ = _network(options, NetworkOptions)
    architecture_of(network).check(network)


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
