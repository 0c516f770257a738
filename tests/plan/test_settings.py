"""The settings of a run: what is refused before any job."""

import json
import sys

import pytest
import yaml

from daymelt.core.errors import ConfigError, MissingInputError
from daymelt.plan.settings import load_run
from daymelt.settings.config import Config


def run(folder, text, compares=False):
    """The settings of a run whose one file holds `text`."""
    path = folder / "my.yaml"
    path.write_text(text)
    return load_run(yaml.safe_load(text), [path], compares)


def refused(folder, text, compares=False):
    with pytest.raises(ConfigError) as refusal:
        run(folder, text, compares)
    line = str(refusal.value)
    assert "\n" not in line
    return line


def test_the_defaults_are_a_run_and_need_no_network_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load_run({}) == Config()


def test_a_run_is_refused_with_the_line_of_its_file(tmp_path):
    assert refused(tmp_path, "\nsar: {treshold_db: 3}\n").startswith(
        f"{tmp_path}/my.yaml, line 2: sar.treshold_db"
    )


def test_a_key_given_twice_is_refused_though_snakemake_merged_it(tmp_path):
    assert "line 2: sar: found twice, first on line 1" in refused(tmp_path, "sar: {}\nsar: {}\n")


def test_a_file_in_json_is_left_to_snakemake(tmp_path):
    (tmp_path / "my.json").write_text('{\n\t"twin": {"seed": 3}}')
    assert load_run({"twin": {"seed": 3}}, [tmp_path / "my.json"]).twin.seed == 3


def test_options_of_a_system_name_its_entry_and_line(tmp_path):
    text = (
        "benchmark:\n  systems:\n    mine: {kind: random-forest, options: {treees: 3}}\n"
        "  always: []\n"
    )
    line = refused(tmp_path, text)
    assert line.startswith(f"{tmp_path}/my.yaml, line 3: benchmark.systems.mine: ")
    assert "treees" in line


def test_a_system_of_no_kind_names_its_entry(tmp_path):
    text = "benchmark:\n  systems:\n    mine: {kind: forest}\n  always: []\n"
    assert "line 3: benchmark.systems.mine: system kind 'forest'" in refused(tmp_path, text)


def test_an_unknown_encoder_is_refused_before_any_job(tmp_path):
    line = refused(tmp_path, "model:\n  name: mine\n  encoder: resnet10000\n")
    assert line.startswith(f"{tmp_path}/my.yaml, line 3: model.encoder: found 'resnet10000'")
    text = (
        "benchmark:\n  systems:\n    mine: {kind: network, model: {encoder: tu-none}}\n"
        "  always: []\n"
    )
    line = refused(tmp_path, text, compares=True)
    assert "line 3: benchmark.systems.mine: model.encoder" in line


ENTRY = "benchmark:\n  always: []\n  systems:\n    mine:\n      kind: network\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("      training: {epochs: 3}", "line 6: benchmark.systems.mine.training.validate_every"),
        (
            "      model: {architecture: deeplabv3plus}\n      training: {batch: 1}",
            "line 7: benchmark.systems.mine.training.batch: found 1",
        ),
        (
            "      model: {architecture: deeplabv3plus, depth: 2}",
            "line 6: benchmark.systems.mine.model.depth: found 2",
        ),
    ],
)
def test_a_network_of_the_benchmark_is_checked_where_it_is_trained(tmp_path, text, words):
    assert words in refused(tmp_path, ENTRY + text, compares=True)
    assert "mine" in run(tmp_path, ENTRY + text).benchmark.systems


def test_a_known_encoder_other_than_the_default_is_accepted(tmp_path):
    assert run(tmp_path, "model: {encoder: resnet18}").model.encoder == "resnet18"


def test_a_split_file_is_read_before_any_job(tmp_path):
    split = tmp_path / "split.csv"
    split.write_text("date,split\n2019-07-01\n")
    assert f"split file {split}, line 2" in refused(tmp_path, f"split: {{file: {split}}}")
    with pytest.raises(MissingInputError, match=r"none\.csv"):
        run(tmp_path, f"split: {{file: {tmp_path}/none.csv}}")


@pytest.mark.parametrize("name", ["x" * 300, "split.csv/in.tif", "."])
def test_a_grid_file_that_cannot_be_reached_is_told_in_one_line(tmp_path, name):
    (tmp_path / "split.csv").write_text("")
    line = refused(tmp_path, f"area:\n  grid_file: {tmp_path}/{name}\n")
    assert line.startswith(f"{tmp_path}/my.yaml, line 2: area.grid_file: ")


def test_an_outline_is_no_grid_file(real):
    outline = real("area/helheim_ice_catchment_mankoff.shp")
    with pytest.raises(ConfigError, match=r"area\.grid_file: ") as refusal:
        load_run({"area": {"grid_file": str(outline)}})
    assert "\n" not in str(refusal.value) and outline.name in str(refusal.value)


def test_a_setting_that_an_entry_of_a_list_lacks_has_the_line_of_the_entry(tmp_path):
    base = tmp_path / "config.yaml"
    base.write_text("stations:\n  sites:\n    - {name: A, lat: 66, lon: -38}\n")
    mine = tmp_path / "my.yaml"
    mine.write_text("\nstations:\n  sites:\n    - {name: A, lat: 66}\n")
    values = yaml.safe_load(mine.read_text())
    with pytest.raises(ConfigError, match=r"my\.yaml, line 4: stations\.sites\[0\]\.lon: not"):
        load_run(values, [mine, base])


@pytest.mark.parametrize("value", ["!!binary aGVsbG8=", "2019-01-01", "!!set {a, b}"])
def test_an_option_of_a_system_that_no_job_can_be_given_is_told(tmp_path, value):
    text = (
        "benchmark:\n  always: []\n  systems:\n"
        f"    mine: {{kind: random-forest, options: {{trees: {value}}}}}\n"
    )
    line = refused(tmp_path, text)
    assert "line 4: benchmark.systems.mine.options: found trees" in line


def test_settings_that_lie_deep_within_each_other_are_refused(tmp_path):
    line = refused(tmp_path, f"seasons: {{years: {'[' * 90}{']' * 90}}}\n")
    assert "more than 20 times" in line


def test_a_grid_file_in_a_folder_that_may_not_be_entered_is_told(tmp_path, monkeypatch):
    def closed(path, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.stat", closed)
    with pytest.raises(ConfigError, match=r"area\.grid_file: .* not readable \(Permission denied"):
        load_run({"area": {"grid_file": str(tmp_path / "mask.tif")}})


def test_a_file_of_regions_is_read_before_any_job(tmp_path):
    file = tmp_path / "regions.geojson"
    feature = {"type": "Feature", "properties": {"name": "a"}}
    feature["geometry"] = {"type": "Point", "coordinates": [-38, 66]}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    said = refused(tmp_path, f"regions: {{file: {file}}}")
    assert "regions.file: " in said and "'a' is Point; expected a polygon" in said
    none = refused(tmp_path, f"regions: {{file: {tmp_path}/none.gpkg}}")
    assert "none.gpkg: not found" in none
