"""Protocols of the comparison of systems, and their trials.

A trial is one split of the acquisition days, the Sentinel-1 acquisitions that may be inputs on the
scored days, and the seasons that are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Protocol = Literal["published", "truth", "leave-one-year-out", "blocked", "hindcast"]
Pool = Literal["train", "all", "none"]
PUBLISHED: Protocol = "published"
TRUTH: Protocol = "truth"
BLOCKED: Protocol = "blocked"
HINDCAST: Protocol = "hindcast"
LEAVE_OUT = "leave-out-"  # and the year


@dataclass(frozen=True)
class Trial:
    """One comparison.

    Parameters
    ----------
    name : name of its folder
    protocol : protocol that it belongs to
    split : name of the split that the systems are trained on
    pool : acquisitions that time-interpolated Sentinel-1 may use on the scored days: those of the
        training split, all but the day itself, or none
    seasons : years that are scored
    """

    name: str
    protocol: Protocol
    split: str
    pool: Pool
    seasons: tuple[int, ...]


def trials(
    protocol: Protocol,
    seasons: Sequence[int],
    hindcast_training: Sequence[int],
    hindcast_validation: Sequence[int],
) -> list[Trial]:
    """The trials of a protocol over some seasons.

    - `published`: the split of the settings; inputs from training days only, as in MeltwaterBench.
    - `truth`: the same systems, every pixel of every day against the twin's truth, with the inputs
      of the maps.
    - `leave-one-year-out`: one trial a year, which is not in the training set; its acquisitions are
      inputs, but never on their own day.
    - `blocked`: weeks without any acquisition of the training split.
    - `hindcast`: years before the training years, without Sentinel-1 among the inputs.
    """
    every = tuple(seasons)
    if protocol == "leave-one-year-out":
        return [
            Trial(f"{LEAVE_OUT}{year}", protocol, f"{LEAVE_OUT}{year}", "all", (year,))
            for year in every
        ]
    if protocol == "hindcast":
        scored = tuple(
            year for year in every if year not in {*hindcast_training, *hindcast_validation}
        )
        return [Trial(HINDCAST, protocol, HINDCAST, "none", scored)]
    if protocol == "truth":
        return [Trial(TRUTH, protocol, PUBLISHED, "all", every)]
    return [Trial(protocol, protocol, protocol, "train", every)]
