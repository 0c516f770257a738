"""Memory that is kept is not taken from the system anew."""

import platform
import subprocess
import sys

import pytest

TOUCH = """
import resource, sys
import numpy as np
from daymelt.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
for turn in range(9):
    if turn == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    fields = [np.ones(2**22, np.int32) for _ in range(3)]  # 16 MB each, of another size than any before
    wide = np.ones(2**24, np.int32)
    del fields, wide
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_taken(how):
    return int(subprocess.run([sys.executable, "-c", TOUCH, how], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_fields_that_follow_each_other_take_hardly_a_page_where_memory_is_kept():
    assert pages_taken("kept") < 100
    assert pages_taken("kept") * 3 < pages_taken("given back")
