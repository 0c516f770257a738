"""Writing beside the computation: everything is done, errors are raised, few calls wait."""

import threading
import time

import pytest

from daymelt.steps.map.behind import Behind


def test_all_calls_are_done_at_the_end():
    done = []
    with Behind() as behind:
        for number in range(50):
            behind.do(done.append, number)
    assert sorted(done) == list(range(50))


def test_calls_run_side_by_side():
    together = threading.Barrier(3, timeout=20)
    with Behind(threads=3) as behind:
        for _ in range(3):
            behind.do(together.wait)


def test_a_caller_ahead_waits():
    running, release = [], threading.Event()

    def call(number: int) -> None:
        running.append(number)
        release.wait(20)

    threading.Timer(0.2, release.set).start()
    with Behind(threads=1, ahead=2) as behind:
        for number in range(2):
            behind.do(call, number)
        assert not release.is_set()
        behind.do(call, 2)
        assert release.is_set()
    assert running == [0, 1, 2]


def fail() -> None:
    raise OSError("disk full")


def test_the_error_of_a_call_is_raised():
    with pytest.raises(OSError, match="disk full"), Behind() as behind:
        behind.do(fail)


def test_after_an_error_no_further_call_begins():
    done = []
    with pytest.raises(OSError, match="disk full"), Behind(threads=1, ahead=1) as behind:
        behind.do(fail)
        behind.do(done.append, 1)
    assert not done


def test_an_error_of_the_caller_drops_what_waits():
    done = []
    with pytest.raises(ValueError, match="own"), Behind(threads=1, ahead=9) as behind:
        behind.do(time.sleep, 0.2)
        for number in range(5):
            behind.do(done.append, number)
        raise ValueError("own")
    assert not done
