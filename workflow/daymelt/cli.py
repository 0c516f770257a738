"""`daymelt STEP …`: what the rules' shell lines call, and what a person can call without Snakemake.

The arguments of a step are those of its function: a `Path` takes one value, a `list[Path]` several,
a `str` or `int` one, a `bool` is a flag, a dataclass stands for its fields. A section of the
configuration comes out of `--options` (JSON, as the rules give it) or `--configfile` (YAML, as a
person has it). `daymelt retrieve`, `probe` and `doctor` are for a person alone: they read
config.yaml and the files of `--config`, as Snakemake does.
"""

import argparse
import importlib
import inspect
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from daymelt import __version__
from daymelt.core.errors import ConfigError, DaymeltError
from daymelt.core.provenance import step_module
from daymelt.plan.settings import load_files, load_settings, read_section
from daymelt.settings.base import Section
from daymelt.settings.config import SECTIONS
from daymelt.settings.loading import load_section

STEPS = {
    "twin-world": "the true melt of a season of the twin",
    "retrieve-terrain": "height and masks, as the provider ships them",
    "retrieve-sentinel1": "the Sentinel-1 files of a month",
    "retrieve-mar": "the MAR file of a season",
    "retrieve-microwave": "the passive microwave files of a season",
    "retrieve-stations": "the hourly files of the weather stations in the area",
    "align-terrain": "height and masks on the study grid",
    "winter-reference": "dry-snow backscatter of every orbit before a season",
    "melt-fraction": "melting share of the cells on every acquisition day of a month",
    "align-mar": "MAR's liquid water on the study grid",
    "align-microwave": "brightness temperature and its winter mean on the study grid",
    "split": "which acquisition days train, validate and test",
    "time-interpolate": "time-interpolated SAR and the age of the nearest observation",
    "training-pool": "time-interpolated SAR from the training days alone",
    "train": "a system, such as a network",
    "map": "a GeoTIFF for every day of a season",
    "evaluate": "a system through a season, against held-out SAR and, on the twin, the truth",
    "score": "the table of all seasons' scores",
    "measure": "how fast a system maps, and in how much memory",
    "compare": "the table of the benchmark: every system on every trial",
    "draw-benchmark": "the figures of the benchmark",
    "station-scores": "the maps beside the weather stations, day by day",
    "twin-statistics": "the twin beside the published facts that it is calibrated to",
    "report": "figures",
    "retrieve-meltwaterbench": "mask, DEM and split files of the published dataset, by which an "
    "area is configured",
    "export-meltwaterbench": "an area in the layout of the published dataset; also `daymelt "
    "export meltwaterbench`",
}
COMMANDS = {
    "retrieve": "what the steps retrieve-… do, for a month or a season, to the places of the "
    "workflow",
    "probe": "what the archives really hold, against what is assumed of them",
    "doctor": "whether credentials, disk, GPU, GDAL, Snakemake and providers are usable",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step or command; 0 on success or what the command says, 2 with one line on standard
    error where the user can mend it.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    try:
        words = joined(list(sys.argv[1:] if arguments is None else arguments))
        step = step_name(words)
        function = step_function(step)
        values = parser_of(step, function).parse_args(words[1:])
        bound = inspect.signature(function).bind_partial()
        bound.arguments.update(call_arguments(function, values))
        with ending_on_request():
            outcome = function(*bound.args, **bound.kwargs)
    except DaymeltError as error:
        print(f"daymelt: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return outcome if isinstance(outcome, int) else 0


def joined(words: list[str]) -> list[str]:
    """`export meltwaterbench …` as `export-meltwaterbench …`."""
    return (
        ["-".join(words[:2]), *words[2:]] if words[:1] == ["export"] and len(words) > 1 else words
    )


@contextmanager
def ending_on_request() -> Iterator[None]:
    """Let a request to end (SIGTERM: a batch system at the end of the wall time) unwind the step,
    so that no temporary file stays.
    """

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def step_name(words: Sequence[str]) -> str:
    """The step that a command line begins with; anything else prints the list of steps."""
    commands, listing = (
        "\n".join(f"  {name:<20}{about}" for name, about in group.items())
        for group in (COMMANDS, STEPS)
    )
    parser = argparse.ArgumentParser(
        prog="daymelt",
        description=__doc__,
        epilog=f"commands:\n{commands}\n\nsteps:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"daymelt {__version__}")
    parser.add_argument("step", choices=[*COMMANDS, *STEPS], metavar="STEP")
    return str(parser.parse_args(words[:1]).step)


def step_function(step: str) -> Callable[..., object]:
    """The function of a step; its module, with what it imports, is loaded only now."""
    name = step.replace("-", "_")
    command = name in ("doctor", "export_meltwaterbench", "probe", "retrieve")
    module = f"daymelt.commands.{name}" if command else step_module(step)
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def parser_of(step: str, function: Callable[..., object]) -> argparse.ArgumentParser:
    """Parser of a step's own arguments."""
    parser = argparse.ArgumentParser(
        prog=f"daymelt {step}", description=(inspect.getdoc(function) or "").split("\n\n")[0]
    )
    if step in COMMANDS:
        parser.add_argument(
            "--config",
            default=[],
            type=Path,
            nargs="+",
            metavar="FILE",
            help="settings that differ from config.yaml",
        )
    else:
        parser.add_argument(
            "--options", default=None, metavar="JSON", help="sections of the configuration"
        )
        parser.add_argument(
            "--configfile",
            default=None,
            type=Path,
            help="configuration in YAML, instead of --options",
        )
    for parameter in plain_parameters(function):
        name, kind = parameter.name, parameter.annotation
        if is_section(kind):
            continue
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            parser.add_argument(name)
            continue
        flag = f"--{name.replace('_', '-')}"
        if kind is bool:
            parser.add_argument(flag, dest=name, action="store_true")
            continue
        required = parameter.default is inspect.Parameter.empty
        many = {"nargs": "*"} if get_origin(kind) is list else {}
        default = {} if required else {"default": parameter.default}
        value = next(
            (plain for plain in (str, int) if plain is kind or plain in get_args(kind)), Path
        )
        parser.add_argument(flag, dest=name, type=value, required=required, **many, **default)
    return parser


def plain_parameters(function: Callable[..., object]) -> Iterator[inspect.Parameter]:
    """Parameters of a step; one that is a dataclass counts as the parameters of that."""
    for parameter in inspect.signature(function).parameters.values():
        if is_group(parameter.annotation):
            yield from plain_parameters(parameter.annotation)
        else:
            yield parameter


def call_arguments(function: Callable[..., object], values: argparse.Namespace) -> dict[str, Any]:
    """Arguments for the call of a step's function."""
    names = {
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if is_section(parameter.annotation)
    }
    arguments = {}
    if hasattr(values, "config"):
        whole = load_files(values.config)
        sections: Callable[[str], Any] = lambda _name: whole  # noqa: E731
    else:
        sections = given_sections(values, "area" in names)
    for name, parameter in inspect.signature(function).parameters.items():
        kind = parameter.annotation
        if is_group(kind):
            fields = inspect.signature(kind).parameters
            arguments[name] = kind(**{field: getattr(values, field) for field in fields})
        else:
            arguments[name] = sections(name) if is_section(kind) else getattr(values, name)
    return arguments


def given_sections(values: argparse.Namespace, with_area: bool = True) -> Callable[[str], Any]:
    """How a section of the configuration is had by its name.

    Without the area only those asked for are read: the step may be the one that fetches the raster
    that the area's grid comes from.
    """
    if values.configfile is not None and not with_area:
        return lambda name: load_section(values.configfile, name)
    if values.configfile is not None:
        config = load_settings(values.configfile)
        return lambda name: getattr(config, name)
    try:
        options = json.loads(values.options or "{}")
    except ValueError as error:
        raise ConfigError(f"--options: no valid JSON ({error})") from None
    if not isinstance(options, dict) or not set(options) <= set(SECTIONS):
        raise ConfigError(
            f"--options: found {str(options)[:60]!r}; expected a JSON object with sections among "
            f"{', '.join(SECTIONS)}"
        )
    return lambda name: read_section(name, options.get(name, {}))


def is_group(kind: Any) -> bool:
    """True for a dataclass, such as the streams of a season, that holds several arguments."""
    return inspect.isclass(kind) and is_dataclass(kind) and not is_section(kind)


def is_section(kind: Any) -> bool:
    """True for a section of the configuration."""
    return inspect.isclass(kind) and issubclass(kind, Section)


if __name__ == "__main__":
    raise SystemExit(main())
