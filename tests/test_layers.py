"""The rooms of the package import downward only; read from the source, so that lazy imports count too."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from daymelt import provenance

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workflow" / "daymelt"
MODULES = sorted(
    ".".join(["daymelt", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__") for path in PACKAGE.rglob("*.py")
)
ROOMS = {"science", "sources", "twin", "products", "learn", "systems", "steps"}
GROUND = {"errors", "dates", "grid", "encoding", "atomic", "manifest", "occupied", "provenance", "published", "compiled", "memory"}
COMPILER = {"daymelt.compiled": {"numba", "llvmlite"}}
SETTINGS = {"protocols", "config", "config_errors", "schema"}
TOP = {"cli", "__main__"}
# What each room may see, besides itself.
BELOW = {
    "ground": set(),
    "settings": {"ground"},
    "cube": {"ground"},
    "science": {"ground", "cube"},
    "sources": {"ground", "cube"},
    "twin": {"ground", "cube"},
    "products": {"ground", "cube"},
    "learn": {"ground", "cube", "science"},
    "systems": {"ground", "cube", "science", "learn"},
    "steps": {"ground", "settings", "cube", "science", "sources", "twin", "products", "learn", "systems"},
    "top": {"ground", "settings", "steps"},
}
FILE_LIBRARIES = {"rasterio", "netCDF4", "rio_cogeo"}
NETWORK_LIBRARIES = {"torch", "lightning", "segmentation_models_pytorch", "torchvision", "timm"}
DISTRIBUTIONS = {
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "rio_cogeo": "rio-cogeo",
    "sklearn": "scikit-learn",
    "llvmlite": "numba",
    "yaml": "PyYAML",
    "pystac_client": "pystac-client",
    "pydantic_core": "pydantic",
}


def room(module):
    name = module.split(".")[1] if "." in module else ""
    if name in ROOMS | {"cube"}:
        return name
    return "settings" if name in SETTINGS else "top" if name in TOP else "ground"


def outside(module):
    """Packages that a module imports, other than the standard library and daymelt."""
    names = set()
    for node in ast.walk(ast.parse(provenance.module_path(module).read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"daymelt"}


def test_every_module_has_a_place():
    top_level = {module.split(".")[1] for module in MODULES if "." in module}
    assert top_level == ROOMS | GROUND | SETTINGS | TOP | {"cube"}


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward_only(module):
    here = room(module)
    seen = {name for name in provenance.imports(module) if provenance.module_path(name) and name != "daymelt"}
    assert {room(name) for name in seen} <= BELOW[here] | {here}


@pytest.mark.parametrize("module", MODULES)
def test_imports_are_absolute(module):
    nodes = ast.walk(ast.parse(provenance.module_path(module).read_bytes()))
    assert not [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) != "learn"])
def test_torch_lives_in_learn_only(module):
    assert not outside(module) & NETWORK_LIBRARIES


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in {"ground", "settings", "science", "learn"}])
def test_only_the_rooms_that_touch_files_see_raster_libraries(module):
    assert not outside(module) & FILE_LIBRARIES


def test_a_folder_that_finds_its_own_modules_imports_them_all():
    kinds = {module for module in MODULES if module.startswith("daymelt.learn.architectures.")}
    assert len(kinds) > 1
    assert kinds < provenance.reached("daymelt.learn.networks")
    assert not kinds & provenance.reached("daymelt.steps.split")


def test_the_ground_floor_is_light():
    for module in MODULES:
        if room(module) in {"ground", "settings"}:
            assert outside(module) <= {"numpy", "pyproj", "pydantic", "pydantic_core", "yaml"} | COMPILER.get(module, set()), module


def test_what_the_package_imports_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {item.split(">")[0] for item in project["dependencies"]}
    imported = {DISTRIBUTIONS.get(name, name) for module in MODULES for name in outside(module)}
    assert imported <= declared


@pytest.mark.parametrize("module", MODULES)
def test_nobody_pickles_and_only_access_reads_the_environment(module):
    tree = ast.parse(provenance.module_path(module).read_bytes())
    assert "pickle" not in {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    # credentials have no other place than the one; the other is told by torchrun or Slurm which process it is
    if room(module) != "top" and module not in ("daymelt.sources.access", "daymelt.learn.processes"):
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}]
