"""Texts to show to others."""

from pathlib import Path

import pytest

from daymelt.commands.shareable import shareable

ENVIRON = {"EARTHDATA_TOKEN": "abc.def-ghi", "HF_TOKEN": "", "EARTHDATA_USERNAME": "someone"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("token abc.def-ghi refused", "token [hidden] refused"),
        ("/home/someone/data/a.nc: not found", "…/a.nc: not found"),
        ("found in '/srv/x/y z.tif'", "found in '…/y z.tif'"),
        ("https://host/a/b/c.tif answered 404", "https://host/a/b/c.tif answered 404"),
        ("https://host/u/someone/c.tif", "https://host/u/[hidden]/c.tif"),
        ("rehearsal/sentinel1/a.tif", "rehearsal/sentinel1/a.tif"),
        ("1/2 and 3 / 4", "1/2 and 3 / 4"),
        ("~/data/b.tif", "…/b.tif"),
    ],
)
def test_credentials_and_folders_are_hidden_and_the_rest_stays(text, expected):
    assert shareable(text, ENVIRON) == expected


def test_nested_values_keep_their_form():
    nested = {"a": [1, None, {"b": "abc.def-ghi"}], "c": True}
    assert shareable(nested, ENVIRON) == {"a": [1, None, {"b": "[hidden]"}], "c": True}


def test_the_home_folder_is_hidden():
    assert str(Path.home()) not in shareable(f"in {Path.home()}", {})


def test_folders_with_spaces_in_their_names_are_hidden(tmp_path, monkeypatch):
    home, here = tmp_path / "Mary Ann", tmp_path / "secret project"
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    text = f"{home}/maps/a.nc: not found, nor is {here}/rehearsal/b.tif"
    assert shareable(text, {}) == "…/a.nc: not found, nor is …/b.tif"


def test_names_and_passwords_of_netrc_are_hidden(tmp_path):
    (tmp_path / "netrc").write_text("machine urs.example.org login mary-ann password p4ss-word\n")
    environ = {"NETRC": str(tmp_path / "netrc")}
    assert shareable("mary-ann lacks it, p4ss-word", environ) == "[hidden] lacks it, [hidden]"


def test_a_user_without_a_home_folder_has_none_to_hide(monkeypatch):
    def none() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.setattr(Path, "home", none)
    assert shareable("a.tif", {}) == "a.tif"
