"""Text that fits: measured before it is drawn, wrapped at spaces, shortened with dots, never cut off."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from PIL import ImageFont

DOTS = "\u2026"

_SPELT = {
    "\u00d7": "x",
    "\u2192": "->",
    "\u00b5": "u",
    "\u03bc": "u",
    "\u00df": "ss",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u2248": "~",
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u00a0\u2009\u202f", " "),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
}
"""How signs that Pillow's own font lacks are written."""

_NO_GLYPH = "\uffff"


@lru_cache(maxsize=64)
def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow, so that a figure looks the same on every machine; its figures are tabular."""
    return ImageFont.load_default(size)


@lru_cache(maxsize=4096)
def writable(text: str) -> str:
    """The text in signs that the font has: others are spelt (x for the cross), lose their accents, or stay the font's empty box."""
    return "".join(map(_written, " ".join(text.split("\t"))))


def length(text: str, size: float) -> float:
    """How wide a line of text is, in the units of `size`: the wider of one and two pixels a unit, which hinting makes differ."""
    found = writable(text)
    return max(float(font(size * scale).getlength(found)) / scale for scale in (1, 2))


def shorten(text: str, size: float, width: float) -> str:
    """The text if it fits the width, else with dots in its middle, so that beginning and end (a number, an ending) can be read."""
    if length(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head, tail = (kept + 1) // 2, kept // 2
        candidate = text[:head].rstrip() + DOTS + (text[-tail:].lstrip() if tail else "")
        if length(candidate, size) <= width:
            return candidate
    return DOTS


def wrap(text: str, size: float, width: float, lines: int | None = None) -> list[str]:
    """Lines no wider than `width`, broken at spaces and, in words too long for a line, behind `/ _ - . :`.

    What still does not fit into a line, or into `lines` of them, is shortened.
    """
    found: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph, size, width):
            if line and length((line + piece).rstrip(), size) > width:
                found.append(line.rstrip())
                line = piece
            else:
                line += piece
        found.append(line.rstrip())
    if lines is not None and len(found) > lines:
        found = [*found[: lines - 1], " ".join(found[lines - 1 :])]
    return [shorten(line, size, width) for line in found]


def _pieces(paragraph: str, size: float, width: float) -> list[str]:
    """Words with the space behind them; those too long for a line in parts."""
    found = []
    for word in paragraph.split():
        parts = [word] if length(word, size) <= width else [part for part in re.split(r"(?<=[/_.:-])", word) if part]
        found += [*parts[:-1], parts[-1] + " "]
    return found


@lru_cache(maxsize=4096)
def _written(sign: str) -> str:
    if _has(sign):
        return sign
    spelt = _SPELT.get(sign) or "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    return spelt if spelt and all(map(_has, spelt)) else sign


@lru_cache(maxsize=4096)
def _has(sign: str) -> bool:
    face = font(32)
    return sign.isspace() or bytes(face.getmask(sign)) != bytes(face.getmask(_NO_GLYPH))
