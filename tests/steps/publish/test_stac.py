"""The STAC catalogue, as pystac, odc-stac and pyarrow read it, against the files it describes."""

import datetime as dt
import hashlib
import json
import shutil
import warnings
from dataclasses import replace

import numpy as np
import odc.stac
import pyarrow.parquet
import pystac
import pytest
import rasterio
import shapely
from pyproj import CRS
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from rasterio.warp import transform
from steps.publish.finished_maps import GRID, LAYERS, MODEL, YEARS, Maps, days_of, stored_of
from steps.publish.stac_extensions import SCHEMAS

FILLED, GAP = days_of(2020)[4], (days_of(2020)[10], days_of(2020)[13])
SAID = {
    "filled": {str(FILLED): "MAR: linear in time"},
    "sar_gaps": [{"first": str(GAP[0]), "last": str(GAP[1])}],
    "without": ["mar"],
}


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """A finished catalogue, moved as a whole from where it was made; no test changes it."""
    root = tmp_path_factory.mktemp("stac")
    shutil.copytree(written.root, root / "made")
    maps = Maps(root / "made")
    maps.list(2020, **SAID)
    maps.catalogue()
    shutil.move(root / "made/publish", root / "moved")
    return root / "moved/catalog.json"


@pytest.fixture(scope="module")
def catalogue(made):
    return pystac.Catalog.from_file(str(made))


def items_of(catalogue):
    return {item.datetime.date(): item for item in catalogue.get_items(recursive=True)}


def documents(made):
    """Paths of the documents: not of what the cube holds."""
    found = [*made.parent.glob("*.json"), *made.parent.glob("*/collection.json")]
    return found + list(made.parent.glob("*/maps/*/*.json"))


def test_an_area_has_its_model_its_seasons_and_their_days(catalogue):
    (model,) = catalogue.get_children()
    assert (catalogue.id, model.id) == ("small", f"small-{MODEL}")
    seasons = list(model.get_children())
    assert [season.id for season in seasons] == [f"small-{MODEL}-{year}" for year in YEARS]
    for year, season in zip(YEARS, seasons, strict=True):
        assert [item.datetime.date() for item in season.get_items()] == days_of(year)
        assert {item.get_collection().id for item in season.get_items()} == {season.id}
        interval = season.extent.temporal.intervals[0]
        assert [end.date() for end in interval] == [days_of(year)[0], days_of(year)[-1]]


def test_every_document_is_valid_without_a_network(made):
    validator = JsonSchemaSTACValidator()
    validator.schema_cache |= SCHEMAS
    used = set()
    for path in documents(made):
        document = json.loads(path.read_text())
        kind = pystac.STACObjectType(document["type"])
        extensions = document.get("stac_extensions", [])
        validator.validate(document, kind, "1.1.0", extensions)
        used |= set(extensions)
    assert used == set(SCHEMAS)


def test_the_checks_of_the_extensions_can_fail(made):
    item = json.loads(next(made.parent.rglob("2019-06-01.json")).read_text())
    validator = JsonSchemaSTACValidator()
    validator.schema_cache |= SCHEMAS
    item["assets"]["melt"]["file:checksum"] = "not hexadecimal"
    with pytest.raises(pystac.errors.STACValidationError, match="not hexadecimal"):
        validator.validate(item, pystac.STACObjectType.ITEM, "1.1.0", item["stac_extensions"])


def test_links_and_assets_are_relative_and_lead_to_files_in_the_folder(made):
    for path in documents(made):
        document = json.loads(path.read_text())
        assert "self" not in {link["rel"] for link in document["links"]}
        named = [*document["links"], *document.get("assets", {}).values()]
        for href in (entry["href"] for entry in named):
            assert href.startswith("."), href
            target = (path.parent / href).resolve()
            assert target.exists() and target.is_relative_to(made.parent.resolve()), href


def test_sizes_and_checksums_are_those_of_the_files(made):
    counted = 0
    for path in documents(made):
        for asset in json.loads(path.read_text()).get("assets", {}).values():
            if "file:size" in asset:
                content = (path.parent / asset["href"]).read_bytes()
                assert asset["file:size"] == len(content)
                assert asset["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()
                counted += 1
    assert counted == 2 * 30 * len(LAYERS) + len(YEARS) + 1


def test_place_and_bands_are_those_of_the_heads_of_the_rasters(catalogue):
    for item in list(items_of(catalogue).values())[::13]:
        for name, asset in item.assets.items():
            with rasterio.open(asset.get_absolute_href()) as file:
                assert item.properties["proj:transform"] == list(file.transform)[:6]
                assert item.properties["proj:shape"] == list(file.shape)
                assert item.properties["proj:bbox"] == list(file.bounds)
                assert CRS(item.properties["proj:code"]) == CRS(file.crs.to_wkt())
                (band,) = asset.extra_fields["bands"]
                assert (band["name"], band["data_type"]) == (name, file.dtypes[0])
                assert (band["nodata"], band["unit"]) == (file.nodata, file.units[0])
                assert (band["raster:scale"], band["raster:offset"]) == (
                    file.scales[0],
                    file.offsets[0],
                )
                assert band["raster:spatial_resolution"] == file.res[0]


def test_the_outline_is_that_of_the_raster(catalogue):
    item = next(iter(items_of(catalogue).values()))
    with rasterio.open(item.assets["melt"].get_absolute_href()) as file:
        outer = np.array(shapely.box(*file.bounds).segmentize(50).exterior.coords)
        wanted = shapely.Polygon(np.transpose(transform(file.crs, "EPSG:4326", *outer.T)))
    outline = shapely.geometry.shape(item.geometry)
    assert outline.symmetric_difference(wanted).area < 1e-5 * wanted.area
    assert outline.exterior.is_ccw
    assert item.bbox == list(outline.bounds)


def test_days_that_were_filled_or_lack_sentinel_1_say_so(catalogue):
    items = items_of(catalogue)
    assert items[FILLED].properties["daymelt:filled"] == "MAR: linear in time"
    for day, item in items.items():
        said = item.properties
        assert ("daymelt:filled" in said) == (day == FILLED)
        assert ("daymelt:sar_gap" in said) == (GAP[0] <= day <= GAP[1])
        assert said.get("daymelt:without") == ("mar" if day.year == 2020 else None)
        assert said["daymelt:complete"] == (day.year == 2019)
    assert items[GAP[1]].properties["daymelt:sar_gap"] == f"{GAP[0]}/{GAP[1]}"


def test_odc_stac_loads_the_values_of_the_rasters(catalogue):
    items = [item for day, item in items_of(catalogue).items() if day in days_of(2019)[:3]]
    with warnings.catch_warnings():
        for kind in (PendingDeprecationWarning, DeprecationWarning):  # of odc-geo
            warnings.simplefilter("ignore", kind)
        loaded = odc.stac.load(items, bands=list(LAYERS))
    assert np.allclose(loaded.x, GRID.x) and np.allclose(loaded.y, GRID.y)
    assert [str(time)[:10] for time in loaded.time.values] == [str(d) for d in days_of(2019)[:3]]
    for layer in LAYERS:
        for place, day in enumerate(days_of(2019)[:3]):
            assert np.array_equal(loaded[layer].values[place], stored_of(layer, day)), layer
        assert loaded[layer].dtype == "uint8" and loaded[layer].attrs["nodata"] == 255


def test_the_table_has_every_item_with_addresses_that_lead_to_the_files(made, catalogue):
    path = made.parent / MODEL / "items.parquet"
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert b"geo" in pyarrow.parquet.read_schema(path).metadata
    items = {item.id: item for item in catalogue.get_items(recursive=True)}
    assert [row["id"] for row in rows] == list(items)
    for row in rows:
        item = items[row["id"]]
        assert row["datetime"].date() == item.datetime.date()
        assert row["daymelt:complete"] == item.properties["daymelt:complete"]
        outline = shapely.from_wkb(row["geometry"])
        assert outline.equals_exact(shapely.geometry.shape(item.geometry), 1e-9)
        for name, asset in row["assets"].items():
            href = path.parent / asset["href"]
            assert href.samefile(item.assets[name].get_absolute_href())


def test_the_colours_of_the_renders_cover_the_stored_numbers(catalogue):
    (model,) = catalogue.get_children()
    renders = model.extra_fields["renders"]
    assert set(renders) == set(LAYERS)
    assert list(map(int, renders["melt"]["colormap"])) == list(range(101))
    assert list(map(int, renders["sar_age"]["colormap"])) == list(range(255))


def state(folder):
    """Identity and time of every file of a folder."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_map_of_a_day_touches_its_item_and_nothing_else(maps):
    maps.catalogue()
    folder, day = maps.published / "maps", days_of(2020)[20]
    before = state(folder)
    maps.write_map("melt", day, stored_of("melt", day, seed=1))
    maps.list(2020)
    assert maps.stac_season(2020) == 0
    changed = {name for name, file in state(folder).items() if before[name] != file}
    assert changed == {f"2020/melt_{day}.tif", f"2020/{day}.json"}
    item = pystac.Item.from_file(str(folder / f"2020/{day}.json"))
    content = maps.path("melt", day).read_bytes()
    assert item.assets["melt"].extra_fields["file:size"] == len(content)


def test_published_maps_take_no_room_twice(maps):
    maps.catalogue()
    day = days_of(2019)[0]
    assert (maps.published / f"maps/2019/melt_{day}.tif").samefile(maps.path("melt", day))


def test_a_layer_that_is_no_more_is_removed(maps):
    maps.catalogue()
    maps.list(2019, layers=("melt", "sar_age"))
    assert maps.stac_season(2019) == 0
    names = {path.name.rpartition("_")[0] for path in (maps.published / "maps/2019").glob("*.tif")}
    assert names == {"melt", "sar_age"}


def test_a_map_of_another_run_than_the_list_is_refused(maps, stopped):
    assert maps.season_file(2019) == 0
    day = days_of(2019)[8]
    maps.write_map("melt_mean", day, stored_of("melt_mean", day), model="c" * 64)
    stopped(maps.stac_season(2019), maps.path("melt_mean", day), "map the season again")
    assert not (maps.published / "maps").exists()


def test_maps_of_another_grid_are_refused(maps, stopped):
    assert maps.season_file(2019) == 0
    other = replace(GRID, left=GRID.left + 50)
    stopped(maps.stac_season(2019, grid=other), "transform", "expected")
    assert not (maps.published / "maps").exists()


def test_a_season_that_is_not_published_is_refused(maps, stopped):
    assert maps.cube() == 0
    stopped(maps.stac_area(), maps.published / "maps/2019/collection.json", "not found")
    assert not (maps.root / "publish/catalog.json").exists()


def test_a_full_disk_ends_in_one_line(maps, stopped, mount_small_disk):
    assert maps.season_file(2019) == 0
    disk = mount_small_disk("200k")
    out = disk / "maps/2019/collection.json"
    status = maps.run(
        *("stac-season", "--maps", maps.index(2019), "--model", MODEL, "--out", out),
        *("--netcdf", maps.published / "netcdf/small_2019.nc"),
    )
    stopped(status, disk, "no space left")
    assert not out.exists()
    assert not [path for path in disk.rglob("*") if ".part" in path.name]


def test_dates_are_days_of_the_world_clock(catalogue):
    for day, item in items_of(catalogue).items():
        assert item.datetime == dt.datetime.combine(day, dt.time(), dt.UTC)
