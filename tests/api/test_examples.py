"""The examples in docstrings and in docs/python.md run; `import daymelt` is quick."""

import doctest
import importlib
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from learn.defaults import NETWORK

import daymelt
from daymelt.learn.channels import Statistics
from daymelt.learn.networks import ModelCard, build, save_model

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
MODULES = sorted({place.partition(":")[0] for place in daymelt.PLACES.values()})


@pytest.fixture(scope="module")
def beside_results(finished):
    """A folder with results and a network that was not trained."""
    folder = finished.root / "models/small"
    channels = ("microwave", "liquid_water", "sar", "height")
    statistics = {name: Statistics(0.0, 1.0) for name in channels if name != "sar"}
    options = replace(NETWORK, channel_count=len(channels))
    save_model(folder, build(options), ModelCard(options, channels, statistics))
    return finished.root


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_docstrings_run(beside_results, monkeypatch, module):
    monkeypatch.chdir(beside_results)
    done = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert not done.failed
    assert done.attempted or module == "daymelt.core.errors"


def test_the_blocks_of_the_page_run_and_are_short(beside_results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("results", "models"):
        (tmp_path / name).symlink_to(beside_results / name)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        assert len(block.splitlines()) <= 10
        exec(block, names)
    assert names["cell"].sizes == {"date": 60}
    assert names["melt"].shape == (48, 48)
    assert (tmp_path / "extents.csv").stat().st_size > 60


def test_every_name_is_there_and_no_other():
    for name in daymelt.__all__:
        assert getattr(daymelt, name) is not None
    assert set(daymelt.__all__) == set(daymelt.PLACES) <= set(dir(daymelt))
    with pytest.raises(AttributeError, match="oqen"):
        daymelt.oqen  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import daymelt; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "xarray", "pandas", "torch", "rasterio"} & set(done.stdout.split())
