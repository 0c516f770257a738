"""The step that writes the viewer, without a browser."""

import datetime as dt
import json
import shutil

import numpy as np
import pytest
from viewer.published import GRID, LAYERS, PAGE, YEARS, days_of, seen_of


@pytest.fixture
def own(area, tmp_path):
    return area.copy(tmp_path / "own")


def listed(published):
    return json.loads((published.folder / "viewer.json").read_text())


def test_the_list_names_files_that_there_are(own):
    assert own.viewer(offline=False) == 0
    found = listed(own)
    assert {layer["name"] for layer in found["layers"]} > {*LAYERS, "onset", "melt_days"}
    for layer in found["layers"]:
        for season in found["seasons"]:
            for day in season["days"]:
                path = layer["path"].format(season=season["year"], date=day)
                assert (own.folder / path).is_file(), path
    for path in (found["regions"], found["cube"]):
        assert (own.folder / path).exists()


def test_the_list_says_what_was_observed_on_each_day(own):
    assert own.viewer(offline=False) == 0
    for year, season in zip(YEARS, listed(own)["seasons"], strict=True):
        assert [dt.date.fromisoformat(day) for day in season["days"]] == days_of(year)
        land = np.arange(GRID.columns) >= 20
        expected = [seen_of(day)[:, land].mean() for day in days_of(year)]
        np.testing.assert_allclose(season["observed"], expected, atol=5e-4)


def test_without_installed_libraries_the_page_takes_them_from_the_network(own):
    assert own.viewer(offline=False) == 0
    assert "https://cdn.jsdelivr.net/npm/ol@" in (own.folder / "index.html").read_text()
    assert not (own.folder / "viewer/vendor").exists()


def test_a_source_that_is_absent_is_refused_and_no_page_is_written(own, tmp_path, capsys):
    page = shutil.copytree(PAGE / "src", tmp_path / "src")
    (page / "libraries.json").unlink()
    assert own.viewer(offline=False, page=page) == 2
    assert "libraries.json: not found" in capsys.readouterr().err
    assert not (own.folder / "index.html").exists()
