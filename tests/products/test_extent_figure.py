"""The figure of the melt extent of all seasons."""

import math

import numpy as np
import pytest
from matplotlib.dates import date2num
from PIL import Image

from daymelt.core.dates import season_days
from daymelt.products.extent_figure import climatology, extent_figure
from daymelt.products.extent_tables import Extents

YEARS = (2019, 2020, 2021)


def season(year, factor, months=(2, 3)):
    days = tuple(season_days(year, months))
    melt = factor * np.arange(1.0, len(days) + 1)
    return Extents(days, melt, melt - 1, melt + 1)


@pytest.fixture
def seasons():
    return [season(year, factor) for year, factor in zip(YEARS, (1, 2, 6), strict=True)]


def test_mean_and_range_are_those_of_the_same_dates(seasons):
    found = climatology(seasons, 3)
    assert (2, 29) not in found.mean  # of one season alone
    by_date = {
        (day.month, day.day): [
            float(value)
            for one in seasons
            for other, value in zip(one.days, one.melt, strict=True)
            if (other.month, other.day) == (day.month, day.day)
        ]
        for day in seasons[0].days
    }
    for date, values in by_date.items():
        assert found.mean[date] == pytest.approx(sum(values) / 3)
        assert (found.least[date], found.greatest[date]) == (min(values), max(values))
    assert found.mean_sum == pytest.approx(sum(one.melt.sum() for one in seasons) / 3)
    assert climatology(seasons, 4) is None


def test_every_season_has_a_frame_with_its_curve_its_band_and_the_mean(tmp_path, seasons, drawn):
    extent_figure(tmp_path / "extent.png", "small", seasons, 3)
    frames = drawn[0].axes
    assert [axes.get_title("left")[:4] for axes in frames] == [str(year) for year in YEARS]
    assert len({axes.get_ylim() for axes in frames}) == 1
    for axes, one in zip(frames, seasons, strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        np.testing.assert_array_equal(lines["map"].get_ydata(), one.melt)
        np.testing.assert_array_equal(date2num(lines["map"].get_xdata()), date2num(one.days))
        assert len(axes.collections) == 2  # range of the seasons, band of the season
        assert axes.get_ylim()[1] > one.highest
    assert "above the mean" in frames[2].get_title("left")
    assert "below the mean" in frames[0].get_title("left")


def test_few_seasons_have_no_mean_and_maps_without_an_interval_no_band(tmp_path, seasons, drawn):
    plain = [Extents(one.days, one.melt) for one in seasons[:2]]
    extent_figure(tmp_path / "extent.png", "small", plain, 3)
    for axes in drawn[0].axes:
        assert [line.get_label() for line in axes.get_lines()] == ["map"]
        assert not axes.collections and "mean" not in axes.get_title("left")


def test_unknown_days_and_dry_seasons_are_drawn(tmp_path, drawn):
    known = season(2019, 0)
    gap = Extents(known.days, np.full(len(known.days), math.nan))
    extent_figure(tmp_path / "extent.png", "small", [known, gap, known], 3)
    assert drawn[0].axes[1].get_title("left") == "2019"


def test_the_figure_says_in_words_what_it_shows(tmp_path, seasons):
    extent_figure(tmp_path / "extent.png", "small", seasons, 3)
    said = Image.open(tmp_path / "extent.png").text["Description"]
    assert "small" in said and "2021: at most 354 km² on 2021-03-31" in said
