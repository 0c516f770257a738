"""The command line: `daymelt COMMAND …` for a person, `daymelt STEP …` for the rules.

The arguments of a step are those of its function: a `Path` takes one value, a `list[Path]` several,
a `str` or `int` one, a `bool` is a flag, a dataclass stands for its fields. A section of the
settings comes from `--options` (JSON, as the rules give it) or `--configfile` (YAML). The commands
are in `daymelt.commands.parsers`.

Settings, steps and commands are imported where they are used: `--help` needs none of them.
"""

import argparse
import difflib
import importlib
import inspect
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

from daymelt import __version__
from daymelt.commands.parsers import add_commands
from daymelt.core.caches import use_writable
from daymelt.core.errors import ConfigError, DaymeltError
from daymelt.core.provenance import step_module

Sections = Callable[[str], Any]  # a section of the settings by its name

STAGES: Mapping[str, Mapping[str, str]] = {
    "retrieve": {
        "twin-world": "the true melt of a season of the twin",
        "retrieve-terrain": "height and masks, as the provider ships them",
        "retrieve-sentinel1": "the Sentinel-1 files of a month",
        "retrieve-mar": "the MAR file of a season",
        "retrieve-microwave": "the passive microwave files of a season",
        "retrieve-stations": "the hourly files of the weather stations in the area",
        "retrieve-meltwaterbench": "mask, DEM and split files of the published dataset",
    },
    "prepare": {
        "align-terrain": "height and masks on the study grid",
        "winter-reference": "dry-snow backscatter of every orbit before a season",
        "melt-fraction": "melting share of the cells on every acquisition day of a month",
        "align-mar": "MAR's liquid water on the study grid",
        "align-microwave": "brightness temperature and its winter mean on the study grid",
        "split": "which acquisition days train, validate and test",
        "time-interpolate": "time-interpolated SAR and the age of the nearest observation",
        "training-pool": "time-interpolated SAR from the training days alone",
    },
    "train": {
        "train": "a system, such as a network",
        "calibrate": "the interval of a system, on days that it never saw",
    },
    "map": {"map": "a GeoTIFF for every day of a season"},
    "benchmark": {
        "evaluate": "scores of a system through a season against held-out SAR and the truth",
        "score": "the table of all seasons' scores",
        "measure": "how fast a system maps, and in how much memory",
        "compare": "the table of the benchmark: every system on every trial",
        "draw-benchmark": "the figures of the benchmark",
        "draw-intervals": "the figures of a system's predicted distribution",
        "interval-scores": "how often the truth lies outside the interval of a system's maps",
        "station-scores": "the maps beside the weather stations, day by day",
        "twin-statistics": "the twin beside the published facts that it is calibrated to",
        "report": "figures of the maps",
    },
    "publish": {
        "season-maps": "onset, end, longest gap, days and sum of melt of a season",
        "climatology": "the mean of the seasons and the difference of each from it",
        "regions": "the cells of the regions: whole area, elevation bands, polygons of the user",
        "region-extents": "daily melt extent of every region in a season",
        "extent-figure": "the melt extent of all seasons in one figure",
        "season-pictures": "a season as an animation and as a contact sheet",
        "height-map": "the height of the area as a GeoTIFF",
        "qgis-season": "the QGIS project of a season, every layer of every day",
        "qgis-project": "the QGIS project of an area, melt of every day and the season maps",
        "cube": "the maps of all seasons as one Zarr store",
        "season-file": "the maps of a season as one NetCDF file",
        "stac-season": "the published maps of a season with their STAC items",
        "stac-season-maps": "STAC items of the maps of seasons and of their climatology",
        "stac-area": "the STAC catalogue of an area",
        "viewer": "the page that shows the published maps",
    },
    "export": {"export-meltwaterbench": "an area in the layout of the published dataset"},
}
STEPS = {name: about for steps in STAGES.values() for name, about in steps.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command or step.

    Returns
    -------
    0 on success or what the command returns; 2, with one line on standard error, for an error that
    the user can mend.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        is_step = bool(set(words[:1]) & set(STEPS))
        if is_step:
            use_writable(os.environ, Path.cwd())
        function, values = step_call(words) if is_step else command_call(words)
        bound = inspect.signature(function).bind_partial()
        bound.arguments.update(values)
        with ending_on_request():
            outcome = function(*bound.args, **bound.kwargs)
    except DaymeltError as error:
        print(f"daymelt: {error}", file=sys.stderr)
        return 2
    return outcome if isinstance(outcome, int) else 0


@contextmanager
def ending_on_request() -> Iterator[None]:
    """Turn SIGTERM (a batch system at the end of the wall time) into SystemExit, so that a step
    removes its temporary files.
    """

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def command_call(words: Sequence[str]) -> tuple[Callable[..., object], dict[str, Any]]:
    """Function and arguments of a command line that begins with a command."""
    values = command_parser(words).parse_args(words)
    module, _, name = values.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    return function, call_arguments(function, values, settings_of_folder(values))


def command_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Parser of all commands; an unknown first word ends the process with the nearest names."""
    parser = argparse.ArgumentParser(
        prog="daymelt",
        description="Daily 100 m maps of surface melt. `snakemake --cores 8` runs the whole "
        "workflow; these commands do what surrounds a run.",
        epilog="`daymelt COMMAND --help` describes a command and gives an example. The steps that "
        "the workflow runs are commands too: `daymelt steps` lists them.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"daymelt {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_commands(commands)
    about = "list the steps of the workflow"
    steps = commands.add_parser("steps", help=about, description=about, allow_abbrev=False)
    steps.set_defaults(function="daymelt.cli:list_steps")
    known = [*commands.choices, *STEPS]
    if words and not words[0].startswith("-") and words[0] not in known:
        near = difflib.get_close_matches(words[0], known)
        hint = f", did you mean {' or '.join(near)}?" if near else ";"
        parser.error(f"found {words[0]!r}{hint} commands: {', '.join(commands.choices)}")
    return parser


def list_steps() -> None:
    """Print the steps of every stage."""
    for stage, steps in STAGES.items():
        print(f"{stage}:")
        for name, about in steps.items():
            print(f"  {name:<25}{about}")
    print("\n`daymelt STEP --help` lists the arguments of a step.")


def settings_of_folder(values: argparse.Namespace) -> Sections:
    """The settings of the current folder and of `--config`; `config` is the name of the whole."""

    @cache
    def whole() -> Any:
        from daymelt.plan.settings import load_command

        return load_command(values.config)

    return lambda name: whole() if name == "config" else getattr(whole(), name)


def step_call(words: Sequence[str]) -> tuple[Callable[..., object], dict[str, Any]]:
    """Function and arguments of a command line that begins with a step."""
    function = step_function(words[0])
    values = parser_of(words[0], function).parse_args(words[1:])
    return function, call_arguments(function, values, given_sections(values, function))


def step_function(step: str) -> Callable[..., object]:
    """The function of a step, from its module."""
    name = step.replace("-", "_")
    module = f"daymelt.commands.{name}" if step in STAGES["export"] else step_module(step)
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def parser_of(step: str, function: Callable[..., object]) -> argparse.ArgumentParser:
    """Parser of a step's own arguments."""
    parser = argparse.ArgumentParser(
        prog=f"daymelt {step}",
        description=(inspect.getdoc(function) or "").split("\n\n")[0],
        allow_abbrev=False,
    )
    parser.add_argument("--options", metavar="JSON", help="sections of the settings")
    parser.add_argument(
        "--configfile", type=Path, metavar="FILE", help="settings in YAML, instead of --options"
    )
    for parameter in plain_parameters(function):
        if not is_section(parameter.annotation):
            add_flag(parser, parameter)
    return parser


def plain_parameters(function: Callable[..., object]) -> Iterator[inspect.Parameter]:
    """Parameters of a step; one that is a dataclass counts as the parameters of that."""
    for parameter in inspect.signature(function).parameters.values():
        if is_group(parameter.annotation):
            yield from plain_parameters(parameter.annotation)
        else:
            yield parameter


def add_flag(parser: argparse.ArgumentParser, parameter: inspect.Parameter) -> None:
    """The flag of one parameter, by its type: bool, a list, str, int, or else a path."""
    name, kind = parameter.name, parameter.annotation
    flag = f"--{name.replace('_', '-')}"
    if kind is bool:
        parser.add_argument(flag, dest=name, action="store_true")
        return
    required = parameter.default is inspect.Parameter.empty
    options: dict[str, Any] = {} if required else {"default": parameter.default}
    if get_origin(kind) is list:
        options["nargs"] = "*"
    plain = next((plain for plain in (str, int) if plain in (kind, *get_args(kind))), Path)
    parser.add_argument(flag, dest=name, type=plain, required=required, **options)


def call_arguments(
    function: Callable[..., object], values: argparse.Namespace, section: Sections
) -> dict[str, Any]:
    """Arguments for the call of a function: sections of the settings by name, the rest from the
    command line; a dataclass is made of its own.
    """

    def argument(name: str, kind: Any) -> Any:
        if is_group(kind):
            return kind(**call_arguments(kind, values, section))
        return section(name) if is_section(kind) else getattr(values, name)

    parameters = inspect.signature(function).parameters
    return {name: argument(name, parameter.annotation) for name, parameter in parameters.items()}


def given_sections(values: argparse.Namespace, function: Callable[..., object]) -> Sections:
    """The sections that a step is given, from `--options` or `--configfile`.

    A step without the area among its arguments may be the one that fetches the raster that the
    area's grid is read from: it reads its own sections of the file alone.
    """
    from daymelt.plan.settings import load_settings, read_section
    from daymelt.settings.loading import load_section

    if values.configfile is None:
        options = json_options(values.options or "{}")
        return lambda name: read_section(name, options.get(name, {}))
    if "area" not in inspect.signature(function).parameters:
        return lambda name: load_section(values.configfile, name)
    config = load_settings(values.configfile)
    return lambda name: getattr(config, name)


def json_options(text: str) -> dict[str, Any]:
    """The sections of `--options`; ConfigError where the text is none."""
    from daymelt.settings.config import SECTIONS

    try:
        options = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"--options: no valid JSON ({error})") from None
    if not isinstance(options, dict) or not set(options) <= set(SECTIONS):
        raise ConfigError(
            f"--options: found {str(options)[:60]!r}; expected a JSON object with sections among "
            f"{', '.join(SECTIONS)}"
        )
    return options


def is_group(kind: Any) -> bool:
    """True for a dataclass, such as the streams of a season, that holds several arguments."""
    return inspect.isclass(kind) and is_dataclass(kind) and not is_section(kind)


def is_section(kind: Any) -> bool:
    """True for a section of the settings, and for all of them."""
    from daymelt.settings.base import Section

    return inspect.isclass(kind) and issubclass(kind, Section)


if __name__ == "__main__":
    raise SystemExit(main())
