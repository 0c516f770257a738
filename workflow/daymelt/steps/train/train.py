"""Train a system on the training days."""

import datetime as dt
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.dates import describe
from daymelt.core.digests import combine
from daymelt.core.encoding import PERCENT
from daymelt.core.errors import ConfigError
from daymelt.core.manifest import checksum
from daymelt.core.provenance import software_version
from daymelt.science.split import check_training_days
from daymelt.settings.learning import System
from daymelt.steps.splits import read_splits
from daymelt.systems import interface
from daymelt.systems.aligned import open_aligned
from daymelt.systems.streams import StreamSeries, open_series

log = logging.getLogger(__name__)


def train(
    sar: list[Path],
    interpolated: list[Path],
    mar: list[Path],
    microwave: list[Path],
    winters: list[Path],
    terrain: Path,
    splits: list[Path],
    out: Path,
    system: System,
    threads: int = 0,
) -> None:
    """Train the configured system.

    Parameters
    ----------
    sar : melt fractions of the acquisitions, all seasons
    interpolated, mar, microwave, winters, terrain : inputs, all seasons
    splits : which days train and validate; those without a valid cell are left out
    out : card of the system, written last, beside its arrays or weights

    Raises
    ------
    ConfigError
        No training day has a valid cell.
    """
    options = interface.read_options(system.kind, system.options)
    days = read_splits(splits)
    check_training_days(days)
    with (
        open_aligned(terrain, interpolated, mar, microwave, winters) as aligned,
        open_series(sar) as observed,
    ):
        inputs = combine(
            [*aligned.digests, *observed.digests, *(checksum(path) for path in sorted(splits))]
        )
        about = {"inputs": inputs, "software": software_version()}
        labelled = with_labels(observed, days, ~aligned.ocean)
        data = interface.TrainingData(aligned, observed, labelled, about, threads)
        interface.system(system.kind).fit(data, options, out.parent)


def with_labels(
    observed: StreamSeries, splits: Mapping[dt.date, str], land: NDArray[np.bool_]
) -> dict[dt.date, str]:
    """The split of every acquisition day, without the training and validation days whose
    observation has no valid cell on land: their loss would be 0 whatever is predicted.

    Raises
    ------
    ConfigError
        No training day is left.
    """
    used = [day for day in observed.days if splits.get(day) in ("train", "val")]
    empty = [day for day in used if not (observed.raw(day)[land] != PERCENT.nodata).any()]
    left = {day: split for day, split in splits.items() if day not in empty}
    if empty:
        if "train" not in {left.get(day) for day in used}:
            count = sum(splits[day] == "train" for day in used)
            raise ConfigError(
                f"training: none of the {count} training days has a valid cell of Sentinel-1 on "
                "land; expected at least one; check the melt fractions and the area's ocean mask"
            )
        log.warning(
            "training: %d of %d labelled days have no valid cell and are left out: %s",
            len(empty),
            len(used),
            describe(empty),
        )
    return left
