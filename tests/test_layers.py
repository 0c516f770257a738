"""The rooms of the package import downward only; read from the source, so that lazy imports count
too.
"""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from daymelt.core import provenance

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workflow" / "daymelt"
MODULES = sorted(
    ".".join(["daymelt", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    )
    for path in PACKAGE.rglob("*.py")
)
COMPILER = {
    "daymelt.core.compiled": {"numba"},
    "daymelt.core.cube": {"netCDF4"},
    "daymelt.core.progress": {"tqdm"},
}
TOP = {"cli", "__main__"}
STAGES = {"retrieve", "prepare", "train", "map", "benchmark", "publish"}
# What each room may see, besides itself.
BELOW = {
    "core": set(),
    "settings": {"core"},
    "science": {"core"},
    "twin": {"core"},
    "products": {"core"},
    "archives": {"core"},
    "sources": {"core", "archives"},
    "learn": {"core", "science"},
    "systems": {"core", "science", "learn"},
    "plan": {"core", "settings", "systems", "sources"},
    "steps": {
        "core",
        "settings",
        "science",
        "archives",
        "sources",
        "twin",
        "products",
        "learn",
        "systems",
    },
    "api": {"core", "settings", "science", "products", "learn", "systems", "plan"},
    "commands": {
        *("core", "settings", "science", "archives", "sources", "products", "learn", "systems"),
        *("plan", "steps"),
    },
    "top": {"core", "settings", "plan", "steps", "commands", "api"},
}
FILE_LIBRARIES = {"rasterio", "netCDF4", "rio_cogeo"}
NETWORK_LIBRARIES = {"torch", "lightning", "segmentation_models_pytorch", "torchvision", "timm"}
DISTRIBUTIONS = {
    "PIL": "pillow",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "rio_cogeo": "rio-cogeo",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "pystac_client": "pystac-client",
    "stac_geoparquet": "stac-geoparquet",
    "pydantic_core": "pydantic",
}


def room(module):
    name = module.split(".")[1] if "." in module else "top"
    return "top" if name in TOP else name


def stage(module):
    """Stage of a step's module; empty for what stages share and for other rooms."""
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["steps"] and len(parts) > 2 and parts[2] in STAGES else ""


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
    assert {room(module) for module in MODULES} == set(BELOW)
    assert {path.stem for path in PACKAGE.glob("*.py")} == TOP | {"__init__"}
    folders = {path.name for path in (PACKAGE / "steps").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == STAGES


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward_only(module):
    here = room(module)
    seen = {
        name
        for name in provenance.imports(module)
        if provenance.module_path(name) and name != "daymelt"
    }
    assert {room(name) for name in seen} <= BELOW[here] | {here}


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) == "steps"])
def test_stages_do_not_import_each_other(module):
    seen = {stage(name) for name in provenance.imports(module)} - {""}
    assert seen <= {stage(module)}, (
        "what two stages share lies in steps/ itself, or in a room below"
    )


@pytest.mark.parametrize("module", MODULES)
def test_imports_are_absolute(module):
    nodes = ast.walk(ast.parse(provenance.module_path(module).read_bytes()))
    assert not [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) != "learn"])
def test_torch_lives_in_learn_only(module):
    assert not outside(module) & NETWORK_LIBRARIES


@pytest.mark.parametrize(
    "module",
    [
        module
        for module in MODULES
        if room(module) in {"core", "settings", "science", "learn"} and module not in COMPILER
    ],
)
def test_only_the_rooms_that_touch_files_see_raster_libraries(module):
    assert not outside(module) & FILE_LIBRARIES


def test_a_folder_that_finds_its_own_modules_imports_them_all():
    kinds = {module for module in MODULES if module.startswith("daymelt.learn.architectures.")}
    assert len(kinds) > 1
    assert kinds < provenance.reached("daymelt.learn.networks")
    assert not kinds & provenance.reached("daymelt.steps.prepare.split")
    assert not kinds & provenance.reached("daymelt.systems.random_forest")


def test_a_module_that_finds_the_plug_ins_of_another_folder_does_not_import_them():
    found = provenance.reached("daymelt.systems.interface")
    assert "daymelt.core.plugins" in found
    assert not {"daymelt.systems.network", "daymelt.systems.linear_dem"} & found


def test_the_ground_floor_is_light():
    for module in MODULES:
        if room(module) in {"core", "settings"}:
            assert outside(module) <= {
                "numpy",
                "pyproj",
                "pydantic",
                "pydantic_core",
                "yaml",
            } | COMPILER.get(module, set()), module


def test_what_the_package_imports_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {item.split(">")[0] for item in project["dependencies"]}
    imported = {DISTRIBUTIONS.get(name, name) for module in MODULES for name in outside(module)}
    assert imported <= declared


@pytest.mark.parametrize("module", MODULES)
def test_nobody_pickles_and_only_credentials_reads_the_environment(module):
    tree = ast.parse(provenance.module_path(module).read_bytes())
    assert "pickle" not in {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    # credentials have no other place than the one; the second is told by torchrun or Slurm which
    # process it is, the third by ssh and the desktop where the browser is
    if room(module) != "top" and module not in (
        "daymelt.archives.credentials",
        "daymelt.learn.processes",
        "daymelt.commands.view",
    ):
        assert not [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        ]
