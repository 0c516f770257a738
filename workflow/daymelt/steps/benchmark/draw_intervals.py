"""Draw the figures of the predicted distribution of a system with an interval.

Where left-out years are among the trials, coverage and PIT are those of each year by the network
that never saw it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from daymelt.products.interval_figures import coverage_chart, pit_chart, reliability_change
from daymelt.science.distributions import DistributionSums
from daymelt.settings.protocols import LEAVE_OUT
from daymelt.steps.benchmark.daily_table import (
    HELD_OUT,
    TRUTH,
    of_best_reference,
    read_tables,
)

BEFORE = "unet-smp"  # maps with the published inputs
Row = dict[str, str]


def draw_intervals(
    distribution: Path,
    reliability: Path,
    name: str,
    coverage_figure: Path,
    pit_figure: Path,
    change_figure: Path,
) -> None:
    """Draw how often the target lies outside the interval, the randomised PIT, and the reliability
    of the mean beside that of the published inputs.

    Parameters
    ----------
    distribution, reliability : pooled tables of the step `compare`
    name : of the system
    coverage_figure, pit_figure, change_figure : the figures
    """
    scores = of_system(read_tables([distribution]), name)
    shown = of_left_out_years(scores) or of_best_reference(scores)
    coverage_chart(coverage_figure, shown)
    pit_chart(pit_figure, shown)
    classes = of_best_reference(read_tables([reliability]))
    before = of_layer(of_system(classes, BEFORE), "melt")
    reliability_change(change_figure, before, of_layer(of_system(classes, name), "melt_mean"))


def of_system(rows: Iterable[Row], name: str) -> list[Row]:
    """The rows of a system."""
    return [row for row in rows if row["system"] == name]


def of_layer(rows: Iterable[Row], layer: str) -> list[Row]:
    """The rows of a layer of the maps."""
    return [row for row in rows if row["layer"] == layer]


def of_left_out_years(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows of all left-out years together, against the truth or else held-out Sentinel-1."""
    left_out = [row for row in rows if row["protocol"].startswith(LEAVE_OUT)]
    for against in (TRUTH, HELD_OUT):
        own = [row for row in left_out if row["against"] == against]
        if own:
            sums = DistributionSums()
            sums.add_rows(own)
            named = {"system": own[0]["system"], "against": f"{against}, each year left out"}
            return [{**named, **row} for row in sums.rows()]
    return []
