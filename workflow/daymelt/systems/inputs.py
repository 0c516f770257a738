"""The inputs of a network, from the aligned streams to the device: one way for training, scoring
and mapping.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from daymelt.core.memory import make_stack
from daymelt.learn.channels import Statistics
from daymelt.learn.samples import Frame, SeasonInputs, Terrain, TrainingSet, make_frame
from daymelt.systems.aligned import Aligned
from daymelt.systems.streams import Series


def frame_of(
    aligned: Aligned, channels: Sequence[str], statistics: Mapping[str, Statistics], device: str
) -> Frame:
    """What is the same on every day, on a device."""
    return make_frame(
        channels,
        statistics,
        Terrain(aligned.terrain["height"], aligned.ocean),
        *aligned.weights(),
        device,
    )


def inputs_of(aligned: Aligned, frame: Frame, days: Sequence[dt.date]) -> SeasonInputs:
    """The inputs of some days on the frame's device."""
    return SeasonInputs(frame, days, aligned.sar.stack(days, raw=True), aligned.coarse_fields(days))


def labelled(
    aligned: Aligned, frame: Frame, days: Sequence[dt.date], observed: Series, folder: Path
) -> TrainingSet:
    """The inputs of some days with what Sentinel-1 saw on them; many large days lie in a file in
    `folder`.
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
