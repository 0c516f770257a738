"""What the charts of the predicted distribution show is what the tables say."""

import numpy as np
import pytest

from daymelt.products.interval_figures import (
    ASKED,
    WIDTHS,
    coverage_chart,
    pit_chart,
    reliability_change,
)
from daymelt.science import distributions, intervals

NAMED = {"system": "multi-sensor", "against": "truth, every day"}
SEASONS = ("2018", "2019")
INNER = [name for name, (_, marker) in WIDTHS.items() if marker]


def coverage_rows():
    """Rows in no useful order, each with shares of its own."""
    random, rows = np.random.default_rng(0), []
    for kind, names in (
        ("width", WIDTHS),
        (intervals.BOTH, [f"{year}, {name}" for year in SEASONS[::-1] for name in WIDTHS]),
    ):
        for name in names:
            below, above = random.random(2) / 5
            cells = str(random.integers(100, 1000))
            shares = {"below": str(below), "above": str(above), "cells": cells}
            rows.append({**NAMED, "kind": kind, "class": name, **shares})
    return rows


def test_the_classes_of_width_are_those_of_the_tables():
    assert tuple(WIDTHS) == intervals.WIDTHS


def test_misses_of_each_season_and_class_are_drawn_on_their_side(tmp_path, drawn):
    rows = coverage_rows()
    coverage_chart(tmp_path / "coverage.png", rows)
    below, above, share = drawn[0].axes
    table = {row["class"]: row for row in rows}
    ticks = [text.get_text() for text in share.get_xticklabels()]
    assert ticks == [*SEASONS, "all seasons"]
    for axes, side in ((below, "below"), (above, "above")):
        assert side in axes.get_ylabel() and "%" in axes.get_ylabel()
        points = {line.get_label(): line for line in axes.lines if line.get_label() in INNER}
        assert list(points) == INNER
        for width, line in points.items():
            names = [*(f"{year}, {width}" for year in SEASONS), width]
            expected = [100 * float(table[name][side]) for name in names]
            np.testing.assert_allclose(line.get_ydata(), expected)
            np.testing.assert_array_equal(np.rint(line.get_xdata()), [0, 1, 2])
            assert max(expected) < axes.get_ylim()[1]


def test_the_band_that_is_asked_for_is_shaded(tmp_path, drawn):
    coverage_chart(tmp_path / "coverage.png", coverage_rows())
    for axes in drawn[0].axes[:2]:
        (band,) = axes.patches
        assert (band.get_y(), band.get_y() + band.get_height()) == ASKED


def test_every_class_of_width_has_its_share_of_the_cells(tmp_path, drawn):
    rows = coverage_rows()
    coverage_chart(tmp_path / "coverage.png", rows)
    share = drawn[0].axes[2]
    table = {row["class"]: float(row["cells"]) for row in rows}
    for name, bars in zip(WIDTHS, share.containers, strict=True):
        for year, bar in zip(SEASONS, bars, strict=False):
            whole = sum(table[f"{year}, {other}"] for other in WIDTHS)
            assert bar.get_height() == pytest.approx(100 * table[f"{year}, {name}"] / whole)


def test_a_season_without_a_class_of_width_has_no_point_of_it(tmp_path, drawn):
    rows = [row for row in coverage_rows() if row["class"] != f"2018, {INNER[0]}"]
    coverage_chart(tmp_path / "coverage.png", rows)
    line = next(line for line in drawn[0].axes[0].lines if line.get_label() == INNER[0])
    np.testing.assert_array_equal(np.rint(line.get_xdata()), [1, 2])


def pit_row(kind, name, cells, shares):
    return {**NAMED, "kind": kind, "class": name, "cells": str(cells)} | {
        column: str(share) for column, share in zip(distributions.PIT, shares, strict=True)
    }


def test_a_flat_pit_stands_at_1_and_classes_are_in_order(tmp_path, drawn):
    bins = distributions.PIT_BINS
    flat, rising = np.full(bins, 1 / bins), np.arange(bins) / sum(range(bins))
    rows = [
        pit_row("gap", "never", 25, rising),
        pit_row("gap", "1", 75, flat),
        pit_row("all", "all", 100, flat),
        {**pit_row("width", "0.1-0.3", 50, flat)},
    ]
    pit_chart(tmp_path / "pit.png", rows)
    titles = [axes.get_title(loc="left") for axes in drawn[0].axes]
    assert titles == ["all cells (100 %)", "1 day (75 %)", "never seen in the season (25 %)"]
    for axes, shares in zip(drawn[0].axes, (flat, flat, rising), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in axes.patches], bins * shares)
        left = [bar.get_x() for bar in axes.patches]
        np.testing.assert_allclose(left, np.arange(bins) / bins)
        (calibrated,) = axes.lines
        assert set(calibrated.get_ydata()) == {1}


def reliability_rows(system, layer, pairs):
    return [
        {
            **NAMED,
            "system": system,
            "layer": layer,
            "cells": str(cells),
            "mean_prediction": str(predicted),
            "mean_target": str(target),
        }
        for predicted, target, cells in pairs
    ]


def curves(axes):
    return {line.get_label(): line for line in axes.lines}


def test_both_curves_and_how_far_they_are_off_are_those_of_the_table(tmp_path, drawn):
    before = reliability_rows("unet-smp", "melt", [(0.2, 0.6, 500), (0.8, 0.6, 500)])
    after = reliability_rows(
        "multi-sensor", "melt_mean", [(0.2, 0.23, 9_990), (0.5, 0.9, 10), (0.8, 0.79, 10_000)]
    )
    reliability_change(tmp_path / "change.png", before, after)
    above, below = drawn[0].axes
    _, names = above.get_legend_handles_labels()
    assert "before: UNet SMP, map: off by up to 40 points" in names
    # the rare class does not count
    assert "after: multi-sensor, mean: off by up to 3 points" in names
    drawn_curves = [line for line in above.lines if len(line.get_xdata()) and line.get_xdata()[0]]
    np.testing.assert_allclose(drawn_curves[0].get_xydata(), [(20, 60), (80, 60)])
    np.testing.assert_allclose(drawn_curves[1].get_xydata(), [(20, 23), (50, 90), (80, 79)])
    filled = above.collections[-1].get_facecolors()
    assert (filled[1] == 1).all() and not (filled[[0, 2]] == 1).all(axis=1).any()
    np.testing.assert_allclose(below.lines[1].get_ydata(), [49.95, 0.05, 50])


@pytest.mark.parametrize("known", ["before", "after", "neither"])
def test_a_system_that_was_not_compared_is_left_out(tmp_path, drawn, known):
    rows = reliability_rows("unet-smp", "melt", [(0.2, 0.6, 500)])
    reliability_change(
        tmp_path / "change.png",
        rows if known == "before" else [],
        rows if known == "after" else [],
    )
    _, names = drawn[0].axes[0].get_legend_handles_labels()
    assert [name.partition(":")[0] for name in names[1:]] == ([known] if known != "neither" else [])


def test_everything_drawn_lies_within_the_picture(tmp_path, drawn):
    flat = np.full(distributions.PIT_BINS, 1 / distributions.PIT_BINS)
    coverage_chart(tmp_path / "coverage.png", coverage_rows())
    pit_chart(tmp_path / "pit.png", [pit_row("all", "all", 10, flat)])
    rows = reliability_rows("multi-sensor", "melt_mean", [(0.2, 0.6, 500), (1, 1, 500)])
    reliability_change(tmp_path / "change.png", rows, rows)
    for figure in drawn:
        inside = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert inside.x0 >= 0 and inside.y0 >= 0 and inside.x1 <= width and inside.y1 <= height
