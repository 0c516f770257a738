"""Configurations of the areas of the project, and wildcards as Snakemake gives them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from daymelt.settings.loading import load, load_all

ROOT = Path(__file__).parents[2]


@pytest.fixture
def area():
    """Function of an area's name that gives its configuration; `embedded` is the default one."""

    def configuration(name):
        files = [] if name == "embedded" else [ROOT / "workflow" / "areas" / f"{name}.yaml"]
        return load_all(files, ROOT / "config.yaml")

    return configuration


@pytest.fixture
def settings():
    """Function of settings that differ from the defaults that gives the configuration."""
    return lambda **sections: load(sections)


@pytest.fixture
def wildcards():
    """Function that gives the wildcards of a job."""
    return lambda **names: SimpleNamespace(**names)
