"""The maps of seasons in the STAC catalogue, as pystac and odc-stac read them, and the files."""

import hashlib
import json
import shutil
import warnings

import numpy as np
import odc.stac
import pyarrow.parquet
import pystac
import pytest
import rasterio
import stac_geoparquet.arrow
from pyproj import CRS
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from steps.publish.finished_maps import GRID, MODEL, YEARS, Maps, days_of, stored_of
from steps.publish.stac_extensions import SCHEMAS

from daymelt.core.encoding import NO_MELT
from daymelt.products.colours import NO_LASTING_MELT
from daymelt.products.season_files import BOUNDS, LAYERS, QUALITY

OF_SEASON = {**LAYERS, **BOUNDS, **QUALITY}
ANOMALIES = [f"{layer}_anomaly" for layer in LAYERS]


@pytest.fixture(scope="module")
def finished(written, tmp_path_factory):
    """A finished catalogue with the maps of seasons; no test changes it."""
    maps = Maps(tmp_path_factory.mktemp("stac") / "made")
    shutil.copytree(written.root, maps.root)
    for year in YEARS:
        maps.write_dry_ends(year)
    maps.season_maps()
    assert maps.stac_season_maps() == 0
    maps.catalogue()
    return maps


@pytest.fixture(scope="module")
def made(finished, tmp_path_factory):
    """The catalogue, moved as a whole from where it was made."""
    root = tmp_path_factory.mktemp("moved") / "publish"
    shutil.copytree(finished.root / "publish", root)
    return root / "catalog.json"


@pytest.fixture
def changing(finished, tmp_path):
    """A copy of the catalogue, for a test to change."""
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return Maps(tmp_path)


@pytest.fixture(scope="module")
def model(made):
    (found,) = pystac.Catalog.from_file(str(made)).get_children()
    return found


@pytest.fixture(scope="module")
def seasons(model):
    return next(child for child in model.get_children() if child.id.endswith("-seasons"))


@pytest.fixture(scope="module")
def climatology(seasons):
    return next(iter(seasons.get_children()))


def documents(made):
    folder = made.parent / MODEL
    return [*folder.glob("seasons/**/*.json"), *folder.glob("climatology/*.json")]


def stac_documents(made):
    return [path for path in documents(made) if path.name != "index.json"]


def load(items, bands):
    with warnings.catch_warnings():
        for kind in (PendingDeprecationWarning, DeprecationWarning):  # of odc-geo
            warnings.simplefilter("ignore", kind)
        return odc.stac.load(items, bands=bands)


def test_a_model_has_its_seasons_and_these_their_climatology(model, seasons, climatology):
    assert [child.id for child in model.get_children()] == [
        *(f"small-{MODEL}-{year}" for year in YEARS),
        f"small-{MODEL}-seasons",
    ]
    items = list(seasons.get_items())
    assert [item.id for item in items] == [f"small-{MODEL}-season-{year}" for year in YEARS]
    for item, year in zip(items, YEARS, strict=True):
        assert item.datetime.date() == days_of(year)[0]
        assert item.properties["start_datetime"].startswith(str(days_of(year)[0]))
        assert item.properties["end_datetime"].startswith(str(days_of(year)[-1]))
        assert item.get_collection().id == seasons.id
        assert set(item.assets) == set(OF_SEASON)
    of_mean = list(climatology.get_items())
    assert [item.id for item in of_mean] == [
        f"small-{MODEL}-mean",
        *(f"small-{MODEL}-anomaly-{year}" for year in YEARS),
    ]
    assert {item.get_collection().id for item in of_mean} == {climatology.id}
    assert climatology.get_parent().id == seasons.id


def test_every_document_is_valid_without_a_network(made):
    validator = JsonSchemaSTACValidator()
    validator.schema_cache |= SCHEMAS
    assert len(stac_documents(made)) == 2 + len(YEARS) + 1 + len(YEARS)
    for path in stac_documents(made):
        document = json.loads(path.read_text())
        kind = pystac.STACObjectType(document["type"])
        validator.validate(document, kind, "1.1.0", document["stac_extensions"])


def test_links_sizes_and_checksums_are_those_of_files_in_the_folder(made):
    for path in stac_documents(made):
        document = json.loads(path.read_text())
        assets = document.get("assets", {}).values()
        for entry in (*document["links"], *assets):
            assert entry["href"].startswith(".")
            target = (path.parent / entry["href"]).resolve()
            assert target.exists() and target.is_relative_to(made.parent.resolve())
        for asset in assets:
            content = (path.parent / asset["href"]).read_bytes()
            assert asset["file:size"] == len(content)
            assert asset["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()


def test_place_and_bands_are_those_of_the_heads_of_the_rasters(seasons, climatology):
    for item in (*seasons.get_items(), *climatology.get_items()):
        for name, asset in item.assets.items():
            with rasterio.open(asset.get_absolute_href()) as file:
                assert item.properties["proj:transform"] == list(file.transform)[:6]
                assert item.properties["proj:shape"] == list(file.shape)
                assert CRS(item.properties["proj:code"]) == CRS(file.crs.to_wkt())
                (band,) = asset.extra_fields["bands"]
                assert (band["name"], band["data_type"]) == (name, file.dtypes[0])
                assert (band["nodata"], band["unit"]) == (file.nodata, file.units[0])
                assert band["raster:scale"] == file.scales[0]


def test_odc_stac_loads_the_values_of_the_rasters(seasons, climatology):
    cases = [
        (list(seasons.get_items()), list(OF_SEASON)),
        (list(climatology.get_items())[1:], ANOMALIES),
    ]
    for items, bands in cases:
        loaded = load(items, bands)
        assert np.allclose(loaded.x, GRID.x) and np.allclose(loaded.y, GRID.y)
        assert [str(time)[:4] for time in loaded.time.values] == [str(year) for year in YEARS]
        for place, item in enumerate(items):
            for band in bands:
                with rasterio.open(item.assets[band].get_absolute_href()) as file:
                    assert np.array_equal(loaded[band].values[place], file.read(1)), band
                    assert loaded[band].dtype == file.dtypes[0]
                    assert loaded[band].attrs["nodata"] == file.nodata
    (mean, *_) = climatology.get_items()
    with rasterio.open(mean.assets["onset_mean"].get_absolute_href()) as file:
        assert np.array_equal(load([mean], ["onset_mean"]).onset_mean.values[0], file.read(1))


def test_the_table_has_the_items_of_days_and_seasons(made, model):
    table = pyarrow.parquet.read_table(made.parent / MODEL / "items.parquet")
    found = {item["id"]: item for item in stac_geoparquet.arrow.stac_table_to_items(table)}
    items = {item.id: item for item in model.get_items(recursive=True)}
    assert set(found) == set(items) and len(found) == 2 * 30 + 2 + 1 + 2
    for name, item in items.items():
        assets = {key: asset for key, asset in found[name]["assets"].items() if asset}
        assert set(assets) == set(item.assets)
        for key, asset in assets.items():
            path = made.parent / MODEL / asset["href"]
            assert path.samefile(item.assets[key].get_absolute_href())


def drawn(render, stored):
    """Colour of a stored number as a renderer scales it to the colour table."""
    ((low, high),) = render["rescale"]
    entry = np.clip(np.floor((stored - low) / (high - low) * 255 + 1e-6), 0, 255)
    return tuple(render["colormap"][str(int(entry))])


def test_the_renders_draw_stored_numbers_as_the_styles_do(seasons, climatology):
    renders = seasons.extra_fields["renders"]
    assert set(renders) == {*LAYERS, *QUALITY}
    assert set(climatology.extra_fields["renders"]) == {
        *ANOMALIES,
        *(f"{layer}_mean" for layer in LAYERS),
    }
    for render in (*renders.values(), *climatology.extra_fields["renders"].values()):
        assert list(map(int, render["colormap"])) == list(range(256))
    first, last = days_of(2019)[0].timetuple().tm_yday, days_of(2019)[-1].timetuple().tm_yday
    onset = renders["onset"]
    none = tuple(bytes.fromhex(NO_LASTING_MELT[1:]))
    assert drawn(onset, NO_MELT)[:3] == none
    assert drawn(onset, last)[:3] == tuple(bytes.fromhex("440154"))
    assert drawn(onset, first)[:3] == tuple(bytes.fromhex("fde725"))
    anomaly = climatology.extra_fields["renders"]["melt_days_anomaly"]
    assert drawn(anomaly, -200)[:3] == tuple(bytes.fromhex("2166ac"))
    assert drawn(anomaly, 200)[:3] == tuple(bytes.fromhex("b2182b"))


def state(folder):
    """Identity and time of every file of a folder."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_run_without_change_writes_nothing(changing):
    before = state(changing.published)
    assert changing.stac_season_maps() == 0
    assert state(changing.published) == before


def test_a_new_map_of_a_day_touches_the_item_of_its_season_alone(changing):
    day = days_of(2020)[15]
    for layer in ("melt", "melt_mean"):
        changing.write_map(layer, day, stored_of(layer, day, seed=40))
    changing.list(2020)
    changing.season_maps()
    folder = changing.published / "seasons"
    before = state(folder)
    assert changing.stac_season_maps() == 0
    assert {name for name, file in state(folder).items() if before[name] != file} == {
        "2020/item.json"
    }


def test_a_season_map_that_is_not_the_one_of_its_list_is_refused(changing, stopped):
    path = changing.published / "seasons/2020/onset_2020.tif"
    path.write_bytes(path.read_bytes()[:-1])
    before = state(changing.published)
    stopped(changing.stac_season_maps(), path, "bytes, index.json says")
    assert state(changing.published) == before


def test_seasons_of_two_models_are_refused(changing, stopped):
    path = changing.season_list(2020)
    path.write_text(path.read_text().replace("a" * 64, "c" * 64))
    before = state(changing.published)
    stopped(changing.stac_season_maps(), path, "season maps of 2 models", "expected one")
    assert state(changing.published) == before


def test_a_full_disk_ends_in_one_line(changing, stopped, mount_small_disk):
    disk = mount_small_disk("8k")
    out = disk / "seasons/collection.json"
    lists = [changing.season_list(year) for year in YEARS]
    status = changing.run(
        *("stac-season-maps", "--season-lists", *lists, "--climatology"),
        *("--model", MODEL, "--out", out),
    )
    stopped(status, disk, "no space left")
    assert not [path for path in disk.rglob("*") if path.is_file()]
