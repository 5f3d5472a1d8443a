"""Loops over numbers in memory as machine code of this very processor, made while the program runs: LLVM through llvmlite (the extra `fast`).

Takes a tenth of a second a function once a process. Calls let other Python threads run.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from llvmlite import binding, ir

OPAQUE = 16
"""The first version of LLVM whose pointers have no types."""
INTEGER, REAL, POINTER = ir.IntType(64), ir.FloatType(), ir.PointerType()


@dataclass(frozen=True, slots=True)
class Registers:
    """What a processor holds at once: `lanes` floats a register, and sums of `rows` by `across` registers."""

    lanes: int
    rows: int
    across: int

    @property
    def wide(self) -> int:
        """Floats side by side in a row of sums."""
        return self.lanes * self.across


AVX512, AVX2 = Registers(16, 14, 2), Registers(8, 6, 2)


def here() -> Registers | None:
    """Those of this processor; `None` where nothing is known of its kind, or of its threads."""
    if team() is None or binding.llvm_version_info[0] < OPAQUE:
        return None
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return AVX512
    return AVX2 if features.get("avx2") and features.get("fma") else None


class Builder(ir.IRBuilder):  # type: ignore[misc]
    """LLVM's builder of a function of one pointer, with loops and vectors of floats.

    `passes`: LLVM goes over it before code is made, which doubles the time and makes some code a few per cent faster.
    """

    def __init__(self, name: str, lanes: int, passes: bool = True) -> None:
        self.unit = ir.Module(name)
        function = ir.Function(self.unit, ir.FunctionType(ir.VoidType(), [POINTER]), name)
        super().__init__(function.append_basic_block("entry"))
        self.passes, self.lanes, self.vector = passes, lanes, ir.VectorType(REAL, lanes)
        self.fused = ir.Function(self.unit, ir.FunctionType(self.vector, [self.vector] * 3), f"llvm.fma.v{lanes}f32")

    @contextmanager
    def loop(self, start: Any, stop: Any, step: Any) -> Iterator[Any]:
        """What is built within the `with` block runs for every `start + n step` below `stop`; gives the counter."""
        with self.sums(start, stop, step, []) as (counter, _):
            yield counter

    @contextmanager
    def sums(self, start: Any, stop: Any, step: Any, first: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
        """A loop that keeps vectors in registers: gives the counter and the list of them, `first` to begin with.

        The block puts others in their place. After it the list holds them as the loop left them.
        """
        before = self.block
        head, body, done = (self.function.append_basic_block(name) for name in ("head", "body", "done"))
        self.branch(head)
        self.position_at_end(head)
        counter, kept = self.phi(INTEGER), [self.phi(self.vector) for _ in first]
        self.cbranch(self.icmp_signed("<", counter, stop), body, done)
        self.position_at_end(body)
        values = list(kept)
        yield counter, values
        after = self.add(counter, step)
        for found, initial, again in zip([counter, *kept], [start, *first], [after, *values], strict=True):
            found.add_incoming(initial, before)
            found.add_incoming(again, self.block)
        self.branch(head)
        self.position_at_end(done)
        values[:] = kept

    @contextmanager
    def turns(self, counter: Any, end: Any, step: Any) -> Iterator[tuple[Any, Any]]:
        """What is built within the `with` block runs for a first and a last (not included) of `end` that no other thread has taken.

        All take from the integer at `counter`.
        """
        again, some, done = (self.function.append_basic_block(name) for name in ("again", "some", "finished"))
        self.branch(again)
        self.position_at_end(again)
        first = self.atomic_rmw("add", counter, step, "monotonic")
        self.cbranch(self.icmp_signed("<", first, end), some, done)
        self.position_at_end(some)
        yield first, self.least(self.add(first, step), end)
        self.branch(again)
        self.position_at_end(done)

    def number(self, value: int) -> Any:
        """A constant."""
        return ir.Constant(INTEGER, value)

    def vectors(self, value: float) -> Any:
        """A constant in every lane."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def times(self, one: Any, other: Any, plus: Any = None) -> Any:
        """Of integers."""
        product = self.mul(one, other)
        return product if plus is None else self.add(product, plus)

    def least(self, one: Any, other: Any) -> Any:
        """Of two integers."""
        return self.select(self.icmp_signed("<", one, other), one, other)

    def at(self, base: Any, floats: Any) -> Any:
        """The address so many floats on."""
        return self.gep(base, [floats], source_etype=REAL)

    def word(self, base: Any, place: int) -> Any:
        """An integer of 64 bits from memory."""
        return self.load(self.field(base, place), typ=INTEGER, align=8)

    def field(self, base: Any, place: int) -> Any:
        """The address so many integers on."""
        return self.gep(base, [self.number(place)], source_etype=INTEGER)

    def read(self, address: Any) -> Any:
        """A vector from memory."""
        return self.load(address, typ=self.vector, align=4)

    def write(self, value: Any, address: Any) -> None:
        """A vector to memory."""
        self.store(value, address, align=4)

    def write_some(self, value: Any, address: Any, most: Any) -> None:
        """The first `most` floats of a vector to memory; none where that is nought or less."""
        whole, lanes = ir.IntType(32), ir.VectorType(ir.IntType(32), self.lanes)
        limit = self._spread(self.trunc(most, whole), lanes)
        mask = self.icmp_signed("<", ir.Constant(lanes, list(range(self.lanes))), limit)
        kind = ir.FunctionType(ir.VoidType(), [self.vector, POINTER, whole, mask.type])
        name = f"llvm.masked.store.v{self.lanes}f32.p0"
        store = self.unit.globals.get(name) or ir.Function(self.unit, kind, name)
        self.call(store, [value, address, ir.Constant(whole, 4), mask])

    def stream(self, value: Any, address: Any) -> None:
        """A vector to memory past the cache; the address is a multiple of its size."""
        stored = self.store(value, address, align=4 * self.lanes)
        stored.set_metadata("nontemporal", self.unit.add_metadata([ir.Constant(ir.IntType(32), 1)]))

    def everywhere(self, address: Any) -> Any:
        """One float from memory in every lane."""
        return self._spread(self.load(address, typ=REAL, align=4), self.vector)

    def _spread(self, value: Any, kind: Any) -> Any:
        none = ir.Constant(kind, ir.Undefined)
        one = self.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
        return self.shuffle_vector(one, none, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes))


@dataclass(frozen=True, slots=True)
class Compiled:
    """`function`, which takes one address; `engine` owns its code."""

    function: Any
    engine: Any

    def run(self, call: Any, threads: int) -> None:
        """The same call in so many of torch's own threads; comes back when all are done."""
        if threads == 1:
            self.function(call)
        else:
            team()(self.function, call, threads, 0)


KIND = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def compiled(builder: Builder) -> Compiled:
    """The builder's function, for this processor."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    unit = binding.parse_assembly(str(builder.unit))
    unit.verify()
    target = binding.Target.from_default_triple()
    machine = target.create_target_machine(cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3)
    if builder.passes:
        passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=2))
        passes.getModulePassManager().run(unit, passes)
    engine = binding.create_mcjit_compiler(unit, machine)
    engine.finalize_object()
    return Compiled(KIND(engine.get_function_address(builder.function.name)), engine)


@cache
def team() -> Any:
    """What starts a function in the threads that torch computes with, in OpenMP's own library; `None` where there is none such.

    Threads of ours would have to share the cores with those, which wait for their next work at full speed.
    """
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for path in sorted({found[0] for line in lines if (found := re.search(r"/\S*lib[gi]?omp\S*", line))}):
        start = getattr(ctypes.CDLL(path), "GOMP_parallel", None)
        if start is not None:
            start.restype, start.argtypes = None, [KIND, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
            return start
    return None
