"""Loops over pixels compiled to machine code, where numpy would read the same memory many times.

Compiled once a machine, at the first call, and cached beside the source, or in numba's own folder
where that is read-only. No arithmetic is reordered or contracted: results are bit-identical to the
same operations in numpy.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function of C-ordered arrays and numbers; it releases the interpreter's lock."""
    try:
        return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder can be written: it is compiled in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))
