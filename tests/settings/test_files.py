"""Files of settings: the line of a key, and keys that come twice."""

import pytest

from daymelt.core.errors import ConfigError
from daymelt.settings.files import place, read_file
from daymelt.settings.loading import load, load_all

TWICE = [
    ("sar: {}\narea: {rows: 9}\nsar: {threshold_db: 2}\n", "line 3: sar: found twice", "line 1"),
    ("sar:\n  threshold_db: 2\n  threshold_db: 3\n", "line 3: sar.threshold_db", "line 2"),
    (
        "stations:\n  sites:\n    - {name: A, lat: 1, lat: 2, lon: 3}\n",
        "line 3: stations.sites[0].lat",
        "line 3",
    ),
]


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(("text", "second", "first"), TWICE, ids=["section", "key", "entry"])
def test_a_key_given_twice_is_refused_with_both_lines(tmp_path, text, second, first):
    path = written(tmp_path, "my.yaml", text)
    with pytest.raises(ConfigError) as refusal:
        load(path)
    assert f"{path}, {second}" in str(refusal.value)
    assert f"first on {first}" in str(refusal.value)


def test_what_a_merge_key_brings_may_be_set_again(tmp_path):
    text = "area: &base {rows: 300, columns: 400}\ntwin: {seed: 1}\n"
    path = written(tmp_path, "my.yaml", text + "model:\n  name: &n mine\n")
    assert load(path).area.rows == 300
    merged = read_file(written(tmp_path, "b.yaml", "a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n"))
    assert merged.values["b"] == {"k": 2}


def test_aliases_within_aliases_cost_nothing(tmp_path):
    lines = ["a0: &a0 [1]"]
    for n in range(1, 12):
        lines.append(f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]")
    assert len(read_file(written(tmp_path, "my.yaml", "\n".join(lines))).lines) < 200


PLACES = [
    ("area:\n  name: mine\n\nsar:\n  treshold_db: 3\n", "line 5: sar.treshold_db"),
    ("scores:\n  events:\n    thaw: {frst: 2019-08-01}\n", "line 3: scores.events.thaw.frst"),
    ("\narea:\n  yes: 3\n", "line 2: area: found True as a key"),
    ("area:\n  1: 3\n", "line 1: area: found 1 as a key"),
    ("sar: {}\ntraining:\n  crop: 100\n", "line 3: training.crop"),
    ("seasons:\n  years:\n    - 2018\n    - x\n", "line 4: seasons.years[1]"),
    (
        "benchmark:\n  always: []\n  systems:\n    mine: {kind: network, model: {depht: 3}}\n",
        "line 4: benchmark.systems.mine.model.depht",
    ),
    ("area:\n  grid_file: none.tif\n", "line 2: area.grid_file"),
]


@pytest.mark.parametrize(("text", "words"), PLACES, ids=[words for _, words in PLACES])
def test_a_refused_setting_is_told_with_file_and_line(tmp_path, text, words):
    path = written(tmp_path, "my.yaml", text)
    with pytest.raises(ConfigError) as refusal:
        load(path)
    assert f"{path}, {words}" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_entry_lists_the_settings_that_it_may_have():
    with pytest.raises(ConfigError, match="known here: first, last"):
        load({"scores": {"events": {"thaw": {"begin": "2019-08-01"}}}})
    with pytest.raises(ConfigError, match="known here: kind, model, training, options"):
        load({"benchmark": {"systems": {"mine": {"colour": "red"}}}})


def test_of_several_files_the_one_that_holds_the_value_is_named(tmp_path):
    base = written(tmp_path, "config.yaml", "sar: {threshold_db: 3}\ntraining: {crop: 128}\n")
    first = written(tmp_path, "a.yaml", "\ntraining: {crop: 100}\n")
    second = written(tmp_path, "b.yaml", "sar: {threshold_db: 2}\n")
    with pytest.raises(ConfigError) as refusal:
        load_all([first, second], base)
    assert str(refusal.value).startswith(f"{first}, line 2: training.crop")


def test_a_value_that_no_file_holds_has_no_place(tmp_path):
    file = read_file(written(tmp_path, "config.yaml", "training: {crop: 128}\n"))
    assert place(("training", "crop"), {"training": {"crop": 128}}, [file]).endswith("line 1")
    assert place(("training", "crop"), {"training": {"crop": 100}}, [file]) == ""
    assert place(("training", "batch"), {"training": {"batch": 0}}, [file]).endswith("line 1")
    assert place(("sar", "threshold_db"), {"sar": {"threshold_db": 100}}, [file]) == ""


def test_a_day_that_no_calendar_has_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no valid YAML"):
        load(written(tmp_path, "my.yaml", "report: {day: 2019-02-30}\n"))


UNREADABLE = [
    ("area:\n  rows: 3\n columns: 4\n", "line 3", "expected <block end>"),
    ("sar: [1, 2\ntwin: 3\n", "line 2", "flow sequence that begins on line 1, expected ','"),
    ("a: 1\n\tb: 2\n", "line 2", "'"),
    ("a: 1\n---\nb: 2\n", "line 2", "another document"),
    ("b: 3\na: *y\n", "line 2", "undefined alias"),
    ("b: 3\na: !!python/object:os.system x\n", "line 2", "constructor for the tag"),
    ("b: 3\n? [1]\n: 3\n", "line 2", "unhashable key"),
    ("\nreport: {day: 2019-02-30}\n", "line 2", "out of range"),
    ("twin:\n  seed: !!int x\n", "line 2", "'x'"),
    ("b: 3\na: '\x01'\n", "line 2", "special characters"),
]


@pytest.mark.parametrize(("text", "line", "words"), UNREADABLE)
def test_a_file_that_is_no_yaml_is_told_with_its_line(tmp_path, text, line, words):
    path = written(tmp_path, "my.yaml", text)
    with pytest.raises(ConfigError) as refusal:
        read_file(path)
    told = str(refusal.value)
    assert told.startswith(f"{path}, {line}: no valid YAML: ") and words in told
    assert "\n" not in told and "<unicode string>" not in told


def test_a_file_that_is_not_in_utf_8_is_told_with_its_line(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_bytes(b"area:\n  name: \xe9\n")
    with pytest.raises(ConfigError, match="line 2: no valid YAML: byte 0xe9 is not UTF-8"):
        read_file(path)
