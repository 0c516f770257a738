"""The maps of seasons in the cube against the GeoTIFFs that they are made of."""

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
from steps.publish.finished_maps import GRID, YEARS, Maps, days_of, stored_of

from daymelt.core.encoding import NO_MELT
from daymelt.products import zarr_head
from daymelt.products.season_files import BOUNDS, LAYERS, QUALITY

OF_SEASON = {**LAYERS, **BOUNDS, **QUALITY}
MEANS = [f"{layer}_{kind}" for layer in LAYERS for kind in ("mean", "seasons")]
FEW = ("melt", "sar_age")


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """A finished cube with the maps of seasons, that no test changes."""
    maps = Maps(tmp_path_factory.mktemp("made"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True)
    for year in YEARS:
        maps.write_dry_ends(year)
    maps.season_maps()
    assert maps.cube(seasons=True) == 0
    return maps


@pytest.fixture
def finished(made, tmp_path):
    """A copy of the finished cube, for a test to change."""
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return Maps(tmp_path)


def on_disk(maps, group, name):
    """A GeoTIFF of a season or of the climatology."""
    folder = maps.published / ("climatology" if group == "climatology" else f"seasons/{group}")
    with rasterio.open(folder / f"{name}.tif") as file:
        return file.read(1), file.scales[0], file.nodata, file.transform, file.crs


def check_seasons(maps, opened):
    """The complete seasons of a group as a reader meets it, after a comparison cell by cell."""
    assert list(opened.season.values) == list(opened.attrs["seasons"])
    for year in opened.attrs["seasons"]:
        for layer in opened.data_vars:
            found = opened[layer].sel(season=year).values
            assert np.array_equal(found, on_disk(maps, year, f"{layer}_{year}")[0]), layer
    return list(opened.attrs["seasons"])


def check_climatology(maps, opened):
    for layer in MEANS:
        assert np.array_equal(opened[layer].values, on_disk(maps, "climatology", layer)[0]), layer
    for layer in LAYERS:
        for year in opened.season.values:
            found = opened[f"{layer}_anomaly"].sel(season=year).values
            wanted = on_disk(maps, "climatology", f"{layer}_anomaly_{year}")[0]
            assert np.array_equal(found, wanted), (layer, year)


def stored(maps, group):
    """A group with its stored numbers."""
    return xr.open_zarr(maps.store, group=group, mask_and_scale=False, consolidated=True)


def files_of(maps, *groups):
    """Identity and time of every file of some groups, by its name in the store."""
    return {
        str(path.relative_to(maps.store)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for group in groups
        for path in (maps.store / group).rglob("*")
        if path.is_file()
    }


def test_every_cell_of_every_layer_is_that_of_its_geotiff(made):
    found = stored(made, "seasons")
    assert set(found.data_vars) == set(OF_SEASON)
    assert check_seasons(made, found) == list(YEARS)
    means = stored(made, "climatology")
    assert set(means.data_vars) == {*MEANS, *(f"{layer}_anomaly" for layer in LAYERS)}
    check_climatology(made, means)


def test_xarray_gives_numbers_in_days_and_shares_with_nan(made):
    with xr.open_zarr(made.store, group="seasons") as found:
        for layer, encoding in OF_SEASON.items():
            values = found[layer].sel(season=2019).values
            numbers, scale, nodata, *_ = on_disk(made, 2019, f"{layer}_2019")
            wanted = np.where(numbers == nodata, np.nan, numbers * scale)
            assert values.dtype.kind == "f"  # neither dates nor time spans
            assert np.allclose(values, wanted, rtol=1e-6, atol=0, equal_nan=True), layer
            assert np.isnan(values).any() and np.isfinite(values).any()
            assert found[layer].attrs["units"] in ("day", "1")
            if encoding.aside:
                assert found[layer].attrs["flag_values"] == [NO_MELT]
                assert found[layer].attrs["flag_meanings"] == "no_lasting_melt"
        assert found.onset.attrs["ancillary_variables"] == "onset_earliest onset_latest observed"
    with xr.open_zarr(made.store, group="climatology") as means:
        assert means.melt_days_mean.dims == ("y", "x")
        low, high = means.melt_days_anomaly.attrs["valid_range"]
        assert low == -high < 0
        assert np.nanmin(means.melt_days_anomaly.values) < 0 < means.melt_days_anomaly.max()


def test_rioxarray_reads_crs_and_place(made):
    for group, layer in (("seasons", "onset"), ("climatology", "onset_mean")):
        dataset = xr.open_zarr(made.store, group=group)
        transform, crs = on_disk(made, 2019, "onset_2019")[3:]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # of rioxarray, from affine
            found = dataset[layer].rio.transform()
        assert dataset.rio.crs == crs == CRS.from_epsg(3413)
        assert np.allclose(found, transform, rtol=0, atol=1e-3 * GRID.spacing_m)


def test_the_root_lists_its_groups(made):
    tree = xr.open_datatree(made.store, engine="zarr", consolidated=True)
    assert set(tree.children) == {"seasons", "climatology"}
    assert tree["seasons"].attrs["title"] == "Maps of the melt seasons, small"
    group = zarr.open_group(made.store, mode="r", use_consolidated=True)
    assert group["climatology/onset_mean"].shape == GRID.shape
    assert json.loads((made.published / "cube.json").read_text())["groups"] == [
        "climatology",
        "seasons",
    ]


def test_a_run_without_change_writes_nothing_to_the_store(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.store.rglob("*")}
    assert finished.cube(seasons=True) == 0
    assert {path: path.stat().st_mtime_ns for path in finished.store.rglob("*")} == before


def change_a_day(maps, day, layers=("melt", "melt_mean")):
    """Other maps of a day, and the season maps and climatology that follow from them."""
    for layer in layers:
        maps.write_map(layer, day, stored_of(layer, day, seed=40))
    maps.list(day.year)
    maps.season_maps()


def test_a_new_map_of_a_day_touches_its_season_and_the_climatology_alone(finished):
    before = files_of(finished, "seasons")
    change_a_day(finished, days_of(2020)[20])
    assert finished.cube(seasons=True) == 0
    changed = {name for name, file in files_of(finished, "seasons").items() if before[name] != file}
    shards = {f"seasons/{layer}/c/1/0/0" for layer in OF_SEASON}
    assert changed == {*shards, "seasons/map_digest/c/0", "seasons/zarr.json"}
    assert check_seasons(finished, stored(finished, "seasons")) == list(YEARS)
    check_climatology(finished, stored(finished, "climatology"))


class Ended(BaseException):
    """The end of a process."""


def end_after(patch, after):
    """End the writing when so many files have been written."""
    write, left = zarr_head.WholeFiles.write, [after]

    def counted(self, key, content):
        write(self, key, content)
        left[0] -= 1
        if left[0] == 0:
            raise Ended

    patch.setattr(zarr_head.WholeFiles, "write", counted)


def check_what_readers_meet(maps):
    """Readers of the store, of its groups and of the root's list of groups meet complete seasons or
    none; the seasons that they meet in the group.
    """
    if not (maps.store / "zarr.json").is_file():
        return []
    tree = xr.open_datatree(maps.store, engine="zarr", consolidated=True, mask_and_scale=False)
    if "seasons" in tree.children:
        assert check_seasons(maps, tree["seasons"].to_dataset()) == list(YEARS)
    if "climatology" in tree.children:
        check_climatology(maps, tree["climatology"].to_dataset())
    if not (maps.store / "seasons/zarr.json").is_file():
        return []
    found = xr.open_zarr(maps.store / "seasons", mask_and_scale=False, consolidated=True)
    return check_seasons(maps, found) if "season" in found else []


def test_a_killed_run_shows_complete_seasons_or_none_and_the_next_one_ends_right(
    finished, monkeypatch
):
    shutil.rmtree(finished.store)
    after, ended, met = 3, False, []
    while not ended:
        with monkeypatch.context() as patch:
            end_after(patch, after)
            try:
                ended = finished.cube(seasons=True) == 0
            except Ended:
                met.append(check_what_readers_meet(finished))
        after += 9  # the store stays: the next run goes on with what this one left
    assert [] in met and [YEARS[0]] in met
    assert check_what_readers_meet(finished) == list(YEARS)
    check_climatology(finished, stored(finished, "climatology"))


@pytest.mark.parametrize("after", [1, 3, 20, 40])
def test_a_change_that_is_killed_is_hidden_until_it_is_complete(finished, monkeypatch, after):
    before = stored(finished, "seasons").load()
    change_a_day(finished, days_of(2020)[20])
    with monkeypatch.context() as patch, pytest.raises(Ended):
        end_after(patch, after)
        finished.cube(seasons=True)
    tree = xr.open_datatree(finished.store, engine="zarr", consolidated=True)
    if "seasons" in tree.children:  # as before, or complete again
        found = stored(finished, "seasons").load()
        assert found.equals(before) or check_seasons(finished, found) == list(YEARS)
    assert finished.cube(seasons=True) == 0
    assert check_what_readers_meet(finished) == list(YEARS)
    check_climatology(finished, stored(finished, "climatology"))


def test_groups_that_are_no_more_are_removed(finished):
    assert finished.cube() == 0
    assert not (finished.store / "seasons").exists()
    assert not xr.open_datatree(finished.store, engine="zarr", consolidated=True).children


def test_seasons_without_an_interval_have_no_bounds(finished):
    for year in YEARS:
        finished.list(year, layers=FEW)
    finished.season_maps()
    assert finished.cube(seasons=True) == 0
    assert set(stored(finished, "seasons").data_vars) == {*LAYERS, *QUALITY}
    assert check_seasons(finished, stored(finished, "seasons")) == list(YEARS)


def test_season_maps_of_another_model_are_refused_and_nothing_is_written(finished, stopped):
    path = finished.season_list(2020)
    path.write_text(path.read_text().replace("a" * 64, "c" * 64))
    before = files_of(finished, ".")
    stopped(finished.cube(seasons=True), path, "2 models", "map the seasons again")
    climatology = finished.climatology_list
    finished.season_maps()
    climatology.write_text(climatology.read_text().replace("a" * 64, "c" * 64))
    stopped(finished.cube(seasons=True), climatology, "of the model cccccccccccc", "expected aaaa")
    assert files_of(finished, ".") == before


def test_a_season_map_that_is_not_the_one_of_its_list_is_refused(finished, stopped):
    change_a_day(finished, days_of(2020)[3])
    path = finished.published / "seasons/2020/onset_2020.tif"
    path.write_bytes(path.read_bytes()[:-1])
    stopped(finished.cube(seasons=True), path, "bytes, index.json says")
    tree = xr.open_datatree(finished.store, engine="zarr", consolidated=True)
    assert "seasons" not in tree.children


@pytest.mark.parametrize("text", ["", "[]", '{"season": 2020}'])
def test_a_list_that_is_none_is_refused(finished, stopped, text):
    finished.season_list(2020).write_text(text)
    stopped(finished.cube(seasons=True), finished.season_list(2020), "not readable", "delete it")
