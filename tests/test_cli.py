import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daymelt import cli
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
    arguments = cli.call_arguments(act, values)
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
    assert cli.call_arguments(act, values)["area"].rows == 9


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


def test_help_is_quick_and_lists_the_steps():
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "daymelt", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(step in run.stdout for step in cli.STEPS)
    loaded = run.stderr
    assert "torch" not in loaded
    assert "matplotlib" not in loaded


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
