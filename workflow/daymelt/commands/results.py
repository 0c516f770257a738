"""`daymelt results`: write the tables of docs/results.md from those of the runs."""

from pathlib import Path

from daymelt.commands.found_tables import FoundTables
from daymelt.commands.results_tables import table_lines
from daymelt.core.atomic import write_text
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.plan.settings import load_files
from daymelt.products.marked_tables import table_names, with_tables
from daymelt.settings.config import Config


def results(config: Config, out: Path, world: list[Path], results: Path = Path("results")) -> None:
    """Replace the tables of a page, each between its two marks; what is absent is told, and its
    table left as it is.

    Parameters
    ----------
    config : settings of the main area
    out : the page
    world : files of settings of further worlds, each over config.yaml of the folder
    results : folder of the results of all areas

    Raises
    ------
    FormatError
        The page has no marks, or asks for a table that is not known.
    MissingInputError
        There is no page, or nothing that a table can be written from.
    """
    text = page_text(out)
    worlds = [FoundTables(each, results) for each in (config, *map(settings_of, world))]
    tables = {}
    for name in table_names(text, str(out)):
        try:
            tables[name] = table_lines(name, worlds)
        except MissingInputError as error:
            print(f"table {name} left as it is: {error}")
    if not tables:
        raise MissingInputError(
            f"results {results / config.area.name}: nothing that a table of {out} can be written "
            "from; run `snakemake benchmark` with the same settings first"
        )
    write_text(out, with_tables(text, tables))
    print(f"{out}: {', '.join(tables)} written")


def settings_of(file: Path) -> Config:
    """The settings of a world: config.yaml of the folder and its own file."""
    return load_files([file])


def page_text(page: Path) -> str:
    """The text of a page."""
    try:
        return page.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingInputError(
            f"page {page}: not found; expected a Markdown page with the marks of tables"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"page {page}: not readable ({error}); expected Markdown") from None
