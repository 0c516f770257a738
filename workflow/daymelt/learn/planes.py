"""The planes of the input of the multi-sensor network: which there are, and in which order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from daymelt.core.errors import ConfigError
from daymelt.learn.channels import COARSE, HEIGHT

SEASON = ("season sine", "season cosine")


@dataclass(frozen=True)
class Planes:
    """Which planes the network is given.

    Parameters
    ----------
    neighbours : acquisitions a cell on either side of the day; 0 for no Sentinel-1
    same_day : whether the day's own observation is given
    each : whether each of them is given and the mean of all by their closeness, or of each side
        the plain mean
    coarse : coarse sources, of `channels.COARSE`
    coarse_days : days before and after the day on which they are given
    height : whether the height is given
    """

    neighbours: int = 3
    same_day: bool = True
    coarse: tuple[str, ...] = COARSE
    coarse_days: int = 2
    height: bool = True
    each: bool = True

    @property
    def of_side(self) -> int:
        """Planes of the acquisitions on one side of the day."""
        if not self.each:
            return 2 if self.neighbours else 0
        return 3 * self.neighbours

    @property
    def between(self) -> bool:
        """Whether the mean of the neighbours, weighted by the inverse of their days, is given."""
        return self.neighbours > 0 and self.each

    @property
    def offsets(self) -> range:
        """Days of the coarse fields, from the day itself."""
        return range(-self.coarse_days, self.coarse_days + 1)

    def names(self) -> tuple[str, ...]:
        """Name of each plane, in order."""
        parts = ("fraction", "closeness", "valid") if self.each else ("mean", "valid")
        counts = [str(count) for count in range(1, self.neighbours + 1)]
        counts = counts if self.each else [f"1-{self.neighbours}"]
        found = [
            f"sar {sign}{count} {part}"
            for sign in ("-+" if self.neighbours else "")
            for count in counts
            for part in parts
        ]
        if self.between:
            found += ["sar between"]
        if self.same_day:
            found += ["sar 0 fraction", "sar 0 valid"]
        fields = [f"{name} {offset:+d}" for offset in self.offsets for name in self.coarse]
        found += [*fields, *(f"{name} flag" for name in fields)]
        found += [HEIGHT] if self.height else []
        return (*found, *SEASON)


def check_inputs(names: Sequence[str], asked: Sequence[str], source: str) -> None:
    """ConfigError unless a model was trained on the inputs that are asked for, in their order.

    `source` names the model in the message, such as its path.
    """
    if tuple(names) != tuple(asked):
        raise ConfigError(
            f"model {source}: trained on {told(names)}; the settings ask for {told(asked)}; train "
            "it again, or change the section model"
        )


def told(names: Sequence[str]) -> str:
    """The inputs of a network in a few words, from the names of its planes or channels."""
    if not set(SEASON) <= set(names):
        return f"the channels {', '.join(names)}"
    sides = sum(re.fullmatch(r"sar -\d+ fraction", name) is not None for name in names)
    days = len({name.split()[1] for name in names if re.fullmatch(r"\w+ [+-]\d+", name)})
    means = [name.split()[1][1:] for name in names if re.fullmatch(r"sar -\S+ mean", name)]
    parts = [f"{sides} acquisitions a side"] if sides else []
    parts += [f"the mean of acquisitions {which} a side" for which in means]
    parts += ["the day's own"] if "sar 0 valid" in names else []
    parts += [f"{source} on {days} days" for source in COARSE if f"{source} +0" in names]
    parts += [HEIGHT] if HEIGHT in names else []
    return ", ".join([*parts, "season"])
