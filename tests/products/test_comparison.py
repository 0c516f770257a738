import numpy as np
import pytest
from matplotlib.figure import Figure

from daymelt.products import comparison
from daymelt.products.comparison import error_by, leakage_chart, looks_of, reliability_diagram

SYSTEMS = ("unet-smp", "time-interpolated-sar", "mine", "yours")


@pytest.fixture
def drawn(monkeypatch):
    """Figures as they are saved."""
    kept, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *args, **kwargs: (kept.append(figure), save(figure, *args, **kwargs))[1])
    return kept


def strata(system):
    gaps = {"kind": "gap", "against": "truth", "valid_cells": 10}
    later = [{"system": system, "bin": name, "mae": index / 10, **gaps} for index, name in enumerate(("2-3", "1", "0"))]
    bands = [{"system": system, "bin": name, "mae": 0.1, **gaps, "kind": "height"} for name in ("1000-1500 m", "500-1000 m", "below 500 m")]
    return [*later, *bands]


def test_classes_stand_in_their_natural_order_whatever_that_of_the_rows(tmp_path, drawn):
    error_by(tmp_path / "error.png", [row for system in SYSTEMS for row in strata(system)])
    gap, height = drawn[0].axes
    assert [text.get_text() for text in gap.get_xticklabels()] == ["0", "1", "2-3"]
    assert [text.get_text() for text in height.get_xticklabels()] == ["below 500 m", "500-1000 m", "1000-1500 m"]
    assert len(gap.lines) == len(SYSTEMS)
    np.testing.assert_allclose(gap.lines[0].get_ydata(), [0.2, 0.1, 0.0])
    assert "truth" in " ".join(text.get_text() for text in drawn[0].texts)


def test_a_perfect_system_lies_on_the_diagonal_and_rare_classes_are_left_out(tmp_path, drawn):
    classes = [(0.05, 10**6), (0.5, 10**5), (0.9, 10)]
    rows = [{"system": "mine", "against": "truth", "cells": cells, "mean_prediction": at, "mean_target": at} for at, cells in classes]
    reliability_diagram(tmp_path / "reliability.png", rows)
    perfect, mine = drawn[0].axes[0].lines
    np.testing.assert_allclose(mine.get_xdata(), [5, 50])
    np.testing.assert_allclose(mine.get_ydata(), mine.get_xdata())
    assert perfect.get_label() == "perfect"


def test_the_share_of_test_days_beside_training_days_is_counted_not_given(tmp_path, drawn):
    leakage_chart(tmp_path / "leakage.png", {"published": [1, 1, 2, 5], "blocked": [40, 9]})
    first, second = drawn[0].axes
    assert first.texts[0].get_text() == "published: 3 of 4 within 2 days"
    assert second.texts[0].get_text() == "blocked: 0 of 2 within 2 days"
    assert {(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in first.patches} == {(1, 2), (2, 1), (5, 1)}


def test_every_system_has_a_look_of_its_own():
    looks = looks_of([*comparison.LOOKS, "mine", "yours", "mine"])
    assert len(set(looks.values())) == len(looks) == len(comparison.LOOKS) + 2


def test_equal_contents_are_equal_bytes(tmp_path):
    for name in ("a", "b"):
        leakage_chart(tmp_path / f"{name}.png", {"published": [1, 2]})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
