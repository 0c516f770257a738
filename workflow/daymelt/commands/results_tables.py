"""The tables of docs/results.md, each from the tables of the areas that were run."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from functools import partial
from typing import TypeVar

from daymelt.commands.found_tables import UNET, Days, FoundTables, Mean, Row, weighted, where
from daymelt.commands.targets import DASH, UNCERTAIN, number, targets, unseen_error
from daymelt.core.errors import FormatError, MissingInputError, nearest
from daymelt.learn.calibration import FILE, read_intervals
from daymelt.plan import places
from daymelt.products.marked_tables import markdown_table
from daymelt.products.tables import label
from daymelt.science.distributions import PIT, PIT_BINS
from daymelt.science.strata import GAPS
from daymelt.settings.learning import LEFT_OUT_YEARS, VALIDATION_DAYS
from daymelt.settings.protocols import PUBLISHED, TRUTH
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH_EVERY_DAY, read_tables
from daymelt.steps.benchmark.daily_table import TRUTH as UNOBSERVED

Worlds = Sequence[FoundTables]  # the main area first
Lines = list[str]
Part = TypeVar("Part", bound=Sized)
REFERENCES = (HELD_OUT, UNOBSERVED, TRUTH_EVERY_DAY)
SCORES = {  # of the published protocol: heading, column, reference, how a number is written
    "MAE, held-out SAR": ("mae", HELD_OUT, ".4f"),
    "MSE": ("mse", HELD_OUT, ".4f"),
    "accuracy": ("accuracy", HELD_OUT, ".3f"),
    "F1": ("f1", HELD_OUT, ".3f"),
    "SSIM": ("ssim", HELD_OUT, ".3f"),
    "MAE, truth, days without acquisition": ("mae", UNOBSERVED, ".4f"),
}
SEASONS = {  # of extent and onset, which have no reference
    "extent error, km²": ("extent_mae_km2", ".1f"),
    "onset error on common cells, days": ("onset_common_mae_days", ".1f"),
}
WIDTH_COLUMNS = ("cells", "below", "above", "covered", "mean width")


def table_lines(name: str, worlds: Worlds) -> Lines:
    """The lines of a table.

    Raises
    ------
    FormatError
        The page asks for a table that is not written here.
    MissingInputError
        A table that it is made from is not there.
    """
    if name not in (*TABLES, WORLDS):
        raise FormatError(
            f"table {name!r}{nearest(name, TABLES)}; expected one of {', '.join(TABLES)}, {WORLDS}"
        )
    return world_table(worlds) if name == WORLDS else TABLES[name](worlds[0])


def target_table(found: FoundTables) -> Lines:
    """Every target and what the networks reach."""
    systems = found.networks
    judged = [found.model, *found.config.repeats(found.model)]
    rows = [target.cells(systems, judged) for target in targets(found)]
    return markdown_table(["", "target", "reached by", *titles(found, systems)], rows)


def seed_table(found: FoundTables) -> Lines:
    """Scores of the networks that were trained with several seeds, and how far they differ."""
    groups = [
        [name, *found.config.repeats(name)]
        for name in (found.model, UNET)
        if found.is_compared(name) and found.config.repeats(name)
    ]
    if not groups:
        raise MissingInputError("no network with several seeds in the settings")
    columns = [
        column
        for group in groups
        for column in (*titles(found, group), f"spread, {label(group[0])}")
    ]
    rows = []
    for heading, value, form in score_columns(found):
        values = [[value(name) for name in group] for group in groups]
        shown = [number(each, form) for own in values for each in [*own, max(own) - min(own)]]
        rows.append([heading, *shown])
    return markdown_table(["", *columns], rows)


def system_table(found: FoundTables) -> Lines:
    """Scores of every system but ablations on the published protocol."""
    names = [name for name in found.config.system_names() if name not in found.config.ablations]
    columns = score_columns(found)
    rows = [
        [label(name), *(number(value(name), form) for _, value, form in columns)] for name in names
    ]
    return markdown_table(["", *(heading for heading, *_ in columns)], rows)


def score_columns(found: FoundTables) -> list[tuple[str, Callable[[str], float], str]]:
    """Heading, value of a system, and how it is written, of the scores that systems have."""
    scores = [
        (heading, partial(found.score, column, against=against), form)
        for heading, (column, against, form) in SCORES.items()
    ]
    seasons = [
        (heading, partial(found.of_seasons, column), form)
        for heading, (column, form) in SEASONS.items()
    ]
    return [*scores, *seasons]


def protocol_table(found: FoundTables) -> Lines:
    """Mean absolute error of the networks and of the single-sensor ways on every protocol, and by
    how much the model differs from the network with the published inputs, paired by days.
    """
    systems = [*found.networks, *found.single_sensor_ways]
    rows = []
    for protocol in found.config.benchmark.protocols:
        for against in REFERENCES:
            days = {name: found.daily(protocol, name, against) for name in systems}
            if scored := days[found.model]:
                shown = [number(mean(days[name]), ".4f") for name in systems]
                paired = difference(found.difference(scored, days.get(UNET, {})))
                rows.append([f"{protocol}, {against}", str(len(scored)), *shown, paired])
    columns = ["protocol, reference", "days", *titles(found, systems)]
    return markdown_table([*columns, f"model − {label(UNET)}, 95 % interval"], rows)


def ablation_table(found: FoundTables) -> Lines:
    """Mean absolute error of the model and of its ablations, and by how much these differ, paired
    by days.
    """
    kinds = [(PUBLISHED, HELD_OUT), (PUBLISHED, UNOBSERVED), (TRUTH, TRUTH_EVERY_DAY)]
    own = [found.daily(protocol, found.model, against) for protocol, against in kinds]
    rows = []
    for name in (found.model, *needed(found.config.ablations, "ablations")):
        cells = []
        for days, (protocol, against) in zip(own, kinds, strict=True):
            errors = found.daily(protocol, name, against)
            changed = name != found.model
            cells += [
                number(mean(errors), ".4f"),
                difference(found.difference(errors, days)) if changed else DASH,
            ]
        rows.append([label(name), *cells])
    headings = [part for _, against in kinds for part in (f"MAE, {against}", "difference")]
    return markdown_table(["", *headings], rows)


def gap_table(found: FoundTables, systems: Sequence[str]) -> Lines:
    """Mean absolute error against the truth of every day, by days to the nearest acquisition of the
    cell, of some systems and of the single-sensor ways.
    """
    shown = [*systems, *found.single_sensor_ways]
    rows = [
        [
            title,
            *(number(found.error_in(name, "gap", [gap]), ".4f") for gap in GAPS),
            number(unseen_error(found, name), ".4f"),
        ]
        for name, title in zip(shown, titles(found, shown), strict=True)
    ]
    return markdown_table(["", *GAPS, "not seen that day"], rows)


def network_gap_table(found: FoundTables) -> Lines:
    """`gap_table` of the networks."""
    return gap_table(found, found.networks)


def subset_table(found: FoundTables) -> Lines:
    """`gap_table` of the subsets of the model's sensors."""
    return gap_table(found, [found.model, *needed(found.config.subsets, "subsets")])


def left_out_table(found: FoundTables) -> Lines:
    """Misses of the interval in every left-out year, below and above, by class of width."""
    years = found.left_out(found.model, "width")
    rows = []
    for year, whole in needed(found.left_out(found.model, "all"), "left-out years").items():
        classes = {row["class"]: row for row in years[year]}
        shown = (misses(classes[name]) if name in classes else DASH for name in UNCERTAIN)
        covered = number(weighted(whole, "covered", "cells"), ".3f")
        rows.append([str(year), covered, number(weighted(whole, "width", "cells"), ".3f"), *shown])
    classes_of_width = (f"width {name}: below / above" for name in UNCERTAIN)
    return markdown_table(["left-out year", "covered", "mean width", *classes_of_width], rows)


def misses(row: Row) -> str:
    """Shares below and above the interval."""
    return f"{float(row['below']):.3f} / {float(row['above']):.3f}"


def distribution_table(found: FoundTables) -> Lines:
    """Scores of the predicted distribution by width, gap and season, truth of every day, cells that
    were not seen that day.
    """
    columns = {
        **{"below": ".3f", "above": ".3f", "covered": ".3f", "width": ".3f"},
        **{"interval_score": ".3f", "crps": ".4f", "crps_ratio": ".3f"},
    }
    keys = {"protocol": TRUTH, "system": found.model, "against": TRUTH_EVERY_DAY}
    rows = needed(where(found.distribution, **keys), "predicted distributions")
    cells = sum(int(row["cells"]) for row in rows if row["kind"] == "all")
    lines = [
        [
            f"{row['kind']} {row['class']}",
            f"{int(row['cells']) / cells:.1%}",
            *(number(float(row[name] or math.nan), form) for name, form in columns.items()),
        ]
        for row in rows
    ]
    headings = [name.replace("_", " ") for name in columns]
    return markdown_table(["", "cells", *headings], lines)


def pit_table(found: FoundTables) -> Lines:
    """Share of the cells in each bin of the randomised PIT."""
    keys = {"system": found.model, "kind": "all"}
    seen = where(found.distribution, **keys, protocol=TRUTH, against=TRUTH_EVERY_DAY)
    left = [row for rows in found.left_out(found.model, "all").values() for row in rows]
    needed(seen, "predicted distributions")
    rows = [
        [
            f"{index / PIT_BINS:.2f} to {(index + 1) / PIT_BINS:.2f}",
            *(number(weighted(own, name, "cells"), ".3f") for own in (seen, left)),
        ]
        for index, name in enumerate(PIT)
    ]
    return markdown_table(["PIT", "years of the training", "left-out years"], rows)


def interval_table(found: FoundTables, calibration: str) -> Lines:
    """Misses of the interval of the written maps by width, gap and season, where it is calibrated
    on these days.
    """
    model = found.path(places.MODEL, split=PUBLISHED, model=found.model)
    found_calibration = read_intervals(model.parent / FILE).calibration
    if found_calibration != calibration:
        raise MissingInputError(f"the maps are calibrated on {found_calibration}")
    rows = read_tables([found.path(places.INTERVALS, model=found.model)])
    cells = sum(int(row["cells"]) for row in rows if row["kind"] == "all")
    lines = [
        [
            f"{row['kind']} {row['class']}",
            f"{int(row['cells']) / cells:.1%}",
            *(f"{float(row[name]):.3f}" for name in ("below", "above", "covered", "width")),
        ]
        for row in rows
    ]
    return markdown_table(["", *WIDTH_COLUMNS], lines)


def world_table(worlds: Worlds) -> Lines:
    """Main scores of the model and of the network with the published inputs in every world."""
    if len(worlds) < 2:
        raise MissingInputError("no second world given with --world")
    kinds = (HELD_OUT, UNOBSERVED)
    headings = [part for against in kinds for part in (f"MAE, {against}", "difference")]
    rows = [row for found in worlds for row in world_rows(found, kinds)]
    columns = ["world", "", *headings, "MAE, truth, cells never seen", *SEASONS]
    return markdown_table(columns, rows)


def world_rows(found: FoundTables, kinds: Sequence[str]) -> Iterator[list[str]]:
    """The rows of one world."""
    pair = [name for name in (found.model, UNET) if found.is_compared(name)]
    days = {name: [found.daily(PUBLISHED, name, against) for against in kinds] for name in pair}
    for name in pair:
        cells = [
            part
            for own, other in zip(days[name], days[pair[-1]], strict=True)
            for part in (number(mean(own), ".4f"), compared(found, own, other))
        ]
        seasons = (
            number(found.of_seasons(column, name), form) for column, form in SEASONS.values()
        )
        never = number(found.error_in(name, "gap", ["never"]), ".4f")
        yield [found.config.area.name, label(name), *cells, never, *seasons]


def compared(found: FoundTables, own: Days, other: Days) -> str:
    """Difference of two daily series as text; a dash of a series to itself."""
    return DASH if own is other else difference(found.difference(own, other))


def titles(found: FoundTables, systems: Sequence[str]) -> list[str]:
    """Headings of systems; networks with several seeds are told apart by these."""
    return [
        f"{label(found.base(name))}, seed {found.seed(name)}"
        if found.config.repeats(found.base(name))
        else label(name)
        for name in systems
    ]


def mean(days: Days) -> float:
    """Mean over days; NaN without one."""
    return math.fsum(days.values()) / len(days) if days else math.nan


def difference(found: Mean | None) -> str:
    """A mean difference with its interval."""
    if found is None:
        return DASH
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def needed(part: Part, what: str) -> Part:
    """`part`; MissingInputError where it is empty."""
    if not part:
        raise MissingInputError(f"no {what} in the settings or tables")
    return part


TABLES: Mapping[str, Callable[[FoundTables], Lines]] = {
    "targets": target_table,
    "seeds": seed_table,
    "protocols": protocol_table,
    "ablations": ablation_table,
    "gaps": network_gap_table,
    "subsets": subset_table,
    "left-out-years": left_out_table,
    "distribution": distribution_table,
    "pit": pit_table,
    "systems": system_table,
    f"interval-{VALIDATION_DAYS}": partial(interval_table, calibration=VALIDATION_DAYS),
    f"interval-{LEFT_OUT_YEARS}": partial(interval_table, calibration=LEFT_OUT_YEARS),
}
WORLDS = "worlds"  # the one table of several areas
