"""Shared by the tests of publishing: daily maps, and how a step is run and refuses."""

import shutil

import pytest
from steps.publish.finished_maps import YEARS, Maps
from steps.publish.written import write_maps

from daymelt import cli


@pytest.fixture(scope="session")
def daily(tmp_path_factory):
    """Lists of the daily maps of each season, not to be written to."""
    folder = tmp_path_factory.mktemp("maps")
    return {season: write_maps(folder / str(season), season) for season in (2019, 2020, 2021)}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Maps of two seasons on a grid of several chunks, that no test changes."""
    maps = Maps(tmp_path_factory.mktemp("finished"))
    for year in YEARS:
        maps.write(year)
    return maps


@pytest.fixture
def maps(written, tmp_path):
    """The same maps, for a test to change: its own lists, and files that are replaced whole."""
    shutil.copytree(written.root, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return Maps(tmp_path)


@pytest.fixture
def step():
    """How a test runs a step: its exit status."""
    return lambda *words: cli.main([str(word) for word in words])


@pytest.fixture
def stopped(capsys):
    """Function that checks that a step stopped with one line that holds some parts."""

    def check(status, *parts):
        lines = capsys.readouterr().err.strip().splitlines()
        said = [line for line in lines if line.startswith("daymelt: ")]
        assert status == 2 and len(said) == 1, lines
        assert [part for part in map(str, parts) if part not in said[0]] == [], said[0]

    return check


@pytest.fixture
def refused(stopped):
    """Function that checks that a step stopped with one line that holds some parts, and left
    nothing.
    """

    def check(status, out, *parts):
        stopped(status, *parts)
        assert not out.exists()

    return check
