"""The Sentinel-1 files of a month as the provider ships them."""

import datetime as dt
from pathlib import Path

from daymelt import cube, published
from daymelt.config import Archives, Area, MeltwaterBench, Sentinel1, Twin
from daymelt.dates import month_days, parse_month
from daymelt.errors import ConfigError
from daymelt.manifest import write_manifest
from daymelt.sources import opera, planetary_computer
from daymelt.steps import live, published_files
from daymelt.steps.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files, radar, schedule

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
) -> None:
    """Retrieve every burst of a month that sees the area, backscatter and mask."""
    match sentinel1.provider:
        case "twin":
            from_twin(month, out, area, sentinel1, twin, world)
        case "opera":
            from_opera(month, out, area, sentinel1, archives, dry_run)
        case "planetary-computer":
            from_planetary_computer(month, out, area, sentinel1, archives, dry_run)
        case published.PROVIDER:
            from_published(month, out, meltwaterbench, dry_run)
        case _:
            refuse_provider("sentinel1", sentinel1.provider, ("twin", "opera", "planetary-computer", published.PROVIDER))


def from_opera(month: str, out: Path, area: Area, sentinel1: Sentinel1, archives: Archives, dry_run: bool) -> None:
    """OPERA RTC-S1 from NASA's archive."""
    days = month_days(*parse_month(month))
    options = opera.OperaOptions(live.catalogue(archives), polarisation=sentinel1.polarisation)
    remotes = opera.search(live.box_of(area.grid), days[0], days[-1], options)
    about = {"source": "sentinel1", "month": month, "provider": "opera"}
    live.retrieve(remotes, out, live.earthdata(archives), archives, about, dry_run)


def from_planetary_computer(month: str, out: Path, area: Area, sentinel1: Sentinel1, archives: Archives, dry_run: bool) -> None:
    """Windows of Sentinel-1 RTC scenes from the Planetary Computer."""
    days = month_days(*parse_month(month))
    policy = live.policy(archives)
    options = planetary_computer.PlanetaryOptions(
        archives.stac, archives.sas, archives.sas_hosts, polarisation=sentinel1.polarisation, policy=policy
    )
    scenes = planetary_computer.search(live.box_of(area.grid), days[0], days[-1], options)
    if dry_run:
        live.print_plan(scenes)
        return
    found = planetary_computer.retrieve(scenes, out.parent, area.grid, options.access(), policy)
    by_name = {scene.path.rsplit("_", 1)[0]: scene for scene in scenes}
    entries = [live.window_entry(out.parent, path, by_name[path.name.rsplit("_", 1)[0]]) for path in found.paths]
    empty = [scene.id for scene in found.empty]
    write_manifest(out, entries, {"source": "sentinel1", "month": month, "provider": "planetary-computer", "empty_scenes": empty})


def from_published(month: str, out: Path, meltwaterbench: MeltwaterBench, dry_run: bool) -> None:
    """Melt fractions of MeltwaterBench: no backscatter, and nothing of the winter."""
    wanted = {published.SAR: published_files.days_wanted(month_days(*parse_month(month)))}
    published_files.retrieve(wanted, out, meltwaterbench, {"source": "sentinel1", "month": month}, dry_run)


def from_twin(month: str, out: Path, area: Area, sentinel1: Sentinel1, twin: Twin, world: Path | None) -> None:
    """What the twin's radar sees of its world."""
    if world is None:
        raise ConfigError("retrieve-sentinel1: provider twin needs --world, the file that `daymelt twin-world` writes for the season")
    season, number = parse_month(month)
    paths: list[Path] = []
    with cube.open_stream(world) as truth:
        for overflight in schedule.month_passes(season, number, twin.seed):
            acquired = overflight.acquired_at
            for image in radar.observe(overflight, truth.read(acquired.date()), area.grid, twin.seed):
                name = files.burst_name(
                    overflight.orbit.number, image.number, image.swath, acquired, acquired + PROCESSING_DELAY, overflight.platform
                )
                polarisation = sentinel1.polarisation
                paths += files.write_burst(out.parent, name, image.gamma0, image.mask, image.grid, acquired, polarisation)
    write_twin_manifest(out, paths, {"source": "sentinel1", "month": month})
