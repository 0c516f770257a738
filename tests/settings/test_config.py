"""The settings: what is refused and in which words, what is written from them."""

import copy
import datetime as dt
import json
import re
from pathlib import Path

import pydantic
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from daymelt.core.errors import ConfigError
from daymelt.settings import schema
from daymelt.settings.config import SECTIONS, WRITTEN, Config
from daymelt.settings.inputs import TWIN_MONTHS, Area
from daymelt.settings.loading import load, load_all, merge, section
from daymelt.twin.nature import nature_days

ROOT = Path(__file__).parents[2]

# (settings, what the one line must say: the key, what was found, what is allowed or the nearest
# key)
REFUSED = [
    ({"area": {"rows": 0}}, ["area.rows", "found 0", "greater than or equal to 1"]),
    ({"area": {"rows": "many"}}, ["area.rows", "found 'many'", "integer"]),
    ({"area": {"rows": True}}, ["area.rows", "found True", "integer"]),
    ({"area": {"rows": 25.5}}, ["area.rows", "found 25.5", "integer"]),
    ({"area": {"spacing_m": -100}}, ["area.spacing_m", "found -100", "greater than 0"]),
    ({"area": {"left": float("nan")}}, ["area.left", "found nan", "finite"]),
    ({"area": {"name": "Two words"}}, ["area.name", "found 'Two words'", "small letters"]),
    ({"area": {"name": "../up"}}, ["area.name", "found '../up'", "small letters"]),
    ({"area": {"crs": "EPSG:99999"}}, ["area.crs", "EPSG:99999", "projected crs"]),
    ({"area": {"crs": "EPSG:4326"}}, ["area.crs", "Geographic", "projected crs"]),
    ({"area": {"crs": 3413}}, ["area.crs", "found 3413", "string"]),
    ({"seasons": {"months": []}}, ["seasons.months", "found []", "at least one"]),
    ({"seasons": {"months": [4, 6]}}, ["seasons.months", "found [4, 6]", "consecutive"]),
    (
        {"seasons": {"months": [12, 13]}},
        ["seasons.months[1]", "found 13", "less than or equal to 12"],
    ),
    ({"seasons": {"years": []}}, ["seasons.years", "found []", "at least one"]),
    ({"seasons": {"years": [2019, 2019]}}, ["seasons.years", "2019 twice", "each once"]),
    ({"seasons": {"years": [2020, 2019]}}, ["seasons.years", "found [2020, 2019]", "[2019, 2020]"]),
    ({"seasons": {"years": 2019}}, ["seasons.years", "found 2019", "list"]),
    (
        {"sentinel1": {"provider": "oper"}},
        ["sentinel1.provider", "found 'oper'", "did you mean opera?", "'twin'"],
    ),
    ({"sentinel1": {"spacing_m": 300}}, ["sentinel1.spacing_m", "found 300 m", "area.spacing_m"]),
    ({"microwave": {"overpass": "N"}}, ["microwave.overpass", "found 'N'", "'M' or 'E'"]),
    ({"sar": {"threshold_db": -3}}, ["sar.threshold_db", "found -3", "greater than 0"]),
    ({"sar": {"noise_floor_db": 25}}, ["sar.noise_floor_db", "found 25", "less than 0"]),
    ({"sar": {"smoothing_window": 4}}, ["sar.smoothing_window", "found 4", "odd"]),
    ({"sar": {"treshold_db": 3}}, ["sar.treshold_db", "unknown", "did you mean threshold_db?"]),
    ({"sar": None}, ["sar", "found null", "mapping"]),
    ({"sar": {"winter_months": [1, 2, 12]}}, ["sar.winter_months", "[1, 2, 12]", "[12, 1, 2]"]),
    ({"sar": {"winter_months": [2, 1]}}, ["sar.winter_months", "[2, 1]", "[1, 2]"]),
    ({"microwave": {"winter_months": [1, 1]}}, ["microwave.winter_months", "each month once"]),
    (
        {"sar": {"winter_months": [9, 1]}, "sentinel1": {"provider": "opera"}},
        ["sar.winter_months", "[9] are of the melt season or after it"],
    ),
    (
        {
            "seasons": {"months": [4, 5]},
            "microwave": {"winter_months": [5, 6]},
            "report": {"day": "2019-05-01"},
        },
        ["microwave.winter_months", "[6] are of the melt season or after it"],
    ),
    ({"sar": {"winter_months": [12, 1]}}, ["sar.winter_months", "[12, 1]", "1 to 9", "twin"]),
    ({"microwave": {"winter_months": [10]}}, ["microwave.winter_months", "[10]", "twin"]),
    (
        {"seasons": {"months": [8, 9, 10]}, "report": {"day": "2019-08-15"}},
        ["seasons.months", "1 to 9", "twin"],
    ),
    (
        {"area": {"crs": "EPSG:3031", "left": -2_500_000, "top": 1_500_000}},
        ["area", "degrees south", "EPSG:3031", "north of the equator"],
    ),
    (
        {"area": {"crs": "EPSG:32719", "left": 500_000, "top": 4_000_000}},
        ["area", "degrees south", "EPSG:32719"],
    ),
    ({"regrid": {"posting_m": 50}}, ["regrid.posting_m", "found 50 m", "area.spacing_m"]),
    (
        {"temporal": {"acquisitions_before": 0, "acquisitions_after": 0}},
        ["temporal.acquisitions_after", "0 acquisitions", "at least one"],
    ),
    (
        {"split": {"training_only_years": list(range(2017, 2024))}},
        ["split.training_only_years", "every year", "one left"],
    ),
    ({"model": {"depth": 5}}, ["model.decoder_channels", "found 4 numbers", "expected 5"]),
    ({"model": {"channels": ["sar", "sar"]}}, ["model.channels", "each channel once"]),
    ({"model": {"channels": ["sarr"]}}, ["model.channels[0]", "found 'sarr'", "did you mean sar?"]),
    ({"training": {"crop": 100}}, ["training.crop", "found 100", "multiple of 16"]),
    ({"training": {"crop": 512}}, ["training.crop", "found 512", "256"]),
    ({"map": {"tile": 128}}, ["map.tile", "found 128", "twice map.halo"]),
    ({"map": {"sar_pool": "test"}}, ["map.sar_pool", "found 'test'", "'all' or 'train'"]),
    (
        {"stations": {"sites": [{"name": "MIT", "lat": 65.7}]}},
        ["stations.sites[0].lon", "not given"],
    ),
    (
        {"stations": {"sites": [{"name": "MIT", "lat": 65.7, "lng": 0}]}},
        ["stations.sites[0].lng", "unknown", "did you mean lon?"],
    ),
    (
        {"stations": {"sites": [{"name": "../up", "lat": 65.7, "lon": 0}]}},
        ["stations.sites[0].name", "found '../up'", "letters"],
    ),
    (
        {"stations": {"sites": 2 * [{"name": "MIT", "lat": 65.7, "lon": 0}]}},
        ["stations.sites", "'MIT', 'MIT'", "each name once"],
    ),
    (
        {"stations": {"sites": [{"name": "MIT", "lat": 65.7, "lon": 322}]}},
        ["stations.sites[0].lon", "found 322", "180"],
    ),
    (
        {"stations": {"rule": "noon"}},
        ["stations.rule", "found 'noon'", "'hour' or 'daily-maximum'"],
    ),
    ({"report": {"day": "31 July"}}, ["report.day", "found '31 July'", "YYYY-MM-DD"]),
    ({"report": {"day": "2019-12-24"}}, ["report.day", "found 2019-12-24", "seasons.months"]),
    ({"threshold_db": 3}, ["threshold_db", "unknown", "did you mean sar.threshold_db?"]),
    ({"sarr": {}}, ["sarr", "unknown", "did you mean sar?"]),
    ({3: 4}, ["found 3", "a name"]),
    ({"area": {True: 4}}, ["area: found True as a key", "a name"]),
    ({"area": {"left": 294900000}}, ["area.left", "found 294900000", "20100000"]),
    ({"area": {"top": -1e15}}, ["area.top", "-20100000"]),
    ({"area": {"rows": 10**9}}, ["area.rows", "1e+08 km at 100 m", "at most 402000"]),
    ({"area": {"rows": 10**5, "columns": 10**5}}, ["area.columns", "1e+10 cells", "40 GB"]),
    ({"area": {"spacing_m": 1e-6}}, ["area.spacing_m", "found 1e-06 m", "at least 1 m"]),
    ({"sentinel1": {"spacing_m": 1e-6}}, ["sentinel1.spacing_m", "found 1e-06", "equal to 1"]),
    (
        {"area": {"rows": 40000, "columns": 40000}, "sentinel1": {"spacing_m": 1}},
        ["sentinel1.spacing_m", "1.6e+13 pixels", "64 TB", "at most 1e+11 pixels"],
    ),
    ({"regrid": {"posting_m": 1e9}}, ["regrid.posting_m", "50000"]),
    ({"model": {"features": 10**9}}, ["model.features", "TB", "at most 4096 channels"]),
    ({"model": {"decoder_width": 10**9}}, ["model.decoder_width", "at most 4096 channels"]),
    (
        {"model": {"decoder_channels": [64, 10**9, 16, 16]}},
        ["model.decoder_channels", "at most 4096 channels"],
    ),
    ({"training": {"epochs": 2}}, ["training.validate_every", "found 5", "training.epochs, 2"]),
    (
        {"model": {"architecture": "deeplabv3plus"}, "training": {"batch": 1}},
        ["training.batch", "found 1", "at least 2"],
    ),
    (
        {"model": {"architecture": "deeplabv3plus"}, "training": {"batch": 2, "devices": 2}},
        ["training.batch", "found 2", "at least 4"],
    ),
    (
        {"model": {"architecture": "deeplabv3plus", "depth": 2}},
        ["model.depth", "found 2", "at least 3"],
    ),
    (
        {
            "model": {"depth": 3, "decoder_channels": [8, 8, 8]},
            "training": {"crop": 8, "batch": 1},
        },
        ["training.crop", "found 8", "larger crop or batch"],
    ),
    (
        {"split": {"hindcast_training_years": [2018, 2019]}},
        ["split.hindcast_validation_years", "found [2018]", "hindcast_training_years"],
    ),
]


@pytest.mark.parametrize(
    ("settings", "words"), REFUSED, ids=[json.dumps(item[0]) for item in REFUSED]
)
def test_an_impossible_setting_is_refused_in_one_line(settings, words):
    with pytest.raises(ConfigError) as refusal:
        load(settings)
    message = str(refusal.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@given(name=st.sampled_from(sorted(SECTIONS)), data=st.data())
def test_every_setting_misspelt_by_one_letter_finds_itself(name, data):
    key = data.draw(st.sampled_from(sorted(SECTIONS[name].model_fields)))
    misspelt = key + "x"
    with pytest.raises(
        ConfigError, match=rf"{name}\.{misspelt}: unknown setting, did you mean {key}\?"
    ):
        section(name, {misspelt: 1})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("area: [1", "no valid YAML"),
        ("- a\n", "a mapping of settings"),
        ("sarr: {}", "unknown setting"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_by_its_name(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as refusal:
        load(path)
    assert str(path) in str(refusal.value)


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: not readable"):
        load(tmp_path / "absent.yaml")


def test_numbers_that_arrive_as_text_are_numbers():
    read = load(
        {
            "training": {"learning_rate": "1e-4"},
            "seasons": {"years": ["2018", "2019"]},
            "map": {"tile": "256"},
        }
    )
    assert (read.training.learning_rate, read.seasons.years, read.map.tile) == (
        1e-4,
        (2018, 2019),
        256,
    )


def test_a_precision_may_be_written_as_the_comment_has_it():
    assert load({"training": {"precision": 32}}).training.precision == "32"
    config = load(entry("network", training={"precision": 32, "learning_rate": "1e-4"}))
    training = config.resolve("mine").options["training"]
    assert (training["precision"], training["learning_rate"]) == ("32", 1e-4)
    schema_of = json.loads((ROOT / "workflow" / "schemas" / "config.schema.json").read_text())
    assert {32, "32"} <= set(schema_of["$defs"]["Training"]["properties"]["precision"]["enum"])


def test_settings_cannot_be_changed_after_they_were_read():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        load({}).area.rows = 3


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_survives_the_way_to_a_job_as_json(name):
    values = getattr(Config(), name)
    assert section(name, json.loads(json.dumps(values.model_dump(mode="json")))) == values


def test_an_unknown_section_finds_the_nearest():
    with pytest.raises(ConfigError, match=r"'sarr', did you mean sar\?"):
        section("sarr", {})


def test_the_grid_of_an_area_is_its_numbers():
    grid = Area(name="a", crs="EPSG:32624", spacing_m=50, left=0, top=100, rows=2, columns=3).grid
    assert (grid.shape, grid.bounds, grid.crs) == ((2, 3), (0, 0, 150, 100), "EPSG:32624")


def test_every_setting_says_what_it_is():
    for name, kind in SECTIONS.items():
        assert kind.__doc__, name
        for key, field in kind.model_fields.items():
            assert field.description, f"{name}.{key}"


def entry(kind, **parts):
    return {"benchmark": {"systems": {"mine": {"kind": kind, **parts}}, "always": []}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            entry("network", model={"depht": 3}),
            "benchmark.systems.mine.model.depht: unknown setting, did you mean depth?",
        ),
        (entry("network", training={"epochs": 0}), "benchmark.systems.mine.training.epochs"),
        (entry("linear-dem", model={"depth": 3}), "expected options"),
        ({"benchmark": {"always": ["threshold-pwm"]}}, "did you mean threshold-pmw?"),
        ({"benchmark": {"ablations": ["only-snow"]}}, "benchmark.ablations"),
        (
            {"benchmark": {"ablations": ["only-sar"]}, "model": {"channels": ["sar"]}},
            "expected some, not all",
        ),
        (
            {"benchmark": {"ablations": ["one-day"]}, "model": {"coarse_days": 0}},
            "benchmark.ablations: multi-sensor-one-day has the inputs of the model",
        ),
        (
            {"benchmark": {"ablations": ["one-day"]}, "model": {"inputs": "published"}},
            "benchmark.ablations: multi-sensor-one-day has the inputs of the model",
        ),
        (
            {"benchmark": {"ablations": ["mean"]}, "model": {"neighbours_as": "mean"}},
            "with another neighbours_as than mean",
        ),
        ({"model": {"name": "linear-dem"}}, "found 'linear-dem', which is the name of the model"),
        (entry("network", model={"inputs": "sensors"}), "the kind of an entry says its inputs"),
        (entry("multi-sensor", model={"neighbours": 0}), "benchmark.systems.mine.model.neighbours"),
        ({"benchmark": {"subsets": ["without-snow"]}}, "benchmark.subsets"),
        (
            {"benchmark": {"subsets": ["past-sar"]}, "model": {"inputs": "published"}},
            "benchmark.subsets: found past-sar; the published inputs cannot be withheld",
        ),
        (
            {"map": {"without": ["sar"]}, "model": {"inputs": "published"}},
            "map.without: found sar; the published inputs cannot be withheld",
        ),
        (
            {"map": {"without": ["later-sar"]}, "model": {"channels": ["microwave", "height"]}},
            "model.channels has no sar",
        ),
        (
            {"map": {"without": ["sar", "microwave", "liquid-water"]}},
            "every sensor of the model; expected one left",
        ),
        (
            {"benchmark": {"protocols": ["hindcast"]}, "seasons": {"years": [2018, 2019]}},
            "hindcast has no year to score",
        ),
        (
            {"scores": {"events": {"thaw": {"first": "2019-08-01", "last": "2019-07-01"}}}},
            "expected the first day before the last",
        ),
    ],
)
def test_a_fault_in_the_comparison_is_named(values, words):
    with pytest.raises(ConfigError) as refusal:
        load(values)
    assert words in str(refusal.value)


def test_a_system_is_the_model_with_what_its_entry_changes():
    config = load(
        {
            "benchmark": entry("network", model={"depth": 2, "decoder_channels": [8, 8]})[
                "benchmark"
            ]
            | {"ablations": ["without-sar"]},
            "model": {"inputs": "published", "name": "unet-smp"},
        }
    )
    mine, model = config.resolve("mine").options, config.resolve("unet-smp").options
    assert mine["model"] == model["model"] | {
        "name": "mine",
        "depth": 2,
        "decoder_channels": [8, 8],
    }
    assert mine["training"] == model["training"] == config.training.model_dump(mode="json")
    assert config.resolve("unet-smp-without-sar").options["model"]["channels"] == [
        "microwave",
        "liquid_water",
        "height",
    ]
    assert config.resolve("mine", sar=False).options["model"]["channels"] == [
        "microwave",
        "liquid_water",
        "height",
    ]
    assert config.system_names() == ["unet-smp", "unet-smp-without-sar", "mine"]


def test_the_model_is_given_the_sensors_or_with_one_setting_the_published_channels():
    sensors, published = load({}), load({"model": {"inputs": "published"}})
    assert (sensors.system.kind, published.system.kind) == ("multi-sensor", "network")
    of_sensors = {"neighbours": 3, "neighbours_as": "each", "coarse_days": 2, "same_day": True}
    model = sensors.system.options["model"]
    assert model == published.system.options["model"] | of_sensors
    assert sensors.system.options["training"]["epochs"] == 40


def test_a_network_of_the_name_of_an_entry_takes_its_place():
    config = load({"model": {"inputs": "published", "name": "unet-smp"}})
    assert config.system_names().count("unet-smp") == 1 and "unet-smp" not in config.entries
    assert config.resolve("unet-smp").options["training"]["epochs"] == 40


def test_a_further_network_of_sensors_has_inputs_of_its_own():
    config = load(entry("multi-sensor", model={"neighbours": 5, "same_day": False}))
    mine, model = config.resolve("mine").options, config.system.options
    changes = {"name": "mine", "neighbours": 5, "same_day": False}
    assert mine["model"] == model["model"] | changes


def test_an_ablation_changes_channels_or_days_and_a_subset_is_the_model_itself():
    benchmark = {
        "ablations": ["one-day", "only-sar", "mean"],
        "subsets": ["past-sar", "without-sar"],
    }
    config = load({"benchmark": benchmark})
    model = config.system.options["model"]
    for name, changes in (
        ("one-day", {"coarse_days": 0}),
        ("only-sar", {"channels": ["sar"]}),
        ("mean", {"neighbours_as": "mean"}),
    ):
        own = config.resolve(f"multi-sensor-{name}").options["model"]
        assert own == model | changes | {"name": f"multi-sensor-{name}"}
    assert config.resolve("multi-sensor.past-sar") == config.system
    assert config.map_of("multi-sensor.past-sar").without == ("later-sar",)
    assert config.subsets["multi-sensor.without-sar"] == ("sar",)
    assert not set(config.subsets) & set(config.system_names())


def test_the_trials_of_every_protocol():
    protocols = ["published", "truth", "leave-one-year-out", "blocked", "hindcast"]
    trials = {trial.name: trial for trial in load({"benchmark": {"protocols": protocols}}).trials()}
    assert list(trials) == [
        "published",
        "truth",
        *(f"leave-out-{year}" for year in range(2017, 2024)),
        "blocked",
        "hindcast",
    ]
    assert (trials["truth"].split, trials["truth"].pool) == ("published", "all")
    assert (trials["leave-out-2019"].seasons, trials["leave-out-2019"].pool) == ((2019,), "all")
    assert (trials["hindcast"].seasons, trials["hindcast"].pool) == ((2017,), "none")


def test_the_written_files_are_those_of_the_settings():
    difference = schema.drift(ROOT)
    assert not difference, f"run `python -m daymelt.settings.schema --write`:\n{difference}"


def test_the_written_yaml_reads_back_as_the_defaults():
    assert load(ROOT / "config.yaml") == Config() == load({})


def test_a_changed_value_is_written_and_reads_back():
    config = load(
        {
            "report": {"day": "2018-06-01"},
            "area": {"left": 0.25},
            "split": {"file": "days.csv"},
            "map": {"tile": 256},
        }
    )
    assert load(yaml.safe_load(schema.config_yaml(config))) == config
    assert config.report.day == dt.date(2018, 6, 1)


def test_comments_fit_the_line():
    assert max(map(len, (ROOT / "config.yaml").read_text().splitlines())) <= schema.WIDTH


def test_the_schema_refuses_unknown_keys_everywhere():
    document = json.loads((ROOT / "workflow" / "schemas" / "config.schema.json").read_text())
    assert all(
        part["additionalProperties"] is False for part in [document, *document["$defs"].values()]
    )
    assert set(document["properties"]) == set(WRITTEN)


def test_no_description_of_the_schema_breaks_its_line():
    document = (ROOT / "workflow" / "schemas" / "config.schema.json").read_text()
    assert "\\n" not in document


def laid_over(path, complete=lambda values: values):
    """The settings of an area as a run has them: its file over config.yaml."""
    return load_all([path], ROOT / "config.yaml", complete)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "workflow" / "areas").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_area_is_valid(path):
    placed = laid_over(
        path, lambda values: {**values, "area": {**values["area"], "rows": 2863, "columns": 1633}}
    )
    of_twin = {"proof": "embedded", "proof-world-7": "embedded-7"}  # for the comparison alone
    assert placed.area.name == of_twin.get(path.stem, path.stem)
    assert set(placed.benchmark.systems) >= set(Config().benchmark.systems)


def test_helheim_is_the_published_area_and_training():
    helheim = laid_over(ROOT / "workflow" / "areas" / "helheim.yaml")
    assert helheim.area.grid.shape == (2863, 1633)
    assert (helheim.area.left % 300, helheim.area.top % 300) == (
        0,
        0,
    )  # 30 m and 100 m cells share edges
    assert (helheim.model.encoder, helheim.model.encoder_weights, helheim.model.depth) == (
        "tu-xception71",
        "imagenet",
        5,
    )
    assert (helheim.training.crop, helheim.training.batch, helheim.training.learning_rate) == (
        512,
        8,
        1e-4,
    )
    assert helheim.system.kind == "multi-sensor"
    published = helheim.resolve("unet-smp")
    assert (published.kind, published.options["model"]["encoder"]) == ("network", "tu-xception71")
    assert published.options["training"] == helheim.system.options["training"]
    vanilla, deeplab = (helheim.resolve(name).options for name in ("unet", "deeplabv3plus"))
    assert vanilla["training"]["epochs"] == deeplab["training"]["epochs"] == 1085
    assert (vanilla["model"]["features"], vanilla["training"]["crop"]) == (64, 512)
    assert (
        deeplab["model"]["encoder"],
        deeplab["model"]["decoder_width"],
        deeplab["training"]["crop"],
    ) == ("tu-xception71", 256, 304)
    providers = [
        helheim.sentinel1.provider,
        helheim.microwave.provider,
        helheim.mar.provider,
        helheim.terrain.provider,
    ]
    assert providers == ["opera", "nsidc-0630", "mar-http", "arcticdem"]
    grid = helheim.area.grid
    assert helheim.stations.provider == "promice"
    assert {
        site.name: grid.cell_at(site.lon, site.lat) is not None for site in helheim.stations.sites
    } == dict.fromkeys(("MIT", "TAS_A", "TAS_L"), True)


def test_the_stations_of_the_embedded_area_stand_in_it():
    config = Config()
    assert all(config.area.grid.cell_at(site.lon, site.lat) for site in config.stations.sites)


def test_the_embedded_area_is_a_window_of_helheim():
    helheim = laid_over(ROOT / "workflow" / "areas" / "helheim.yaml").area.grid
    assert helheim.window_of(Config().area.grid) == (1206, 660)


def test_the_area_that_the_readme_shows_is_valid():
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)[1]
    assert load(yaml.safe_load(shown)).area.name == "jakobshavn"


KEYS = st.sampled_from("abc")
VALUES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
)
SETTINGS = st.dictionaries(KEYS, VALUES, max_size=3)


@given(SETTINGS, SETTINGS)
def test_files_of_settings_are_merged_as_snakemake_merges_them(settings, more):
    expected = copy.deepcopy(settings)
    update_config(expected, more)
    assert merge(settings, more) == expected


def test_later_files_of_settings_stand_before_earlier_ones_and_before_the_base(tmp_path):
    base = "sar: {threshold_db: 2}\ntwin: {seed: 1}"
    for name, text in {"config": base, "a": "twin: {seed: 2}", "b": "twin: {seed: 3}"}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    config = load_all([tmp_path / "a.yaml", tmp_path / "b.yaml"], tmp_path / "config.yaml")
    assert (config.twin.seed, config.sar.threshold_db) == (3, 2)
    assert load_all([], tmp_path / "none.yaml") == Config()
    (tmp_path / "a.yaml").write_text("- 1")
    with pytest.raises(ConfigError, match=r"a\.yaml: found"):
        load_all([tmp_path / "a.yaml"])


@pytest.mark.parametrize("fallback", [["F17"], ["F18", "F18"]])
def test_a_platform_does_not_stand_in_for_itself(fallback):
    with pytest.raises(ConfigError, match="fallback_platforms"):
        load({"microwave": {"fallback_platforms": fallback}})


@pytest.mark.parametrize("pattern", ["*{satellite}*", "*{", "{0}"])
def test_a_pattern_with_other_braces_is_refused(pattern):
    with pytest.raises(ConfigError, match="microwave_granules"):
        load({"archives": {"microwave_granules": pattern}})


def test_a_grid_file_is_never_passed_over():
    with pytest.raises(ConfigError, match=r"area\.grid_file"):
        load({"area": {"grid_file": "mask.tif"}})


@pytest.mark.parametrize("months", [[12], [12, 1, 2], [10, 11, 12, 1, 2, 3], [1, 2, 3], [1, 3]])
def test_a_winter_may_run_over_new_year(months):
    given = {
        "sentinel1": {"provider": "opera"},
        "microwave": {"provider": "nsidc-0630", "winter_months": months},
        "sar": {"winter_months": months},
    }
    config = load(given)
    assert config.sar.winter_months == config.microwave.winter_months == tuple(months)


def test_the_months_of_the_twin_are_those_of_its_world():
    assert {day.month for day in nature_days(2019)} == set(TWIN_MONTHS)


@pytest.mark.parametrize(("crs", "left"), [("EPSG:32624", 500_000), ("EPSG:3573", 100_000)])
def test_other_northern_projections_are_taken(crs, left):
    area = {"crs": crs, "left": left, "top": 7_300_000 if crs == "EPSG:32624" else -2_000_000}
    assert 60 < load({"area": area}).area.latitude < 90
