"""Paths are written down once, and filled in, never taken apart."""

import ast
from pathlib import Path

import pytest

from daymelt.plan import places
from daymelt.steps.benchmark.daily_table import TABLES, beside

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    [
        *(ROOT / "rules").glob("*.smk"),
        ROOT / "Snakefile",
        *(ROOT / "workflow" / "daymelt").rglob("*.py"),
        *(ROOT / ".ci").glob("*.py"),
        *(ROOT / "benchmarks").glob("*.py"),
    ]
)


def every_place():
    """The patterns of the module."""
    found = []
    for name, value in vars(places).items():
        if name.isupper():
            found += value.values() if isinstance(value, dict) else [value]
    return [place for place in found if "{area}" in place]


def test_a_place_is_filled_in_and_what_is_not_given_stays_a_wildcard():
    assert places.at(places.SAR, area="here", month="2019-07") == (
        "results/here/aligned/sar/2019-07.nc"
    )
    assert places.at(places.MODEL, split="published") == (
        "results/{area}/models/published/{model}/model.json"
    )


def test_wildcards_that_a_place_lacks_have_no_effect():
    terrain = places.MANIFESTS["terrain"]
    assert places.at(terrain, area="here", season="") == "resources/here/terrain/manifest.json"


def test_a_place_is_found_in_a_copy_of_the_results():
    path = places.below(Path("/elsewhere/copy"), places.MAR, area="here", season=2019)
    assert path == Path("/elsewhere/copy/here/aligned/mar/2019.nc")


def test_every_place_is_a_place_of_its_own_and_belongs_to_an_area():
    files = [place for place in every_place() if Path(place).suffix]
    assert len(files) == len(set(files)) > 30
    assert {place.split("/")[0] for place in files} == {"resources", "results", "logs"}


def test_the_tables_of_an_evaluation_lie_where_its_step_writes_them():
    written = {table: str(beside(Path(places.DAILY), table)) for table in TABLES}
    assert written == places.EVALUATION


def strings(path):
    """String constants of a source file, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_file_writes_a_path_of_resources_or_results(path):
    if path.suffix == ".py" and path.name != "places.py":
        words = strings(path)
        assert not [word for word in words if word.startswith(("results/", "resources/"))]
    elif path.suffix != ".py":
        assert "results/" not in path.read_text(encoding="utf-8")
        assert "resources/" not in path.read_text(encoding="utf-8")
