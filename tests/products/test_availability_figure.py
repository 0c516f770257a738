"""The calendar of the inputs."""

import datetime as dt

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.dates import date2num

from daymelt.core.dates import season_days
from daymelt.products.availability_figure import STATES, SourceDays, availability_calendar

DAYS = [day for year in (2018, 2019) for day in season_days(year, [7, 8])]


def sources():
    passes = ["observed" if index % 6 == 0 else "absent" for index in range(len(DAYS))]
    share = [0.5 * (state == "observed") for state in passes]
    daily = ["observed"] * len(DAYS)
    daily[3], daily[70] = "filled", "absent"
    return [
        SourceDays("sar", DAYS, passes, share, is_daily=False),
        SourceDays("pmw", DAYS, daily, [float(state == "observed") for state in daily]),
    ]


def bars(axes):
    """First day, row and height of each bar by its colour."""
    found = {}
    for patch in axes.patches:
        place = (round(patch.get_x()), int(patch.get_y()), round(abs(patch.get_height()), 3))
        found.setdefault(to_hex(patch.get_facecolor()), []).append(place)
    return found


def test_each_year_has_a_frame_with_a_row_a_source_and_a_bar_a_day(tmp_path, drawn):
    availability_calendar(tmp_path / "a.png", sources())
    frames = drawn[0].axes
    assert len(frames) == 2
    for axes, year in zip(frames, (2018, 2019), strict=True):
        assert [text.get_text() for text in axes.get_yticklabels()] == ["Sentinel-1", "PMW"]
        assert str(year) in [text.get_text() for text in axes.texts]
        seen = bars(axes)[STATES["observed"]]
        days = [day for day in DAYS if day.year == year]
        expected = [date2num(day) for day in days][(0 if year == 2018 else 4) :: 6]
        assert [x for x, row, _ in seen if row == 0] == expected
    (filled,) = bars(frames[0])[STATES["filled"]]
    assert filled[0] == date2num(dt.date(2018, 7, 4))
    assert STATES["absent"] not in bars(frames[0])
    assert len(bars(frames[1])[STATES["absent"]]) == 1  # days without a pass are no fault


def test_the_height_of_a_bar_is_the_share_that_was_seen(tmp_path, drawn):
    availability_calendar(tmp_path / "a.png", sources())
    heights = {row: height for _, row, height in bars(drawn[0].axes[0])[STATES["observed"]]}
    np.testing.assert_allclose(heights[0] / heights[1], 0.5, atol=1e-3)


def test_the_same_days_give_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        availability_calendar(tmp_path / name, sources())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
