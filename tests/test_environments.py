"""The pip constraints, the conda environments and the declared dependencies name the same things."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}  # conda-forge's name to that of the package index
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints():
    lines = [line for line in (ROOT / "envs" / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [item for items in project["optional-dependencies"].values() for item in items]
    names = [normal(re.split(r"[<>=\[ ]", item)[0]) for item in [*project["dependencies"], *extras]]
    return [name for name in names if name != "daymelt"]


@pytest.mark.parametrize("name", declared())
def test_every_declared_dependency_has_a_tested_version(name):
    assert name in constraints()


def test_constraints_are_plain_versions_that_any_index_serves():
    for name, version in constraints().items():
        assert name == normal(name)
        assert re.fullmatch(r"[0-9]+(\.[0-9]+)*(\.post[0-9]+)?", version), f"{name}=={version}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_environments_name_the_versions_of_the_constraints(path):
    tested = constraints()
    for item in yaml.safe_load(path.read_text())["dependencies"]:
        name, version = item.split("=")
        if name != "python":
            assert f"{tested[CONDA_NAMES.get(name, name)]}.".startswith(f"{version}."), item


def test_every_rule_has_its_environment():
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    named = {Path(name).stem for name in re.findall(r"conda:\n\s+\"(.+)\"", rules)}
    assert named == {path.stem for path in ENVIRONMENTS}
    assert rules.count("    conda:") == len(re.findall(r"^rule ", rules, flags=re.MULTILINE))
