"""Arguments, help and an example of every command for a person.

The modules of the commands are imported when one runs, so that `--help` answers at once. Every
command reads settings in the same way: config.yaml of the current folder, then the files of
`--config`, each over those before it.
"""

import argparse
import textwrap
from pathlib import Path
from typing import Any

Subparsers = Any  # argparse keeps the type of `add_subparsers` private
SETTINGS = (
    "Settings: config.yaml of the current folder, then the files of --config, each over those "
    "before it; defaults without either."
)
EXPORT = "daymelt export meltwaterbench --out ../data --maps --config my-area.yaml"


def add_commands(commands: Subparsers) -> None:
    """Add the parser of every command to `commands`; each sets `function`, as `module:name`."""
    add_doctor(commands)
    add_probe(commands)
    add_rehearse(commands)
    add_retrieve(commands)
    add_export(commands)
    add_results(commands)
    add_view(commands)


def add_doctor(commands: Subparsers) -> None:
    """`daymelt doctor`."""
    add_command(
        commands,
        "doctor",
        "check credentials, disk, GPU, GDAL, Snakemake and providers; say what to do",
        "daymelt.commands.doctor:doctor",
        "daymelt doctor --config workflow/areas/helheim.yaml",
    )


def add_probe(commands: Subparsers) -> None:
    """`daymelt probe`."""
    add_command(
        commands,
        "probe",
        "compare what the archives hold with what the settings assume of them",
        "daymelt.commands.probe:probe",
        "daymelt probe --config workflow/areas/helheim.yaml",
    )


def add_rehearse(commands: Subparsers) -> None:
    """`daymelt rehearse`."""
    parser = add_command(
        commands,
        "rehearse",
        "retrieve, verify, read and align the least of every source; extrapolate to the season",
        "daymelt.commands.rehearse:rehearse",
        "daymelt rehearse --config workflow/areas/helheim.yaml",
    )
    parser.add_argument("--keep", action="store_true", help="keep the files that were retrieved")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="report in JSON, without secrets and paths (default: rehearsal-AREA.json)",
    )


def add_retrieve(commands: Subparsers) -> None:
    """`daymelt retrieve SOURCE`."""
    parser = add_command(
        commands,
        "retrieve",
        "retrieve a month, a season or the terrain to where the workflow looks for it",
        "daymelt.commands.retrieve:retrieve",
        "daymelt retrieve sentinel1 --month 2019-07 --dry-run --config my-area.yaml",
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="sentinel1, microwave, mar, terrain or stations"
    )
    parser.add_argument("--month", metavar="YYYY-MM", help="month, such as 2019-07")
    parser.add_argument("--season", metavar="YYYY", type=int, help="year, such as 2019")
    parser.add_argument(
        "--dry-run", action="store_true", help="list files and sizes; retrieve nothing"
    )
    parser.add_argument(
        "--adopt", action="store_true", help="list the files that lie there; retrieve nothing"
    )


def add_export(commands: Subparsers) -> None:
    """`daymelt export LAYOUT`."""
    parser = commands.add_parser(
        "export",
        help="write an area in the layout of a published dataset",
        description="Write an area in the layout of a published dataset.",
        epilog=f"example:\n  {EXPORT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    layouts = parser.add_subparsers(title="layouts", metavar="LAYOUT", required=True)
    layout = add_command(
        layouts,
        "meltwaterbench",
        "write a prepared area in the layout of the published dataset MeltwaterBench",
        "daymelt.commands.export_meltwaterbench:export_meltwaterbench",
        EXPORT,
    )
    layout.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="data root to write below"
    )
    add_results_folder(layout)
    layout.add_argument("--maps", action="store_true", help="also write the maps of the model")


def add_results(commands: Subparsers) -> None:
    """`daymelt results`."""
    parser = add_command(
        commands,
        "results",
        "write the tables of a page, such as docs/results.md, from those of `snakemake benchmark`",
        "daymelt.commands.results:results",
        "daymelt results --config workflow/areas/proof.yaml --out docs/results.md",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="page whose tables are replaced"
    )
    parser.add_argument(
        "--world",
        action="extend",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        help="settings of a further world, over config.yaml; may be repeated",
    )
    add_results_folder(parser)


def add_view(commands: Subparsers) -> None:
    """`daymelt view`."""
    parser = add_command(
        commands,
        "view",
        "show the published folder of an area in the browser, from this machine alone",
        "daymelt.commands.view:view",
        "daymelt view embedded",
    )
    parser.add_argument(
        "area", nargs="?", metavar="AREA", help="name of the area (default: that of the settings)"
    )
    parser.add_argument(
        "--port",
        type=int,
        metavar="NUMBER",
        help="port of the server, 0 for a free one (default: 8765, or a free one)",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address alone")
    add_results_folder(parser)


def add_results_folder(parser: argparse.ArgumentParser) -> None:
    """The option of a command that reads what the workflow has written."""
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="results of the workflow (default: results)",
    )


def add_command(
    commands: Subparsers, name: str, about: str, function: str, example: str
) -> argparse.ArgumentParser:
    """Add the parser of a command that reads settings; `function` is `module:name`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"{textwrap.fill(SETTINGS, 79)}\n\nexample:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        action="extend",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        help="settings that differ from config.yaml; may be repeated",
    )
    parser.set_defaults(function=function)
    return parser
