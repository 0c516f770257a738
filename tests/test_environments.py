"""The pip constraints, the conda environments and the declared dependencies name the same
things.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from daymelt.core import provenance

ROOT = Path(__file__).parents[1]
# conda-forge's name to that of the package index
CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "huggingface_hub": "huggingface-hub",
}
IMPORTED_AS = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "pydantic_core": "pydantic",
    "netCDF4": "netcdf4",
    "timm": "segmentation-models-pytorch",
    "sklearn": "scikit-learn",
    "llvmlite": "numba",  # its compiler, of a version that it chooses
}
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints():
    lines = [
        line
        for line in (ROOT / "envs" / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
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


def rules():
    """(command, environment) of every rule."""
    text = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    return re.findall(
        r"conda:\n\s+\"\.\./envs/(\w+)\.yaml\".*?python -m daymelt ([a-z0-9-]+)",
        text,
        flags=re.DOTALL,
    ), text


def test_every_rule_has_its_environment():
    pairs, text = rules()
    assert len(pairs) == len(re.findall(r"^rule ", text, flags=re.MULTILINE))
    assert {environment for environment, _ in pairs} == {path.stem for path in ENVIRONMENTS}


@pytest.mark.parametrize(("environment", "command"), rules()[0])
def test_an_environment_has_what_its_step_imports(environment, command):
    dependencies = yaml.safe_load((ROOT / "envs" / f"{environment}.yaml").read_text())[
        "dependencies"
    ]
    offered = {
        CONDA_NAMES.get(name, name) for name in (item.split("=")[0] for item in dependencies)
    }
    step = provenance.step_module(command)
    modules = {
        *provenance.reached(step),
        "daymelt.cli",
        "daymelt.settings.config",
        "daymelt.settings.errors",
        "daymelt.core.errors",
    }
    assert step in modules
    imported = {name for module in modules for name in third_party(module)}
    assert {IMPORTED_AS.get(name, name.replace("_", "-")) for name in imported} <= offered


def third_party(module):
    for node in ast.walk(ast.parse(provenance.module_path(module).read_bytes())):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        yield from ({name.split(".")[0] for name in names} - sys.stdlib_module_names - {"daymelt"})
