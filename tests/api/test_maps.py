"""`daymelt.open`: its values are those of the files, read where they are indexed."""

import datetime as dt
import shutil
from dataclasses import replace

import numpy as np
import pytest
import rioxarray  # noqa: F401 - adds the accessor
import xarray as xr
from steps.publish.written import GRID, write_maps

import daymelt
from daymelt.core.encoding import PERCENT, decode
from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.products import cog, map_windows
from daymelt.products.map_index import ENCODINGS

DAY = dt.date(2020, 6, 21)


def map_of_other_grid(file):
    moved = replace(GRID, left=GRID.left + 100)
    stored = np.zeros(GRID.shape, np.uint8)
    cog.write_day(file, stored, moved, PERCENT, {"date": f"{DAY}"}, "melt")


@pytest.fixture
def season(finished):
    return daymelt.open(finished.area)


@pytest.fixture
def copied(finished, tmp_path):
    """The same, for a test to change."""
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True)
    return tmp_path / "results/small"


@pytest.mark.parametrize("layer", ENCODINGS)
def test_every_layer_has_the_numbers_of_its_files(finished, season, layer):
    values = season[layer].sel(date=str(DAY))
    expected = decode(finished.stored(layer, DAY), ENCODINGS[layer])
    np.testing.assert_array_equal(values, expected)
    assert values.dtype == np.float32 and np.isnan(values).any()


@pytest.mark.filterwarnings("ignore:Use `@`:PendingDeprecationWarning")  # of rioxarray
def test_days_and_cells_lie_where_they_do(season):
    dates = season.date.values.astype("datetime64[D]").tolist()
    assert dates == [dt.date(year, 6, day) for year in (2019, 2020) for day in range(1, 31)]
    np.testing.assert_array_equal(season.x, GRID.x)
    np.testing.assert_array_equal(season.y, GRID.y)
    assert season.melt.rio.crs.to_epsg() == 3413
    assert season.melt.rio.transform().to_gdal() == GRID.geotransform


@pytest.mark.parametrize(
    "key",
    [
        {"date": 3, "y": 2, "x": 5},
        {"date": slice(None, None, -7), "y": slice(8, 2, -2), "x": slice(1, None, 3)},
        {"date": [31, 4, 4], "y": [11, 0], "x": -1},
        {"date": [], "x": 2},
        {"date": slice(5, 9), "y": slice(3, 3)},
        {"date": xr.DataArray([1, 40], dims="point"), "x": xr.DataArray([0, 13], dims="point")},
    ],
    ids=str,
)
def test_every_way_to_index_gives_what_it_gives_in_memory(season, key):
    lazily = season.isel(key)
    xr.testing.assert_identical(lazily.load(), season.copy().load().isel(key))


def test_only_the_window_of_the_days_asked_for_is_read(season, monkeypatch):
    read, seen = map_windows.read_window, []

    def watched(path, grid, encoding, rows, columns):
        seen.append((path.name, rows, columns))
        return read(path, grid, encoding, rows, columns)

    monkeypatch.setattr("daymelt.api.lazy_layer.read_window", watched)
    chosen = season.melt.sel(date="2019-06-03").isel(y=slice(2, 5), x=[4, 9])
    assert not seen
    chosen.load()
    assert seen == [("melt_2019-06-03.tif", slice(2, 5), slice(4, 10))]


def test_seasons_and_layers_can_be_chosen(finished):
    found = daymelt.open(str(finished.area), "net", seasons=[2020], layers=["sar_age", "melt"])
    assert list(found) == ["sar_age", "melt"] and set(found.date.dt.year.values) == {2020}


def test_it_is_written_in_the_numbers_of_the_files(finished, season, tmp_path):
    season.sel(date=[str(DAY)]).to_netcdf(tmp_path / "day.nc")
    with xr.open_dataset(tmp_path / "day.nc", mask_and_scale=False) as stored:
        for layer in season:
            np.testing.assert_array_equal(stored[layer][0], finished.stored(layer, DAY))


def test_the_folder_may_be_the_current_one(finished, monkeypatch):
    monkeypatch.chdir(finished.area)
    assert daymelt.open(".").attrs["area"] == "small"


def test_errors_are_one_line_and_say_what_there_is(copied, one_line):
    cases = [
        (MissingInputError, lambda: daymelt.open(copied / "x"), ("not found", "run `snakemake`")),
        (MissingInputError, lambda: daymelt.open(copied, "nett"), ("did you mean net?",)),
        (MissingInputError, lambda: daymelt.open(copied, seasons=[1999]), ("1999", "2019, 2020")),
        (MissingInputError, lambda: daymelt.open(copied, seasons=[]), ("2019, 2020",)),
        (ConfigError, lambda: daymelt.open(copied, layers=["melt_lo"]), ("melt_low",)),
        (ConfigError, lambda: daymelt.open(copied, layers=[]), ("melt_low",)),
    ]
    for kind, call, parts in cases:
        with pytest.raises(kind) as raised:
            call()
        one_line(raised, *parts)
        assert isinstance(raised.value, daymelt.DaymeltError)


def test_several_models_must_be_told_apart(copied, one_line):
    write_maps(copied / "maps/other/2019", 2019, ("melt",), "b")
    with pytest.raises(ConfigError) as raised:
        daymelt.open(copied)
    one_line(raised, "net, other", "model='net'")
    assert list(daymelt.open(copied, model="other")) == ["melt", "sar_age"]


def test_a_season_without_a_list_is_not_finished(copied):
    (copied / "maps/net/2019/index.json").unlink()
    assert daymelt.open(copied).sizes["date"] == 30


@pytest.mark.parametrize(
    ("spoil", "kind", "part"),
    [
        (lambda file: file.unlink(), MissingInputError, "not found"),
        (lambda file: file.write_bytes(b"II*\0"), FormatError, "not readable"),
        (map_of_other_grid, FormatError, "transform"),
    ],
)
def test_a_damaged_map_is_refused_when_it_is_read(copied, one_line, spoil, kind, part):
    season, file = daymelt.open(copied), copied / f"maps/net/2020/melt_{DAY}.tif"
    spoil(file)
    with pytest.raises(kind) as raised:
        season.melt.sel(date=str(DAY)).load()
    one_line(raised, file, part)


def test_a_list_without_maps_is_refused(copied, one_line):
    index = copied / "maps/net/2019/index.json"
    index.write_text(index.read_text().replace("melt_2019", "melt_x2019"))
    with pytest.raises(FormatError) as raised:
        daymelt.open(copied)
    one_line(raised, index, "names no map")
