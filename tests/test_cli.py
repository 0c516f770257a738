"""The command line: commands for a person, steps for the rules."""

import argparse
import importlib
import inspect
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daymelt import cli
from daymelt.core.provenance import step_module
from daymelt.settings.inputs import Area


@pytest.mark.parametrize("step", cli.STEPS)
def test_every_step_is_a_function_of_its_module_with_a_parser(step, capsys):
    parser = cli.parser_of(step, cli.step_function(step))
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--help"])
    assert ended.value.code == 0
    assert step in capsys.readouterr().out


def act(
    words: str, count: int, files: list[Path], out: Path, area: Area, more: Path | None = None
) -> None:
    """Do as a step does."""


def test_arguments_follow_from_the_signature():
    values = cli.parser_of("act", act).parse_args(
        [
            "--words",
            "a b",
            "--count",
            "3",
            "--files",
            "x",
            "y",
            "--out",
            "z",
            "--options",
            json.dumps({"area": {"rows": 7}}),
        ]
    )
    arguments = cli.call_arguments(act, values, cli.given_sections(values, act))
    assert arguments == {
        **{
            "words": "a b",
            "count": 3,
            "files": [Path("x"), Path("y")],
            "out": Path("z"),
            "more": None,
        },
        "area": Area(rows=7),
    }


def test_a_section_may_come_from_a_file_of_settings(tmp_path):
    settings = tmp_path / "my.yaml"
    settings.write_text(
        "area: {rows: 9, columns: 9}\ntraining: {crop: 8}\nmodel: {depth: 1, decoder_channels: "
        "[8]}\n"
    )
    values = cli.parser_of("act", act).parse_args(
        ["--words", "a", "--count", "1", "--files", "--out", "z", "--configfile", str(settings)]
    )
    assert cli.given_sections(values, act)("area").rows == 9


@pytest.mark.parametrize("options", ["{", "[1]", '{"are": {}}'])
def test_options_that_are_no_sections_are_refused_in_one_line(options, capsys, tmp_path):
    assert (
        cli.main(["retrieve-terrain", "--out", str(tmp_path / "m.json"), "--options", options]) == 2
    )
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("daymelt: --options")


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch, tmp_path):
    def broken(step):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "step_function", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["split"])


def commands() -> dict[str, argparse.ArgumentParser]:
    """Words of every command to its parser, those with a layout below them included."""
    found = {}
    for name, parser in choices(cli.command_parser()).items():
        below = choices(parser)
        found |= {f"{name} {layout}": each for layout, each in below.items()} or {name: parser}
    return found


def choices(parser):
    return next(
        (
            action.choices
            for action in parser._actions
            if isinstance(action, argparse._SubParsersAction)
        ),
        {},
    )


COMMANDS = commands()


@pytest.mark.parametrize("words", [name for name in COMMANDS if name != "steps"])
def test_a_command_takes_what_its_function_takes_and_reads_settings_as_all_do(words):
    parser = COMMANDS[words]
    module, _, name = parser.get_default("function").partition(":")
    parameters = inspect.signature(
        getattr(importlib.import_module(module), name)
    ).parameters.values()
    taken = {action.dest for action in parser._actions} - {"help", "config"}
    assert taken == {each.name for each in parameters if not cli.is_section(each.annotation)}
    assert parser.parse_args([*REQUIRED.get(words, []), *FILES]).config == [
        Path("a"),
        Path("b"),
        Path("c"),
    ]


FILES = ["--config", "a", "--config", "b", "c"]
REQUIRED = {
    "retrieve": ["mar"],
    "export meltwaterbench": ["--out", "data"],
    "results": ["--out", "page.md"],
}


@pytest.mark.parametrize("words", ["", *COMMANDS, "export"])
def test_help_is_quick_and_shows_an_example(words):
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "daymelt", *words.split(), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert words in ("", "steps") or f"example:\n  daymelt {words}" in run.stdout
    loaded = {line.split("|")[-1].strip() for line in run.stderr.splitlines() if "|" in line}
    assert not loaded & {"pydantic", "numpy", "pyproj", "yaml", "rasterio", "torch", "matplotlib"}


def test_commands_come_first_and_steps_have_a_list_of_their_own(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert all(command.split()[0] in shown for command in COMMANDS)
    assert "melt-fraction" not in shown
    assert cli.main(["steps"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {step} " in listed for step in cli.STEPS)


@pytest.mark.parametrize("stage", [stage for stage in cli.STAGES if stage != "export"])
def test_a_step_is_listed_under_its_stage(stage):
    for step in cli.STAGES[stage]:
        assert step_module(step).split(".")[2] == stage


@pytest.mark.parametrize(
    "words",
    [
        ["retrieve", "mar", "--conf", "a.yaml"],
        ["export", "meltwaterbench", "--o", "data"],
        ["split", "--option", "{}"],
        ["--vers"],
    ],
)
def test_no_flag_may_be_shortened(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_unknown_word_finds_the_nearest(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["melt-fractoin"])
    assert ended.value.code == 2
    assert "did you mean melt-fraction?" in capsys.readouterr().err


def test_an_export_reads_config_yaml_of_the_folder_and_every_file_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "config": "area: {name: other}\nreport: {day: 2020-07-01}",
        "a": "seasons: {years: [2018, 2020]}",
        "b": "model: {name: mine}\nseasons: {years: [2020]}",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    _, values = cli.command_call(
        ["export", "meltwaterbench", "--out", "d", "--config", "a.yaml", "--config", "b.yaml"]
    )
    assert (values["area"].name, values["model"].name) == ("other", "mine")
    assert values["seasons"].years == (2020,)
    assert (values["out"], values["results"]) == (Path("d"), Path("results"))


def test_a_request_to_end_unwinds_the_step_and_leaves_no_temporary_file(tmp_path):
    script = (
        "import os, signal, sys, time; from pathlib import Path; from daymelt import cli; from "
        "daymelt.core.atomic import atomic_path\n"
        "with cli.ending_on_request(), atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "melt.tif")], check=False)
    assert done.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
