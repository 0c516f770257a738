"""Split files: what cannot be read is told with file and line."""

import pytest

from daymelt.core.errors import ConfigError
from daymelt.core.split_files import read_rows

TABLE = "date,split\n2019-07-01,train\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TABLE.encode("utf-16"), ["not a csv in UTF-8"]),
        ("date,split\n2019-07-01,trän\n".encode("latin-1"), ["not a csv in UTF-8"]),
        (b"date,split\n2019-07-01,train\n2019-07-02\n", ["line 3", "found '2019-07-02'"]),
        (b"date,split\n\n2019-02-30,train\n", ["line 3", "2019-02-30", "YYYY-MM-DD"]),
        (b"date,split\n2019-07-01,train,val\n", ["line 2", "a day and its split"]),
        (b"", ["first line is ''"]),
    ],
    ids=["utf-16", "latin-1", "no comma", "no day", "two commas", "empty"],
)
def test_a_table_that_cannot_be_read_is_told_in_one_line_with_its_place(tmp_path, content, words):
    path = tmp_path / "split.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refusal:
        read_rows(path)
    line = str(refusal.value)
    assert str(path) in line
    assert all(word in line for word in words), line


def test_a_line_of_a_list_of_days_is_named(tmp_path):
    for name in ("train", "val", "test"):
        (tmp_path / f"{name}.csv").write_text("2019_07_01.tif\nnever.tif\n")
    with pytest.raises(ConfigError, match=r"train\.csv, line 2: date 'never'"):
        read_rows(tmp_path)


def test_a_name_too_long_for_any_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="not readable"):
        read_rows(tmp_path / ("x" * 300))
