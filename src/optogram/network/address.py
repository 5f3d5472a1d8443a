"""One parser for every address: `PATH[#CALL][/OUTPUT][~in][:UNIT[@PLACE]]`.

    layer4.1.bn2:17          a unit                    relu#1~in       what goes into the second call of `relu`
    layer4.1.bn2:17@3,5      a neuron                  encoder/0       the first of several outputs
    fc:tabby                 a class                   layer1.0.relu()#0   a functional rectifier inside `layer1.0`
    output:"90"              a label made of digits    layer3:0-15     a range of units

Digits are always an index. A label is quoted where it holds a space, a comma, a colon, an `@` or only digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from optogram.errors import AddressError

_SITE = re.compile(r"^(?P<path>[^#/~:@\s]+)(#(?P<call>\d+))?(/(?P<output>[^~:#@]+))?(?P<into>~in)?$")
_PLACE = re.compile(r"^(?P<row>\d+)(,(?P<column>\d+))?$|^(?P<name>[A-Za-z_]+\d*)$")
_RANGE = re.compile(r"^(\d+)-(\d+)$")
_HEAD = re.compile(r"^h(\d+)$")
_PLAIN = re.compile(r"^[^\s,:@\"]+$")


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address.

    `unit` is an index, a label, or `None` for the whole site; `last` ends a range (inclusive); `head` says that the unit is
    an attention head; `place` holds row and column, or one token's number, or a token's name.
    """

    path: str
    call: int | None = None
    output: str | None = None
    into: bool = False
    unit: int | str | None = None
    last: int | None = None
    head: bool = False
    place: tuple[int, ...] | str | None = None

    @property
    def site(self) -> str:
        """The part that names the site."""
        call = "" if self.call is None else f"#{self.call}"
        output = "" if self.output is None else f"/{self.output}"
        return f"{self.path}{call}{output}{'~in' if self.into else ''}"

    def __str__(self) -> str:
        if self.unit is None:
            return self.site
        unit = f"h{self.unit}" if self.head else quoted(self.unit)
        span = "" if self.last is None else f"-{self.last}"
        return f"{self.site}:{unit}{span}{placed(self.place)}"

    def at(self, place: tuple[int, ...] | str | None) -> Address:
        """The same unit at another place."""
        return replace(self, place=place)


def parse(text: str) -> Address:
    """Reads one address; `AddressError` says which part does not follow the grammar."""
    text = text.strip()
    site, colon, rest = text.partition(":")
    match = _SITE.match(site)
    if not match:
        raise AddressError(f'"{text}" is no address: PATH[#CALL][/OUTPUT][~in][:UNIT[@PLACE]], such as layer4.1.bn2:17@3,5 or fc:tabby')
    call = match["call"]
    address = Address(match["path"], None if call is None else int(call), match["output"], bool(match["into"]))
    if not colon:
        return address
    unit, place = _split(rest, text)
    return replace(_with_unit(address, unit, text), place=_place(place, text))


def quoted(unit: int | str) -> str:
    """A unit as an address writes it: an index bare, a label in quotes where the grammar needs them."""
    if isinstance(unit, int):
        return str(unit)
    plain = _PLAIN.match(unit) and not unit.isdigit() and not _RANGE.match(unit) and not _HEAD.match(unit)
    return unit if plain else '"' + unit.replace('"', '""') + '"'


def placed(place: tuple[int, ...] | str | None) -> str:
    """A place as an address writes it, with its `@`; nothing for none."""
    if place is None:
        return ""
    return "@" + (place if isinstance(place, str) else ",".join(map(str, place)))


def _split(rest: str, text: str) -> tuple[str, str | None]:
    """Unit and place; an `@` inside quotes belongs to the unit."""
    if rest.startswith('"'):
        end = re.match(r'^"((?:[^"]|"")*)"(?:@(.*))?$', rest)
        if not end:
            raise AddressError(f'"{text}": the quoted label does not end; write {text.split(":", 1)[0]}:"label"')
        return '"' + end[1].replace('""', '"'), end[2]
    unit, at, place = rest.partition("@")
    if not unit:
        raise AddressError(f'"{text}" names no unit after the colon; write an index or a label, such as {text.split(":", 1)[0]}:0')
    return unit, place if at else None


def _with_unit(address: Address, unit: str, text: str) -> Address:
    if unit.startswith('"'):
        return replace(address, unit=unit[1:])
    if unit.isdigit():
        return replace(address, unit=int(unit))
    if span := _RANGE.match(unit):
        first, last = int(span[1]), int(span[2])
        if last < first:
            raise AddressError(f'"{text}": the range runs backwards; write {address.site}:{last}-{first}')
        return replace(address, unit=first, last=last)
    if head := _HEAD.match(unit):
        return replace(address, unit=int(head[1]), head=True)
    if re.match(r"^-\d+$", unit):
        raise AddressError(f'"{text}": units count from 0; {unit} is no index')
    return replace(address, unit=unit)


def _place(place: str | None, text: str) -> tuple[int, ...] | str | None:
    if place is None:
        return None
    match = _PLACE.match(place)
    if not match:
        raise AddressError(f'"{text}": a place is @row,column or @token or @cls; got "@{place}"')
    if match["name"]:
        return str(match["name"])
    return (int(match["row"]),) if match["column"] is None else (int(match["row"]), int(match["column"]))
