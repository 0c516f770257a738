"""Season maps, climatology and anomalies from daily maps: numbers, files, and what is refused."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import rasterio
from products.layout import check_day
from steps.publish.written import GRID, MONTHS, OCEAN, options, stored_days, write_maps

from daymelt.core.dates import season_days
from daymelt.core.encoding import NO_MELT, PERCENT, SAR_AGE, decode
from daymelt.products import cog
from daymelt.products.season_files import BOUNDS, COUNT, LAYERS, QUALITY, anomaly_of, mean_of
from daymelt.science.seasons import Season

ENCODINGS = {**LAYERS, **BOUNDS, **QUALITY}


def layer(folder, name, encoding):
    return decode(cog.read_day(folder / f"{name}.tif", GRID, encoding), encoding)


def expected_maps(season, layers=("melt", "melt_mean", "melt_low", "melt_high")):
    """Maps of a season from the arrays that the files were written from."""
    stored = stored_days(season)
    days = season_days(season, MONTHS)
    found = Season(GRID.shape, days[0], days[-1], 6, 0.5)
    for index, day in enumerate(days):
        fields = {name: decode(stored[name][index], PERCENT) for name in layers}
        found.add(day, fields, decode(stored["age"][index], SAR_AGE))
    return found.maps()


@pytest.fixture(scope="module")
def seasons(daily, tmp_path_factory):
    """Folder of the maps of each season."""
    from daymelt import cli

    root = tmp_path_factory.mktemp("seasons")
    for season, index in daily.items():
        out = root / str(season) / "index.json"
        words = ("--options", options(), "--maps", str(index), "--out", str(out))
        assert cli.main(["season-maps", *words]) == 0
    return {season: root / str(season) for season in daily}


def test_the_files_hold_the_maps_of_the_days(seasons):
    for season, folder in seasons.items():
        expected = expected_maps(season)
        assert expected.keys() == ENCODINGS.keys()
        for name, field in expected.items():
            found = layer(folder, f"{name}_{season}", ENCODINGS[name])
            np.testing.assert_allclose(found, field, atol=0.5001 * ENCODINGS[name].scale)
            assert np.isnan(found[OCEAN]).all() and not np.isnan(found[~OCEAN]).all()


def test_every_file_is_a_cloud_optimized_geotiff_with_its_season_and_model(seasons):
    for name, encoding in ENCODINGS.items():
        path = seasons[2019] / f"{name}_2019.tif"
        check_day(path, GRID, encoding)
        tags = cog.read_tags(path)
        assert (tags["season"], tags["model"], tags["area"]) == ("2019", "net", "small")
        assert tags["days"] == "2019-06-01 to 2019-06-30"
        assert tags["observed_within_days"] == "6"
        assert path.with_suffix(".qml").is_file()


def test_the_list_names_every_file_with_its_checksum(seasons):
    content = json.loads((seasons[2020] / "index.json").read_text())
    assert content["season"] == 2020
    files = {item["path"]: item for item in content["files"]}
    assert files.keys() == {path.name for path in seasons[2020].glob("*.tif")}
    for name, item in files.items():
        content = (seasons[2020] / name).read_bytes()
        assert item["size"] == len(content)
        assert item["sha256"] == hashlib.sha256(content).hexdigest()


def test_maps_without_an_interval_have_no_bounds(tmp_path, step):
    index = write_maps(tmp_path / "maps", 2019, ("melt",))
    out = tmp_path / "season" / "index.json"
    assert step("season-maps", "--options", options(), "--maps", index, "--out", out) == 0
    names = {path.stem.removesuffix("_2019") for path in out.parent.glob("*.tif")}
    assert names == {*LAYERS, *QUALITY}
    for name, field in expected_maps(2019, ("melt",)).items():
        found = layer(out.parent, f"{name}_2019", ENCODINGS[name])
        np.testing.assert_allclose(found, field, atol=0.5001 * ENCODINGS[name].scale)


def test_equal_maps_give_equal_bytes(tmp_path, step, daily, seasons):
    out = tmp_path / "again" / "index.json"
    assert step("season-maps", "--options", options(), "--maps", daily[2019], "--out", out) == 0
    for path in seasons[2019].iterdir():
        assert (out.parent / path.name).read_bytes() == path.read_bytes()


def copied(daily, folder):
    shutil.copytree(daily[2019].parent, folder)
    return folder / "index.json"


def test_a_day_that_is_missing_is_named(tmp_path, step, daily, refused):
    index = copied(daily, tmp_path / "maps")
    (index.parent / "melt_low_2019-06-11.tif").unlink()
    out = tmp_path / "season"
    status = step("season-maps", "--options", options(), "--maps", index, "--out", out / "i.json")
    refused(status, out, "melt_low_2019-06-11.tif: not found")


def test_a_day_that_is_cut_short_is_named(tmp_path, step, daily, refused):
    index = copied(daily, tmp_path / "maps")
    path = index.parent / "melt_2019-06-30.tif"
    path.write_bytes(path.read_bytes()[:300])
    out = tmp_path / "season"
    status = step("season-maps", "--options", options(), "--maps", index, "--out", out / "i.json")
    refused(status, out, "melt_2019-06-30.tif", "delete it and map again")


def test_maps_of_two_models_are_refused(tmp_path, step, daily, refused):
    index = copied(daily, tmp_path / "maps")
    other = write_maps(tmp_path / "other", 2019, model="b").parent
    shutil.copy(other / "melt_2019-06-11.tif", index.parent)
    out = tmp_path / "season"
    status = step("season-maps", "--options", options(), "--maps", index, "--out", out / "i.json")
    refused(status, out, "melt_2019-06-11.tif: of the model", "map the season again")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"season": 2019}'])
def test_a_list_that_is_none_is_refused(tmp_path, step, refused, text):
    index, out = tmp_path / "index.json", tmp_path / "season"
    index.write_text(text)
    status = step("season-maps", "--options", options(), "--maps", index, "--out", out / "i.json")
    refused(status, out, f"list of maps {index}", "map the season again")


# climatology


@pytest.fixture(scope="module")
def means(seasons, tmp_path_factory):
    from daymelt import cli

    folder = tmp_path_factory.mktemp("climatology")
    lists = [str(path / "index.json") for path in seasons.values()]
    words = ["--options", options(season_maps={"least_seasons": 2}), "--maps", *lists]
    assert cli.main(["climatology", *words, "--out", str(folder / "index.json")]) == 0
    return folder


@pytest.mark.parametrize("name", LAYERS)
def test_mean_number_and_anomalies_are_those_of_the_seasons_that_are_told(means, seasons, name):
    encoding = LAYERS[name]
    fields = np.stack([layer(path, f"{name}_{year}", encoding) for year, path in seasons.items()])
    fields = np.where(fields == NO_MELT, np.nan, fields)
    count = np.isfinite(fields).sum(axis=0)
    mean = np.where(count >= 2, np.nansum(fields, axis=0) / np.maximum(count, 1), np.nan)
    assert np.isfinite(mean).any()
    np.testing.assert_allclose(layer(means, f"{name}_mean", mean_of(encoding)), mean, atol=0.0501)
    found = layer(means, f"{name}_seasons", COUNT)
    np.testing.assert_array_equal(found, np.where(OCEAN, np.nan, count))
    for index, year in enumerate(seasons):
        found = layer(means, f"{name}_anomaly_{year}", anomaly_of(encoding))
        np.testing.assert_allclose(found, fields[index] - mean, atol=0.0501)
        check_day(means / f"{name}_anomaly_{year}.tif", GRID, anomaly_of(encoding))


def test_an_anomaly_is_signed_days_in_any_tool(means):
    with rasterio.open(means / "melt_days_anomaly_2020.tif") as file:
        assert (file.dtypes, file.nodata, file.scales) == (("int16",), -32768, (0.1,))
        values = file.read(1, masked=True) * file.scales[0]
    assert values.min() < 0 < values.max()


def test_seasons_of_two_models_have_no_common_mean(tmp_path, step, seasons, refused):
    index = write_maps(tmp_path / "maps", 2019, model="b")
    other = tmp_path / "b" / "index.json"
    assert step("season-maps", "--options", options(), "--maps", index, "--out", other) == 0
    out, lists = tmp_path / "out", [other, seasons[2020] / "index.json"]
    words = ("--options", options(), "--maps", *lists, "--out", out / "index.json")
    refused(step("climatology", *words), out, "season maps of 2 models", "expected one")
