"""The figures of the folding lab."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from optogram.drawing.paper import Paper
from optogram.drawing.sheet import grid
from optogram.drawing.theme import CAPTION, LIGHT, SPACES
from optogram.lab._cells import Cell, Layer, cells, folded
from optogram.lab._result import Finding
from optogram.lab._show import COLOURS, Measured, Plane, tint, whiskers

SIDE = 168.0
VIEW = 1.35
PASTELS = tuple(tint(colour, strength) for strength in (0.34, 0.16, 0.5) for colour in (LIGHT.low, LIGHT.high, LIGHT.salmon, LIGHT.shade))
BETWEEN, HELD = 5, 7
"""Pictures of a film on the way from one stage to the next, and pictures that a stage stands."""
FRAME = 280.0
"""Side of the film's plane."""

Stage = tuple[str, Float[np.ndarray, "point 2"], Float[np.ndarray, "line step 2"]]


def planes(layers: Sequence[Layer], points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"], ranks: np.ndarray) -> Image.Image:
    """The points and a grid before and after each rectifier."""
    stages = _stages(layers, points)
    affine, rectified = stages[1::2], stages[2::2]
    pictures = [_stage(stage, classes) for stage in (stages[0], *affine)]
    pictures += [_outcome(layers, points, classes), *(_stage(stage, classes) for stage in rectified)]
    told = [f"{(row == 2).sum()} points on an area, {(row == 1).sum()} on a line, {(row == 0).sum()} on a point" for row in ranks]
    return grid(
        pictures,
        columns=len(layers) + 1,
        heads=["", *(f"layer {number}" for number in range(1, len(layers) + 1))],
        labels=["affine map", "rectifier"],
        captions=["input", *[""] * len(layers), "input and pieces", *told],
        title="How four layers of two rectifiers fold the plane",
        note="The gray net was a square grid in the input. Each axis is one unit; a rectifier moves what is negative onto the axes.",
        cell=SIDE,
    )


def pieces(
    layers: Sequence[Layer], points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"], counted: Int[np.ndarray, "layer 3"]
) -> Image.Image:
    """The pieces of the input plane after each layer."""
    pictures = []
    for found in cells(layers, half=8):
        plane = Plane((-VIEW, -VIEW), (VIEW, VIEW), SIDE)
        _areas(plane, found)
        _classes(plane, points, classes, 1.25)
        pictures.append(plane.image)
    captions = [f"{row[0]} patterns, {row[1]} affine maps in the whole plane; at most {row[2]}" for row in counted]
    heads = [f"after layer {number}" for number in range(1, len(layers) + 1)]
    return grid(pictures, columns=len(layers), heads=heads, captions=captions, title="Pieces on which the network is affine", cell=SIDE)


def planted(counted: Int[np.ndarray, "layer 3"]) -> Image.Image:
    """The pieces of planted folds."""
    pictures = []
    for found in cells(folded(len(counted)), half=8):
        plane = Plane((-2.25, -2.25), (2.25, 2.25), SIDE)
        _areas(plane, found)
        pictures.append(plane.image)
    captions = [f"{row[0]} pieces, {row[1]} affine maps" for row in counted]
    heads = [f"after layer {number}" for number in range(1, len(counted) + 1)]
    note = "Each layer takes the absolute values of its two inputs, with four rectifiers, and shifts them: a fold is copied into all pieces."
    return grid(pictures, columns=len(counted), heads=heads, captions=captions, title="Folds that were planted", note=note, cell=SIDE)


def success(findings: Sequence[Finding], widths: Sequence[int], depths: Sequence[int]) -> Image.Image:
    """The share of networks that learned, by width and depth."""
    known = {found.name: found for found in findings}
    rows = []
    for width, colour in zip(widths, (COLOURS[1], COLOURS[2], COLOURS[3], *[COLOURS[0]] * len(widths)), strict=False):
        rows.append(Measured(f"{width} units a layer"))
        for depth in depths:
            found = known[f"success_{width}x{depth}"]
            rows.append(Measured(f"      {depth} layers", found.value, found.low, found.high, colour=colour))
    note = "Bars: 95 % intervals (Clopper-Pearson). With two units a layer no depth can close a curve around the disc."
    return whiskers(rows, title="Thin and deep is hard: a disc in a ring", across="share of networks that learned it", note=note, include=(0.0, 1.0))


def film(layers: Sequence[Layer], points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"]) -> list[Image.Image]:
    """The plane on its way through the layers."""
    stages = _stages(layers, points)
    frames = []
    for before, after in zip(stages, [*stages[1:], stages[0]], strict=True):
        frames += [_frame(before, classes)] * HELD
        if after is not stages[0]:
            shares = (np.arange(1, BETWEEN) / BETWEEN).tolist()
            frames += [_frame((after[0], _mix(before[1], after[1], part), _mix(before[2], after[2], part)), classes) for part in shares]
    return frames


def _stages(layers: Sequence[Layer], points: Float[np.ndarray, "point 2"]) -> list[Stage]:
    places = np.linspace(-VIEW, VIEW, 13)
    steps = np.linspace(-VIEW, VIEW, 121)
    lines = np.stack(
        [np.stack([np.full_like(steps, at), steps], axis=1) for at in places] + [np.stack([steps, np.full_like(steps, at)], axis=1) for at in places]
    )
    found: list[Stage] = [("input", points, lines)]
    for number, (weights, biases) in enumerate(layers, 1):
        points, lines = points @ weights.T + biases, lines @ weights.T + biases
        found.append((f"layer {number}: affine map", points, lines))
        points, lines = np.maximum(points, 0), np.maximum(lines, 0)
        found.append((f"layer {number}: rectifier", points, lines))
    return found


def _stage(stage: Stage, classes: Int[np.ndarray, " point"], side: float = SIDE) -> Image.Image:
    _, points, lines = stage
    span = 1.12 * float(np.abs(np.concatenate([points, np.zeros((1, 2))])).max() or 1.0)
    plane = Plane((-span, -span), (span, span), side)
    plane.net(lines, LIGHT.line)
    plane.line(np.array([[-span, 0], [span, 0]]), LIGHT.ink_2, 0.75)
    plane.line(np.array([[0, -span], [0, span]]), LIGHT.ink_2, 0.75)
    _classes(plane, points, classes, 1.75)
    return plane.image


def _frame(stage: Stage, classes: Int[np.ndarray, " point"]) -> Image.Image:
    """One picture of the film, pasted as it is: a sheet would also keep it for an SVG, which takes longer than to draw it."""
    edge, whole = SPACES[3], _stage(stage, classes, FRAME)
    paper = Paper(FRAME + 2 * edge, FRAME + CAPTION * 1.35 + SPACES[0] + 2 * edge)
    paper.image.paste(whole, (round(edge * paper.scale), round(edge * paper.scale)))
    paper.text(edge, edge + FRAME + SPACES[0], stage[0], CAPTION, LIGHT.ink_2)
    return paper.image


def _outcome(layers: Sequence[Layer], points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"]) -> Image.Image:
    plane = Plane((-VIEW, -VIEW), (VIEW, VIEW), SIDE)
    _areas(plane, cells(layers, half=8)[-1])
    _classes(plane, points, classes, 1.25)
    return plane.image


def _areas(plane: Plane, found: Sequence[Cell]) -> None:
    order = {pattern: number for number, pattern in enumerate(sorted({piece.pattern for piece in found}))}
    for piece in found:
        plane.area(piece.outline(), PASTELS[order[piece.pattern] % len(PASTELS)])
    for piece in found:
        outline = piece.outline()
        plane.line(np.concatenate([outline, outline[:1]]), LIGHT.surface, 0.75)


def _classes(plane: Plane, points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"], radius: float) -> None:
    for number in range(2):
        plane.dots(points[classes == number], COLOURS[number], radius)


def _mix(before: np.ndarray, after: np.ndarray, part: float) -> np.ndarray:
    return (1 - part) * before + part * after
