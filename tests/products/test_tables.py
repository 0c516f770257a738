import csv
import math
import re

import pytest

from daymelt.products.tables import COLUMNS, PUBLISHED, label, scores_csv, scores_text


@pytest.fixture
def rows():
    scores = {
        "mae": 0.04123456789,
        "mse": 0.02,
        "accuracy": 0.95,
        "f1": 0.85,
        "ssim": 0.7,
        "pooled_f1": 0.9,
        "bias": -0.001,
    }
    return [
        {"system": "unet-smp", "against": "held-out SAR", "days": 60, **scores},
        {
            "system": "time-interpolated-sar",
            "against": "held-out SAR",
            "days": 60,
            **scores,
            "ssim": math.nan,
        },
        {"system": "unet-smp", "against": "truth, unobserved days", "days": 752, **scores},
    ]


def test_csv_holds_every_column_and_an_empty_field_for_what_is_missing(tmp_path, rows):
    del rows[2]["bias"]
    scores_csv(tmp_path / "scores.csv", rows)
    with open(tmp_path / "scores.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == list(rows[0])
    assert [row["ssim"] for row in read] == ["0.7", "", "0.7"]
    assert read[2]["bias"] == "" and read[0]["bias"] == "-0.001"
    assert float(read[0]["mae"]) == pytest.approx(rows[0]["mae"], rel=1e-5)
    assert read[2]["against"] == "truth, unobserved days"  # a comma within a field


def test_text_aligns_every_column(rows):
    lines = [line for line in scores_text(rows).splitlines() if re.search(r" \d+  0\.", line)]
    assert len(lines) == len(rows) + len(PUBLISHED)
    header = next(line for line in scores_text(rows).splitlines() if line.startswith("system"))
    against = header.index("against")
    ends = [
        header.index(name) + len(name)
        for name in ("days", "MAE", "MSE", "accuracy", " F1", "pooled F1", "SSIM")
    ]
    for line in lines:
        assert line[against - 2 : against] == "  " and line[against] != " "
        assert all(line[end : end + 1] in ("", " ") for end in ends)
        points = [found.start() for found in re.finditer(r"0\.", line)]
        assert all(any(end - 6 == point for end in ends) for point in points)


def test_text_shows_names_for_people_and_a_dash_for_no_score(rows):
    text = scores_text(rows)
    line = next(line for line in text.splitlines() if line.startswith("time-interpolated SAR"))
    assert line.endswith(" -") and "0.0412" in line and " 60 " in line
    assert "time-interpolated-sar" not in text


def test_published_rows_are_marked_as_such_and_carry_the_numbers_of_the_paper(rows):
    ours, published = scores_text(rows).split("Published, on the real data")
    assert "0.0474" not in ours
    numbers = {
        line.split("  ")[0]: line.split()[-6:]
        for line in published.splitlines()
        if "real held-out SAR" in line
    }
    assert numbers == {
        "UNet SMP, Xception71": ["0.0474", "0.0250", "0.946", "0.848", "-", "0.762"],
        "time-interpolated SAR": ["0.0778", "0.0389", "0.899", "0.812", "-", "0.711"],
        "interpolated MAR": ["0.167", "0.149", "0.826", "0.664", "-", "0.493"],
        "thresholded PMW": ["0.272", "0.254", "0.724", "0.557", "-", "0.423"],
    }


def test_a_text_without_any_score_of_ours_is_still_a_table():
    assert "UNet SMP" in scores_text([]) and all(
        name in scores_text([]) for name in COLUMNS.values()
    )


def test_a_system_without_a_label_keeps_its_name():
    assert label("my-model-7") == "my-model-7" and label("unet-smp") == "UNet SMP"
    assert label("multi-sensor.past-sar") == "multi-sensor, mapped with past sar"
