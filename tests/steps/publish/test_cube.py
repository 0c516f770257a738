"""The Zarr store of all seasons against the GeoTIFFs that it is made of."""

import json
import shutil
import warnings

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401 - the accessor `rio`
import xarray as xr
import zarr
from rasterio.crs import CRS
from steps.publish.finished_maps import GRID, LAYERS, YEARS, Maps, days_of, stored_of

from daymelt.core import cube
from daymelt.core.encoding import BRIGHTNESS, LIQUID_WATER, PERCENT
from daymelt.core.grid import Grid
from daymelt.products import zarr_head
from daymelt.products.conventions import CHUNK

FEW = ("melt", "sar_age")  # layers of maps without an interval
EVERY = [day for year in YEARS for day in days_of(year)]


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """A finished cube, that no test changes."""
    maps = Maps(tmp_path_factory.mktemp("made"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True)
    assert maps.cube() == 0
    return maps


def on_disk(maps, layer, day):
    with rasterio.open(maps.path(layer, day)) as file:
        return file.read(1)


def equal_seasons(maps, layers=LAYERS):
    """Seasons that the store says are complete; each is compared with the GeoTIFFs."""
    if not (maps.store / "zarr.json").is_file():
        return []
    group = json.loads((maps.store / "zarr.json").read_text())
    if not group["attributes"]["seasons"]:
        return []
    dataset = xr.open_zarr(maps.store, consolidated=True, mask_and_scale=False, chunks=None)
    for year in dataset.attrs["seasons"]:
        for layer in layers:
            found = dataset[layer].sel(time=str(year)).values
            wanted = [on_disk(maps, layer, day) for day in days_of(year)]
            assert np.array_equal(found, np.stack(wanted)), (year, layer)
    return list(dataset.attrs["seasons"])


def shards(maps):
    """Identity and time of every file of the store's layers, by its name."""
    return {
        str(path.relative_to(maps.store)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for layer in LAYERS
        for path in (maps.store / layer / "c").rglob("*")
        if path.is_file()
    }


def test_every_cell_of_every_layer_and_day_is_that_of_its_geotiff(made):
    group = zarr.open_group(made.store, mode="r")
    assert {name for name, array in group.arrays() if array.ndim == 3} == set(LAYERS)
    for layer in LAYERS:
        found = group[layer][:]
        for place, day in enumerate(EVERY):
            assert np.array_equal(found[place], on_disk(made, layer, day)), (layer, day)
    assert equal_seasons(made) == list(YEARS)


def test_xarray_gives_fractions_and_dates(made):
    dataset = xr.open_zarr(made.store)
    assert [str(time)[:10] for time in dataset.time.values] == [str(day) for day in EVERY]
    for layer in LAYERS:
        day = EVERY[41]
        stored = stored_of(layer, day).astype(float)
        stored[stored == 255] = np.nan
        scale = 1 if layer == "sar_age" else 100
        found = dataset[layer].sel(time=str(day)).values
        assert np.allclose(found, stored / scale, rtol=1e-6, atol=0, equal_nan=True)
        assert np.isnan(found).any() and np.nanmax(found) <= (254 if scale == 1 else 1)


def test_rioxarray_reads_the_crs_and_rasterio_agrees_on_the_place(made):
    dataset = xr.open_zarr(made.store)
    with rasterio.open(made.path("melt", EVERY[0])) as file:
        transform, crs = file.transform, file.crs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of rioxarray, from affine
        found = dataset.melt.rio.transform()
    assert dataset.rio.crs == crs == CRS.from_epsg(3413)
    assert np.allclose(found, transform, rtol=0, atol=1e-3 * GRID.spacing_m)
    for row, column in ((0, 0), (77, 20), (149, 139)):
        place = dataset.isel(y=row, x=column)
        centre = transform @ (column + 0.5, row + 0.5)
        assert np.allclose((place.x, place.y), centre, rtol=0, atol=1e-3 * GRID.spacing_m)


def test_the_conventions_of_geozarr_say_what_the_geotiff_says(made):
    attributes = json.loads((made.store / "zarr.json").read_text())["attributes"]
    with rasterio.open(made.path("melt", EVERY[0])) as file:
        assert attributes["spatial:transform"] == list(file.transform)[:6]
        assert attributes["spatial:bbox"] == list(file.bounds)
        assert attributes["spatial:shape"] == list(file.shape)
        assert CRS.from_string(attributes["proj:code"]) == file.crs
        assert CRS.from_wkt(attributes["proj:wkt2"]) == file.crs
    assert attributes["spatial:dimensions"] == ["y", "x"]
    assert [each["name"] for each in attributes["zarr_conventions"]] == ["proj:", "spatial:"]
    for convention in attributes["zarr_conventions"]:
        assert {"schema_url", "spec_url", "uuid", "description"} < convention.keys()


def test_a_shard_is_some_days_of_a_layer_over_the_whole_area(made):
    count = -(-len(EVERY) // CHUNK[0])
    assert sorted(shards(made)) == sorted(
        f"{layer}/c/{block}/0/0" for layer in LAYERS for block in range(count)
    )


class Ended(BaseException):
    """The end of a process."""


def interrupt(patch, after, late):
    """End the writing at the write with that number, before it or when it has been done."""
    write, left = zarr_head.WholeFiles.write, [after]

    def counted(self, key, content):
        left[0] -= 1
        if left[0] == 0 and not late:
            raise Ended
        write(self, key, content)
        if left[0] == 0:
            raise Ended

    patch.setattr(zarr_head.WholeFiles, "write", counted)


@pytest.fixture
def two_layers(maps):
    """Maps without an interval: fewer files."""
    for year in YEARS:
        maps.list(year, layers=FEW)
    return maps


@pytest.mark.parametrize("late", [False, True], ids=["before a write", "after a write"])
def test_a_killed_run_claims_nothing_false_and_the_next_one_ends_right(
    two_layers, monkeypatch, late
):
    after, ended = 1, False
    while not ended:
        with monkeypatch.context() as patch:
            interrupt(patch, after, late)
            try:
                ended = two_layers.cube() == 0
            except Ended:
                assert not (two_layers.published / "cube.json").exists()
        assert set(equal_seasons(two_layers, FEW)) <= set(YEARS)
        after += 5  # the store stays: the next run goes on with what this one left
    assert equal_seasons(two_layers, FEW) == list(YEARS)


@pytest.mark.parametrize("after", [1, 3, 4, 5, 6, 9, 14])
def test_a_further_season_never_spoils_what_was_complete(two_layers, monkeypatch, after):
    assert two_layers.cube(years=YEARS[:1]) == 0
    before = shards(two_layers)
    with monkeypatch.context() as patch:
        interrupt(patch, after, late=True)
        try:
            two_layers.cube()
        except Ended:
            assert equal_seasons(two_layers, FEW) in ([YEARS[0]], list(YEARS))
    assert two_layers.cube() == 0
    assert equal_seasons(two_layers, FEW) == list(YEARS)
    kept = {name for name, file in shards(two_layers).items() if before.get(name) == file}
    assert kept == {f"{layer}/c/0/0/0" for layer in FEW}  # the other one holds both seasons


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_change_that_is_killed_withdraws_its_season_alone(two_layers, monkeypatch, after):
    assert two_layers.cube() == 0
    day = days_of(2020)[20]
    two_layers.write_map("melt", day, stored_of("melt", day, seed=1))
    two_layers.list(2020, layers=FEW)
    with monkeypatch.context() as patch, pytest.raises(Ended):
        interrupt(patch, after, late=True)
        two_layers.cube()
    assert "consolidated_metadata" in json.loads((two_layers.store / "zarr.json").read_text())
    assert equal_seasons(two_layers, FEW) == [2019]
    assert two_layers.cube() == 0
    assert equal_seasons(two_layers, FEW) == list(YEARS)


def test_a_new_map_of_a_day_touches_the_shards_of_its_days_alone(maps):
    assert maps.cube() == 0
    before, day = shards(maps), days_of(2020)[20]
    maps.write_map("melt", day, stored_of("melt", day, seed=1))
    maps.list(2020)
    assert maps.cube() == 0
    changed = {name for name, file in shards(maps).items() if before[name] != file}
    block = EVERY.index(day) // CHUNK[0]
    assert changed == {f"{layer}/c/{block}/0/0" for layer in LAYERS}
    assert equal_seasons(maps) == list(YEARS)


def test_a_run_without_change_writes_nothing_to_the_store(maps):
    assert maps.cube() == 0
    before = {path: path.stat().st_mtime_ns for path in maps.store.rglob("*")}
    assert maps.cube() == 0
    assert {path: path.stat().st_mtime_ns for path in maps.store.rglob("*")} == before


def test_a_system_without_interval_has_its_two_layers(maps):
    assert maps.cube() == 0
    for year in YEARS:
        maps.list(year, layers=FEW)
    assert maps.cube() == 0
    group = zarr.open_group(maps.store, mode="r")
    assert {name for name, array in group.arrays() if array.ndim == 3} == set(FEW)
    assert "melt_low" not in group["melt"].attrs["ancillary_variables"]


def test_an_earlier_season_begins_the_store_anew(maps):
    assert maps.cube(years=YEARS[1:]) == 0
    assert maps.cube() == 0
    assert equal_seasons(maps) == list(YEARS)


def test_a_store_of_another_grid_is_refused_and_stays(maps, stopped):
    assert maps.cube() == 0
    before = shards(maps)
    other = Grid(GRID.crs, 100, GRID.left + 100, GRID.top, *GRID.shape)
    stopped(maps.cube(grid=other), maps.store, "transform", "delete it and publish again")
    assert shards(maps) == before


def test_a_folder_of_something_else_is_refused_and_stays(maps, stopped):
    maps.store.mkdir(parents=True)
    (maps.store / "thesis.tex").write_text("mine")
    stopped(maps.cube(), maps.store, "no Zarr store of maps")
    assert [path.name for path in maps.store.iterdir()] == ["thesis.tex"]


def test_an_area_without_maps_is_refused(maps, stopped):
    maps.index(2020).unlink()
    stopped(maps.cube(), maps.index(2020), "not found", "map the season first")
    assert not maps.published.exists()


def test_maps_of_two_models_are_refused(maps, stopped):
    maps.list(2020, model="c" * 64)
    stopped(maps.cube(), maps.index(2019), maps.index(2020), "two models", "cccccccccccc")
    assert not maps.published.exists()


def test_a_map_of_another_run_than_the_list_is_refused(maps, stopped):
    day = days_of(2020)[3]
    maps.write_map("melt_mean", day, stored_of("melt_mean", day), model="c" * 64)
    stopped(maps.cube(), maps.path("melt_mean", day), "index.json", "map the season again")
    assert equal_seasons(maps) == [2019]
    assert not (maps.published / "cube.json").exists()


def test_a_day_without_a_layer_is_refused(maps, stopped):
    day = days_of(2020)[3]
    content = json.loads(maps.index(2020).read_text())
    gone = maps.path("melt_low", day).name
    content["files"] = [file for file in content["files"] if file["path"] != gone]
    maps.index(2020).write_text(json.dumps(content))
    stopped(maps.cube(), maps.index(2020), gone)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"season": "x"}'])
def test_a_list_that_is_none_is_refused(maps, stopped, text):
    maps.index(2020).write_text(text)
    stopped(maps.cube(), maps.index(2020), "no list of maps")


def test_a_full_disk_ends_in_one_line_and_nothing_half_written(maps, stopped, mount_small_disk):
    disk = mount_small_disk("200k")
    out = disk / "cube.json"
    stopped(maps.cube(out=out), disk, "no space left")
    assert not out.exists()
    assert not [path for path in disk.rglob("*") if ".part" in path.name]


@pytest.fixture
def streams(tmp_path):
    """Streams of the inputs: Sentinel-1 on some days, the others on every day."""
    coarse = GRID.posting(1000)
    kinds = {
        "sar": (PERCENT, GRID, EVERY[::6]),
        "time_interpolated": (PERCENT, GRID, EVERY),
        "liquid_water": (LIQUID_WATER, coarse, EVERY),
        "brightness_temperature": (BRIGHTNESS, coarse, EVERY),
    }
    paths = {name: [tmp_path / f"{name}_{year}.nc" for year in YEARS] for name in kinds}
    for name, (encoding, grid, days) in kinds.items():
        for year, path in zip(YEARS, paths[name], strict=True):
            of_year = [day for day in days if day.year == year]
            fields = ((day, field_of(grid, day)) for day in of_year)
            cube.write_stream(path, fields, grid=grid, encoding=encoding)
    return paths


def field_of(grid, day):
    """A field of fractions, other on every day, with a corner of no data."""
    rows, columns = np.indices(grid.shape)
    field = ((rows + columns + day.toordinal()) % 11 / 10).astype(np.float32)
    field[:5, :5] = np.nan
    return field


def test_the_inputs_are_groups_of_the_cube_where_that_is_asked_for(maps, streams):
    names = ("sar", "interpolated", "mar", "microwave")
    words = [
        word
        for name, paths in zip(names, streams.values(), strict=True)
        for word in (f"--{name}", *paths)
    ]
    lists = [maps.index(year) for year in YEARS]
    out = maps.published / "cube.json"
    assert maps.run("cube", "--maps", *lists, *words, "--out", out) == 0
    assert equal_seasons(maps) == list(YEARS)
    grids = {"inputs": GRID, "inputs_coarse": GRID.posting(1000)}
    for group, grid in grids.items():
        found = xr.open_zarr(maps.store, group=group, consolidated=True)
        assert np.array_equal(found.x, grid.x) and found.attrs["seasons"] == list(YEARS)
        assert found.rio.crs == CRS.from_epsg(3413)
        for name in (
            ("sar", "time_interpolated")
            if group == "inputs"
            else (
                "liquid_water",
                "brightness_temperature",
            )
        ):
            for day in EVERY[::7]:
                wanted = field_of(grid, day)
                if name == "sar" and day not in EVERY[::6]:
                    wanted[:] = np.nan
                values = found[name].sel(time=str(day)).values
                assert np.allclose(values, wanted, rtol=1e-6, atol=0, equal_nan=True), (name, day)
