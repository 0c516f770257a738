import sys

import pytest

from daymelt.core import plugins


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two plug-ins and a helper."""
    folder = tmp_path / "instruments"
    folder.mkdir()
    for name, text in {
        "__init__": "",
        "flute": "NAME = 'flute'",
        "double_bass": "NAME = 'bass'",
        "tuning": "PITCH = 440",
    }.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "instruments"]:
        del sys.modules[name]


def test_the_modules_with_the_attribute_are_found_by_their_names(package):
    assert plugins.find("instruments", "NAME") == {"double-bass": "bass", "flute": "flute"}


def test_a_further_file_is_a_further_plug_in(package):
    (package / "cello.py").write_text("NAME = 'cello'")
    assert list(plugins.find("instruments", "NAME")) == ["cello", "double-bass", "flute"]


def test_one_is_loaded_without_the_others(package):
    assert plugins.load("instruments", "double-bass").NAME == "bass"
    assert "instruments.flute" not in sys.modules


def test_there_is_none_of_an_unknown_name(package):
    assert plugins.load("instruments", "horn") is None


def test_a_plug_in_that_lacks_a_library_of_its_own_says_so(package):
    (package / "horn.py").write_text("import no_such_library")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        plugins.load("instruments", "horn")
