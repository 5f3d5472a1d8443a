"""Occlusion: how much the response falls when a window of the photograph is covered.

Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks". One forward pass a window, in batches; no gradient,
so it is defined for any network. Layers are computed only where a window reaches, where that can be had (`_window.py`); windows that the
network's crop leaves out take no pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._rounding import in_single, rounding_of
from optogram.attribution._window import TOGETHER, Spot, covered, shortcut
from optogram.errors import NotDefinedError, SettingError
from optogram.geometry import Box

Sides = int | tuple[int, int] | None


def occlusion(question: Question, *, window: Sides = None, stride: Sides = None, baseline: Baseline = "black") -> Answer:
    """f(x) - f(x with the window covered by the baseline), averaged over the windows that cover a pixel.

    `window` is in pixels (one number, or rows and columns), by default a seventh of the shorter side; `stride` by default half
    of it, in which case each pixel lies under about four windows. Windows begin at multiples of the stride; the last ones are cut by the border.
    All channels are covered at once, so every channel repeats the same map. The unit is read at the neuron that is greatest on
    the uncovered photograph. Networks in 16 bits are measured in single precision.
    """
    question = in_single(question)
    origin = question.origin()
    if origin.ndim != 4 or (question.source is not None and question.source.layout != "spatial"):
        raise NotDefinedError(
            f"occlusion covers windows of an image; {question.source and question.source.address} has none. Use integrated_gradients."
        )
    size, step = _sides(origin, window, stride)
    base = baseline_of(question, origin, baseline)
    fixed, responses = question.settled()
    corners = corners_of(tuple(origin.shape[2:]), size, step)
    seen = corners if question.source is not None else [corner for corner in corners if _touches(question, corner, size)]
    total = torch.zeros_like(origin[:, :1])
    cover = torch.zeros_like(origin[:1, :1])
    quick = shortcut(fixed, responses, base, size, seen)
    rounding = rounding_of(responses.dtype) * responses.abs()
    with fixed.tracked(len(seen) * len(origin)) as watched:
        quick = None if quick is None else replace(quick, question=replace(quick.question, advance=watched.advance))
        for rows in question.batches(len(origin)):
            quick = None if quick is None else quick.of(origin[rows], base[rows], rows.start)
            for photo, spots in _rows(rows, seen, question.batch_size * (1 if quick is None else TOGETHER)):
                if quick is None:
                    answers = watched.responses(covered(origin[photo], base[photo], spots, size), photo)
                else:
                    answers = quick.responses(photo, spots)
                falls = responses[photo] - answers
                falls = torch.where(falls.abs() > rounding[photo], falls, 0)
                for row, (top, left) in enumerate(spots):
                    total[photo[row], :, top : top + size[0], left : left + size[1]] += falls[row]
    for top, left in corners:
        cover[..., top : top + size[0], left : left + size[1]] += 1
    values = (total / cover).expand_as(origin)
    return Answer(values, responses, fixed.places or (), per_channel=False)


def corners_of(shape: tuple[int, ...], size: tuple[int, int], step: tuple[int, int]) -> list[tuple[int, int]]:
    """Upper left corners of all windows; together they cover everything."""
    rows, columns = (range(0, max(1, side - length + stride), stride) for side, length, stride in zip(shape, size, step, strict=True))
    return [(top, left) for top in rows for left in columns]


def _touches(question: Question, corner: Spot, size: Spot) -> bool:
    """Whether a window holds anything that the network is given of the photographs; what its crop leaves out changes no response."""
    frame = question.network.preprocess.frame(question.images.shape[2], question.images.shape[3])
    inside = Box(corner[0], corner[1], corner[0] + size[0], corner[1] + size[1])
    return inside.overlaps(frame)


def _rows(some: slice, corners: list[tuple[int, int]], batch_size: int) -> Iterator[tuple[Tensor, list[tuple[int, int]]]]:
    """Some photographs with each window, in batches: all photographs at one window stand together."""
    pairs = [(photo, corner) for corner in corners for photo in range(some.start, some.stop)]
    for start in range(0, len(pairs), batch_size):
        part = pairs[start : start + batch_size]
        yield torch.tensor([photo for photo, _ in part]), [corner for _, corner in part]


def _sides(origin: Tensor, window: Sides, stride: Sides) -> tuple[tuple[int, int], tuple[int, int]]:
    height, width = origin.shape[2:]
    size = _pair(max(1, min(height, width) // 7) if window is None else window)
    step = _pair((max(1, size[0] // 2), max(1, size[1] // 2)) if stride is None else stride)
    if not (1 <= size[0] <= height and 1 <= size[1] <= width):
        raise SettingError(f"a window lies within the image of {height}x{width}; got {size[0]}x{size[1]}")
    if not (1 <= step[0] <= size[0] and 1 <= step[1] <= size[1]):
        raise SettingError(
            f"a stride is at least 1 and at most the window, {size[0]}x{size[1]}, or pixels would be left out; got {step[0]}x{step[1]}"
        )
    return size, step


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))
