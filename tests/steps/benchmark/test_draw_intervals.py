"""Which rows the figures of the predicted distribution are drawn from."""

import numpy as np
import pytest

from daymelt.science.distributions import PIT, SCORES
from daymelt.steps.benchmark.daily_table import HELD_OUT, TRUTH, TRUTH_EVERY_DAY, of_best_reference
from daymelt.steps.benchmark.draw_intervals import of_left_out_years


def row(protocol, against, below, cells):
    numbers = {**dict.fromkeys((*SCORES, *PIT), "0.5"), "below": str(below)}
    named = {"protocol": protocol, "system": "multi-sensor", "against": against}
    return {**named, "kind": "all", "class": "all", "cells": str(cells), **numbers}


def test_left_out_years_are_put_together_by_their_cells():
    rows = [
        row("leave-out-2018", TRUTH, 0.1, 100),
        row("leave-out-2019", TRUTH, 0.4, 300),
        row("leave-out-2019", HELD_OUT, 0.9, 300),
        row("published", HELD_OUT, 0.9, 300),
    ]
    (found,) = of_left_out_years(rows)
    assert (found["cells"], found["below"]) == (
        400,
        pytest.approx(np.average([0.1, 0.4, 0.4, 0.4])),
    )
    assert found["against"].startswith(TRUTH) and "left out" in found["against"]


def test_without_a_truth_left_out_years_are_scored_against_acquisitions():
    (found,) = of_left_out_years([row("leave-out-2019", HELD_OUT, 0.2, 10)])
    assert found["against"].startswith(HELD_OUT)


def test_without_left_out_years_the_truth_of_every_day_is_the_reference():
    rows = [row("published", HELD_OUT, 0.9, 1), row("truth", TRUTH_EVERY_DAY, 0.2, 1)]
    assert of_left_out_years(rows) == []
    assert of_best_reference(rows) == rows[1:]
    assert of_best_reference(rows[:1]) == rows[:1]
