"""Check whether machine, accounts and network can do a run, with a remedy for what cannot."""

import datetime as dt
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import rasterio

from daymelt.archives.ranges import open_remote
from daymelt.core.dates import month_days
from daymelt.core.errors import DaymeltError, RetrievalError
from daymelt.settings.config import Config
from daymelt.settings.inputs import Archives
from daymelt.sources.mar import server as mar_http
from daymelt.sources.sentinel1 import opera, planetary_computer
from daymelt.sources.terrain import arcticdem
from daymelt.steps.retrieve import live
from daymelt.steps.retrieve.retrieve_mar import mar_options
from daymelt.steps.retrieve.retrieve_sentinel1 import planetary_options
from daymelt.steps.retrieve.retrieve_terrain import mosaic_options, offer_of

TIMEOUT_S = 10.0
DRIVERS = ("GTiff", "COG", "VRT")
PRODUCTION_KM2 = 46_752  # of workflow/areas/helheim.yaml, whose volumes docs/sources.md estimates
LEAST_KM2 = 4_000  # a few bursts come however small the area is
GB_A_SEASON = {"opera": 21.0, "planetary-computer": 120.0, "nsidc-0630": 15.0, "mar-http": 5.0}
BY_AREA = frozenset({"opera", "planetary-computer"})
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
    named = {
        config.sentinel1.provider,
        config.microwave.provider,
        config.mar.provider,
        config.terrain.provider,
    }
    checks: dict[str, Callable[[], Finding]] = {
        "Earthdata account": lambda: earthdata_account(
            archives, bool(named & {"opera", "nsidc-0630", "arcticdem", "nsidc-0645"})
        ),
        "Planetary Computer key": lambda: planetary_key(archives, "planetary-computer" in named),
        "disk": lambda: disk(config),
        "GPU": lambda: gpu(config),
        "GDAL": gdal,
        "Snakemake": snakemake,
    }
    providers: dict[str, Callable[[], Finding]] = {
        "opera": lambda: bursts(config, archives),
        "planetary-computer": lambda: scenes(config, archives),
        "nsidc-0630": lambda: masks(config, archives),
        "mar-http": lambda: yearly_files(config, archives),
        "arcticdem": lambda: Finding(arcticdem.describe_mosaic(mosaic_options(archives))),
        "nsidc-0645": lambda: masks(config, archives),
    }
    live_ones = {f"provider {name}": check for name, check in providers.items() if name in named}
    return checks | (
        live_ones or {"providers": lambda: Finding("the twin alone; nothing to reach")}
    )


def examine(check: Callable[[], Finding]) -> Finding:
    """A finding, also where the check ends in one of our errors."""
    try:
        return check()
    except RetrievalError as error:
        return Finding("out of reach", str(error))
    except DaymeltError as error:
        return Finding("not usable", str(error))


def earthdata_account(archives: Archives, needed: bool) -> Finding:
    """Whether there is a credential; the check of the provider shows whether it is accepted."""
    found = live.earthdata(archives).found
    if found:
        return Finding(f"present, {found}")
    remedy = (
        "set EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, or add "
        f"{archives.earthdata_login} to netrc"
    )
    return Finding("none" if needed else "none, and none is needed", remedy if needed else "")


def planetary_key(archives: Archives, needed: bool) -> Finding:
    """Whether there is a subscription key."""
    found = planetary_computer.PlanetaryOptions(token_endpoint=archives.sas).access().found
    if found:
        return Finding(f"present, {found}")
    return Finding(
        "none" if needed else "none, and none is needed",
        "set PC_SDK_SUBSCRIPTION_KEY" if needed else "",
    )


def disk(config: Config) -> Finding:
    """Free space in the current folder against what the area needs beyond what is there."""
    free = shutil.disk_usage(".").free
    there = sum(size_of(Path(top) / config.area.name) for top in ("resources", "results"))
    needed = max(volume(config) - there, 0)
    found = f"{live.human(free)} free, about {live.human(needed)} still needed by estimate"
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
    providers = (config.sentinel1.provider, config.microwave.provider, config.mar.provider)
    retrieved = (
        sum(GB_A_SEASON.get(name, 0.0) * (share if name in BY_AREA else 1) for name in providers)
        * 1e9
        * years
    )
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
    """Version of Snakemake and whether its command is found."""
    try:
        found = version("snakemake")
    except PackageNotFoundError:
        return Finding("not installed", "pip install -e . -c envs/constraints.txt")
    old = int(found.split(".")[0]) < 9
    remedy = (
        "install version 9 or newer"
        if old
        else ""
        if shutil.which("snakemake")
        else "activate the environment: its command is not found"
    )
    return Finding(found, remedy)


def bursts(config: Config, archives: Archives) -> Finding:
    """Search a few days, and read the first bytes of a file with the account."""
    first = a_month(config)[0]
    options = opera.OperaOptions(
        live.catalogue(archives), polarisation=config.sentinel1.polarisation
    )
    remotes = opera.search(live.box_of(config.area.grid), first, first + dt.timedelta(12), options)
    if not remotes:
        return Finding(
            "reached, no burst in 13 days",
            "check sentinel1.polarisation and the area; see `daymelt probe`",
        )
    with open_remote(
        remotes[1].url, live.earthdata(archives), live.policy(archives), "mask", measured=False
    ):
        return Finding(
            f"reached, {len(remotes) // 2} bursts in 13 days, and the account opens their files"
        )


def scenes(config: Config, archives: Archives) -> Finding:
    """Search a few days, and read the first bytes of a scene with the key."""
    first, options = (
        a_month(config)[0],
        planetary_options(config.sentinel1, archives, live.policy(archives)),
    )
    found = planetary_computer.search(
        live.box_of(config.area.grid), first, first + dt.timedelta(12), options
    )
    if not found:
        return Finding("reached, no scene in 13 days", "check sentinel1.polarisation and the area")
    with open_remote(found[0].url, options.access(), options.policy, "scene"):
        return Finding(f"reached, {len(found)} scenes in 13 days, and they open")


def masks(config: Config, archives: Archives) -> Finding:
    """Search the masks, a few granules, and open one with the account."""
    remotes = offer_of(config.terrain, archives).remotes
    with open_remote(
        remotes[-1].url, live.earthdata(archives), live.policy(archives), "mask", measured=False
    ):
        return Finding("reached, and the account opens files of NSIDC")


def yearly_files(config: Config, archives: Archives) -> Finding:
    """Look for the yearly file of the first season."""
    days = a_month(config)
    (remote,) = mar_http.search(days[0], days[-1], mar_options(config.mar, archives))
    return Finding(f"reached, {remote.path}, {live.human(remote.size)}")


def a_month(config: Config) -> list[dt.date]:
    """The first month of the first season."""
    return month_days(config.seasons.years[0], config.seasons.months[0])
