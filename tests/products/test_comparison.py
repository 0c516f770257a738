import numpy as np
import pytest
from matplotlib.figure import Figure

from daymelt.products import comparison
from daymelt.products.comparison import (
    error_by,
    gap_chart,
    leakage_chart,
    looks_of,
    reliability_diagram,
)

SYSTEMS = ("unet-smp", "time-interpolated-sar", "mine", "yours")


@pytest.fixture
def drawn(monkeypatch):
    """Figures as they are saved."""
    kept, save = [], Figure.savefig
    monkeypatch.setattr(
        Figure,
        "savefig",
        lambda figure, *args, **kwargs: (kept.append(figure), save(figure, *args, **kwargs))[1],
    )
    return kept


def strata(system):
    gaps = {"kind": "gap", "against": "truth", "valid_cells": 10}
    later = [
        {"system": system, "bin": name, "mae": index / 10, **gaps}
        for index, name in enumerate(("2-3", "1", "0"))
    ]
    bands = [
        {"system": system, "bin": name, "mae": 0.1, **gaps, "kind": "height"}
        for name in ("1000-1500 m", "500-1000 m", "below 500 m")
    ]
    whole = {"system": system, "bin": "Jul", "mae": 0.1, **gaps, "kind": "month", "valid_cells": 40}
    events = [
        {**whole, "kind": "event", "bin": name, "valid_cells": 4}
        for name in ("a long one", "another")
    ]
    return [
        *later,
        *bands,
        whole,
        *events,
        {**whole, "bin": "Aug", "mae": np.nan, "valid_cells": 0},
    ]


def gaps(system, start=0.1):
    """Rows in no useful order."""
    return [
        {
            "system": system,
            "against": "truth",
            "gap": name,
            "cells": str(cells),
            "mae": str(start + cells / 1000),
            "mae_low": str(start + cells / 1000 - 0.01),
            "mae_high": str(start + cells / 1000 + 0.03),
        }
        for name, cells in (("never", 30), ("0", 10), ("2-3", 60))
    ]


def intervals_of(axes):
    """Name of each system to place, value and ends of its bars."""
    found = {}
    for bars in axes.containers:
        line, _, (ends,) = bars.lines
        found[bars.get_label()] = (
            *line.get_data(orig=False),
            np.array(ends.get_segments())[..., 1],
        )
    return found


def ticks(axes):
    return [text.get_text().split("\n") for text in axes.get_xticklabels()]


def test_classes_stand_in_their_natural_order_whatever_that_of_the_rows(tmp_path, drawn):
    error_by(tmp_path / "error.png", [row for system in SYSTEMS for row in strata(system)])
    gap, height, month, event = drawn[0].axes
    assert [name for name, _ in ticks(gap)] == ["0", "1", "2-3"]
    assert [name for name, _ in ticks(height)] == [
        "below 500",
        "500-1000",
        "1000-1500",
    ] and "(m)" in height.get_xlabel()
    assert [name for name, _ in ticks(event)] == ["a long one", "another"]
    assert len(gap.lines) == len(SYSTEMS)
    np.testing.assert_allclose(gap.lines[0].get_ydata(), [0.2, 0.1, 0.0])
    assert "truth" in " ".join(text.get_text() for text in drawn[0].texts)
    assert month.get_ylim() == gap.get_ylim() and gap.get_ylim()[0] == 0


def test_a_class_says_which_share_of_all_cells_it_holds_and_one_without_cells_is_not_drawn(
    tmp_path, drawn
):
    error_by(tmp_path / "error.png", [row for system in SYSTEMS for row in strata(system)])
    gap, _, month, event = drawn[0].axes
    assert {share for _, share in ticks(gap)} == {"25 %"} and {
        share for _, share in ticks(event)
    } == {"10 %"}
    assert ticks(month) == [["Jul", "100 %"]]


def test_events_are_not_joined_by_a_line(tmp_path, drawn):
    error_by(tmp_path / "error.png", strata("mine"))
    gap, _, _, event = drawn[0].axes
    assert gap.lines[0].get_linestyle() == "-"
    assert event.lines[0].get_linestyle() == "None"


def test_systems_of_one_colour_have_markers_of_their_own_where_nothing_joins_them(tmp_path, drawn):
    error_by(tmp_path / "error.png", [row for system in comparison.LOOKS for row in strata(system)])
    points = drawn[0].axes[3].lines
    assert (
        len({(line.get_color(), line.get_marker()) for line in points})
        == len(points)
        == len(comparison.LOOKS)
    )


def test_everything_drawn_lies_within_the_picture(tmp_path, drawn):
    long = ["threshold-pmw-winter", "unet-smp-without-liquid-water"]
    error_by(tmp_path / "error.png", [row for system in long for row in strata(system)])
    leakage_chart(tmp_path / "leakage.png", {"leave-out-2019": [200] * 70, "published": [1]})
    rows = [
        {"system": name, "against": "truth", "cells": 10, "mean_prediction": 1, "mean_target": 1}
        for name in long
    ]
    reliability_diagram(tmp_path / "reliability.png", rows)
    subsets = ["multi-sensor.past-sar-without-liquid-water", "multi-sensor"]
    gap_chart(tmp_path / "gaps.png", [row for name in [*long, *subsets] for row in gaps(name)])
    for figure in drawn:
        inside = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert inside.x0 >= 0 and inside.y0 >= 0 and inside.x1 <= width and inside.y1 <= height


def test_a_perfect_system_lies_on_the_diagonal_and_rare_classes_are_left_out(tmp_path, drawn):
    classes = [(0.05, 10**6), (0.5, 10**5), (0.9, 10)]
    rows = [
        {
            "system": "mine",
            "against": "truth",
            "cells": cells,
            "mean_prediction": at,
            "mean_target": at,
        }
        for at, cells in classes
    ]
    reliability_diagram(tmp_path / "reliability.png", rows)
    above, below = drawn[0].axes
    perfect, mine = above.lines
    np.testing.assert_allclose(mine.get_xdata(), [5, 50])
    np.testing.assert_allclose(mine.get_ydata(), mine.get_xdata())
    assert perfect.get_label() == "perfect"
    np.testing.assert_allclose(below.lines[0].get_ydata(), np.array([1e8, 1e7]) / 1100010)


def test_the_share_of_test_days_beside_training_days_is_counted_not_given(tmp_path, drawn):
    leakage_chart(
        tmp_path / "leakage.png", {"published": [1, 1, 2, 5], "blocked": [8, 14, 15, 30, 31, 400]}
    )
    first, second = drawn[0].axes
    assert first.get_title(loc="left") == "published: 3 of 4 within 2 days"
    assert second.get_title(loc="left") == "blocked: 0 of 6 within 2 days"
    names = [text.get_text() for text in second.get_xticklabels()]
    counts = [
        {
            name: bar.get_height()
            for name, bar in zip(names, axes.patches, strict=True)
            if bar.get_height()
        }
        for axes in (first, second)
    ]
    assert counts == [{"1": 2, "2": 1, "5": 1}, {"8-14": 2, "15-30": 2, "above 30": 2}]
    near = {bar.get_facecolor() for bar in first.patches[:2]}
    assert len(near) == 1 and near.isdisjoint(bar.get_facecolor() for bar in first.patches[2:])


def test_every_system_has_a_look_of_its_own():
    looks = looks_of([*comparison.LOOKS, "mine", "yours", "mine"])
    assert len(set(looks.values())) == len(looks) == len(comparison.LOOKS) + 2


def test_equal_contents_are_equal_bytes(tmp_path):
    for name in ("a", "b"):
        leakage_chart(tmp_path / f"{name}.png", {"published": [1, 2]})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_errors_by_gap_stand_in_order_with_their_intervals(tmp_path, drawn):
    rows = [row for number, name in enumerate(SYSTEMS) for row in gaps(name, 0.1 * number)]
    gap_chart(tmp_path / "gaps.png", rows)
    (axes,) = drawn[0].axes
    assert ticks(axes) == [["0", "10 %"], ["2-3", "60 %"], ["never", "30 %"]]
    found = intervals_of(axes)
    assert len(found) == len(SYSTEMS)
    for number, (places, values, ends) in enumerate(found.values()):
        expected = 0.1 * number + np.array([0.01, 0.06, 0.03])
        np.testing.assert_array_equal(np.rint(places), [0, 1, 2])
        np.testing.assert_allclose(values, expected)
        np.testing.assert_allclose(ends, np.stack([expected - 0.01, expected + 0.03], axis=1))
    aside = [places[0] for places, _, _ in found.values()]
    assert len(set(aside)) == len(SYSTEMS) and aside == sorted(aside)
    assert "truth" in " ".join(text.get_text() for text in drawn[0].texts)


def test_subsets_of_sensors_stand_beside_their_system_in_a_frame_of_their_own(tmp_path, drawn):
    names = ["multi-sensor", "unet-smp", "multi-sensor.without-sar", "multi-sensor.past-sar"]
    gap_chart(tmp_path / "gaps.png", [row for name in names for row in gaps(name)])
    above, below = drawn[0].axes
    assert list(intervals_of(above)) == ["multi-sensor", "UNet SMP"]
    assert list(intervals_of(below)) == [
        "multi-sensor, all sensors",
        "without sar",
        "with past sar",
    ]
    assert len({bars.lines[0].get_color() for bars in below.containers}) == 3
