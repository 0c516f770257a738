"""Train a network on the training days, watched on the validation days."""

import datetime as dt
from pathlib import Path

import numpy as np

from daymelt.config import Model, Training
from daymelt.learn.channels import HEIGHT, SAR, Statistics, statistics
from daymelt.learn.devices import choose_device
from daymelt.learn.networks import NetworkOptions
from daymelt.learn.training import TrainingOptions
from daymelt.learn.training import train as fit
from daymelt.manifest import checksum
from daymelt.provenance import software_version
from daymelt.steps.aligned import Aligned, open_aligned
from daymelt.steps.digests import combine
from daymelt.steps.inputs import frame_of, labelled
from daymelt.steps.splits import read_split
from daymelt.steps.streams import open_series


def train(
    sar: list[Path],
    interpolated: list[Path],
    mar: list[Path],
    microwave: list[Path],
    terrain: Path,
    split: Path,
    out: Path,
    model: Model,
    training: Training,
    threads: int = 0,
) -> None:
    """Train the configured network; `out` is the model's card, beside it lie its weights, its losses and the last checkpoint."""
    splits = read_split(split)
    with open_aligned(terrain, interpolated, mar, microwave) as aligned, open_series(sar) as observed:
        chosen = {name: [day for day in observed.days if splits[day] == name] for name in ("train", "val")}
        device = str(choose_device(training.device))
        frame = frame_of(aligned, model.channels, training_statistics(aligned, model.channels, chosen["train"]), device)
        training_set = labelled(aligned, frame, chosen["train"], observed)
        validation_set = labelled(aligned, frame, chosen["val"], observed) if chosen["val"] else None
        about = {"inputs": combine([*aligned.digests, *observed.digests, checksum(split)]), "software": software_version()}
        fit(training_set, validation_set, network_options(model), training_options(training, threads), out.parent, about)


def training_statistics(aligned: Aligned, channels: tuple[str, ...], days: list[dt.date]) -> dict[str, Statistics]:
    """Mean and standard deviation of each normalised channel over the training days, on the posting grid for the coarse ones."""
    fields = {HEIGHT: aligned.terrain["height"], **aligned.coarse_fields(days)}
    return statistics({name: np.asarray(fields[name]) for name in channels if name != SAR})


def network_options(model: Model) -> NetworkOptions:
    """The network's own options from the configuration."""
    return NetworkOptions(
        architecture=model.architecture,
        encoder=model.encoder,
        weights=model.encoder_weights,
        depth=model.depth,
        decoder_channels=model.decoder_channels,
        decoder_norm=model.decoder_norm,
        channels=len(model.channels),
    )


def training_options(training: Training, threads: int) -> TrainingOptions:
    """The training's own options from the configuration; 0 threads leaves what torch has."""
    values = training.model_dump(exclude={"device"})
    return TrainingOptions(**values, threads=threads or None)
