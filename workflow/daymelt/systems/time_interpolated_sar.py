"""Time-interpolated Sentinel-1 as the map of a day: the mean of the acquisitions around it. Nothing
is fitted.
"""

from pathlib import Path

from pydantic.dataclasses import dataclass

from daymelt.systems.aligned import Aligned
from daymelt.systems.interface import (
    STRICT,
    Ready,
    Running,
    TrainingData,
    each_day,
    read_card,
    write_card,
)

KIND = "time-interpolated-sar"


@dataclass(frozen=True, config=STRICT)
class Options:
    """No settings: the window is that of the input, `temporal`."""


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Write the card; the published table counts one parameter, the width of the window."""
    write_card(folder, KIND, data, {}, parameters=1)


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The stream of time-interpolated Sentinel-1 itself."""
    _, checksum = read_card(folder, KIND)
    return Ready(KIND, checksum, 1, each_day(aligned.sar.read))
