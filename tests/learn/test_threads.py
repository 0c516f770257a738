"""The choice of threads, fed with the times of steps that were never run."""

import logging

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from daymelt.learn import threads
from daymelt.learn.threads import (
    HOPELESS,
    PAUSE_FOR_MORE,
    PAUSE_WHEN_SLOW,
    ROUNDS,
    SLOW,
    TIE,
    WINDOW,
    MeasuredThreads,
    ThreadChooser,
    candidates,
)


def steps(chooser, seconds, count):
    """So many steps that take `seconds(threads)`; the threads of each, and the choices."""
    used, choices = [], []
    for _ in range(count):
        used.append(chooser.threads)
        choice = chooser.record(seconds(chooser.threads))
        if choice:
            choices.append(choice)
    return used, choices


def until_chosen(chooser, seconds):
    used, choices = [], []
    while not choices:
        more, choices = steps(chooser, seconds, 1)
        used += more
    return used, choices[0]


def ideal(count):
    """Seconds of a step on a machine without other load."""
    return 0.02 + 0.2 / count


def beside_a_busy_process(cores):
    """Seconds of a step where one of the cores is in use by another process."""
    return lambda count: ideal(count) * (10 if count == cores else 1)


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (1, (1,)),
        (2, (1, 2)),
        (3, (1, 2, 3)),
        (4, (1, 2, 3, 4)),
        (6, (1, 2, 4, 5, 6)),
        (8, (1, 2, 4, 7, 8)),
    ],
)
def test_candidates_are_powers_of_two_the_granted_number_and_one_less(granted, expected):
    assert candidates(granted) == expected


@given(st.integers(1, 512))
def test_candidates_lie_within_what_is_granted(granted):
    found = candidates(granted)
    assert found[0] == 1
    assert found[-1] == granted
    assert sorted(set(found)) == list(found)


@pytest.mark.parametrize("granted", [2, 3, 4, 8])
def test_an_idle_machine_gets_all_threads_and_a_busy_one_fewer(granted):
    assert until_chosen(ThreadChooser(granted), ideal)[1].threads == granted
    busy = until_chosen(ThreadChooser(granted), beside_a_busy_process(granted))
    assert busy[1].threads == granted - 1


times = st.lists(st.floats(1e-4, 100), min_size=5, max_size=5)


@given(st.sampled_from([2, 4, 8]), times)
def test_of_steady_times_the_fastest_is_chosen(granted, seconds):
    of = dict(zip(candidates(granted), seconds, strict=False))
    chooser = ThreadChooser(granted)
    used, choice = until_chosen(chooser, of.__getitem__)
    assert of[choice.threads] <= TIE * min(of.values())
    assert len(used) <= (1 + ROUNDS) * len(of)
    assert set(used) == set(of)
    hopeless = {count for count in of if of[count] > HOPELESS * min(of.values())}
    assert {used.count(count) for count in hopeless} <= {1}


@given(st.sampled_from([1, 2, 4, 8]), st.lists(st.floats(0, 1e4), max_size=300))
def test_any_times_leave_a_candidate_chosen_and_the_same_times_the_same(granted, seconds):
    one, other = ThreadChooser(granted), ThreadChooser(granted)
    for time in seconds:
        assert one.threads in candidates(granted)
        assert one.record(time) == other.record(time)
        assert one.threads == other.threads


def test_one_outlier_does_not_change_the_choice():
    chooser, number = ThreadChooser(2), iter(range(100))
    _, choice = until_chosen(
        chooser, lambda count: ideal(count) * (1.8 if next(number) == 4 else 1)
    )
    assert choice.threads == 2


def test_one_thread_is_not_measured():
    chooser = ThreadChooser(1)
    used, choices = steps(chooser, ideal, 500)
    assert (set(used), choices) == ({1}, [])


def test_steps_that_become_slow_are_measured_again_after_a_pause():
    chooser = ThreadChooser(2)
    until_chosen(chooser, ideal)
    used, choices = steps(chooser, ideal, 200)  # 24 s
    assert (set(used), choices) == ({2}, [])
    used, (choice,) = steps(chooser, beside_a_busy_process(2), 20)
    assert choice.threads == 1
    assert "as steps became slow" in choice.reason
    assert used.index(1) <= WINDOW


def test_a_pause_lies_between_two_measurements():
    chooser, passed = ThreadChooser(2), 0.0
    until_chosen(chooser, ideal)
    steps(chooser, ideal, WINDOW)
    slow = lambda count: 1.01 * SLOW * ideal(count)  # noqa: E731
    while not chooser.measuring:
        passed += slow(chooser.threads)
        chooser.record(slow(chooser.threads))
    # the next step begins at the earliest when the pause is over
    assert passed + WINDOW * ideal(2) >= PAUSE_WHEN_SLOW


def test_once_the_other_process_ends_all_threads_are_used_again():
    chooser, passed = ThreadChooser(2), 0.0
    until_chosen(chooser, beside_a_busy_process(2))
    while chooser.threads == 1 and not chooser.measuring:
        passed += ideal(1)
        chooser.record(ideal(1))
    assert passed >= PAUSE_FOR_MORE
    assert until_chosen(chooser, ideal)[1].threads == 2


@given(st.floats(1e-3, 20), st.floats(3, 50))
def test_measuring_again_loses_little(step, times_slower):
    """Beside a process that never ends, trials of more threads take a few percent."""
    chooser = ThreadChooser(2)
    seconds = {1: step, 2: times_slower * step}
    until_chosen(chooser, seconds.__getitem__)
    used, _ = steps(chooser, seconds.__getitem__, 5000)
    lost = used.count(2) * (seconds[2] - seconds[1])
    assert lost <= 0.02 * len(used) * step + seconds[2]


class Clock:
    """A clock that each step moves on."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def torch_threads(monkeypatch):
    """Torch's number of threads, without torch."""
    state = {"threads": 2}
    monkeypatch.setattr(torch, "get_num_threads", lambda: state["threads"])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: state.update(threads=count))
    return state


def test_each_choice_is_one_line_that_says_why(torch_threads, caplog):
    clock = Clock()
    measured = MeasuredThreads(2, clock)
    with caplog.at_level(logging.INFO):
        for number in range(300):
            measured.begin()
            seconds = beside_a_busy_process(2) if number > 200 else ideal
            clock.now += seconds(torch_threads["threads"])
            measured.end()
    assert caplog.messages == [
        "2 of 2 threads: measured at the start: a step takes 0.22 s on 1, 0.12 s on 2",
        "1 of 2 threads: measured as steps became slow: a step takes 0.22 s on 1, 1.20 s on 2",
    ]
    assert torch_threads["threads"] == 1


def test_a_step_leaves_the_number_of_threads_as_it_was(torch_threads):
    clock = Clock()
    measured, seen = MeasuredThreads(None, clock), []
    for _ in range(20):
        with measured.step():
            seen.append(torch_threads["threads"])
            clock.now += beside_a_busy_process(2)(torch_threads["threads"])
        assert torch_threads["threads"] == 2
    assert seen == [1, 2, *[1] * 18]
    with pytest.raises(KeyError), measured.step():
        raise KeyError
    assert torch_threads["threads"] == 2


def test_one_granted_thread_leaves_torch_alone(torch_threads, monkeypatch):
    monkeypatch.setattr(threads, "ThreadChooser", None)
    measured = MeasuredThreads(1)
    measured.begin()
    measured.end()
    assert torch_threads["threads"] == 2
