"""The gradient below a rectifier, large ones straight to memory: they are too large to be found in the cache by whoever reads them next."""

from __future__ import annotations

from optogram.network.fast._machine_code import POINTER, Builder, Registers

TURN = 1 << 16
"""Floats that a thread takes at a time."""


def built(registers: Registers) -> Builder:
    """The function of a call: the first float that nobody has taken, addresses of gradient, output and result, how many floats, and the cut, a float.

    Keeps the gradient where the output is neither nought or less nor at least the cut; NaN is neither, and nothing is at least a cut of NaN.
    """
    b = Builder("masked", registers.lanes)
    (call,) = b.function.args
    gradient, output, result = (b.inttoptr(b.word(call, place), POINTER) for place in (1, 2, 3))
    floats, cut = b.word(call, 4), b.everywhere(b.field(call, 5))
    with b.turns(call, floats, b.number(TURN)) as (first, last), b.loop(first, last, b.number(registers.lanes)) as place:
        value = b.read(b.at(output, place))
        open_ = b.and_(b.fcmp_unordered(">", value, b.vectors(0.0)), b.fcmp_unordered("<", value, cut))
        b.stream(b.select(open_, b.read(b.at(gradient, place)), b.vectors(0.0)), b.at(result, place))
    b.ret_void()
    return b
