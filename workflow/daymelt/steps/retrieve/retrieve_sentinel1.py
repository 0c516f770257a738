"""The Sentinel-1 files of a month as the provider ships them."""

import datetime as dt
import itertools
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from rasterio.windows import Window

from daymelt.archives.retry import Policy
from daymelt.core import cube
from daymelt.core.dates import month_days, parse_month
from daymelt.core.errors import ConfigError, FormatError
from daymelt.core.manifest import write_manifest
from daymelt.settings.inputs import Archives, Area, MeltwaterBench, Sentinel1, Twin
from daymelt.sources.formats.raster import open_raster, read_values
from daymelt.sources.meltwaterbench import layout as published
from daymelt.sources.sentinel1 import opera, planetary_computer
from daymelt.sources.sentinel1.bursts import parse_burst
from daymelt.steps.retrieve import live, published_files
from daymelt.steps.retrieve.adoption import Wanted, adopt_into
from daymelt.steps.retrieve.live import Plan
from daymelt.steps.retrieve.providers import refuse_provider, write_twin_manifest
from daymelt.steps.retrieve.raw_files import handed_over
from daymelt.twin import files, radar, schedule

NO_WINDOWS = (
    "--adopt: files of planetary-computer are windows that daymelt cuts itself; lay windows that "
    "it cut for this area into the folder and "
    "run without --adopt, which keeps them"
)
PROCESSING_DELAY = dt.timedelta(days=1, hours=3)


def retrieve_sentinel1(
    month: str,
    out: Path,
    area: Area,
    sentinel1: Sentinel1,
    archives: Archives,
    meltwaterbench: MeltwaterBench,
    twin: Twin,
    world: Path | None = None,
    dry_run: bool = False,
    adopt: bool = False,
    raw: Path | None = None,
    move_raw: bool = False,
) -> Plan:
    """Retrieve every burst of a month that sees the area, backscatter and mask; with `raw` and
    `move_raw` they end there.
    """
    in_place = (
        sentinel1.provider == published.PROVIDER
    )  # used where they lie: they may be the user's own
    with nullcontext() if dry_run else handed_over(out, raw, move_raw and not in_place):
        if in_place:
            published_files.refuse_adoption(adopt)
            from_published(month, out, meltwaterbench, dry_run)
            return Plan()
        return retrieve_month(month, out, area, sentinel1, archives, twin, world, dry_run, adopt)


def retrieve_month(
    month: str,
    out: Path,
    area: Area,
    sentinel1: Sentinel1,
    archives: Archives,
    twin: Twin,
    world: Path | None,
    dry_run: bool,
    adopt: bool,
) -> Plan:
    """The same into the folder of `out`."""
    match sentinel1.provider:
        case "twin":
            from_twin(month, out, area, sentinel1, twin, world)
        case "opera":
            wanted = wanted_of(month, area, sentinel1)
            if adopt:
                return adopt_into(out, wanted, live.earthdata(archives), archives)
            return live.retrieve(
                wanted.search(archives), out, live.earthdata(archives), archives, dry_run
            )
        case "planetary-computer":
            if adopt:
                raise ConfigError(NO_WINDOWS)
            return from_planetary_computer(month, out, area, sentinel1, archives, dry_run)
        case _:
            refuse_provider(
                "sentinel1",
                sentinel1.provider,
                ("twin", "opera", "planetary-computer", published.PROVIDER),
            )
    return Plan()


def wanted_of(month: str, area: Area, sentinel1: Sentinel1) -> Wanted:
    """OPERA RTC-S1 from NASA's archive; a burst is of use with its mask alone."""
    days = month_days(*parse_month(month))
    about = {"source": "sentinel1", "month": month, "provider": "opera"}

    def offer(archives: Archives) -> live.Offer:
        options = opera.OperaOptions(live.catalogue(archives), polarisation=sentinel1.polarisation)
        found = opera.find(live.box_of(area.grid), days[0], days[-1], options)
        return live.Offer(
            found.remotes, {**about, "passed_over": [asdict(item) for item in found.passed_over]}
        )

    def belongs(name: str) -> bool:
        try:
            burst = parse_burst(
                Path(name.replace("_mask.tif", f"_{sentinel1.polarisation.upper()}.tif"))
            )
        except FormatError:
            return False
        return (
            days[0] <= burst.acquired_at.date() <= days[-1]
            and burst.polarisation == sentinel1.polarisation
        )

    return Wanted(offer, belongs, look, about, lambda name: name.rpartition("_")[0])


def look(path: Path) -> None:
    """Read a burst or its mask through."""
    with open_raster(path, "burst") as raster:
        read_values(raster, Window(0, 0, raster.width, raster.height), "burst")


def from_planetary_computer(
    month: str, out: Path, area: Area, sentinel1: Sentinel1, archives: Archives, dry_run: bool
) -> Plan:
    """Windows of Sentinel-1 RTC scenes from the Planetary Computer."""
    days = month_days(*parse_month(month))
    policy = live.policy(archives)
    options = planetary_options(sentinel1, archives, policy)
    scenes = planetary_computer.search(live.box_of(area.grid), days[0], days[-1], options)
    if dry_run:
        return live.print_plan(scenes)
    told, done = live.Steps("scenes"), itertools.count(1)
    progress = lambda _scene: told(next(done), len(scenes))  # noqa: E731
    found = planetary_computer.retrieve(
        scenes, out.parent, area.grid, options.access(), policy, progress
    )
    by_name = {scene.path.rsplit("_", 1)[0]: scene for scene in scenes}
    entries = [
        live.window_entry(out.parent, path, by_name[path.name.rsplit("_", 1)[0]])
        for path in found.paths
    ]
    empty = [scene.id for scene in found.empty]
    write_manifest(
        out,
        entries,
        {
            "source": "sentinel1",
            "month": month,
            "provider": "planetary-computer",
            "empty_scenes": empty,
        },
    )
    return Plan()


def planetary_options(
    sentinel1: Sentinel1, archives: Archives, policy: Policy
) -> planetary_computer.PlanetaryOptions:
    """Where scenes are looked for, and where their addresses are signed."""
    return planetary_computer.PlanetaryOptions(
        archives.stac,
        archives.sas,
        archives.sas_hosts,
        polarisation=sentinel1.polarisation,
        policy=policy,
    )


def from_published(month: str, out: Path, meltwaterbench: MeltwaterBench, dry_run: bool) -> None:
    """Melt fractions of MeltwaterBench: no backscatter, and nothing of the winter."""
    wanted = {published.SAR: published_files.days_wanted(month_days(*parse_month(month)))}
    published_files.retrieve(
        wanted, out, meltwaterbench, {"source": "sentinel1", "month": month}, dry_run
    )


def from_twin(
    month: str, out: Path, area: Area, sentinel1: Sentinel1, twin: Twin, world: Path | None
) -> None:
    """What the twin's radar sees of its world."""
    if world is None:
        raise ConfigError(
            "retrieve-sentinel1: provider twin needs --world, the file that `daymelt twin-world` "
            "writes for the season"
        )
    season, number = parse_month(month)
    paths: list[Path] = []
    overflights = schedule.month_passes(season, number, twin.seed)
    with cube.open_stream(world) as truth:
        for orbit in dict.fromkeys(overflight.orbit for overflight in overflights):
            seen = [
                (overflight, truth.read(overflight.acquired_at.date()))
                for overflight in overflights
                if overflight.orbit == orbit
            ]
            for overflight, image in radar.observe_orbit(seen, area.grid, twin.seed):
                acquired, platform = overflight.acquired_at, overflight.platform
                name = files.burst_name(
                    orbit.number,
                    image.number,
                    image.swath,
                    acquired,
                    acquired + PROCESSING_DELAY,
                    platform,
                )
                paths += files.write_burst(
                    out.parent,
                    name,
                    image.gamma0,
                    image.mask,
                    image.grid,
                    acquired,
                    sentinel1.polarisation,
                )
    write_twin_manifest(out, paths, {"source": "sentinel1", "month": month})
