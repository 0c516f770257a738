"""OPERA RTC-S1 bursts from NASA's archive, backscatter and mask."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rasterio.windows import Window

from daymelt.archives.boxes import box_of, shown
from daymelt.archives.ranges import open_remote
from daymelt.core.errors import FormatError
from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Archives, Sentinel1
from daymelt.sources.formats.raster import open_raster, read_values
from daymelt.sources.sentinel1 import opera
from daymelt.sources.sentinel1.bursts import parse_burst
from daymelt.steps.retrieve.adoption import Adoptable
from daymelt.steps.retrieve.archive_settings import catalogue, policy
from daymelt.steps.retrieve.days_of_files import days_of_bursts
from daymelt.steps.retrieve.gaps import acquisition_gaps_of
from daymelt.steps.retrieve.provider import Cost, Offer, Reached


def options_of(sentinel1: Sentinel1, archives: Archives) -> opera.OperaOptions:
    """Where bursts are searched, and of which polarisation."""
    return opera.OperaOptions(catalogue(archives), polarisation=sentinel1.polarisation)


class Provider(Adoptable[Sentinel1]):
    """Every burst of some days that sees the area."""

    cost = Cost(gb_a_season=21.0, by_area=True)
    limits = f"days from {opera.FIRST_DAY} on, land north of {-opera.SOUTHERNMOST:g}° S"

    def check_held(self) -> None:
        """Refuse days before the archive's first, and Antarctica."""
        days = self.request.days
        opera.check_held(box_of(self.request.area), days[0], days[-1])

    def offer(self) -> Offer:
        """Backscatter and mask of each burst, and the granules that were passed over."""
        request = self.request
        options = options_of(request.settings, request.archives)
        box, first, last = box_of(request.area), request.days[0], request.days[-1]
        found = opera.find(box, first, last, options)
        about = {"passed_over": [asdict(item) for item in found.passed_over]}
        asked = f"{options.collection} {options.polarisation}, {first} to {last}, {shown(box)}"
        return Offer(found.remotes, about, asked)

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """Long runs of days without an acquisition."""
        return acquisition_gaps_of(self.request.days, days_of_bursts(entries))

    def smallest(self, offer: Offer) -> Offer:
        """One burst and its mask."""
        return replace(offer, remotes=offer.remotes[:2])

    def reach(self) -> Reached:
        """Search the days, and read the first bytes of a file with the account."""
        days, remotes = len(self.request.days), self.offer().remotes
        if not remotes:
            return Reached(
                f"reached, no burst in {days} days",
                "check sentinel1.polarisation and the area; see `daymelt probe`",
            )
        with open_remote(
            remotes[1].url, self.access(), policy(self.request.archives), "mask", measured=False
        ):
            return Reached(
                f"reached, {len(remotes) // 2} bursts in {days} days, and the account opens their "
                "files"
            )

    def belongs(self, name: str) -> bool:
        """True for a burst of the days and the polarisation, or its mask."""
        days, polarisation = self.request.days, self.request.settings.polarisation
        try:
            burst = parse_burst(Path(name.replace("_mask.tif", f"_{polarisation.upper()}.tif")))
        except FormatError:
            return False
        return (
            days[0] <= burst.acquired_at.date() <= days[-1] and burst.polarisation == polarisation
        )

    def check(self, path: Path) -> None:
        """Read a burst or its mask through."""
        with open_raster(path, "burst") as raster:
            read_values(raster, Window(0, 0, raster.width, raster.height), "burst")

    def usable(self, names: Collection[str]) -> set[str]:
        """Backscatter and mask are of use together only."""
        pairs = Counter(name.rpartition("_")[0] for name in names)
        return {name for name in names if pairs[name.rpartition("_")[0]] > 1}
