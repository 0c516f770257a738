"""The tables of a page from those of small pretended runs."""

import csv
import datetime as dt
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from daymelt import cli
from daymelt.commands.found_tables import FoundTables
from daymelt.commands.results_tables import TABLES, WORLDS
from daymelt.commands.targets import targets
from daymelt.core.dates import season_days
from daymelt.plan import places
from daymelt.plan.jobs import Jobs
from daymelt.products.marked_tables import BEGIN, END
from daymelt.science.bootstrap import block_interval
from daymelt.science.distributions import PIT, SCORES
from daymelt.science.intervals import WIDTHS
from daymelt.science.strata import GAPS
from daymelt.settings.loading import load
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH_EVERY_DAY, write_table
from daymelt.steps.benchmark.daily_table import TRUTH as UNOBSERVED

ROOT = Path(__file__).parents[2]
ABSENT = {"kind": "network", "protocols": []}
SETTINGS = {
    "seasons": {"years": [2019, 2020, 2021], "months": [7, 8]},
    "split": {
        "training_only_years": [],
        "hindcast_training_years": [2020],
        "hindcast_validation_years": [2021],
    },
    "benchmark": {
        "protocols": ["published", "truth", "leave-one-year-out", "blocked", "hindcast"],
        "ablations": ["without-sar", "mean"],
        "subsets": ["without-sar", "past-sar"],
        "systems": {
            "unet-smp": {"kind": "network", "training": {"epochs": 35}},
            "multi-sensor-2": {
                "kind": "multi-sensor",
                "training": {"seed": 7},
                "protocols": ["published", "truth"],
            },
            "unet-smp-2": {
                "kind": "network",
                "training": {"epochs": 35, "seed": 7},
                "protocols": ["published", "truth"],
            },
            "time-interpolated-sar": {"kind": "time-interpolated-sar"},
            "interpolate-mar": {"kind": "interpolate-mar"},
            "threshold-pmw": {"kind": "threshold-pmw"},
            "unet": ABSENT,
        },
    },
}
PAGE = "# Page\n\nBefore.\n\n{}\nAfter.\n"


class Run:
    """Tables of a pretended run, each number drawn; kept as they were written."""

    def __init__(self, folder: Path, settings: dict, seed: int = 0) -> None:
        self.config, self.folder = load(settings), folder / "results"
        self.random = np.random.default_rng(seed)
        self.found = FoundTables(self.config, self.folder)
        self.daily: dict[tuple[str, str, str], dict[dt.date, float]] = {}
        evaluations = Jobs(self.config).evaluations()
        for one in evaluations:
            self.write_daily(one)
        pairs = list(dict.fromkeys((one.trial, one.model) for one in evaluations))
        networks = [(trial, name) for trial, name in pairs if name.startswith("multi-sensor")]
        self.write("table", pairs, self.scores)
        self.write("strata", pairs, self.strata)
        self.write("edges", pairs, self.edges)
        layers = {name: ["melt", "melt_mean"] for _, name in networks}
        self.write("reliability", pairs, self.classes, layers)
        self.write("distribution", networks, self.distributions)
        self.write_intervals("validation-days")

    def write_daily(self, one) -> None:
        truth = TRUTH_EVERY_DAY if one.trial == "truth" else UNOBSERVED
        days = season_days(one.season, self.config.seasons.months)
        rows = [
            {"date": day.isoformat(), "against": against, "mae": self.number()}
            for against in ([truth] if one.trial == "truth" else [HELD_OUT, truth])
            for day in days[:: 5 if against == HELD_OUT else 1]
        ]
        for row in rows:
            own = self.daily.setdefault((one.trial, one.model, row["against"]), {})
            own[dt.date.fromisoformat(row["date"])] = row["mae"]
        write_table(self.found.path(places.DAILY, **one._asdict()), rows)

    def write(self, name, pairs, rows_of, layers=None) -> None:
        rows = [
            {"protocol": trial, "system": system, **row}
            for trial, system in pairs
            for row in (
                rows_of(trial) if layers is None else rows_of(trial, layers.get(system, ["melt"]))
            )
        ]
        write_table(self.found.path(places.COMPARISON[name]), rows)

    def write_intervals(self, calibration: str) -> None:
        rows = [row for row in self.distributions("truth") if row["kind"] != "season"]
        write_table(self.found.path(places.INTERVALS, model=self.config.model.name), rows)
        path = self.found.path(places.CALIBRATION, split="published", model=self.config.model.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"calibration": calibration, "levels": [0.05, 0.95], "seen_percent": None}
        path.write_text(json.dumps(content))

    def number(self) -> float:
        return round(float(self.random.random()), 4)

    def references(self, trial):
        return [TRUTH_EVERY_DAY] if trial == "truth" else [HELD_OUT, UNOBSERVED]

    def scores(self, trial):
        names = ("mae", "mse", "accuracy", "f1", "ssim")
        season = ("extent_mae_km2", "onset_common_mae_days")
        for index, against in enumerate(self.references(trial)):
            yield {
                "against": against,
                **{name: self.number() for name in names},
                **{name: "" if index else self.number() for name in season},
            }

    def strata(self, trial):
        bins = [("gap", name) for name in GAPS]
        bins += [("border", "outer 16 cells"), ("border", "inside")]
        for against, (kind, name) in itertools.product(self.references(trial), bins):
            cells = int(self.random.integers(1, 1000))
            yield {
                "against": against,
                "kind": kind,
                "bin": name,
                "mae": self.number(),
                "valid_cells": cells,
            }

    def edges(self, trial):
        for place in ("elsewhere", "edge"):
            yield {"place": place, "pairs": 5, "map": self.number(), "truth": self.number()}

    def classes(self, trial, layers):
        classes = itertools.product(self.references(trial), layers, (0, 0.4, 0.6, 0.95))
        for against, layer, lower in classes:
            yield {
                "against": against,
                "layer": layer,
                "lower": lower,
                "cells": 1 if lower == 0.4 else 999,
                "mean_prediction": self.number(),
                "mean_target": self.number(),
            }

    def distributions(self, trial):
        classes = [("all", "all"), *(("width", name) for name in WIDTHS), ("season", "2019")]
        for against, (kind, name) in itertools.product(self.references(trial), classes):
            yield {
                "against": against,
                "kind": kind,
                "class": name,
                "cells": int(self.random.integers(1, 1000)),
                **{column: self.number() for column in (*SCORES, "covered", "crps_ratio", *PIT)},
            }

    def rows(self, name):
        with open(self.found.path(places.COMPARISON[name]), newline="") as file:
            return list(csv.DictReader(file))


def marked(*names):
    return PAGE.format("\n".join(f"{BEGIN.format(name)}\nold {name}\n{END}\n" for name in names))


def table_of(text, name):
    """Cells of a table of the page, by row and column title."""
    body = text.split(BEGIN.format(name))[1].split(END)[0]
    raw = [line.strip().removeprefix("|").removesuffix("|") for line in body.strip().splitlines()]
    cells = [[cell.strip() for cell in line.split("|")] for line in raw]
    assert len({len(line) for line in cells}) == 1 < len(cells)
    return [dict(zip(cells[0], line, strict=True)) for line in cells[2:]]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A pretended run of the embedded area in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("proof.yaml").write_text(yaml.safe_dump(SETTINGS))
    return Run(tmp_path, SETTINGS)


@pytest.fixture
def written(run):
    """Function of names of tables that writes them; exit status and the page's text."""

    def write(*names, options=()):
        page = Path("page.md")
        page.write_text(marked(*names))
        words = ["results", "--config", "proof.yaml", "--out", "page.md", *options]
        return cli.main(words), page.read_text()

    return write


def test_only_what_stands_between_the_marks_is_replaced(written, capsys):
    names = [*TABLES, WORLDS]
    status, text = written(*names)
    assert status == 0
    assert text.startswith("# Page\n\nBefore.\n") and text.endswith("\nAfter.\n")
    left = [name for name in names if f"old {name}" in text]
    assert left == ["interval-left-out-years", "worlds"]
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in said[:2]] == [
        f"table {name} left as it is" for name in left
    ]
    status, again = written(*names)
    assert again == text


def test_the_page_of_the_project_asks_for_known_tables_alone(written, run):
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    Path("page.md").write_text(page, encoding="utf-8")
    assert cli.main(["results", "--config", "proof.yaml", "--out", "page.md"]) == 0
    assert all(BEGIN.format(name) in page for name in (*TABLES, WORLDS))


def test_without_anything_to_write_from_nothing_is_written_and_it_ends_with_2(written, capsys):
    options = ("--results", "elsewhere")
    status, text = written("targets", "protocols", options=options)
    assert status == 2 and text == marked("targets", "protocols")
    found = capsys.readouterr()
    assert len(found.out.splitlines()) == 2
    assert found.err.startswith("daymelt: ") and len(found.err.splitlines()) == 1


def test_a_table_whose_inputs_lack_one_file_is_left_and_told(written, run, capsys):
    gone = run.found.path(places.DAILY, trial="blocked", model="interpolate-mar", season=2020)
    gone.unlink()
    status, text = written("protocols", "gaps")
    assert status == 0 and "old protocols" in text and "old gaps" not in text
    assert str(gone.name) in capsys.readouterr().out


@pytest.mark.parametrize(
    "page",
    [
        "no marks",
        marked("protocol"),
        marked("gaps", "gaps"),
        f"{BEGIN.format('gaps')}\n",
        f"{END}\n{BEGIN.format('gaps')}\n",
    ],
)
def test_a_page_with_wrong_marks_is_refused_in_one_line(run, page, capsys):
    Path("page.md").write_text(page)
    assert cli.main(["results", "--config", "proof.yaml", "--out", "page.md"]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1 and "expected" in error
    assert Path("page.md").read_text() == page


def test_a_page_that_is_not_there_is_refused(run, capsys):
    assert cli.main(["results", "--config", "proof.yaml", "--out", "gone.md"]) == 2
    assert "gone.md" in capsys.readouterr().err


def test_targets_hold_the_numbers_of_both_seeds_and_of_both_networks(written, run):
    rows = table_of(written("targets")[1], "targets")
    titles = {
        "multi-sensor": "multi-sensor, seed 42",
        "multi-sensor-2": "multi-sensor, seed 7",
        "unet-smp": "UNet SMP, seed 42",
        "unet-smp-2": "UNet SMP, seed 7",
    }
    shown = {row[""]: row for row in rows}
    scores = {(row["protocol"], row["system"], row["against"]): row for row in run.rows("table")}
    strata = {
        (row["protocol"], row["system"], row["kind"], row["bin"]): float(row["mae"])
        for row in run.rows("strata")
        if row["against"] == TRUTH_EVERY_DAY
    }
    for name, title in titles.items():
        own = next(row for about, row in shown.items() if "held-out SAR" in about)
        assert float(own[title]) == float(scores["published", name, HELD_OUT]["mae"])
        own = next(row for about, row in shown.items() if "never seen" in about)
        assert float(own[title]) == strata["truth", name, "gap", "never"]
        ratio = (
            strata["truth", name, "border", "outer 16 cells"]
            / strata["truth", name, "border", "inside"]
        )
        own = next(row for about, row in shown.items() if "outer 16" in about)
        assert own[title] == f"{ratio:.2f}"


def test_a_target_says_how_many_of_the_seeds_reach_it(run):
    judged = ["multi-sensor", "multi-sensor-2"]
    compared = 0
    for target in targets(run.found):
        known = [value for name in judged if (value := target.values[name]) == value]
        meets = {
            "≤": lambda value, limit: value <= limit,
            "<": lambda value, limit: value < limit,
            "≥": lambda value, limit: value >= limit,
        }[target.sense]
        met = [value for value in known if meets(value, target.limit)]
        assert target.outcome(judged) == (f"{len(met)} of {len(known)}" if known else "–")
        compared += len(known)
    assert compared > 20


def test_a_subset_is_compared_with_the_best_single_sensor_way_on_the_same_cells(run):
    def unseen(system):
        rows = [
            row
            for row in run.rows("strata")
            if (row["protocol"], row["system"], row["kind"]) == ("truth", system, "gap")
            and row["bin"] != "0"
        ]
        cells = np.array([int(row["valid_cells"]) for row in rows])
        return np.average([float(row["mae"]) for row in rows], weights=cells)

    ways = ("time-interpolated-sar", "interpolate-mar", "threshold-pmw")
    (found,) = [target for target in targets(run.found) if "past sar" in target.about]
    assert found.limit == pytest.approx(min(map(unseen, ways)))
    assert found.values["multi-sensor"] == pytest.approx(unseen("multi-sensor.past-sar"))


def test_the_reliability_of_few_cells_does_not_count(run):
    (found,) = [target for target in targets(run.found) if "reliability" in target.about]
    for name, layer in (("multi-sensor", "melt_mean"), ("unet-smp", "melt")):
        off = [
            abs(float(row["mean_target"]) - float(row["mean_prediction"]))
            for row in run.rows("reliability")
            if (row["protocol"], row["system"], row["layer"]) == ("truth", name, layer)
            and row["cells"] == "999"
        ]
        assert len(off) == 3 and found.values[name] == pytest.approx(max(off))


def test_misses_are_those_of_every_left_out_year_and_class_of_uncertain_cells(run):
    lowest, highest = (
        target for target in targets(run.found) if target.about.startswith("truth below")
    )
    misses = [
        float(row["below"])
        for row in run.rows("distribution")
        if row["protocol"].startswith("leave-out-")
        and (row["system"], row["against"], row["kind"]) == ("multi-sensor", UNOBSERVED, "width")
        and row["class"] not in (WIDTHS[0], WIDTHS[-1])
    ]
    assert len(misses) == 3 * 4
    assert lowest.values["multi-sensor"] == min(misses)
    assert highest.values["multi-sensor"] == max(misses)


def test_protocols_are_paired_by_days_over_their_trials(written, run):
    rows = {
        row["protocol, reference"]: row for row in table_of(written("protocols")[1], "protocols")
    }
    trials = [f"leave-out-{year}" for year in (2019, 2020, 2021)]
    one, other = (
        {
            day: value
            for trial in trials
            for day, value in run.daily[trial, name, UNOBSERVED].items()
        }
        for name in ("multi-sensor", "unet-smp")
    )
    row = rows[f"leave-one-year-out, {UNOBSERVED}"]
    assert row["days"] == str(len(one))
    assert float(row["multi-sensor, seed 42"]) == pytest.approx(
        np.mean(list(one.values())), abs=6e-5
    )
    differences = [
        [one[day] - other[day] for day in season_days(year, (7, 8))] for year in (2019, 2020, 2021)
    ]
    seasons = [np.stack([own, np.ones(len(own))])[..., None] for own in differences]
    low, high = block_interval(seasons)[:, 0]
    shown = f"{np.mean(differences):+.4f} ({low:+.4f} to {high:+.4f})"
    assert shown in row.values()
    hindcast = rows[f"hindcast, {HELD_OUT}"]
    assert hindcast["time-interpolated SAR"] == hindcast["multi-sensor, seed 7"] == "–"
    assert len(rows) == 2 * 4 + 1


def test_ablations_are_compared_with_the_model_itself(written, run):
    rows = {row[""]: row for row in table_of(written("ablations")[1], "ablations")}
    assert list(rows) == ["multi-sensor", "multi-sensor-without-sar", "multi-sensor-mean"]
    own = run.daily["truth", "multi-sensor-mean", TRUTH_EVERY_DAY]
    shown = float(rows["multi-sensor-mean"][f"MAE, {TRUTH_EVERY_DAY}"])
    assert shown == pytest.approx(np.mean(list(own.values())), abs=6e-5)


def test_the_interval_enters_the_table_of_its_calibration(written, run):
    run.write_intervals("left-out-years")
    names = ("interval-validation-days", "interval-left-out-years")
    status, text = written(*names)
    assert status == 0
    assert f"old {names[0]}" in text and f"old {names[1]}" not in text


def test_a_second_world_stands_beside_the_first(written, run, tmp_path):
    second = {**SETTINGS, "area": {"name": "embedded-7"}, "twin": {"seed": 7}}
    Path("second.yaml").write_text(yaml.safe_dump(second))
    other = Run(tmp_path, second, seed=1)
    status, text = written("worlds", options=("--world", "second.yaml"))
    assert status == 0
    rows = table_of(text, "worlds")
    assert [(row["world"], row[""]) for row in rows] == [
        (world, name)
        for world in ("embedded", "embedded-7")
        for name in ("multi-sensor", "UNet SMP")
    ]
    for row, world in ((rows[0], run), (rows[2], other)):
        own = list(world.daily["published", "multi-sensor", HELD_OUT].values())
        assert float(row[f"MAE, {HELD_OUT}"]) == pytest.approx(np.mean(own), abs=6e-5)


def test_seeds_are_shown_with_their_spread(written, run):
    row = table_of(written("seeds")[1], "seeds")[0]
    values = list(row.values())[1:4]
    assert float(values[2]) == pytest.approx(abs(float(values[0]) - float(values[1])), abs=1e-4)
