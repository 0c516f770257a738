"""The inputs of a network, from the aligned streams to the device, for training, scoring and
mapping alike.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from daymelt.core.memory import make_stack
from daymelt.learn.channels import HEIGHT, SAR, Statistics, statistics
from daymelt.learn.samples import Frame, SeasonInputs, StaticFields, TrainingSet, make_frame
from daymelt.systems.aligned import Aligned
from daymelt.systems.streams import StreamSeries


def frame_of(
    aligned: Aligned, channels: Sequence[str], statistics: Mapping[str, Statistics], device: str
) -> Frame:
    """What all days share, on a device."""
    return make_frame(
        channels,
        statistics,
        StaticFields(aligned.terrain["height"], aligned.ocean),
        *aligned.weights(),
        device,
    )


def inputs_of(aligned: Aligned, frame: Frame, days: Sequence[dt.date]) -> SeasonInputs:
    """The inputs of some days on the frame's device."""
    return SeasonInputs(frame, days, aligned.sar.stack(days, raw=True), aligned.coarse_fields(days))


def labelled(
    aligned: Aligned, frame: Frame, days: Sequence[dt.date], observed: StreamSeries, folder: Path
) -> TrainingSet:
    """The inputs of some days with the melt fraction that Sentinel-1 observed; many large days are
    held in a temporary file in `folder`.
    """
    shape = len(days), *frame.shape
    target, sar = (
        observed.fill(make_stack(shape, folder), days),
        aligned.sar.fill(make_stack(shape, folder), days),
    )

    def release() -> None:
        target.release()
        sar.release()

    return TrainingSet(frame, days, target.fields, sar.fields, aligned.coarse_fields(days), release)


def training_statistics(
    aligned: Aligned, channels: tuple[str, ...], days: list[dt.date]
) -> dict[str, Statistics]:
    """Mean and standard deviation of each normalised channel over the training days; of coarse
    channels on the posting grid.
    """
    fields = {HEIGHT: aligned.terrain["height"], **aligned.coarse_fields(days)}
    return statistics({name: np.asarray(fields[name]) for name in channels if name != SAR})
