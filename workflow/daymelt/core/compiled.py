"""Loops over pixels as machine code: for the few places where numpy would go over the same memory
many times.

Compiled once a machine, at the first call; the result lies beside the source, or in numba's own
folder where that is read-only. No arithmetic is reordered or contracted: results are those of the
same operations in numpy, bit for bit.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function of C-ordered arrays and numbers; other threads go on while it works."""
    try:
        return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder can be written: it is compiled in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))
