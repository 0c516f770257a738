"""Tables of a Markdown page that are written anew: what stands between the comments

    <!-- table: NAME -->
    <!-- end -->

is replaced, everything else of the page stays.
"""

import re
from collections.abc import Mapping, Sequence

from daymelt.core.errors import FormatError

MARKS = re.compile(r"^<!-- (?:table: (?P<name>.*?)|(?P<end>end)) -->$", re.MULTILINE)
BEGIN, END = "<!-- table: {} -->", "<!-- end -->"


def table_names(text: str, page: str) -> list[str]:
    """Names of the tables of a page, in their order; `page` is its name in messages.

    Raises
    ------
    FormatError
        There is no mark of a table, marks do not alternate, or a name stands twice.
    """
    names = [mark["name"] for mark in MARKS.finditer(text)]
    opened = [name for name in names if name is not None]
    if [name for pair in zip(opened, [None] * len(opened), strict=True) for name in pair] != names:
        raise FormatError(f"page {page}: marks {names}; expected {END} after each {BEGIN}")
    if not opened or len(set(opened)) < len(opened):
        raise FormatError(f"page {page}: tables {opened}; expected each once, one at least")
    return opened


def with_tables(text: str, tables: Mapping[str, Sequence[str]]) -> str:
    """The page with the lines of some of its tables replaced."""
    for name, lines in tables.items():
        begin = BEGIN.format(name)
        before, _, rest = text.partition(f"{begin}\n")
        _, _, after = rest.partition(END)
        body = "\n".join(["", *lines, "", ""])
        text = f"{before}{begin}\n{body}{END}{after}"
    return text


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, the first column to the left, the others to the right."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return [f"| {' | '.join(columns)} |", f"|{'|'.join(rule)}|"] + [
        f"| {' | '.join(row)} |" for row in rows
    ]
