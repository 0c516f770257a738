"""Windows of Sentinel-1 RTC scenes from the Planetary Computer."""

from collections.abc import Mapping, Sequence
from typing import Any

from daymelt.archives.boxes import box_of, shown
from daymelt.archives.ranges import open_remote
from daymelt.core.manifest import Entry
from daymelt.core.progress import progress
from daymelt.settings.inputs import Archives, Sentinel1
from daymelt.sources.sentinel1 import planetary_computer
from daymelt.sources.sentinel1.planetary_computer import PlanetaryOptions, Scene
from daymelt.sources.sentinel1.windows import find_scenes
from daymelt.steps.retrieve.archive_settings import policy
from daymelt.steps.retrieve.entries import window_entry
from daymelt.steps.retrieve.gaps import acquisition_gaps_of
from daymelt.steps.retrieve.provider import Cost, Offer, ProviderBase, Reached, Retrieved


def options_of(sentinel1: Sentinel1, archives: Archives) -> PlanetaryOptions:
    """Where scenes are searched, where their tokens come from, and of which polarisation."""
    return PlanetaryOptions(
        archives.stac,
        archives.sas,
        archives.sas_hosts,
        polarisation=sentinel1.polarisation,
        policy=policy(archives),
    )


class Provider(ProviderBase[Sentinel1]):
    """The window of the area from every scene of some days."""

    cost = Cost(gb_a_season=120.0, by_area=True)
    limits = (
        f"scenes from {planetary_computer.FIRST_DAY} to {planetary_computer.LAST_DAY}, none of "
        "Sentinel-1C; some are missing"
    )
    no_adoption = (
        "--adopt: files of planetary-computer are windows that daymelt cuts itself; lay windows "
        "that it cut for this area into the folder and run without --adopt, which keeps them"
    )

    def check_held(self) -> None:
        """Refuse days before the collection's first."""
        planetary_computer.check_held(self.request.days[0], self.request.days[-1])

    def offer(self) -> Offer:
        """The scenes, of unknown size: that of a window shows once it is cut."""
        request = self.request
        options = options_of(request.settings, request.archives)
        days = request.days
        box = box_of(request.area)
        scenes = planetary_computer.search(box, days[0], days[-1], options)
        asked = (
            f"{options.collection} {options.polarisation}, {days[0]} to {days[-1]}, {shown(box)}"
        )
        return Offer(scenes, searched=asked)

    def reach(self) -> Reached:
        """Search the days, and read the first bytes of a scene anonymously or with a key."""
        request = self.request
        options = options_of(request.settings, request.archives)
        days, scenes = len(request.days), self.offer().remotes
        if not scenes:
            return Reached(
                f"reached, no scene in {days} days", "check sentinel1.polarisation and the area"
            )
        with open_remote(scenes[0].url, options.access(), options.policy, "scene"):
            return Reached(f"reached, {len(scenes)} scenes in {days} days, and they open")

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """Long runs of days without an acquisition."""
        paths = [self.request.folder / item.path for item in entries]
        scenes = find_scenes(paths, self.request.settings.polarisation)
        return acquisition_gaps_of(
            self.request.days, {scene.acquired_at.date() for scene in scenes}
        )

    def fetch(self, offer: Offer) -> Retrieved:
        """The windows of the scenes, and the scenes without a valid pixel there."""
        request = self.request
        options = options_of(request.settings, request.archives)
        scenes = [remote for remote in offer.remotes if isinstance(remote, Scene)]
        with progress(len(scenes), "scenes", " scenes") as bar:
            found = planetary_computer.retrieve(
                scenes,
                request.folder,
                request.area,
                options.access(),
                options.policy,
                lambda _scene: bar.update(1),
            )
        by_name = {scene.path.rsplit("_", 1)[0]: scene for scene in scenes}
        entries = [
            window_entry(request.folder, path, by_name[path.name.rsplit("_", 1)[0]])
            for path in found.paths
        ]
        return Retrieved(entries, {"empty_scenes": [scene.id for scene in found.empty]})
