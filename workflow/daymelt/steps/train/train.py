"""Train a system on the training days."""

from pathlib import Path

from daymelt.core.digests import combine
from daymelt.core.manifest import checksum
from daymelt.core.provenance import software_version
from daymelt.science.split import check_training_days
from daymelt.settings.learning import System
from daymelt.steps.splits import read_splits
from daymelt.systems import interface
from daymelt.systems.aligned import open_aligned
from daymelt.systems.streams import open_series


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
    splits : which days train and validate
    out : card of the system, written last, beside its arrays or weights
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
        data = interface.TrainingData(aligned, observed, days, about, threads)
        interface.system(system.kind).fit(data, options, out.parent)
