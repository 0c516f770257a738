"""Shared by the tests of publishing: the daily maps of three small seasons."""

import pytest
from steps.publish.written import write_maps

from daymelt import cli


@pytest.fixture(scope="session")
def daily(tmp_path_factory):
    """Lists of the daily maps of each season, not to be written to."""
    folder = tmp_path_factory.mktemp("maps")
    return {season: write_maps(folder / str(season), season) for season in (2019, 2020, 2021)}


@pytest.fixture
def step():
    """How a test runs a step: its exit status."""
    return lambda *words: cli.main([str(word) for word in words])


@pytest.fixture
def refused(capsys):
    """Function that checks that a step stopped with one line that holds some parts, and left
    nothing.
    """

    def check(status, out, *parts):
        lines = capsys.readouterr().err.strip().splitlines()
        said = [line for line in lines if line.startswith("daymelt: ")]
        assert status == 2 and len(said) == 1, lines
        assert all(part in said[0] for part in parts), said[0]
        assert not out.exists()

    return check
