import csv
import re
from html.parser import HTMLParser

import pytest

from daymelt.products.benchmark_table import (
    benchmark_csv,
    benchmark_html,
    benchmark_markdown,
    best,
    tables,
)


def row(system, mae, protocol="published", **more):
    return {
        "protocol": protocol,
        "system": system,
        "against": "held-out SAR",
        "days": 70,
        "mae": mae,
        "mse": mae**2,
        **more,
    }


ROWS = [
    row("unet-smp", 0.05, parameters=1052225, training_s=198.4, days_per_s=31.25),
    row("threshold-pmw", 0.26),
    row("unet-smp", 0.07, "blocked"),
]


class Cells(HTMLParser):
    """Text of every cell, a list for each table."""

    def __init__(self):
        super().__init__()
        self.tables, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        self.inside = tag in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.tables[-1].append(data)

    def handle_endtag(self, tag):
        self.inside = False


@pytest.fixture
def shown(tmp_path):
    """Cells of each table, from the Markdown and from the HTML."""
    benchmark_markdown(tmp_path / "table.md", ROWS)
    benchmark_html(tmp_path / "table.html", ROWS)
    parts = re.split(r"^## .*$", (tmp_path / "table.md").read_text(), flags=re.MULTILINE)[1:]
    lines = [
        [line for line in part.splitlines() if line.startswith("|") and "---" not in line]
        for part in parts
    ]
    markdown = [
        [cell.strip(" *") for line in part for cell in line.strip("|").split("|")] for part in lines
    ]
    parser = Cells()
    parser.feed((tmp_path / "table.html").read_text())
    return markdown, parser.tables


def test_both_forms_show_the_same_cells_a_table_a_protocol_and_the_published_one_last(shown):
    markdown, page = shown
    assert markdown == page and len(page) == 3
    assert {"UNet SMP", "0.0500", "1,052,225", "198", "31.2", "–"} <= set(page[0])
    assert "0.0700" in page[1] and "0.0500" not in page[1]
    assert {"UNet SMP, Xception71", "49.6 M", "0.0474", "0.848"} <= set(page[2])


def test_a_column_of_which_nothing_is_known_is_left_out(shown):
    assert "parameters" in shown[1][0] and "parameters" not in shown[1][1]
    assert not any("SSIM" in cells for cells in shown[1][:2])


def test_the_best_of_each_reference_is_marked():
    group = tables(
        [row("a", 0.2, f1=0.5), row("b", 0.1, f1=0.9), {**row("a", 0.3), "against": "truth"}]
    )[0][1]
    assert best(group) == {(1, "mae"), (1, "mse"), (1, "f1"), (2, "mae"), (2, "mse")}


def test_names_cannot_break_the_page(tmp_path):
    benchmark_html(tmp_path / "table.html", [row("<script>", 0.1)])
    assert "<script>" not in (tmp_path / "table.html").read_text()


def test_the_csv_has_every_column_of_every_row(tmp_path):
    benchmark_csv(tmp_path / "table.csv", ROWS)
    with open(tmp_path / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(line["mae"]) for line in rows] == [0.05, 0.26, 0.07] and rows[1][
        "training_s"
    ] == ""
