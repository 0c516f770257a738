"""The planes of the input of the multi-sensor network: which there are, and in which order."""

from dataclasses import dataclass

from daymelt.learn.channels import COARSE, HEIGHT


@dataclass(frozen=True)
class Planes:
    """Which planes the network is given.

    Parameters
    ----------
    neighbours : acquisitions a cell on either side of the day; 0 for no Sentinel-1
    same_day : whether the day's own observation is given
    coarse : coarse sources, of `channels.COARSE`
    coarse_days : days before and after the day on which they are given
    height : whether the height is given
    """

    neighbours: int = 3
    same_day: bool = True
    coarse: tuple[str, ...] = COARSE
    coarse_days: int = 2
    height: bool = True

    @property
    def offsets(self) -> range:
        """Days of the coarse fields, from the day itself."""
        return range(-self.coarse_days, self.coarse_days + 1)

    def names(self) -> tuple[str, ...]:
        """Name of each plane, in order."""
        parts = ("fraction", "closeness", "valid")
        found = [
            f"sar {sign}{count} {part}"
            for sign in "-+"
            for count in range(1, self.neighbours + 1)
            for part in parts
        ]
        if self.same_day:
            found += ["sar 0 fraction", "sar 0 valid"]
        fields = [f"{name} {offset:+d}" for offset in self.offsets for name in self.coarse]
        found += [*fields, *(f"{name} flag" for name in fields)]
        found += [HEIGHT] if self.height else []
        return (*found, "season sine", "season cosine")
