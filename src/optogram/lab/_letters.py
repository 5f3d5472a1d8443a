"""Letters as a few pixels, and as strokes: turned, stretched, sheared, bent and of uneven thickness; where their ends and corners lie."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from PIL import Image, ImageDraw, ImageFont

C = """
.####.
#....#
#.....
#.....
#....#
.####.
"""
D = """
#####.
#....#
#....#
#....#
#....#
#####.
"""
SIDE = 36
FINER = 3
"""A line is drawn so many times finer, and averaged."""
RIM = 4
"""How much of the O's square is left out, so that both stand closer."""
THICK = 2.2
RADIUS = 8.0
"""Of the bends of C, D and O, in pixels."""
Line = Float[np.ndarray, "point 2"]


def pixels(letter: str) -> Float[np.ndarray, "row column"]:
    """A letter of signs as zeros and ones."""
    return np.array([[1.0 if sign == "#" else 0.0 for sign in line] for line in letter.split()])


def shifted(letter: str, side: int) -> Float[np.ndarray, "shift side side"]:
    """The letter at every place of a square that leaves a rim of one pixel."""
    found = []
    drawn = pixels(letter)
    rows, columns = drawn.shape
    for top in range(1, side - rows):
        for left in range(1, side - columns):
            canvas = np.zeros((side, side))
            canvas[top : top + rows, left : left + columns] = drawn
            found.append(canvas)
    return np.stack(found)


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """Pictures in 0..1 and the number of each one's kind; `marks`: row and column of the two ends of a C, the two corners of a D, else NaN."""

    pictures: Float[np.ndarray, "letter row column"]
    classes: Int[np.ndarray, " letter"]
    marks: Float[np.ndarray, "letter 2 2"]


def outline(kind: str, height: float = 19.0, width: float = 17.0, radius: float = RADIUS) -> Line:
    """The line of C, D, I, L, O or a square (S) around the origin in pixels, x to the right and y down; closed ones end where they begin.

    A D is a C seen in a mirror with one stroke more, which closes it at two sharp corners: bends and straight parts are the same.
    """
    h, w = height / 2, width / 2
    quarter = np.linspace(0, np.pi / 2, 9)
    turn = radius * np.stack([np.sin(quarter), -np.cos(quarter)], axis=1)
    right = np.concatenate([turn + np.array([w - radius, radius - h]), turn[::-1] * [1, -1] + np.array([w - radius, h - radius])])
    upper, lower = [[-w, -h]], [[-w, h]]
    lines = {
        "C": np.concatenate([upper, right, lower]) * [-1, 1],
        "D": np.concatenate([upper, right, lower, upper]),
        "I": np.array([[0, -h], [0, h]]),
        "L": np.concatenate([upper, lower, [[w, h]]]),
        "O": np.concatenate([right, -right, right[:1]]),
        "S": np.concatenate([upper, [[w, -h], [w, h]], lower, upper]),
    }
    return lines[kind]


def drawn_letters(kinds: str, count: int, seed: int, *, affine: float = 1.0, stroke: float = 1.0, turn: float = np.pi) -> Letters:
    """So many letters, the kinds one after the other, anywhere near the middle, half of them mirrored and turned by up to `turn` either way.

    So no direction tells one from another, but only ends and corners. `affine` 1: stretched by .8 to 1.2 along both axes and sheared by up to .3.
    `stroke` 1: lines 1.5 to 2.9 pixels thick and bent by about a pixel. Height, width and bends differ by a tenth in any case.
    """
    random = np.random.default_rng(seed)
    pictures, marks = [], np.full((count, 2, 2), np.nan)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        line = outline(kind, *(np.array([19.0, 17.0, RADIUS]) * random.uniform(0.9, 1.1, 3)))
        matrix, shift = _placed(random, affine, turn), SIDE / 2 + random.uniform(-2, 2, 2)
        waves = random.standard_normal((3, 2)), random.standard_normal((3, 2)) * 2 * np.pi / 26, random.uniform(0, 2 * np.pi, 3)
        thickness = THICK + 0.7 * stroke * random.uniform(-1, 1)
        placed = _bent(stepped(line) @ matrix.T, waves, 0.5 * stroke) + shift
        pictures.append(ink(placed, thickness))
        if kind in "CD":
            places = line[[0, -1]] if kind == "C" else line[[0, -2]]
            marks[number] = (_bent(places @ matrix.T, waves, 0.5 * stroke) + shift)[:, ::-1]
    return Letters(np.stack(pictures), np.arange(count) % len(kinds), marks)


def beside_o(kinds: str, count: int, seed: int, *, affine: float = 1.0, stroke: float = 1.0) -> Letters:
    """Letters as `drawn_letters` gives them, each beside an O, which stands left or right of it.

    An O has lines and bends in every direction, and neither end nor corner: so none of what both letters have tells one from the other.
    """
    letters = drawn_letters(kinds, count, seed, affine=affine, stroke=stroke)
    others = drawn_letters("O", count, seed + 5_000_003, affine=affine, stroke=stroke).pictures
    left = np.random.default_rng(seed).random(count) < 0.5
    before = np.concatenate([letters.pictures, others[:, :, RIM:]], axis=2)
    behind = np.concatenate([others[:, :, :-RIM], letters.pictures], axis=2)
    marks = letters.marks + np.where(left, 0, SIDE - RIM)[:, None, None] * [0, 1]
    return Letters(np.where(left[:, None, None], before, behind), letters.classes, marks)


def _placed(random: np.random.Generator, affine: float, turn: float) -> Float[np.ndarray, "2 2"]:
    angle, shear = random.uniform(-turn, turn), 0.3 * affine * random.uniform(-1, 1)
    stretch = (1 + 0.2 * affine * random.uniform(-1, 1, 2)) * [random.choice([-1, 1]), 1]
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix: np.ndarray = turned @ np.array([[1, shear], [0, 1]]) @ np.diag(stretch)
    return matrix


def _bent(points: Line, waves: tuple[np.ndarray, np.ndarray, np.ndarray], strength: float) -> Line:
    """The plane bent by a few waves, so that ends and corners move with the line."""
    amplitudes, frequencies, phases = waves
    moved: np.ndarray = points + strength * np.sin(points @ frequencies.T + phases) @ amplitudes
    return moved


def stepped(line: Line) -> Float[np.ndarray, "step 2"]:
    """The same line with a point about every pixel, so that all of it can bend; corners stay points."""
    ways = np.diff(line, axis=0)
    counts = np.maximum(1, np.rint(np.hypot(ways[:, 0], ways[:, 1]))).astype(int)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    share = (np.arange(counts.sum()) - first) / np.repeat(counts, counts)
    return np.concatenate([np.repeat(line[:-1], counts, axis=0) + share[:, None] * np.repeat(ways, counts, axis=0), line[-1:]])


def ink(line: Line, thickness: float, side: int = SIDE) -> Float[np.ndarray, "side side"]:
    """A line drawn smoothly in a square of `side` pixels, 1 where all is ink."""
    image = Image.new("L", (side * FINER, side * FINER))
    draw, half = ImageDraw.Draw(image), thickness * FINER / 2
    scaled = [(float(x) * FINER, float(y) * FINER) for x, y in line]
    draw.line(scaled, fill=255, width=max(1, round(2 * half)))
    for x, y in scaled[1:-1]:
        draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
    if abs(line[0] - line[-1]).max() < 1e-6:
        x, y = scaled[0]
        draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return np.asarray(image.reduce(FINER), np.float64) / 255


def font_files(where: str) -> list[Path]:
    """Font files (.ttf, .otf) below a folder, or `system`: those installed on this machine."""
    usual = {
        "darwin": [Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library" / "Fonts"],
        "win32": [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"],
    }
    linux = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts", Path.home() / ".local" / "share" / "fonts"]
    folders = usual.get(sys.platform, linux) if where == "system" else [Path(where)]
    return sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf"))


def font_letters(files: list[Path], kinds: str = "CD", height: float = 20.0) -> tuple[Letters, tuple[str, ...]]:
    """The kinds of each font that has them, upright, `height` pixels high and in the middle; and the fonts' names, one a letter."""
    pictures: list[np.ndarray] = []
    classes: list[int] = []
    names: list[str] = []
    for file in files:
        try:
            font = ImageFont.truetype(str(file), 64)
            tall = font.getbbox("D")[3] - font.getbbox("D")[1]
            font = ImageFont.truetype(str(file), round(64 * height * FINER / max(tall, 1)))
            drawn = [_written(font, sign) for sign in kinds]
        except OSError:
            continue
        if all(picture.sum() > height for picture in drawn) and np.abs(drawn[0] - drawn[-1]).max() > 0.5:
            pictures += drawn
            classes += range(len(kinds))
            names += [" ".join(part for part in font.getname() if part)] * len(kinds)
    found = np.array(pictures, float).reshape(-1, SIDE, SIDE)
    return Letters(found, np.array(classes, dtype=np.int64), np.full((len(found), 2, 2), np.nan)), tuple(names)


def _written(font: ImageFont.FreeTypeFont, sign: str) -> Float[np.ndarray, "side side"]:
    left, top, right, bottom = font.getbbox(sign)
    image = Image.new("L", (SIDE * FINER, SIDE * FINER))
    ImageDraw.Draw(image).text(((image.width - left - right) / 2, (image.height - top - bottom) / 2), sign, fill=255, font=font)
    return np.asarray(image.reduce(FINER), np.float64) / 255
