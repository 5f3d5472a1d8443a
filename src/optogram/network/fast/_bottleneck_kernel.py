"""The machine code of `bottleneck.py`: a strip of an image's rows through two products and, between them, taps of each channel by itself.

What lies between stays in the processor's cache. Any number of threads may run the same call: each takes the next strip from a counter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from llvmlite import ir

from optogram.network.fast._machine_code import INTEGER, POINTER, Builder, Registers

BYTE = ir.IntType(8)
COUNTERS = ("next", "thread")
FLOATS = ("scratch", "images", "first", "first_shift", "taps", "taps_shift", "last", "last_shift", "result")
BITS = ("inner", "outer")
BOUNDS = ("lowest", "highest")
SIZES = ("tasks", "strips", "strip", "height", "width", "rows", "columns", "channels", "hidden", "units", "cells", "own")
FIELDS = (*COUNTERS, *FLOATS, *BITS, "places", *BOUNDS, *SIZES)
"""What a call holds, as 64-bit integers: the first strip and the first thread's number that nobody has taken; addresses of floats, of bits before and
after the taps (0: none), and of where the places of a strip lie in a thread's memory; the bounds of what passes, floats; sizes. Of its
memory, `own` floats, a thread has `cells` for what the taps are given.
"""
SPARE = 64
"""Floats in front of a thread's memory, for what is written nowhere."""
APART = 16
"""Floats between the channels of one place and of the next, before the last product."""
Tap = tuple[int, int, int]
"""Which weight, and the row and column that it meets."""
AROUND = [(3 * row + column, row, column) for row in range(3) for column in range(3)]
BETWEEN = {0: [(1, 0)], 1: [(0, 1), (2, 0)]}
"""For an even and an odd place before a stride of 2: taps, and the place behind it that they meet."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`back`: the gradient. `stride` of the taps, 1 or 2. `bare`: nothing comes before the taps."""

    back: bool
    stride: int
    bare: bool

    @property
    def step(self) -> int:
        """Places of the images from one place of the result to the next."""
        return 1 if self.back else self.stride

    @property
    def skip(self) -> int:
        """Places of the result from one place of the images to the next."""
        return self.stride if self.back else 1

    def phases(self) -> Iterator[tuple[int, int, list[Tap]]]:
        """The first row and column of the places of the result that the same taps serve, and those. Columns are counted with an edge of one."""
        if self.skip == 1:
            yield 0, 0, AROUND
            return
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            yield row, column, [(3 * y + x, down, 1 + across) for y, down in BETWEEN[row] for x, across in BETWEEN[column]]

    def __call__(self, registers: Registers) -> Builder:
        """The function of a call's address."""
        builder = Builder(
            f"bottleneck_{'back' if self.back else 'on'}_{self.stride}_{'bare' if self.bare else 'whole'}", registers.lanes, passes=False
        )
        _Kernel(builder, registers, self).build()
        return builder


class _Kernel:
    def __init__(self, builder: Builder, registers: Registers, kind: Kind) -> None:
        self.b, self.registers, self.kind = builder, registers, kind
        self.lanes, self.wide, self.zero, self.one = (builder.number(value) for value in (registers.lanes, registers.wide, 0, 1))

    def build(self) -> None:
        b, (call,) = self.b, self.b.function.args
        read: dict[str, Any] = {}
        for place, name in enumerate(FIELDS):
            if name not in COUNTERS:
                read[name] = b.everywhere(b.field(call, place)) if name in BOUNDS else b.word(call, place)
            if name in FLOATS or name in BITS or name == "places":
                read[name] = b.inttoptr(read[name], POINTER)
        self.given: Any = SimpleNamespace(**read)
        thread = b.atomic_rmw("add", b.field(call, FIELDS.index("thread")), self.one, "monotonic")
        self.nowhere = b.at(self.given.scratch, b.mul(thread, self.given.own))
        self.tile = b.at(self.nowhere, b.number(SPARE))
        self.cells = b.at(self.tile, b.number(self.registers.rows * self.registers.wide))
        self.store = b.at(self.cells, self.given.cells)
        self.apart = b.add(self.given.hidden, b.number(APART))
        self.line = b.mul(b.add(self.given.width, b.number(2)), self.wide)  # floats of a row of cells, edges and all
        self.inner, self.outer = self._notes(self.given.inner), self._notes(self.given.outer)
        with b.turns(call, self.given.tasks, self.one) as (task, _):
            self._strip(task)
        b.ret_void()

    def _strip(self, task: Any) -> None:
        b, given, kind, zero, one = self.b, self.given, self.kind, self.zero, self.one
        image, begin = b.sdiv(task, given.strips), b.mul(b.srem(task, given.strips), given.strip)
        end = b.least(b.add(begin, given.strip), given.rows)
        if kind.skip == 1:
            low, high = b.sub(b.mul(begin, b.number(kind.step)), one), b.times(b.sub(end, one), b.number(kind.step), b.number(2))
        else:
            low, high = b.ashr(begin, one), b.add(b.ashr(end, one), one)
        top, bottom = b.select(b.icmp_signed("<", low, zero), zero, low), b.least(high, given.height)
        source, many = b.mul(b.times(image, given.height, top), given.width), b.mul(b.sub(bottom, top), given.width)
        target, made = b.mul(b.times(image, given.rows, begin), given.columns), b.mul(b.sub(end, begin), given.columns)
        into = b.at(self.cells, b.mul(b.sub(top, low), self.line))
        with b.loop(zero, b.sub(high, low), one) as row:
            begins = b.at(self.cells, b.mul(row, self.line))
            self._cleared(begins, self.wide)
            self._cleared(b.at(begins, b.sub(self.line, self.wide)), self.wide)
        with b.loop(zero, given.hidden, self.wide) as unit:
            last = b.least(b.add(unit, self.wide), given.hidden)
            if kind.bare and not kind.back:
                self._copied(source, many, unit, last, into)
            else:
                self._expanded(source, many, unit, into)
            with b.loop(zero, b.sub(high, low), one) as row:
                beyond = b.icmp_unsigned(">=", b.add(row, low), given.height)  # what is negative is great, unsigned
                with b.if_then(beyond):
                    self._cleared(b.at(self.cells, b.mul(row, self.line)), self.line)
            with b.loop(unit, last, self.lanes) as channel:
                self._tapped(begin, end, target, channel, b.sub(channel, unit))
        if not (kind.bare and kind.back):
            self._contracted(target, made)

    def _cleared(self, begin: Any, floats: Any) -> None:
        with self.b.loop(self.zero, floats, self.lanes) as place:
            self.b.write(self.b.vectors(0.0), self.b.at(begin, place))

    def _cell(self, place: Any) -> Any:
        """Floats from the first place of a strip to another."""
        return self.b.load(self.b.gep(self.given.places, [place], source_etype=INTEGER), typ=INTEGER, align=8)

    def _copied(self, source: Any, many: Any, unit: Any, last: Any, into: Any) -> None:
        """Some channels of all places of a strip as they are."""
        b = self.b
        with b.loop(self.zero, many, self.one) as place:
            begin, cell = b.at(self.given.images, b.mul(b.add(source, place), self.given.channels)), b.at(into, self._cell(place))
            with b.loop(unit, last, self.lanes) as channel:
                b.write(b.read(b.at(begin, channel)), b.at(cell, b.sub(channel, unit)))

    def _expanded(self, source: Any, many: Any, unit: Any, into: Any) -> None:
        """Some hidden channels of all places of a strip, rectified."""
        b, given, across = self.b, self.given, self.registers.across
        weights, final = b.at(given.first, b.mul(unit, given.channels)), b.sub(many, self.one)
        shift = self._shift(given.first_shift, unit, across)
        with b.loop(self.zero, many, b.number(self.registers.rows)) as place:

            def line(row: int) -> Any:
                return b.at(given.images, b.mul(b.add(source, b.least(b.add(place, b.number(row)), final)), given.channels))

            def done(row: Any, beside: int, value: Any) -> None:
                there, channel = b.add(place, row), b.add(unit, b.number(beside * b.lanes))
                used = b.and_(b.icmp_signed("<", there, many), b.icmp_signed("<", channel, given.hidden))
                note = b.select(used, self._note(self.inner, b.add(source, there), channel), self.nowhere)
                value = self._rectified(value, note)
                b.write(value, b.at(into, b.add(self._cell(there), b.number(beside * b.lanes))))

            self._product(line, weights, shift, given.channels, across, done)

    def _tapped(self, begin: Any, end: Any, target: Any, channel: Any, beside: Any) -> None:
        """One register of channels of all places of a strip of the result."""
        b, given, number, kind = self.b, self.given, self.b.number, self.kind
        taps = [b.read(b.at(given.taps, b.times(number(place), given.hidden, channel))) for place in range(len(AROUND))]
        shift, cells, skip = b.read(b.at(given.taps_shift, channel)), b.at(self.cells, beside), number(kind.skip)
        straight = kind.bare and kind.back
        depth = given.hidden if straight else self.apart
        out = b.at(given.result, b.times(target, depth, channel)) if straight else b.at(self.store, channel)
        note = self._note(self.outer, target, channel)
        for down, across, weights in kind.phases():
            with b.loop(b.add(begin, number(down)), end, skip) as row:
                before = b.sub(row, begin)
                above, first = b.mul(b.sdiv(b.sub(before, number(down)), skip), number(kind.step)), b.mul(before, given.columns)
                lines = {y: b.at(cells, b.mul(b.add(above, number(y)), self.line)) for y in {y for _, y, _ in weights}}
                out_line, note_line = b.at(out, b.mul(first, depth)), b.gep(note, [b.mul(first, self.outer[1])], source_etype=BYTE)
                with b.loop(number(across), given.columns, skip) as column:
                    left, value = b.mul(b.sdiv(b.sub(column, number(across)), skip), number(kind.step * self.registers.wide)), shift
                    for weight, y, x in weights:
                        met = b.read(b.at(lines[y], b.add(left, number(x * self.registers.wide))))
                        value = b.call(b.fused, [met, taps[weight], value])
                    if not straight:
                        value = self._rectified(value, b.gep(note_line, [b.mul(column, self.outer[1])], source_etype=BYTE))
                    b.write(value, b.at(out_line, b.mul(column, depth)))

    def _contracted(self, target: Any, made: Any) -> None:
        """All units of all places of a strip of the result; half a panel of units at the end takes half the time."""
        b, given, final = self.b, self.given, self.b.sub(made, self.one)
        with b.loop(self.zero, given.units, self.wide) as unit:
            weights, narrow = b.at(given.last, b.mul(unit, given.hidden)), b.icmp_signed("<=", b.sub(given.units, unit), self.lanes)
            with b.if_else(narrow) as (half, whole):
                for branch, across in ((half, 1), (whole, self.registers.across)):
                    with branch, b.loop(self.zero, made, b.number(self.registers.rows)) as place:
                        self._units(target, place, final, unit, weights, across)

    def _units(self, target: Any, place: Any, final: Any, unit: Any, weights: Any, across: int) -> None:
        b, given = self.b, self.given

        def line(row: int) -> Any:
            return b.at(self.store, b.mul(b.least(b.add(place, b.number(row)), final), self.apart))

        def done(row: Any, beside: int, value: Any) -> None:
            there, first = b.add(place, row), b.add(unit, b.number(beside * b.lanes))
            units = b.select(b.icmp_signed("<=", there, final), given.units, self.zero)
            b.write_some(value, b.at(given.result, b.times(b.add(target, there), given.units, first)), b.sub(units, first))

        self._product(line, weights, self._shift(given.last_shift, unit, across), given.hidden, across, done)

    def _shift(self, shift: Any, unit: Any, across: int) -> list[Any]:
        return [self.b.read(self.b.at(shift, self.b.add(unit, self.b.number(beside * self.b.lanes)))) for beside in range(across)]

    def _product(
        self, line: Callable[[int], Any], weights: Any, shift: list[Any], depth: Any, across: int, done: Callable[[Any, int, Any], None]
    ) -> None:
        """A few places by `across` registers of units: `line(row)` is where its channels begin, `done(row, register, sums)` takes the results."""
        b, rows = self.b, range(self.registers.rows)
        lines = [line(row) for row in rows]
        with b.sums(self.zero, depth, self.one, [value for _ in rows for value in shift]) as (channel, sums):
            weight = b.at(weights, b.mul(channel, self.wide))
            factors = [b.read(b.at(weight, b.number(beside * b.lanes))) for beside in range(across)]
            for row in rows:
                value = b.everywhere(b.at(lines[row], channel))
                for place, factor in enumerate(factors, row * across):
                    sums[place] = b.call(b.fused, [value, factor, sums[place]])
        wide = b.number(across * b.lanes)
        for place, value in enumerate(sums):
            b.write(value, b.at(self.tile, b.number(place * b.lanes)))
        with b.loop(self.zero, b.number(len(rows)), self.one) as row:
            for beside in range(across):
                done(row, beside, b.read(b.at(self.tile, b.times(row, wide, b.number(beside * b.lanes)))))

    def _notes(self, bits: Any) -> tuple[Any, Any, Any]:
        """Where the first bit lies, the bytes of a place, and whether there are any: those that are not wanted all go to one place."""
        b, wanted = self.b, self.b.icmp_signed("!=", self.b.ptrtoint(bits, INTEGER), self.zero)
        return b.select(wanted, bits, self.nowhere), b.select(wanted, b.ashr(self.given.hidden, b.number(3)), self.zero), wanted

    def _note(self, notes: tuple[Any, Any, Any], place: Any, channel: Any) -> Any:
        """The address of the bits of a register of channels of a place."""
        b, (begin, step, wanted) = self.b, notes
        within = b.select(wanted, b.ashr(channel, b.number(3)), self.zero)
        return b.gep(begin, [b.times(place, step, within)], source_etype=BYTE)

    def _rectified(self, value: Any, note: Any) -> Any:
        """What passes, which is noted on the way forward, a bit a number, and read on the way back. NaN passes, and a bound of NaN keeps nothing."""
        b, bits = self.b, ir.IntType(self.b.lanes)
        if self.kind.back:
            passes = b.bitcast(b.load(note, typ=bits, align=1), ir.VectorType(ir.IntType(1), b.lanes))
            return b.select(passes, value, b.vectors(0.0))
        above, below = b.fcmp_unordered(">", value, self.given.lowest), b.fcmp_unordered("<", value, self.given.highest)
        b.store(b.bitcast(b.and_(above, below), bits), note, align=1)
        return b.select(below, b.select(above, value, self.given.lowest), self.given.highest)
