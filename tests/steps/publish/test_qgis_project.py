"""The QGIS projects of an area and of its seasons, in the files and in a real QGIS."""

import datetime as dt
import json
import re
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from matplotlib.image import imread
from products.qgis_python import said_by, skip_without_qgis
from steps.publish.finished_maps import GRID, LAYERS, MODEL, MONTH, YEARS, days_of

from daymelt import cli
from daymelt.core.cube import write_layers
from daymelt.core.encoding import FLAG, HEIGHT
from daymelt.products.colours import MELT_RAMP
from daymelt.products.season_files import OBSERVED
from daymelt.products.season_style import season_stops

DAYS = days_of(2019)
SCRIPT = Path(__file__).with_name("project_in_qgis.py")


def write_terrain(path):
    rows, columns = np.indices(GRID.shape, dtype=np.float32)
    ocean = (columns < 20).astype(np.float32)
    fields = {"height": (rows * 7 + columns, HEIGHT), "ocean": (ocean, FLAG)}
    write_layers(path, fields, grid=GRID)


def settings(**sections):
    area = {
        "name": "small",
        **{name: getattr(GRID, name) for name in ("crs", "spacing_m", "left", "top")},
        **{"rows": GRID.rows, "columns": GRID.columns},
    }
    return json.dumps({"area": area, **sections})


def run(step, *words, **sections):
    return cli.main([step, "--options", settings(**sections), *map(str, words)])


def of_season(maps, year):
    out = maps.root / "publish"
    seasonal = maps.published / f"seasons/{year}/index.json"
    return run(
        *("qgis-season", "--maps", maps.index(year), "--season-maps", seasonal),
        *("--height", out / "height.tif", "--outlines", out / "regions.fgb"),
        *("--model", MODEL, "--out", out / f"small_{year}.qgz"),
        seasons={"years": list(YEARS), "months": [MONTH]},
    )


def of_area(maps):
    out = maps.root / "publish"
    return run(
        *("qgis-project", "--maps", *map(maps.index, YEARS), "--season-maps"),
        *(maps.published / f"seasons/{year}/index.json" for year in YEARS),
        *("--climatology", maps.published / "climatology/index.json"),
        *("--height", out / "height.tif", "--outlines", out / "regions.fgb"),
        *("--model", MODEL, "--out", out / "small.qgz"),
        seasons={"years": list(YEARS), "months": [MONTH]},
    )


@pytest.fixture(scope="module")
def projects(written, tmp_path_factory):
    """Maps with all that the projects show, and the projects; not to be changed."""
    maps = type(written)(tmp_path_factory.mktemp("projects"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True)
    out, terrain = maps.root / "publish", maps.root / "terrain.nc"
    write_terrain(terrain)
    seasons = {"years": list(YEARS), "months": [MONTH]}
    further = {"seasons": seasons, "season_maps": {"least_seasons": 1}}
    done = [
        run("height-map", "--terrain", terrain, "--out", out / "height.tif"),
        run(
            *("regions", "--terrain", terrain, "--cells", maps.root / "cells.parquet"),
            *("--outlines", out / "regions.fgb"),
            regions={},
        ),
    ]
    lists = [maps.published / f"seasons/{year}/index.json" for year in YEARS]
    for year, path in zip(YEARS, lists, strict=True):
        done.append(run("season-maps", "--maps", maps.index(year), "--out", path, **further))
    mean = maps.published / "climatology/index.json"
    done.append(run("climatology", "--maps", *lists, "--out", mean, **further))
    done += [of_season(maps, year) for year in YEARS] + [of_area(maps)]
    assert done == [0] * 8
    return maps


@pytest.fixture
def changed(projects, tmp_path):
    """The same, for a test to change."""
    shutil.copytree(projects.root, tmp_path, dirs_exist_ok=True)
    return type(projects)(tmp_path)


def document(path):
    with zipfile.ZipFile(path) as archive:
        return ET.fromstring(archive.read(f"{path.stem}.qgs"))


def names_of(root):
    return [layer.findtext("layername") for layer in root.iter("maplayer")]


@pytest.mark.parametrize("name", ["small.qgz", "small_2019.qgz", "small_2020.qgz"])
def test_the_folder_holds_every_file_wherever_it_is_put(projects, tmp_path, name):
    shutil.copytree(projects.root / "publish", tmp_path / "elsewhere")
    for layer in document(tmp_path / "elsewhere" / name).iter("maplayer"):
        path = tmp_path / "elsewhere" / layer.findtext("datasource")
        assert path.is_file()
        if path.suffix == ".vrt":
            with rasterio.open(path) as file:
                shown = Path(file.files[1]).resolve()
                assert shown.is_relative_to(tmp_path) and file.read(1).any()


def test_the_project_of_a_season_has_every_layer_of_every_day(projects):
    root = document(projects.root / "publish/small_2019.qgz")
    daily = [layer for layer in root.iter("maplayer") if "/qgis/" in layer.findtext("datasource")]
    assert {Path(layer.findtext("datasource")).stem for layer in daily} == {
        f"{layer}_{day}" for layer in LAYERS for day in DAYS
    }
    for layer in daily:
        day = layer.findtext("layername")[-10:]
        assert layer.findtext("temporal/fixedRange/start").startswith(day)
        assert layer.findtext("datasource").endswith(f"_{day}.vrt")


def test_the_project_of_an_area_has_melt_of_every_day_and_all_season_maps(projects):
    names = names_of(document(projects.root / "publish/small.qgz"))
    melt = [name for name in names if re.fullmatch(r"melt \d{4}-.*", name)]
    assert melt == [f"melt {day}" for year in YEARS for day in days_of(year)]
    for year in YEARS:
        expected = {f"onset {year}", f"melt days low {year}", f"observed {year}"}
        assert expected | {f"melt sum {year} minus the mean"} <= set(names)
    assert {"end, mean of the seasons", "regions", "terrain shade"} <= set(names)


def test_the_maps_have_a_second_name_and_no_second_copy(projects):
    for layer in LAYERS:
        published = projects.published / f"maps/2019/{layer}_{DAYS[0]}.tif"
        assert published.samefile(projects.path(layer, DAYS[0]))


def test_a_second_run_writes_nothing(changed):
    def state():
        files = [path for path in (changed.root / "publish").rglob("*") if path.is_file()]
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}

    before = state()
    assert [of_season(changed, 2019), of_area(changed)] == [0, 0]
    assert state() == before


def test_a_day_that_changes_is_published_and_leaves_the_project_as_it_is(changed):
    day = DAYS[3]
    project = changed.root / "publish/small_2019.qgz"
    before = project.stat().st_ino
    changed.path("melt", day).unlink()  # the published name keeps the old content
    changed.write_map("melt", day, np.full(GRID.shape, 50, np.uint8))
    changed.list(2019)
    assert of_season(changed, 2019) == 0
    assert (changed.published / f"maps/2019/melt_{day}.tif").samefile(changed.path("melt", day))
    assert project.stat().st_ino == before


def test_maps_without_an_interval_have_no_such_groups(changed):
    changed.list(2019, layers=("melt", "sar_age"))
    assert of_season(changed, 2019) == 0
    root = document(changed.root / "publish/small_2019.qgz")
    groups = [group.get("name") for group in root.iter("layer-tree-group")]
    assert groups[1:] == ["maps", "melt", "acquisition age", "season maps"]
    left = {path.name for path in (changed.published / "qgis/2019").iterdir()}
    assert not any("melt_low" in name for name in left)


def test_maps_that_are_absent_are_refused(changed, stopped):
    changed.index(2019).unlink()
    (changed.root / "publish/small_2019.qgz").unlink()
    stopped(of_season(changed, 2019), "2019/index.json: not found; map the season first")
    assert not (changed.root / "publish/small_2019.qgz").exists()


def test_a_map_that_is_not_that_of_its_list_is_refused(changed, stopped):
    changed.write_map("melt", DAYS[2], np.full(GRID.shape, 7, np.uint8))
    stopped(of_season(changed, 2019), f"melt_{DAYS[2]}.tif", "index.json", "map the season again")


def test_seasons_of_two_models_are_refused(changed, stopped):
    changed.list(2020, model="c" * 64)
    stopped(of_area(changed), "of two models", "map all seasons with one model")


def test_a_season_that_is_not_published_is_refused(changed, stopped):
    shutil.rmtree(changed.published / "qgis/2020")
    stopped(of_area(changed), f"melt_{days_of(2020)[0]}.vrt: not found")


# in QGIS


@pytest.fixture(scope="module")
def opened(projects, tmp_path_factory):
    """Function that opens a project in QGIS in a time zone and says what a user would see."""
    home = tmp_path_factory.mktemp("qgis")
    skip_without_qgis(home)

    def open_project(name, *pictures, zone="UTC"):
        path = projects.root / "publish" / name
        return said_by(SCRIPT, home, path, home, *pictures, TZ=zone), home

    return open_project


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Nuuk"])
@pytest.mark.parametrize("name", ["small.qgz", "small_2019.qgz"])
def test_the_controller_shows_one_melt_map_a_day_in_any_time_zone(opened, name, zone):
    said, _ = opened(name, zone=zone)
    assert (said["mode"], said["step_days"]) == (1, 1)  # animated
    played = days_of(2019 if "2019" in name else YEARS[-1])
    assert said["frames"] == {f"{day}T00:00:00Z": [f"melt {day}"] for day in played}
    # the button 'set to full range' takes the range from the layers
    every = {frame[:10]: shown for frame, shown in said["frames_of_all_layers"].items()}
    years = [2019] if "2019" in name else YEARS
    mapped = {str(day) for year in years for day in days_of(year)}
    assert mapped <= every.keys()
    assert all(shown == [f"melt {day}"] * (day in mapped) for day, shown in every.items())


def test_qgis_opens_the_project_without_a_question(opened):
    said, _ = opened("small.qgz")
    assert said["opened"] and said["invalid"] == [] and said["questions"] == []
    assert said["error"] == "" and said["saved_by"] == "3.22.0"
    assert said["crs"] == ["EPSG:3413"] and len(said["proj"]) == 1
    left, bottom, right, top = GRID.bounds
    assert said["extent"] == f"{left:.2f},{bottom:.2f} : {right:.2f},{top:.2f}"
    regions, maps, relief = said["tree"]
    assert [regions[:2], maps[:2], relief[:2]] == [
        ["regions", True],
        ["maps", True],
        ["terrain shade", True],
    ]
    assert [group[:2] for group in maps[2]] == [["melt", True], ["season maps", False]]
    assert [group[0] for group in maps[2][0][2]] == [str(year) for year in YEARS]


def test_qgis_keeps_few_files_open(opened):
    said, _ = opened("small_2019.qgz")
    daily = len(DAYS) * len(LAYERS)
    # of the daily maps at most those that GDAL keeps for virtual rasters, 100
    assert said["layers"] > daily and said["open_files"] < said["layers"]


def rgb(picture):
    return np.rint(255 * imread(picture)[..., :3]).astype(int)


def test_qgis_draws_two_days_and_a_season_map_in_the_colours_of_the_styles(opened, projects):
    first, other = str(DAYS[0]), str(DAYS[10])
    _, folder = opened("small_2019.qgz", first, other, "observed 2019")
    drawn = {name: rgb(folder / f"{name}.png") for name in (first, other, "observed 2019")}
    inside = np.s_[3:-3, 23:-3]  # without the outline and the coast
    for day in (first, other):
        with rasterio.open(projects.path("melt", dt.date.fromisoformat(day))) as file:
            stored = file.read(1)
        for fraction, colour, opacity in MELT_RAMP:
            cells = (stored == round(100 * fraction))[inside] & (opacity == 1)
            if opacity == 1:
                assert cells.any()
                expected = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
                assert (drawn[day][inside][cells] == expected).all()
    assert (drawn[first] != drawn[other]).any(axis=-1).mean() > 0.5
    assert (drawn[first][5:-5, 3:17] == 255).all()  # the ocean
    check_observed(drawn["observed 2019"], projects)


def check_observed(picture, projects):
    """A map of a season has the colours of its ramp, and none where it is not told."""
    with rasterio.open(projects.published / "seasons/2019/observed_2019.tif") as file:
        stored, nodata = file.read(1), file.nodata
    stops = season_stops(OBSERVED, (DAYS[0].timetuple().tm_yday, DAYS[-1].timetuple().tm_yday))
    told = stored != nodata
    assert np.unique(stored[told]).size > 2 and (picture[~told] == 255).all()
    values = [stop.value for stop in stops]
    colours = np.array([[int(stop.colour[k : k + 2], 16) for k in (1, 3, 5)] for stop in stops])
    for band in range(3):
        expected = np.interp(OBSERVED.scale * stored[told], values, colours[:, band])
        assert np.abs(picture[told][:, band] - expected).max() <= 1
