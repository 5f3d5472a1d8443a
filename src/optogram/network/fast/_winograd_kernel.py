"""The machine code of `winograd.py`: tiles of an image transformed, multiplied by transformed weights, and transformed back, a few at a time.

So few that what lies between the three stays in the processor's cache. Any number of threads may run the same call: each takes the next few tiles
from a counter that they share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optogram.network.fast._machine_code import POINTER, Builder, Registers

FIELDS = (
    *("next", "thread", "scratch", "images", "weights", "bias", "result", "tiles", "chunk", "channels", "units"),
    *("height", "width", "padding", "rows", "columns", "down", "across"),
)
"""What a call holds, as 64-bit integers: the first tile and the first thread's number that nobody has taken, addresses of floats, sizes.

`down` and `across` count an image's tiles.
"""
TILE, STEP = 4, 2
"""A tile's height and width, and how many places of the result it gives either way."""
PARTS = TILE * TILE
DEPTH = 256
"""Channels of a few tiles that are multiplied before the next: as many as stay in the fastest cache."""
APART = DEPTH + 16
"""Floats from one tile's channels to the next one's: a power of two would send them to the same lines of that cache."""


def scratch(channels: int, units: int, chunk: int, wide: int) -> int:
    """Floats that a thread has for itself."""
    return channels + units + PARTS * chunk * (-(-channels // DEPTH) * APART + -(-units // wide) * wide)


def forward(four: list[Any], b: Builder) -> list[Any]:
    """Four values along one axis of a tile, transformed."""
    one, two, three, last = four
    return [b.fsub(one, three), b.fadd(two, three), b.fsub(three, two), b.fsub(two, last)]


def back(four: list[Any], b: Builder) -> list[Any]:
    """The two values of the result of four products."""
    one, two, three, last = four
    return [b.fadd(one, b.fadd(two, three)), b.fsub(b.fsub(two, three), last)]


def both_ways(square: list[list[Any]], along: Any, b: Builder) -> list[list[Any]]:
    """`along` each column and then along each row."""
    columns = [along([row[place] for row in square], b) for place in range(TILE)]
    return [along([column[place] for column in columns], b) for place in range(len(columns[0]))]


def built(registers: Registers) -> Builder:
    """The function of a call's address."""
    builder = Builder("winograd", registers.lanes)
    _Kernel(builder, registers).build()
    return builder


@dataclass(slots=True)
class _Given:
    """The fields of a call, read."""

    scratch: Any
    images: Any
    weights: Any
    bias: Any
    result: Any
    tiles: Any
    chunk: Any
    channels: Any
    units: Any
    height: Any
    width: Any
    padding: Any
    rows: Any
    columns: Any
    down: Any
    across: Any


class _Kernel:
    def __init__(self, builder: Builder, registers: Registers) -> None:
        self.b, self.registers = builder, registers
        self.lanes, self.wide = builder.number(registers.lanes), builder.number(registers.wide)

    def build(self) -> None:
        b, (call,) = self.b, self.b.function.args
        number, zero = b.number, b.number(0)
        read = {name: b.word(call, place) for place, name in enumerate(FIELDS)}
        del read["next"], read["thread"]
        for name in ("scratch", "images", "weights", "bias", "result"):
            read[name] = b.inttoptr(read[name], POINTER)
        given = self.given = _Given(**read)
        self.deep, self.apart = number(DEPTH), number(APART)
        blocks = b.sdiv(b.add(given.channels, number(DEPTH - 1)), self.deep)
        self.block = b.mul(given.chunk, self.apart)  # floats of all tiles' next channels
        self.panels = b.sdiv(b.add(given.units, number(self.registers.wide - 1)), self.wide)
        self.panel = b.mul(given.chunk, self.wide)  # floats of all tiles' products for units side by side
        self.part, self.product = b.mul(blocks, self.block), b.mul(self.panels, self.panel)
        thread = b.atomic_rmw("add", b.field(call, FIELDS.index("thread")), number(1), "monotonic")
        parts = b.mul(number(PARTS), b.add(self.part, self.product))
        own = b.at(given.scratch, b.mul(thread, b.add(b.add(given.channels, given.units), parts)))
        self.nothing, self.nowhere = own, b.at(own, given.channels)
        self.tiles = b.at(self.nowhere, given.units)
        self.products = b.at(self.tiles, b.mul(number(PARTS), self.part))
        with b.loop(zero, given.channels, self.lanes) as channel:
            b.write(b.vectors(0.0), b.at(self.nothing, channel))
        with b.turns(call, given.tiles, given.chunk) as (first, last):
            many = b.sub(last, first)
            self._transform(first, many)
            self._multiply(many)
            self._finish(first, many)
        b.ret_void()

    def _place(self, tile: Any) -> tuple[Any, Any, Any]:
        """The image of a tile, and the row and column of its first place of the result."""
        b, given, step = self.b, self.given, self.b.number(STEP)
        an_image = b.mul(given.down, given.across)
        within = b.srem(tile, an_image)
        return b.sdiv(tile, an_image), b.mul(b.sdiv(within, given.across), step), b.mul(b.srem(within, given.across), step)

    def _places(self, base: Any, corner: tuple[Any, Any, Any], side: int, size: tuple[Any, Any], depth: Any, outside: Any) -> list[list[Any]]:
        """Addresses of a square of places of an image, `outside` for those beyond its edges."""
        b, (image, top, left), (height, width) = self.b, corner, size
        found: list[list[Any]] = []
        for down in range(side):
            row = b.add(top, b.number(down))
            inside = b.icmp_unsigned("<", row, height)  # what is negative is great, unsigned
            begin = b.mul(b.times(image, height, row), width)
            found.append([])
            for across in range(side):
                column = b.add(left, b.number(across))
                there = b.and_(inside, b.icmp_unsigned("<", column, width))
                found[-1].append(b.select(there, b.at(base, b.mul(b.add(begin, column), depth)), outside))
        return found

    def _transform(self, first: Any, many: Any) -> None:
        """Tiles as parts of blocks of tiles of some channels."""
        b, given, zero = self.b, self.given, self.b.number(0)
        with b.loop(zero, many, b.number(1)) as tile:
            image, row, column = self._place(b.add(first, tile))
            corner = (image, b.sub(row, given.padding), b.sub(column, given.padding))
            places = self._places(given.images, corner, TILE, (given.height, given.width), given.channels, self.nothing)
            with b.loop(zero, given.channels, self.deep) as begin:
                out = b.at(self.tiles, b.times(b.sdiv(begin, self.deep), self.block, b.mul(tile, self.apart)))
                with b.loop(begin, b.least(b.add(begin, self.deep), given.channels), self.lanes) as channel:
                    square = both_ways([[b.read(b.at(place, channel)) for place in row] for row in places], forward, b)
                    to = b.at(out, b.sub(channel, begin))
                    for part, value in enumerate(value for row in square for value in row):
                        b.write(value, b.at(to, b.mul(b.number(part), self.part)))

    def _multiply(self, many: Any) -> None:
        """Some channels of all tiles by the weights of a few units, which stay close to the processor; then the next.

        Rows beyond the last tile are multiplied too, and not looked at.
        """
        b, given, zero, one = self.b, self.given, self.b.number(0), self.b.number(1)
        rows, across = range(self.registers.rows), range(self.registers.across)
        with b.loop(zero, b.number(PARTS), one) as part, b.loop(zero, given.channels, self.deep) as begin:
            end = b.sub(b.least(b.add(begin, self.deep), given.channels), begin)
            fresh = b.icmp_signed("==", begin, zero)
            tiles = b.at(self.tiles, b.times(part, self.part, b.mul(b.sdiv(begin, self.deep), self.block)))
            products = b.at(self.products, b.mul(part, self.product))
            weights = b.at(given.weights, b.mul(self.wide, b.times(part, b.mul(given.channels, self.panels), begin)))
            with b.loop(zero, self.panels, one) as panel, b.loop(zero, many, b.number(self.registers.rows)) as tile:
                few, lines = b.at(weights, b.mul(panel, b.mul(given.channels, self.wide))), b.at(tiles, b.mul(tile, self.apart))
                first = b.at(products, b.times(panel, self.panel, b.mul(tile, self.wide)))
                ends = [b.at(first, b.number(row * self.registers.wide + place * b.lanes)) for row in rows for place in across]
                so_far = [b.select(fresh, b.vectors(0.0), b.read(place)) for place in ends]
                with b.sums(zero, end, one, so_far) as (channel, sums):
                    weight, line = b.at(few, b.mul(channel, self.wide)), b.at(lines, channel)
                    beside = [b.read(b.at(weight, b.number(place * b.lanes))) for place in across]
                    for row in rows:
                        value = b.everywhere(b.at(line, b.number(row * APART)))
                        for place, weight in enumerate(beside, row * len(beside)):
                            sums[place] = b.call(b.fused, [value, weight, sums[place]])
                for value, place in zip(sums, ends, strict=True):
                    b.write(value, place)

    def _finish(self, first: Any, many: Any) -> None:
        b, given = self.b, self.given
        with b.loop(b.number(0), many, b.number(1)) as tile:
            places = self._places(given.result, self._place(b.add(first, tile)), STEP, (given.rows, given.columns), given.units, self.nowhere)
            with b.loop(b.number(0), given.units, self.lanes) as unit:
                panel, beside = b.sdiv(unit, self.wide), b.srem(unit, self.wide)
                source = b.at(self.products, b.times(panel, self.panel, b.times(tile, self.wide, beside)))
                parts = [b.read(b.at(source, b.mul(b.number(part), self.product))) for part in range(PARTS)]
                bias = b.read(b.at(given.bias, unit))
                square = both_ways([parts[row * TILE : (row + 1) * TILE] for row in range(TILE)], back, b)
                for row, line in zip(square, places, strict=True):
                    for value, place in zip(row, line, strict=True):
                        b.write(b.fadd(value, bias), b.at(place, unit))
