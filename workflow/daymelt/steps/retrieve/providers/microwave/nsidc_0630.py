"""Brightness temperature of NSIDC-0630 from NASA's archive."""

from pathlib import Path

from daymelt.archives.boxes import box_of
from daymelt.core.errors import FormatError
from daymelt.settings.inputs import Archives, Microwave
from daymelt.sources.microwave import nsidc
from daymelt.sources.microwave.cetb import find_days, read_tb
from daymelt.sources.microwave.window import cetb_bounds
from daymelt.steps.retrieve.adoption import Adoptable
from daymelt.steps.retrieve.archive_settings import catalogue
from daymelt.steps.retrieve.nsidc_access import reach_nsidc, terrain_options
from daymelt.steps.retrieve.provider import Cost, Offer, Reached


def options_of(microwave: Microwave, archives: Archives) -> nsidc.MicrowaveOptions:
    """Where files are searched, and of which platforms, channel and overpass."""
    return nsidc.MicrowaveOptions(
        catalogue(archives),
        platform=microwave.platform,
        fallback_platforms=microwave.fallback_platforms,
        channel=microwave.channel,
        pass_=microwave.overpass,
        granule_name=archives.microwave_granules,
    )


class Provider(Adoptable[Microwave]):
    """One file a day."""

    cost = Cost(gb_a_season=15.0)

    def offer(self) -> Offer:
        """The file of each day that has one, and the days that have none, an older version or
        another platform.
        """
        request = self.request
        first, last = request.days[0], request.days[-1]
        options = options_of(request.settings, request.archives)
        remotes = nsidc.search(box_of(request.area), first, last, options)
        found = nsidc.series(remotes, first, last, options.platform)
        about = {
            "missing_days": [day.isoformat() for day in found.missing],
            "older_version": [day.isoformat() for day in found.older_version],
            "other_platform": {
                day.isoformat(): platform for day, platform in found.other_platform.items()
            },
        }
        asked = f"{options.collection} {options.platform} {options.channel}, {first} to {last}"
        return Offer(remotes, about, asked)

    def reach(self) -> Reached:
        """Search the masks of the same archive, fewer granules, and open one with the account."""
        archives = self.request.archives
        return reach_nsidc(nsidc.search_masks(terrain_options(archives))[-1], archives)

    def belongs(self, name: str) -> bool:
        """True for a file of the days, of a wanted platform, channel and overpass."""
        settings, days = self.request.settings, self.request.days
        identity = (settings.platform, settings.channel, settings.overpass)
        try:
            found = find_days([Path(name)], *identity, settings.fallback_platforms)
        except FormatError:
            return False
        return any(days[0] <= day <= days[-1] for day in found)

    def check(self, path: Path) -> None:
        """Read the window of the area."""
        read_tb(path, cetb_bounds(self.request.area), self.request.settings.channel)
