"""Progress on standard error, in a log and on a terminal."""

import io
import sys

import pytest

from daymelt.core.progress import progress


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self):
        return True


def shown(monkeypatch, stream, total, steps):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(total, "7 files") as bar:
        for step in steps:
            bar.update(step)
    return stream.getvalue()


@pytest.mark.parametrize("total", [10, 15, 1000])
def test_a_log_has_a_line_every_tenth_and_the_last_says_all(monkeypatch, total):
    lines = shown(monkeypatch, io.StringIO(), total, [1] * total).splitlines()
    assert 8 <= len(lines) <= 10 and "\r" not in "".join(lines)
    assert all(line.startswith("7 files: ") for line in lines)
    assert "100%" in lines[-1]


def test_a_log_says_once_what_came_where_the_total_is_unknown(monkeypatch):
    (line,) = shown(monkeypatch, io.StringIO(), 0, [500] * 100).splitlines()
    assert "50.0k" in line


def test_bytes_that_start_again_do_not_disturb_the_count(monkeypatch):
    lines = shown(monkeypatch, io.StringIO(), 100, [60, -60, 50, 50]).splitlines()
    assert "100%" in lines[-1]


def test_nothing_is_said_of_nothing(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), 10, []) == ""


def test_a_terminal_has_one_line_that_renews_itself(monkeypatch):
    text = shown(monkeypatch, Terminal(), 10, [1] * 10)
    assert text.count("\n") == 1 and text.count("\r") > 1
    assert "10.0/10.0" in text
