import datetime as dt
import math

import numpy as np
import pytest
from matplotlib.dates import date2num

from daymelt.core.dates import season_days
from daymelt.products.figures import (
    extent_curves,
    loss_curve,
    published_mae,
    score_bars,
    series_colours,
)

SYSTEMS = ("unet-smp", "time-interpolated-sar", "interpolate-mar", "threshold-pmw")


@pytest.fixture
def days():
    return [day for year in (2018, 2019, 2020) for day in season_days(year, [6, 7, 8])]


@pytest.fixture
def rows():
    return [
        {"system": system, "against": against, "days": count, "mae": mae * factor}
        for against, count, factor in (
            ("held-out SAR", 60, 1),
            ("truth, unobserved days", 752, 0.5),
        )
        for system, mae in zip(SYSTEMS, (0.04, 0.08, 0.16, 0.28), strict=True)
    ]


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_every_season_has_a_frame_with_its_own_days_and_one_scale_for_all(tmp_path, days, drawn):
    series = {
        "unet-smp": list(np.arange(len(days), dtype=float)),
        "sar": [float(i) if i % 5 == 0 else math.nan for i in range(len(days))],
    }
    extent_curves(tmp_path / "extent.png", days, series)
    frames = drawn[0].axes
    assert [axes.texts[0].get_text() for axes in frames] == ["2018", "2019", "2020"]
    assert len({axes.get_ylim() for axes in frames}) == 1 and frames[0].get_ylim()[1] > len(days)
    season = [index for index, day in enumerate(days) if day.year == 2019]
    line = lines(frames[1])["UNet SMP"]
    np.testing.assert_array_equal(line.get_ydata(), season)
    np.testing.assert_array_equal(
        date2num(line.get_xdata()), date2num([days[index] for index in season])
    )


def test_what_sees_single_days_is_drawn_as_points_and_the_rest_as_lines(tmp_path, days, drawn):
    extent_curves(
        tmp_path / "extent.png",
        days,
        {name: [1.0] * len(days) for name in ("truth", "unet-smp", "sar")},
    )
    found = lines(drawn[0].axes[0])
    assert found["Sentinel-1"].get_linestyle() == "None" and found["Sentinel-1"].get_marker() == "o"
    assert found["UNet SMP"].get_linestyle() == found["truth"].get_linestyle() == "-"
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == [
        "truth",
        "UNet SMP",
        "Sentinel-1",
    ]
    assert "km²" in drawn[0].get_supylabel()


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_a_season_without_any_melt_or_data_is_drawn(tmp_path, value):
    extent_curves(tmp_path / "extent.png", [dt.date(2019, 7, 31)], {"unet-smp": [value]})
    assert (tmp_path / "extent.png").exists()


def test_systems_keep_their_colours_and_never_share_one():
    few, many = (
        series_colours(["sar", "unet-smp"]),
        series_colours(["truth", "unet-smp", "interpolate-mar", "threshold-pmw", "sar", "mine"]),
    )
    assert few["unet-smp"] == many["unet-smp"] and few["sar"] == many["sar"]
    assert len(set(many.values())) == len(many)


def test_the_loss_marks_the_lowest_validation_that_was_measured(tmp_path, drawn):
    loss_curve(
        tmp_path / "loss.png",
        [1, 2, 3, 4, 5],
        [0.5, 0.4, 0.3, 0.2, 0.1],
        [math.nan, 0.3, math.nan, 0.25, 0.27],
    )
    (axes,) = drawn[0].axes
    np.testing.assert_array_equal(lines(axes)["validation days"].get_xdata(), [2, 4, 5])
    assert axes.texts[0].get_text() == "lowest: 0.2500 in epoch 4"
    assert (
        axes.get_xlabel() == "epoch"
        and "melt fraction" in axes.get_ylabel()
        and axes.get_ylim()[0] == 0
    )


def test_a_training_that_never_validated_has_a_curve(tmp_path, drawn):
    loss_curve(tmp_path / "loss.png", [1, 2], [0.5, 0.4], [math.nan, math.nan])
    assert list(lines(drawn[0].axes[0])) == ["training crops"]


def test_bars_are_as_long_as_the_errors(tmp_path, rows, drawn):
    score_bars(tmp_path / "bars.png", rows)
    (axes,) = drawn[0].axes
    assert [[bar.get_width() for bar in group] for group in axes.containers] == [
        pytest.approx([row["mae"] for row in rows if row["against"] == against])
        for against in ("held-out SAR", "truth, unobserved days")
    ]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "UNet SMP",
        "time-interpolated SAR",
        "interpolated MAR",
        "thresholded PMW",
    ]
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert any("60 days" in text for text in said) and any("752 days" in text for text in said)
    (marks,) = [line for line in axes.get_lines() if "published" in line.get_label()]
    assert list(marks.get_xdata()) == [0.0474, 0.0778, 0.167, 0.272]
    assert axes.get_xlim()[1] > 0.28


def test_a_missing_score_leaves_a_gap_and_an_unknown_system_no_published_mark(
    tmp_path, rows, drawn
):
    score_bars(
        tmp_path / "bars.png",
        [*rows[:-1], {"system": "mine", "against": "held-out SAR", "days": 60, "mae": 0.03}],
    )
    second = drawn[0].axes[0].containers[1]
    assert [math.isnan(bar.get_width()) for bar in second] == [False, False, False, True, True]
    assert published_mae("mine") is None and published_mae("unet-smp") == 0.0474


def test_charts_of_equal_content_are_equal_bytes(tmp_path, days, rows):
    for name in ("one", "two"):
        folder = tmp_path / name
        extent_curves(folder / "extent.png", days, {"unet-smp": [1.0] * len(days)})
        loss_curve(folder / "loss.png", [1, 2], [0.5, 0.4], [0.6, 0.5])
        score_bars(folder / "bars.png", rows)
    for chart in ("extent.png", "loss.png", "bars.png"):
        assert (tmp_path / "one" / chart).read_bytes() == (tmp_path / "two" / chart).read_bytes()
