"""`daymelt rehearse`: the twin, and every live provider against archives of this machine."""

import datetime as dt
import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import netCDF4
import numpy as np
import pytest
import rasterio
from runs.small_run import CONFIG
from servers.earthdata import TOKEN
from servers.hub import Hub
from servers.listing import Listing
from servers.s3 import S3
from servers.stac import Stac

from daymelt import cli
from daymelt.commands.rehearse import SOURCES, request_of
from daymelt.core.manifest import manifest_files
from daymelt.products.geotiff import write_field
from daymelt.settings import inputs
from daymelt.settings.config import Config
from daymelt.sources.meltwaterbench import layout
from daymelt.twin import files

REPORT = "rehearsal-tiny.json"
NOWHERE = "http://127.0.0.1:9/"
STATION = {"name": "MIT", "lat": 66.4513, "lon": -38.3985}
TWIN = {name: {"provider": "twin"} for name in ("sentinel1", "microwave")}
TWIN["stations"] = {"sites": [STATION]}
LIVE = {
    "sentinel1": "opera",
    "microwave": "nsidc-0630",
    "mar": "mar-http",
    "terrain": "arcticdem",
    "stations": "promice",
}
SECTIONS = {"sentinel1": inputs.Sentinel1, "microwave": inputs.Microwave, "mar": inputs.Mar}
SECTIONS |= {"terrain": inputs.Terrain, "stations": inputs.Stations}


@pytest.fixture(scope="module")
def shelves(prepared, tmp_path_factory):
    """What the archives besides NASA's hold: the twin's files."""
    folder = tmp_path_factory.mktemp("shelves")
    (folder / "buckets/dems").mkdir(parents=True)
    dem = next(prepared.manifest("terrain").parent.glob("*dem.tif"))
    shutil.copy(dem, folder / "buckets/dems/mosaic.tif")
    (folder / "web/5km").mkdir(parents=True)
    for path in prepared.manifest("mar").parent.glob("MAR*.nc"):
        shutil.copy(path, folder / "web/5km" / path.name)
    hours = np.datetime64("2019-05-30T00", "h") + np.arange(24 * 20)
    series = {"t_surf": np.linspace(-20, 0, hours.size)}
    place = STATION["lat"], STATION["lon"], 400.0
    files.write_station(folder / "web/aws", "MIT", hours, series, *place)
    (folder / "scenes").mkdir()
    for path in manifest_files(prepared.manifest("sentinel1/2019-08"), "_HH.tif")[:3]:
        shutil.copy(path, folder / "scenes")
    return folder


@pytest.fixture
def archives(shelves, tmp_path):
    """The servers, and the addresses that lead to them."""
    web_folder = tmp_path / "web"
    shutil.copytree(shelves / "web", web_folder)
    with ExitStack() as stack:
        web = stack.enter_context(Listing(web_folder))
        bucket = stack.enter_context(S3(shelves / "buckets"))
        scenes = stack.enter_context(Stac(shelves / "scenes"))
        web.shelf = web_folder
        web.addresses = {
            "mar_5km": f"{web.base}/5km/",
            "mar_10km": f"{web.base}/10km/",
            "promice": f"{web.base}/aws/{{station}}_hour.nc",
            "arcticdem": "/vsis3/dems/mosaic.tif",
            "s3_endpoint": bucket.host,
            "s3_https": False,
            "s3_virtual_hosting": False,
            "stac": scenes.stac,
            "sas": scenes.tokens,
            "sas_hosts": [scenes.host],
        }
        yield web


def providers(**chosen):
    """Sections with live providers, some of them others."""
    sections = {name: {"provider": provider} for name, provider in {**LIVE, **chosen}.items()}
    sections["stations"]["sites"] = [STATION]
    sections["microwave"]["longest_gap_days"] = 30
    return sections


def report():
    """The report, its sources by name."""
    content = json.loads(Path(REPORT).read_text())
    return {entry["source"]: entry for entry in content["sources"]}


def folders():
    return [path for path in Path().glob("rehearsal-tiny-*") if path.is_dir()]


def test_the_twin_is_rehearsed_and_leaves_its_report_alone(person, capsys):
    assert person("rehearse", **TWIN) == 0
    told = report()
    assert set(told) == set(SOURCES)
    assert {entry["state"] for entry in told.values()} == {"as assumed"}
    for name, entry in told.items():
        steps = [step["step"] for step in entry["steps"]]
        assert steps == ["search", "download", "verify", "read", "align"], name
    assert {path.name for path in Path().iterdir()} == {REPORT, "mine.yaml"}
    assert "report: rehearsal-tiny.json" in capsys.readouterr().out


def test_files_are_kept_where_that_is_asked_for_and_nothing_lies_in_resources(person):
    assert person("rehearse", "--keep", "--report", "mine.json", **TWIN) == 0
    (folder,) = folders()
    assert {path.parent.name for path in folder.rglob("manifest.json")} == set(SOURCES)
    assert Path("mine.json").is_file()
    assert not Path("resources").exists()


@pytest.mark.parametrize(
    "chosen", [{}, {"sentinel1": "planetary-computer", "terrain": "nsidc-0645"}]
)
def test_every_live_provider_is_rehearsed_by_the_least_it_can_fetch(
    person, archives, archive, prepared, chosen
):
    dem = next(prepared.manifest("terrain").parent.glob("*dem.tif"))
    gimp = archive.folder / "gimpdem_90m_v1.1_dem.tif"
    shutil.copy(dem, gimp)
    before = len(archive.asked("data"))
    settings = providers(**chosen)
    settings["archives"] = archives.addresses
    person("rehearse", "--keep", **settings)
    told = report()
    for name, entry in told.items():
        assert entry["error"] == "", name
        assert entry["steps"][-1]["step"] == "align"
        assert entry["season"]["bytes"] >= sum(file["size"] for file in entry["files"][:1])
    (folder,) = folders()
    assert len(list((folder / "sentinel1").glob("*.tif"))) == 2
    assert len(list((folder / "microwave").glob("*.nc"))) == 1
    (mar,) = (folder / "mar").glob("*.nc")
    with netCDF4.Dataset(mar) as file:
        assert file["WA1"].shape[0] == 1
        assert file["LAT"].shape == file["WA1"].shape[-2:]
    assert len(archive.asked("data")) - before < 40  # not the files of a month
    if "terrain" in chosen:
        (height,) = (folder / "terrain").glob("gimpdem*.tif")
        asked = [seen for seen in archive.asked("data") if gimp.name in seen.path]
        assert asked and all("range" in seen.headers for seen in asked)
        with rasterio.open(height) as window, rasterio.open(gimp) as whole:
            assert window.width * window.height < whole.width * whole.height
            left, _, _, top = window.bounds
            row, column = whole.index(left + 1, top - 1)
            pixels = whole.read(1)[row : row + window.height, column : column + window.width]
            np.testing.assert_array_equal(window.read(1), pixels)
    gimp.unlink()


def test_one_source_that_fails_leaves_the_others_rehearsed(person, archives, capsys):
    settings = providers()
    settings["archives"] = {**archives.addresses, "mar_5km": NOWHERE, "mar_10km": NOWHERE}
    settings["archives"]["timeout_s"] = 2
    assert person("rehearse", **settings) in (0, 1)
    told = report()
    assert told["mar"]["state"] == "not asked"
    assert "127.0.0.1:9" in told["mar"]["error"]
    others = {name: entry for name, entry in told.items() if name != "mar"}
    assert all(entry["steps"][-1]["step"] == "align" for entry in others.values())
    assert "mar, mar-http: not asked" in capsys.readouterr().out
    assert not folders()


def test_a_season_with_a_winter_over_new_year_begins_in_the_year_before(tmp_path):
    microwave = {"provider": "nsidc-0630", "winter_months": [12, 1, 2]}
    config = Config.model_validate({"microwave": microwave})
    days = request_of("microwave", config, config.area, tmp_path, whole=True).days
    assert (days[0], days[-1]) == (dt.date(2022, 12, 1), dt.date(2023, 9, 30))


def test_what_is_other_than_assumed_exits_with_1_and_names_the_setting(person, archives):
    for path in (archives.shelf / "5km").iterdir():
        coarse = archives.shelf / "10km" / path.name.replace("-5km-", "-10km-")
        coarse.parent.mkdir()
        shutil.copy(path, coarse)
        with netCDF4.Dataset(path, "a") as file:
            file.renameVariable("WA1", "ME")
    settings = providers()
    settings["archives"] = archives.addresses
    assert person("rehearse", **settings) == 1
    mar = report()["mar"]
    assert mar["state"] == "WRONG"
    assert mar["files"][0]["path"].startswith("MARv3.14.3-10km-")
    assert "archives.mar_5km" in "".join(mar["answers"])


def test_where_no_source_can_be_reached_it_exits_with_2(person):
    gone = dict.fromkeys(("mar_5km", "mar_10km"), NOWHERE)
    gone |= {"cmr": f"{NOWHERE}search/", "promice": f"{NOWHERE}{{station}}.nc"}
    gone |= {"timeout_s": 1, "attempts": 2}
    assert person("rehearse", **providers(terrain="nsidc-0645"), archives=gone) == 2


def test_where_the_live_sources_cannot_be_reached_the_twin_beside_them_does_not_count(person):
    gone = {**dict.fromkeys(("mar_5km", "mar_10km"), NOWHERE), "timeout_s": 1, "attempts": 2}
    assert person("rehearse", **TWIN, mar={"provider": "mar-http"}, archives=gone) == 2


def test_no_secret_and_no_folder_of_the_user_is_in_the_report(
    person, archives, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("HF_TOKEN", "hf_very_secret")
    settings = providers()
    secret = f"{archives.base}/hf_very_secret/{{station}}.nc"
    settings["archives"] = {**archives.addresses, "promice": secret}
    person("rehearse", **settings)
    told, shown = Path(REPORT).read_text(), capsys.readouterr()
    for word in (TOKEN, "hf_very_secret", str(tmp_path), str(Path.home())):
        assert word not in told, word
    assert TOKEN not in shown.out + shown.err
    assert "[hidden]" in told


@pytest.fixture
def dataset(tmp_path):
    """The published dataset, as small as it can be: one day of each, on the run's area."""
    grid = CONFIG.area.grid
    root, ones = tmp_path / "data", np.ones(grid.shape, np.float32)
    for path, value in (
        (layout.MASK, 1),
        (layout.HEIGHT, 500),
        (layout.SAR / "2019_08_02.tif", 0.5),
        (layout.MAR / "2019_08_01.tif", 0.01),
        (layout.MICROWAVE / "2019_08_01.tif", 200),
    ):
        write_field(root / path, value * ones, grid)
    return root


@pytest.mark.parametrize("from_hub", [False, True])
def test_the_published_dataset_is_rehearsed_from_a_copy_and_from_the_hub(person, dataset, from_hub):
    chosen = dict.fromkeys(("sentinel1", "microwave", "mar", "terrain"), "meltwaterbench")
    settings = {name: {"provider": provider} for name, provider in chosen.items()}
    with Hub(dataset) as hub:
        about = {"repo": hub.repo, "endpoint": hub.base} if from_hub else {"folder": str(dataset)}
        assert person("rehearse", **settings, meltwaterbench=about) == 0
        if from_hub:
            fetched = {path for path in hub.paths("GET") if "/resolve/" in path}
            assert len(fetched) == 5
    told = report()
    assert told["sentinel1"]["steps"][-1]["found"].startswith("2019-08-02: 2304 of 2304 cells")
    assert str(dataset) not in Path(REPORT).read_text()


def test_a_burst_is_aligned_where_it_lies(person, archives):
    settings = providers()
    settings["archives"] = archives.addresses
    person("rehearse", "--keep", **settings)
    (folder,) = folders()
    (burst,) = (folder / "sentinel1").glob("*_HH.tif")
    with rasterio.open(burst) as raster, netCDF4.Dataset(folder / "sentinel1/melt.nc") as melt:
        centre = (raster.bounds.left + raster.bounds.right) / 2
        assert abs(melt["x"][:].mean() - centre) <= 100


def test_every_provider_of_the_settings_is_rehearsed_here():
    named = {
        (source, name)
        for source, section in SECTIONS.items()
        for name in get_args(section.model_fields["provider"].annotation)
    }
    tried = {*LIVE.items(), ("sentinel1", "planetary-computer"), ("terrain", "nsidc-0645")}
    tried |= {(source, "twin") for source in SOURCES}
    tried |= {(source, "meltwaterbench") for source in SOURCES if source != "stations"}
    assert named == tried


def test_a_misspelt_flag_ends_with_the_usage(capsys):
    with pytest.raises(SystemExit):
        cli.main(["rehearse", "--kep"])
    assert "--kep" in capsys.readouterr().err
