"""Code made for the processor at hand, where that can be done (`_machine_code.py`): asked for in time, waited for when it is needed."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from optogram.network.fast._machine_code import Builder, Compiled, Registers


def lanes() -> int:
    """Floats that this processor multiplies at once; 0 where there is no way to make code for it: llvmlite (the extra `fast`) is not there, say."""
    found = _registers()
    return 0 if found is None else found.lanes


def registers() -> Registers:
    """Those of this processor, where there are `lanes`."""
    found = _registers()
    assert found is not None, "asked only where there are lanes"
    return found


@cache
def code(built: Callable[[Registers], Builder], kind: Registers) -> Future[Compiled]:
    """Begins to make the code of what `built` builds for such registers; the same for everybody who asks."""
    from optogram.network.fast._machine_code import compiled

    maker = ThreadPoolExecutor(1, "optogram-code")
    found = maker.submit(lambda: compiled(built(kind)))
    maker.shutdown(wait=False)
    return found


def works(built: Callable[[Registers], Builder]) -> bool:
    """Whether its code could be made, for which it waits; a system may not let programs make code."""
    return code(built, registers()).exception() is None


def run(built: Callable[[Registers], Builder], kind: Registers, fields: Sequence[int], threads: int) -> None:
    """Its code on such fields, in so many threads."""
    code(built, kind).result().run((ctypes.c_int64 * len(fields))(*fields), threads)


def as_field(value: float) -> int:
    """A float among fields."""
    (found,) = struct.unpack("<i", struct.pack("<f", value))
    return int(found)


_own = threading.local()


def memory(floats: int) -> Tensor:
    """Memory for what lies between, kept by each thread that asks: fresh pages would cost as much as the work in them."""
    found: Tensor | None = getattr(_own, "memory", None)
    if found is None or found.numel() < floats:
        found = _own.memory = torch.empty(floats)
    return found


@cache
def _registers() -> Registers | None:
    try:
        from optogram.network.fast._machine_code import here
    except ImportError:
        return None
    return here()
