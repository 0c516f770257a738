"""Check whether machine, accounts and network can do a run, with a remedy for what cannot."""

import datetime as dt
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rasterio

from daymelt.archives.remote import human
from daymelt.commands.retrieve import periods_of
from daymelt.core.caches import can_be_made
from daymelt.core.dates import month_days, parse_month, span
from daymelt.core.errors import DaymeltError, RetrievalError
from daymelt.settings.config import Config
from daymelt.settings.inputs import Archives
from daymelt.sources.sentinel1 import planetary_computer
from daymelt.steps.retrieve.archive_settings import earthdata
from daymelt.steps.retrieve.provider import ProviderBase, Request, provider_class

TIMEOUT_S = 10.0
DRIVERS = ("GTiff", "COG", "VRT")
PRODUCTION_KM2 = 46_752  # of workflow/areas/helheim.yaml, whose volumes docs/sources.md estimates
LEAST_KM2 = 4_000  # a few bursts come however small the area is
SOURCES = ("sentinel1", "microwave", "mar", "terrain", "stations")
DAYS_ASKED = dt.timedelta(12)  # after the first
BYTES_A_CELL_AND_DAY = 12  # aligned streams and maps, before compression
OK, REMARK, FAULT = "ok", "note", "FAULT"


@dataclass(frozen=True)
class Finding:
    """Result of one check; `remedy` is empty where there is nothing to do, and a `remark` does not
    prevent a run.
    """

    found: str
    remedy: str = ""
    remark: bool = False

    @property
    def state(self) -> str:
        """ok, note or FAULT."""
        return REMARK if self.remark else FAULT if self.remedy else OK


NOTHING_TO_REACH = Finding("the twin alone; nothing to reach")


def doctor(config: Config) -> int:
    """Print which credentials, disk, GPU, GDAL drivers and providers are usable; 0 where a run can
    begin, else 1. No credential is shown.
    """
    checks = checks_of(config)
    with ThreadPoolExecutor(len(checks)) as pool:
        findings = list(pool.map(examine, checks.values()))
    for name, finding in zip(checks, findings, strict=True):
        print(
            f"{finding.state:<6}{name}: {finding.found}"
            + (f"\n      {finding.remedy}" if finding.remedy else "")
        )
    return 1 if any(finding.state == FAULT for finding in findings) else 0


def checks_of(config: Config) -> dict[str, Callable[[], Finding]]:
    """The checks: the machine, and those providers that the settings name."""
    archives = config.archives.model_copy(
        update={"attempts": 1, "timeout_s": min(config.archives.timeout_s, TIMEOUT_S)}
    )
    accounts = {provider_of(config, source).account for source in SOURCES}
    checks: dict[str, Callable[[], Finding]] = {
        "Earthdata account": lambda: earthdata_account(archives, "earthdata" in accounts),
        "Planetary Computer key": lambda: planetary_key(archives),
        "disk": lambda: disk(config),
        "GPU": lambda: gpu(config),
        "GDAL": gdal,
        "Snakemake": snakemake,
    }
    reaches: dict[str, Callable[[], Finding]] = {
        f"provider {getattr(config, source).provider}": partial(reach, config, archives, source)
        for source in SOURCES
        if provider_of(config, source).reach is not ProviderBase.reach
    }
    return checks | (reaches or {"providers": lambda: NOTHING_TO_REACH})


def provider_of(config: Config, source: str) -> type[ProviderBase[Any]]:
    """The provider of a source that the settings name."""
    return provider_class(source, getattr(config, source).provider)


def examine(check: Callable[[], Finding]) -> Finding:
    """A finding, also where the check ends in an error."""
    try:
        return check()
    except RetrievalError as error:
        return Finding("out of reach", str(error))
    except DaymeltError as error:
        return Finding("not usable", str(error))


def earthdata_account(archives: Archives, needed: bool) -> Finding:
    """Whether there is a credential; the check of the provider shows whether it is accepted."""
    found = earthdata(archives).found
    if found:
        return Finding(f"present, {found}")
    remedy = (
        "set EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, or add "
        f"{archives.earthdata_login} to netrc"
    )
    return Finding("none" if needed else "none, and none is needed", remedy if needed else "")


def planetary_key(archives: Archives) -> Finding:
    """Whether there is a subscription key, which the Planetary Computer does not ask for."""
    found = planetary_computer.PlanetaryOptions(token_endpoint=archives.sas).access().found
    return Finding(f"present, {found}; none is needed" if found else "none, and none is needed")


def disk(config: Config) -> Finding:
    """Free space in the current folder against what the area needs beyond what is there."""
    free = shutil.disk_usage(".").free
    there = sum(size_of(Path(top) / config.area.name) for top in ("resources", "results"))
    needed = max(volume(config) - there, 0)
    found = f"{human(free)} free, about {human(needed)} still needed by estimate"
    return Finding(
        found,
        ""
        if free >= needed
        else "free some, choose fewer seasons.years, or run in a folder of a larger disk",
    )


def volume(config: Config) -> float:
    """Bytes of all retrievals and results, estimated."""
    area, years = config.area, len(config.seasons.years)
    share = max(area.rows * area.columns * area.spacing_m**2 / 1e6, LEAST_KM2) / PRODUCTION_KM2
    costs = [provider_of(config, source).cost for source in SOURCES]
    retrieved = sum(c.gb_a_season * (share if c.by_area else 1) for c in costs) * 1e9 * years
    return (
        retrieved
        + area.rows
        * area.columns
        * BYTES_A_CELL_AND_DAY
        * 30.5
        * len(config.seasons.months)
        * years
    )


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder."""
    return (
        sum(
            path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink()
        )
        if folder.is_dir()
        else 0
    )


def gpu(config: Config) -> Finding:
    """The device on which training and mapping would run."""
    from daymelt.learn.devices import describe_device  # imports torch, seconds

    wanted = "cuda" if "cuda" in (config.training.device, config.map.device) else "auto"
    found, has_cuda = describe_device()
    if has_cuda:
        return Finding(found)
    if wanted == "cuda":
        return Finding(
            found,
            "install a PyTorch with CUDA and a driver, or set training.device and map.device to "
            "auto",
        )
    return Finding(
        found,
        "training and mapping run on the CPU; at the size of the production area training wants "
        "a GPU",
        remark=True,
    )


def gdal() -> Finding:
    """Version of GDAL and whether it has the drivers that daymelt needs."""
    with rasterio.Env() as environment:
        missing = [name for name in DRIVERS if name not in environment.drivers()]
    lacking = f"without {', '.join(missing)}" if missing else f"with {', '.join(DRIVERS)}"
    return Finding(
        f"{rasterio.__gdal_version__}, {lacking}",
        "install rasterio from its own wheels or conda-forge" if missing else "",
    )


def snakemake() -> Finding:
    """Version of Snakemake, and whether its command is found and its cache can be written."""
    try:
        found = version("snakemake")
    except PackageNotFoundError:
        return Finding("not installed", "pip install -e . -c envs/constraints.txt")
    if int(found.split(".")[0]) < 9:
        return Finding(found, "install version 9 or newer")
    from platformdirs import user_cache_dir  # as Snakemake does

    cache = Path(user_cache_dir("snakemake", "snakemake"))
    if not can_be_made(cache):
        return Finding(
            f"{found}, its cache {cache} cannot be written",
            "export XDG_CACHE_HOME=FOLDER, a folder that can be written",
        )
    here = Path(sys.executable).with_name("snakemake")
    if not here.is_file() and not shutil.which("snakemake"):
        return Finding(found, "activate the environment: its command is not found")
    return Finding(found)


def reach(config: Config, archives: Archives, source: str) -> Finding:
    """Whether the archive of a source holds the seasons and the area, answers and its files open,
    by its first days.
    """
    first = dt.date(config.seasons.years[0], config.seasons.months[0], 1)
    provider = provider_for(config, archives, source, span(first, first + DAYS_ASKED))
    if source == "sentinel1":
        for month in months_of(config):
            provider_for(config, archives, source, month).check_held()
    reached = provider.reach()
    if reached is None:
        return NOTHING_TO_REACH
    limits = f" (it holds {provider.limits})" if provider.limits else ""
    return Finding(reached.found + limits, reached.remedy)


def provider_for(
    config: Config, archives: Archives, source: str, days: list[dt.date]
) -> ProviderBase[Any]:
    """The provider of a source, for some days."""
    request: Request[Any] = Request(
        source,
        {},
        Path(source) / "manifest.json",
        config.area.grid,
        getattr(config, source),
        days,
        archives=archives,
    )
    return provider_of(config, source)(request)


def months_of(config: Config) -> list[list[dt.date]]:
    """The days of every month of Sentinel-1 that the seasons need, their winters included."""
    return [
        month_days(*parse_month(month))
        for year in config.seasons.years
        for month in periods_of("sentinel1", config, None, year)
    ]
