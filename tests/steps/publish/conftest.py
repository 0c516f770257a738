"""Finished maps, and steps that end with one line."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from finished_maps import YEARS, Maps


@pytest.fixture(scope="package")
def written(tmp_path_factory):
    """Maps of two seasons, that no test changes."""
    maps = Maps(tmp_path_factory.mktemp("maps"))
    for year in YEARS:
        maps.write(year)
    return maps


@pytest.fixture
def maps(written, tmp_path):
    """The same maps, for a test to change: its own lists, and files that are replaced whole."""
    shutil.copytree(written.root, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return Maps(tmp_path)


@pytest.fixture
def refused(capsys):
    """Check that a step ended with exit 2 and one line that holds some words."""

    def check(status, *parts):
        said = capsys.readouterr().err.strip().splitlines()
        lines = [line for line in said if line.startswith("daymelt: ")]
        assert status == 2
        assert len(lines) == 1, said
        assert [part for part in map(str, parts) if part not in lines[0]] == [], lines[0]

    return check
