"""`daymelt.regions` and `daymelt.seasons`: what the files say, of all seasons."""

import csv
import shutil

import numpy as np
import pytest
import rasterio

import daymelt
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.plan import places


@pytest.fixture
def copied(finished, tmp_path):
    """The same, for a test to change."""
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True)
    return type(finished)(tmp_path)


def test_the_table_has_the_rows_of_the_csv_files(finished):
    table = daymelt.regions(finished.area)
    rows = []
    for year in (2019, 2020):
        with finished.place(places.REGION_EXTENTS["csv"], year).open() as file:
            rows += list(csv.DictReader(file))
    assert list(table) == list(rows[0]) and len(table) == len(rows)
    assert [f"{day:%Y-%m-%d}" for day in table.date] == [row["date"] for row in rows]
    assert list(table.region) == [row["region"] for row in rows]
    expected = [float(row["melt_extent_km2"]) for row in rows]
    np.testing.assert_allclose(table.melt_extent_km2, expected, atol=5e-5)


def test_a_season_of_the_table_can_be_chosen(finished):
    assert set(daymelt.regions(finished.area, seasons=[2020]).date.dt.year) == {2020}


def test_a_damaged_table_is_refused(copied, one_line):
    file = copied.place(places.REGION_EXTENTS["parquet"], 2020)
    file.write_bytes(b"PAR1")
    with pytest.raises(FormatError) as raised:
        daymelt.regions(copied.area)
    one_line(raised, file)


def test_maps_of_seasons_are_those_of_the_files(finished):
    seasons = daymelt.seasons(finished.area)
    assert seasons.season.values.tolist() == [2019, 2020]
    folder = finished.place(places.SEASON_MAPS, 2020).parent
    for layer in seasons:
        with rasterio.open(folder / f"{layer}_2020.tif") as file:
            stored = file.read(1, masked=True).astype("f4") * np.float32(file.scales[0])
        found = seasons[layer].sel(season=2020)
        np.testing.assert_allclose(found, stored.filled(np.nan), rtol=1e-6)


def test_maps_of_seasons_name_every_layer_of_the_folder(finished):
    folder = finished.place(places.SEASON_MAPS, 2019).parent
    files = {file.name.removesuffix("_2019.tif") for file in folder.glob("*.tif")}
    assert set(daymelt.seasons(finished.area)) == files


def test_a_missing_or_damaged_list_of_seasons_is_refused(copied, one_line):
    index = copied.place(places.SEASON_MAPS, 2020)
    index.write_text("[]")
    with pytest.raises(FormatError) as raised:
        daymelt.seasons(copied.area)
    one_line(raised, index)
    shutil.rmtree(copied.area / "publish")
    with pytest.raises(MissingInputError) as raised:
        daymelt.seasons(copied.area)
    one_line(raised, "run `snakemake`")
