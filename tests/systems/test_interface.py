import pytest

from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.systems import interface


def test_every_kind_is_a_module_with_its_parts():
    assert {
        "network",
        "linear-dem",
        "random-forest",
        "time-interpolated-sar",
        "interpolate-mar",
        "threshold-pmw",
    } <= set(interface.kinds())
    for kind in interface.kinds():
        module = interface.system(kind)
        assert callable(module.fit) and callable(module.load)
        assert interface.read_options(kind, {}) == module.Options()


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"'guess': unknown; expected .*threshold-pmw"):
        interface.system("guess")
    with pytest.raises(ConfigError, match="unknown"):
        interface.system("aligned")  # a module of the room that is no system


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("threshold-pmw", {"ruel": "fixed"}, "ruel"),
        ("threshold-pmw", {"rule": "falling"}, "rule"),
        ("threshold-pmw", {"threshold_k": "warm"}, "threshold_k"),
        ("interpolate-mar", {"blur_m": -1}, "blur_m"),
        ("time-interpolated-sar", {"window": 3}, "its settings are none"),
    ],
)
def test_a_setting_that_a_system_does_not_have_is_refused(kind, values, words):
    with pytest.raises(ConfigError) as refusal:
        interface.read_options(kind, values)
    assert (
        kind in str(refusal.value)
        and words in str(refusal.value)
        and "\n" not in str(refusal.value)
    )


def test_a_card_is_read_as_it_was_written_and_only_by_its_kind(tmp_path):
    data = interface.TrainingData(None, None, {}, {"inputs": "abc"})
    interface.write_card(tmp_path, "interpolate-mar", data, {"gamma": 0.5}, 4)
    learnt, checksum = interface.read_card(tmp_path, "interpolate-mar")
    assert learnt == {"gamma": 0.5} and len(checksum) == 64
    with pytest.raises(FormatError, match="of kind interpolate-mar; expected threshold-pmw"):
        interface.read_card(tmp_path, "threshold-pmw")


def test_a_card_that_is_missing_or_damaged_is_told_by_its_path(tmp_path):
    with pytest.raises(MissingInputError, match=str(tmp_path)):
        interface.read_card(tmp_path, "threshold-pmw")
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(FormatError, match=str(tmp_path)):
        interface.read_card(tmp_path, "threshold-pmw")
