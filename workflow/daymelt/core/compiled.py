"""Loops over pixels compiled to machine code, where numpy would read the same memory many times.

Compiled once a machine, at the first call, and cached beside the source, or in numba's own folder
where that is read-only. No arithmetic is reordered or contracted: results are bit-identical to the
same operations in numpy.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function of C-ordered arrays and numbers; it releases the interpreter's lock."""
    try:
        return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder can be written: it is compiled in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))


def _store_four(
    context: Any, out: Any, index: Any, one: Any, two: Any, three: Any, four: Any
) -> Any:
    """In a compiled loop: write four float32 into a row from `index` on, past the cache; their
    address must be a multiple of 16 bytes.

    A usual store first fetches the line that it writes to, half of the traffic where a whole line
    is overwritten and not read soon. `settle` must follow before another thread reads.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = context.make_array(signature.args[0])(context, builder, arguments[0])
        four = ir.Constant(ir.VectorType(ir.FloatType(), 4), ir.Undefined)
        for lane, value in enumerate(arguments[2:]):
            four = builder.insert_element(four, value, ir.Constant(ir.IntType(32), lane))
        place = builder.bitcast(builder.gep(row.data, [arguments[1]]), ir.PointerType(four.type))
        store = builder.store(four, place)
        store.align = 16
        store.set_metadata(
            "nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        )
        return context.get_dummy_value()

    return types.void(out, types.intp, *[types.float32] * 4), generate


def _settle(context: Any) -> Any:
    """In a compiled loop: let no later memory operation overtake what `store_four` wrote."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


store_four: Any = intrinsic(_store_four)
settle: Any = intrinsic(_settle)
