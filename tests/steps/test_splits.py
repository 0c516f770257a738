import datetime as dt

import pytest

from daymelt.core.errors import ConfigError, MissingInputError
from daymelt.core.split_files import read_rows
from daymelt.science.split import split_days
from daymelt.steps.splits import fit_without_strays, read_split, write_split

DAYS = [dt.date(2019, 4, 1) + dt.timedelta(5 * n) for n in range(30)]


def test_a_split_reads_back_as_it_was_written(tmp_path):
    split = split_days(DAYS, 42)
    write_split(tmp_path / "split.csv", split)
    assert read_split(tmp_path / "split.csv") == split
    assert (tmp_path / "split.csv").read_text().splitlines()[:2] == [
        "date,split",
        f"2019-04-01,{split[DAYS[0]]}",
    ]


def test_the_published_layout_of_split_files_is_read(tmp_path):
    for name, days in (("train", DAYS[:20]), ("val", DAYS[20:25]), ("test", DAYS[25:])):
        (tmp_path / f"{name}.csv").write_text("".join(f"{day:%Y_%m_%d}.tif\n" for day in days))
    rows = dict(read_rows(tmp_path))
    assert rows[DAYS[0]] == "train"
    assert rows[DAYS[22]] == "val"
    assert rows[DAYS[-1]] == "test"
    assert len(rows) == 30


def test_another_table_is_refused(tmp_path):
    (tmp_path / "split.csv").write_text("day;set\n2019-04-01;train\n")
    with pytest.raises(ConfigError, match="first line"):
        read_rows(tmp_path / "split.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"absent\.csv"):
        read_rows(tmp_path / "absent.csv")


def test_no_day_of_the_calendar_is_refused(tmp_path):
    (tmp_path / "split.csv").write_text("date,split\n2019-02-30,train\n")
    with pytest.raises(ConfigError, match="2019-02-30"):
        read_rows(tmp_path / "split.csv")


def test_days_that_only_one_side_has_are_told_and_left_out(caplog):
    rows = [
        (DAYS[0], "train"),
        (DAYS[1], "val"),
        (DAYS[2], "test"),
        (dt.date(2019, 9, 30), "train"),
    ]
    assert fit_without_strays(rows, DAYS[:4], "my list") == {
        **{DAYS[0]: "train", DAYS[1]: "val", DAYS[2]: "test"},
        DAYS[3]: "none",
    }
    told = [record.getMessage() for record in caplog.records]
    assert "2019-09-30" in told[0]
    assert "without an acquisition" in told[0]
    assert str(DAYS[3]) in told[1]
    with pytest.raises(ConfigError, match="more than once"):
        fit_without_strays([*rows, (DAYS[0], "test")], DAYS[:4])
