"""Memory that is kept is not taken from the system anew; what lies in a file is the system's."""

import errno
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from daymelt.core import memory
from daymelt.core.errors import StorageError
from daymelt.core.memory import make_stack

TOUCH = """
import resource, sys
import numpy as np
from daymelt.core.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
for turn in range(9):
    if turn == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    # 16 MB each, of another size than any before
    fields = [np.ones(2**22, np.int32) for _ in range(3)]
    wide = np.ones(2**24, np.int32)
    del fields, wide
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_taken(how):
    return int(
        subprocess.run(
            [sys.executable, "-c", TOUCH, how], capture_output=True, text=True, check=True
        ).stdout
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_fields_that_follow_each_other_take_hardly_a_page_where_memory_is_kept():
    assert pages_taken("kept") < 100
    assert pages_taken("kept") * 3 < pages_taken("given back")


FILL = """
import sys
from pathlib import Path
import numpy as np
from daymelt.core.memory import make_stack

def resident():
    lines = open("/proc/self/status")
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

before = resident()
stack = make_stack((24, 4096, 4096), Path(sys.argv[1]))  # 402 MB
for day, field in enumerate(stack.fields):
    field[:] = day
    stack.release()
for day, field in enumerate(stack.fields):
    assert (field[::64, ::64] == day).all()
    stack.release()
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_large_stack_takes_hardly_more_memory_than_a_day_of_it(tmp_path):
    taken = int(
        subprocess.run(
            [sys.executable, "-c", FILL, tmp_path], capture_output=True, text=True, check=True
        ).stdout
    )
    assert taken < 3 * 4096**2 / 1024  # KiB; a third day for what Python takes


@pytest.mark.parametrize("largest", [0, 1 << 20])
def test_a_stack_is_bytes_wherever_it_lies_and_leaves_no_name(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(memory, "LARGEST_IN_MEMORY", largest)
    values = np.random.default_rng(0).integers(0, 256, (3, 40, 50), np.uint8)
    stack = make_stack(values.shape, tmp_path / "new")
    stack.fields[:] = values
    stack.release()
    np.testing.assert_array_equal(stack.fields, values)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_disk_that_is_too_small_is_an_error_before_a_page_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(memory, "LARGEST_IN_MEMORY", 0)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match="no space left"):
        make_stack((3, 4, 5), tmp_path)
